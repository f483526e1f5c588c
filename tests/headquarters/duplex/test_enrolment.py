# SPDX-License-Identifier: GPL-2.0-only
"""Boxes enrol at either of two headquarters, once, whoever dies meanwhile, and keep their link by the other."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509.oid import NameOID
from nats.aio.client import Client

from appliance.config import Branch, ConfigurationError, Headquarters, Voter, load
from appliance.config.credentials import CA, CA_KEY, CALLOUT, CERTIFICATE, KEY
from appliance.headquarters.duplex.stream import NoQuorumError
from appliance.headquarters.fleet.authority import Authority
from appliance.headquarters.fleet.identities import Identities, IdentitiesError, path_of
from appliance.uplink.connection import Access, connect
from appliance.uplink.enrolling.claim import Url
from appliance.uplink.enrolling.credentials import Credentials, CredentialsError, named
from appliance.uplink.enrolling.door import DoorError, DoorRefusedError
from appliance.uplink.enrolling.enrolling import known_door
from appliance.uplink.enrolling.renewal import Renewal
from tests.headquarters.duplex.crowd import Crowd
from tests.headquarters.duplex.enrolling_site import EnrollingSite, NewBox, run
from tests.headquarters.duplex.site import BOXES, HEADQUARTERS, VOTER, A, B
from tests.headquarters.duplex.story import so
from tests.headquarters.site import BOX, ROOT, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]
SEED = 20261127
ROUNDS = 8
CROWD, AT_ONCE = 60, 8
RATE, SECONDS = 20, 9
TAKEOVER_S = 5.0
WHOLE = ("headquarters", "enrolment", "nats-server")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[EnrollingSite]:
    made = EnrollingSite(tmp_path)
    try:
        made.start(*(f"{box}/nats-server" for box in BOXES))
        made.start_doors(*HEADQUARTERS)
        yield made
    finally:
        made.close()


def test_what_one_headquarters_does_the_other_knows(site: EnrollingSite) -> None:
    code, awaited = site.claim(A, "SN-1")
    box = site.box("box1")
    assert run(box.door.enrol(site.urls[B], "SN-1", code)) == awaited.box == "BR-0001"
    until(site.alike, 5, "both have the box")
    assert site.looked(A, lambda of: of.box("BR-0001").state(time.time())) == "enrolled"
    with pytest.raises(DoorRefusedError, match="used already, by another key"):
        run(site.box("thief").door.enrol(site.urls[A], "SN-1", code))
    assert site.claim(B, "SN-2")[1].box == "BR-0002", "names are given once"
    run(box.door.renew(site.urls[A]))
    until(lambda: len(site.rows(B)["certificate"]) == 2, 5, "the other has the renewal")

    run(_thrown_out_everywhere(site, box))
    for url in site.urls.values():
        with pytest.raises(DoorRefusedError, match="revoked by test: stolen"):
            run(box.door.renew(url))
    until(site.alike, 5, "both have the revocation")


def test_a_claim_is_used_once_whoever_dies_meanwhile(site: EnrollingSite) -> None:
    """SIGKILL of the process, or of the whole box, at a random moment of the enrolment; the box goes to the other."""
    draw = random.Random(SEED)  # noqa: S311  # no secret
    again = 0
    for number in range(ROUNDS):
        first, other = draw.sample(HEADQUARTERS, 2)
        serial, whole = f"SN-{number}", number % 4 == 3
        code, awaited = site.claim(other, serial)
        box = site.box(f"box{number}")
        box.credentials.key()
        asking = threading.Thread(target=_tried, args=(box, site, first, serial, code))
        asking.start()
        time.sleep(draw.uniform(0, 0.12))
        site.signal(signal.SIGKILL, f"{first}/enrolment", *([f"{first}/nats-server"] if whole else ()))
        asking.join(30)
        again += box.credentials.certificate() is not None
        _until_enrolled(box, site, other, serial, code)
        own = box.credentials.certificate()
        assert own is not None
        assert named(own, NameOID.COMMON_NAME) == awaited.box
        if whole:
            site.start(f"{first}/nats-server")
        site.start_doors(first)
        until(site.alike, 20, f"{first} has what it missed")
        certificates = [row for row in site.rows(first)["certificate"] if row[1] == awaited.box]
        assert len(certificates) == 1, "one code, one certificate"
        assert certificates[0][0] == f"{own.serial_number:x}"
        for at in HEADQUARTERS:
            with pytest.raises(DoorRefusedError, match="used already, by another key"):
                run(site.box(f"thief{number}{at}").door.enrol(site.urls[at], serial, code))
    print(f"{again} of {ROUNDS} boxes had their answer before the kill")


async def _thrown_out_everywhere(site: EnrollingSite, box: NewBox) -> None:
    """A box that is let in at each of the three servers is out of each when one headquarters revokes it."""
    lost = {at: asyncio.Event() for at in BOXES}

    async def connected(at: str) -> Client:
        async def left() -> None:
            lost[at].set()

        return await box.connected("BR-0001", (at,), disconnected_cb=left, allow_reconnect=False)

    clients = [await connected(at) for at in BOXES]
    with site.identities(B) as identities:
        await asyncio.to_thread(identities.revoke, "BR-0001", "test", "stolen")
    async with asyncio.timeout(15):
        await asyncio.gather(*(one.wait() for one in lost.values()))
    for client in clients:
        await client.close()


def _tried(box: NewBox, site: EnrollingSite, at: str, serial: str, code: str) -> None:
    try:
        run(box.door.enrol(site.urls[at], serial, code))
    except (DoorError, OSError):
        return


def _until_enrolled(box: NewBox, site: EnrollingSite, at: str, serial: str, code: str) -> None:
    """As the box does, round after round: servers that elect a leader say 503 meanwhile."""
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s:
        try:
            run(box.door.enrol(site.urls[at], serial, code))
        except DoorError as error:
            if isinstance(error, DoorRefusedError) and error.status != 503:
                raise
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"{serial} was not enrolled")


def test_both_doors_at_once_give_one_certificate(site: EnrollingSite) -> None:
    code, awaited = site.claim(A, "SN-1")
    box, thief = site.box("box1"), site.box("thief")
    for one in (box, thief):
        one.credentials.key()
    asking = [threading.Thread(target=_tried, args=(who, site, at, "SN-1", code)) for who, at in ((box, A), (thief, B))]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    won = [one for one in (box, thief) if one.credentials.certificate() is not None]
    assert len(won) == 1, "the code was good once"
    until(site.alike, 5, "both know who was first")
    assert len([row for row in site.rows(A)["certificate"] if row[1] == awaited.box]) == 1


def test_a_crowd_at_both_doors_is_enrolled_and_nobody_is_sent_away(site: EnrollingSite) -> None:
    """Each is overtaken by the other all the time, and decides anew."""
    codes = [site.claim(A, f"SN-{number}")[0] for number in range(CROWD)]
    boxes = [site.box(f"box{number}") for number in range(CROWD)]

    async def all_of_them() -> None:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with room:
                url = site.urls[HEADQUARTERS[number % 2]]
                await boxes[number].door.enrol(url, f"SN-{number}", codes[number])

        await asyncio.gather(*map(one, range(CROWD)))

    began = time.monotonic()
    run(all_of_them())
    print(f"{CROWD / (time.monotonic() - began):.0f} boxes a second at two doors")
    until(site.alike, 10, "both have all")
    assert len(site.rows(A)["certificate"]) == CROWD


@pytest.mark.soak  # 17 s; a takeover is a line of `make accept`
def test_an_enrolled_branch_has_its_calls_routed_when_the_active_headquarters_dies(site: EnrollingSite) -> None:
    """All of the active one's box: router, door, message server. Over mutual TLS, at 20 calls a second."""
    site.start(f"{A}/headquarters")
    until(lambda: site.lives(A), 20, "A is active")
    site.start(f"{B}/headquarters")
    until(lambda: "duplex.standby.began" in site.log_of(B), 10, "B stands by")
    code, awaited = site.claim(A, "SN-1")
    assert awaited.box == BOX
    box = site.box("box1")
    run(box.door.enrol(site.urls[A], "SN-1", code))
    crowd = Crowd([site.listens[one] for one in BOXES], Access(None, box.credentials, box=BOX))
    hurt_at = 0.0

    async def scene() -> None:
        nonlocal hurt_at
        await so(lambda: crowd.link.up, 10)
        load = asyncio.create_task(crowd.calls(RATE, SECONDS))
        await asyncio.sleep(2.5)
        hurt_at = time.monotonic()
        await asyncio.to_thread(site.signal, signal.SIGKILL, *(f"{A}/{one}" for one in WHOLE))
        await load

    crowd.run_beside(scene)
    assert (len(crowd.served), crowd.doubled) == (RATE * SECONDS, [])
    back_s = min(at for at, took in crowd.answered if at - took > hurt_at) - hurt_at
    print(f"takeover {back_s:.2f} s, {crowd.silent} questions without an answer")
    assert back_s <= TAKEOVER_S
    run(box.door.renew(site.urls[B]))
    site.start(f"{A}/nats-server")
    site.start_doors(A)
    until(site.alike, 20, "A has the renewal")


def test_without_a_majority_nobody_is_enrolled_and_the_box_is_told(site: EnrollingSite) -> None:
    code, awaited = site.claim(A, "SN-1")
    site.signal(signal.SIGSTOP, f"{B}/nats-server", f"{VOTER}/nats-server")
    box = site.box("box1")
    with pytest.raises(DoorRefusedError, match="the two headquarters cannot agree now") as refused:
        run(box.door.enrol(site.urls[A], "SN-1", code))
    assert refused.value.status == 503
    with site.identities(A, together_s=0.1) as identities, pytest.raises(NoQuorumError):
        identities.claim("SN-2", b"", "test")
    site.signal(signal.SIGCONT, f"{B}/nats-server", f"{VOTER}/nats-server")
    _until_enrolled(box, site, A, "SN-1", code)
    until(site.alike, 10, "both have the box")
    assert [one[0] for one in site.rows(B)["box"]] == [awaited.box]


_BRANCH = """\
role: branch
box: {box}
name: {name}
headquarters: {{server: {server}, {proof}}}
spans: [{{name: unused, driver: cesopsn, local: 127.0.0.1:9101, remote: 127.0.0.1:9001}}]
sip: {{listen: 127.0.0.1:5070, proxy: 127.0.0.1:5060, domain: branch.invalid}}
extensions: []
prompts: {{directories: [.]}}
"""


IN_DOMAIN = """
import os, subprocess, sys
subprocess.run(["mount", "--bind", sys.argv[1], "/etc/resolv.conf"], check=True)
os.execv(sys.executable, [sys.executable, "-m", "appliance.processes.enrolling"])
"""
"""In a mount namespace: with the resolv.conf that DHCP would have made."""
DNS = "127.0.0.77"


class Factory:
    """A box from the factory, in a domain whose DNS names both headquarters: first the first."""

    def __init__(self, site: EnrollingSite, folder: Path, *order: str) -> None:
        self.site, self.folder, self.file = site, folder, folder / "branch.yaml"
        self.children: list[subprocess.Popen[bytes]] = []
        for name in ("secrets", "state"):
            (folder / name).mkdir(parents=True)
        secret = folder / "secrets/nats"
        secret.touch(0o600)
        secret.write_text("the factory's, which opens nothing\n")
        proof = "secret: secrets/nats, discover: yes"
        self.file.write_text(_BRANCH.format(box="BL-7", name="New", server="127.0.0.1:4222", proof=proof))
        (folder / "resolv.conf").write_text(f"nameserver {DNS}\nsearch branch.test\n")
        code, self.awaited = site.claim(order[-1], "SN-7")
        (folder / "factory.toml").write_text(f'serial = "SN-7"\ncode = "{code}"\nca = """{site.ca.read_text()}"""\n')
        servers = ", ".join(str(site.listens[box]) for box in BOXES)
        proof = "credentials: credentials"
        given = _BRANCH.format(box=self.awaited.box, name="Harbour", server=f"[{servers}]", proof=proof)
        for box in HEADQUARTERS:
            (site.folder / box / "boxes" / f"{self.awaited.box}.yaml").write_text(given)
        names = [
            option
            for rank, box in enumerate(order)
            for option in (
                f"--srv-host=_branchline._tcp.branch.test,{box.lower()}.branch.test,{site.port},{rank}",
                f"--host-record={box.lower()}.branch.test,{site.urls[box].host}",
            )
        ]
        own = ("--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--bind-interfaces")
        self._start("dnsmasq", "dnsmasq", *own, f"--listen-address={DNS}", *names)

    def plug_in(self) -> subprocess.Popen[bytes]:
        """The process that enrols it."""
        command = ("unshare", "--mount", sys.executable, "-c", IN_DOMAIN, str(self.folder / "resolv.conf"))
        return self._start("enrolling", *command)

    def _start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "BRANCHLINE_CONFIG": str(self.file),
            "BRANCHLINE_STATE": str(self.folder / "state"),
            "BRANCHLINE_FACTORY": str(self.folder / "factory.toml"),
            "BRANCHLINE_DISKS": str(self.folder / "no-disk"),
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        self.children.append(child)
        return child

    def close(self) -> None:
        for child in self.children:
            child.kill()
            child.wait()


@pytest.mark.parametrize("when", ["before", "after"])
def test_dns_names_both_and_the_box_ends_with_a_certificate_and_a_link(
    site: EnrollingSite, tmp_path: Path, when: str
) -> None:
    """The first headquarters dies, its whole box: `before` the box comes, or `after` it has enrolled there."""
    box = Factory(site, tmp_path / "new", A, B)
    dead = (f"{A}/enrolment", f"{A}/nats-server")
    try:
        if when == "before":
            site.signal(signal.SIGKILL, *dead)
        assert box.plug_in().wait(60) == 0, (box.folder / "enrolling.log").read_text()
        branch = load(box.file)
        assert isinstance(branch, Branch)
        assert (branch.box, branch.name) == (box.awaited.box, "Harbour")
        at = B if when == "before" else A
        assert known_door(box.folder / "credentials") == Url(f"{at.lower()}.branch.test", site.port)
        run(_link_moves(site, branch, dead if when == "after" else ()))
        if when == "before":
            site.start(f"{A}/nats-server")
            site.start_doors(A)
        else:
            assert [row[0] for row in site.rows(B)["box"]] == [branch.box]
    finally:
        box.close()


async def _link_moves(site: EnrollingSite, branch: Branch, dead: tuple[str, ...]) -> None:
    """The branch's own client and renewal; `dead` die while it is connected to them."""
    assert branch.headquarters.credentials is not None
    up, troubles = asyncio.Event(), list[str | None]()

    async def again() -> None:
        up.set()

    credentials = Credentials(branch.headquarters.credentials)
    client = await connect(
        branch.headquarters.server, Access(None, credentials, box=branch.box), "the uplink", on_up=again
    )
    if dead:
        assert client.connected_url is not None
        while client.connected_url.netloc != str(site.listens[A]):
            await client._process_op_err(ConnectionResetError())  # another of the three, at random
            await asyncio.sleep(0.5)
        up.clear()
        await asyncio.to_thread(site.signal, signal.SIGKILL, *dead)
        await asyncio.wait_for(up.wait(), 15)
    await client.publish(f"heartbeat.{branch.box}", b"")
    await client.flush(5)
    renewal = Renewal(credentials, branch.headquarters.server, troubles.append)
    await renewal.look()
    assert troubles == [None], "a door tells that it stands well"
    await client.close()


def test_a_list_of_before_the_duplex_is_both_s(tmp_path: Path) -> None:
    """A headquarters that was alone brings its boxes; a second list of its own is refused with a sentence."""
    site = EnrollingSite(tmp_path)
    try:
        site.state(A).mkdir()
        alone = Identities(path_of(site.state(A)))
        for number in range(5):
            alone.claim(f"SN-{number}", b"hash", "before")
        alone.revoke("BR-0004", "before")
        alone.close()
        site.start(*(f"{box}/nats-server" for box in BOXES))
        site.start_doors(A)
        site.start_doors(B)
        until(lambda: site.rows(A)["box"] == site.rows(B)["box"], 10, "the other has them")
        assert site.rows(A)["claim"] == site.rows(B)["claim"]
        assert len(site.rows(B)["claim"]) == 4
        other = tmp_path / "other"
        stray = Identities(path_of(other))
        stray.claim("SN-9", b"hash", "a stranger")
        stray.close()
        with site.identities(B) as identities:
            agreed = identities._agreed
            with pytest.raises(IdentitiesError, match=r"identities\.db here has 1 of its own: take that file away"):
                Identities(path_of(other), agreed=agreed).follow()
    finally:
        site.close()


@pytest.mark.parametrize(("box", "missing"), [(B, CA_KEY), (VOTER, CALLOUT)])
def test_a_box_without_the_common_ca_does_not_start(tmp_path: Path, box: str, missing: str) -> None:
    site = EnrollingSite(tmp_path)
    assert isinstance(load(tmp_path / box / "box.yaml"), Headquarters | Voter)
    (site.identity(box) / missing).unlink()
    with pytest.raises(ConfigurationError, match=f"{missing} is not there") as refused:
        load(tmp_path / box / "box.yaml")
    assert "docs/enrolment.md" in str(refused.value)


def test_a_voter_whose_certificate_is_of_before_the_duplex_says_so(tmp_path: Path) -> None:
    site = EnrollingSite(tmp_path)
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in (CA, CA_KEY):
        shutil.copy2(site.identity(A) / name, alone / name)
    Authority(alone)
    for name in (CERTIFICATE, KEY):
        shutil.copy2(alone / name, site.identity(VOTER) / name)
    with pytest.raises(CredentialsError, match=r"certificate\.pem is not good at 127\.0\.0\.1.*copy it anew"):
        site.start(f"{VOTER}/nats-server")


def test_message_servers_meet_by_tls_alone(site: EnrollingSite) -> None:
    """Who has the token and no certificate is no fourth server, and hears nothing."""
    for box in HEADQUARTERS:
        duplex = site.config(box).duplex
        assert duplex is not None
        with socket.create_connection(duplex.listen, timeout=10) as asking:
            asking.sendall(b'CONNECT {"user":"server","pass":"a token for a test"}\r\nPING\r\n')
            heard = b""
            with contextlib.suppress(ConnectionError):
                while octets := asking.recv(65536):
                    heard += octets
            assert b"INFO" not in heard
            assert b"PONG" not in heard


def test_three_boxes_as_their_supervisors_start_them_and_a_claim_as_it_is_typed(tmp_path: Path) -> None:
    site = EnrollingSite(tmp_path)
    try:
        site.start(*(f"{box}/supervisor" for box in BOXES))
        until(lambda: all("enrolment.list.shared" in _kept_log(site, box) for box in HEADQUARTERS), 60, "one list")
        typed = [sys.executable, "-m", "appliance.cli", "claim", "add", "SN-1"]
        names = {"BRANCHLINE_CONFIG": str(tmp_path / B / "box.yaml"), "BRANCHLINE_STATE": str(site.state(B))}
        told = subprocess.run(typed, cwd=ROOT, env={**os.environ, **names}, capture_output=True, text=True, check=True)
        assert told.stderr == ""
        name, code = told.stdout.split()[:2]
        box = site.box("box1")
        _until_enrolled(box, site, A, "SN-1", code)
        until(site.alike, 10, "both have the box")
        shown = subprocess.run(
            [*typed[:3], "claim", "list"],
            cwd=ROOT,
            env={**os.environ, **names},
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout.splitlines()[1].split()[:4] == [name, "SN-1", "-", "enrolled"]
    finally:
        site.end()


def _kept_log(site: EnrollingSite, box: str) -> str:
    path = site.state(box) / "log" / "enrolment.log"
    return path.read_text() if path.exists() else ""

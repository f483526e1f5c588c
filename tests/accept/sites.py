# SPDX-License-Identifier: GPL-2.0-only
"""Two branches of one headquarters: a call comes in at A, its agent sits at B, and nobody stands between them."""

import asyncio
import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from appliance.config import Endpoint
from appliance.media.engine import NULL_FIRST, RTP_FIRST
from appliance.media.status import port_status
from appliance.simulator.call import Call
from appliance.simulator.caller import AwaitAnswer, AwaitCue, AwaitRelease, Script, Talk
from appliance.simulator.exchange import Exchange
from appliance.simulator.phone import Phone
from tests.accept.sheet import Sheet
from tests.accept.site import QUEUE, Box, Ports, Site, branch_text, until, write_secrets
from tests.accept.talk import ESTABLISHED, INCOMING, Rig, closed, heard, phone_of
from tests.accept.use import segment_of
from tests.accept.wav import read_alaw_stereo
from tests.ports import HOST
from tests.sound.alaw import encode
from tests.sound.compare import compare
from tests.sound.speech import read_wav

NEAR, FAR = "8001", "8101"
FAR_BOX, FAR_DOMAIN = "BR-0002", "second.test"
RINGS_MS = 600.0
"""A question to headquarters, one hop of SIP and its challenge."""
HEARD_S = 2.0
"""Until headquarters has heard both branches."""
TALK_S = 9.5
IDENTICAL = 0.99
PACKETS = 300
"""Of the 475 that TALK_S has in either direction."""
RTP_PORTS = range(RTP_FIRST, NULL_FIRST)


class Sites(Site):
    """The site with a second branch: each knows the other as its peer, and B's agent is in the same queue."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, (NEAR,))
        self.far_ports = Ports.take()
        files = folder / "etc"
        write_secrets(files, FAR, "peer")
        far = branch_text(FAR_BOX, FAR_DOMAIN, self.far_ports, self.path.port, (FAR,), "line: e1")
        near = (files / "branch.yaml").read_text()
        (files / "branch.yaml").write_text(near + peer_text(FAR_BOX, self.far_proxy, FAR_DOMAIN))
        (files / "far.yaml").write_text(far + peer_text("BR-0001", self.proxy, "branch.test"))
        rules = files / "headquarters.yaml"
        more = f"  - {{id: 1{FAR}, name: Agent {FAR}, box: {FAR_BOX}, extension: {FAR}, attributes: {{gold: 1}}}}\n"
        rules.write_text(rules.read_text().replace(f"agents: [1{NEAR}]", f"agents: [1{NEAR}, 1{FAR}]") + more)
        self.far = Box("the far branch", files / "far.yaml", folder / "far")

    async def __aenter__(self) -> Self:
        """Start all of it."""
        starting = asyncio.create_task(asyncio.to_thread(self.far.start))  # it waits for headquarters
        await super().__aenter__()
        await starting
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all of it."""
        stopping = asyncio.create_task(asyncio.to_thread(self.far.stop))
        await super().__aexit__()
        await stopping

    @property
    def far_proxy(self) -> Endpoint:
        """Where phones of B register."""
        return Endpoint(HOST, self.far_ports.kamailio)

    def far_phone(self, speech: Path) -> Phone:
        """The agent's at B."""
        folder = self.folder / f"phone-{FAR}"
        return Phone(f"{FAR}@{FAR_DOMAIN}", self.secret(FAR), self.far_proxy, folder, speech=speech, loop=False)


def peer_text(box: str, proxy: Endpoint, domain: str) -> str:
    """What a branch has of a peer."""
    return f'peers: [{{box: {box}, proxy: "{proxy}", domain: {domain}, secret: secrets/peer}}]\n'


async def run(site: Sites, exchange: Exchange, sheet: Sheet, said: dict[str, Path]) -> None:
    """Two callers of one queue: the first has the agent of his own branch, the second the one of the other."""
    sheet.stage("two branches: a call enters at A and rings at B")
    with contextlib.ExitStack() as held, sheet.guarded("E1", "a call that enters at A rings at B"):
        near = held.enter_context(phone_of(site, NEAR, said["agent-alaw"]))
        far = held.enter_context(site.far_phone(said["agent-alaw"]))
        await asyncio.sleep(HEARD_S)
        rig = Rig(site, exchange, (near, far))
        first = await _talks(rig, "02512380001", near, ())
        sheet.equal("E1", "both agents free, one at the caller's branch: phones that ring at B", len(far.events), 0)
        await _second(rig, sheet, far, said)
        first.hang_up(16)
        await first.result()
        await rig.quiet()


async def _talks(rig: Rig, clid: str, phone: Phone, sounds: tuple[str, ...]) -> Call:
    """A caller of the queue who talks at this phone; on the next cue he says `sounds`."""
    script = Script((AwaitAnswer(20), AwaitCue(within_s=30), Talk(sounds), AwaitRelease(60)), record=bool(sounds))
    call = rig.exchange.place(QUEUE, clid, script)
    await until(lambda: _at(phone, clid, ESTABLISHED) is not None, 10, f"{clid} talks at {phone.number}")
    return call


def _at(phone: Phone, clid: str, kind: str) -> float | None:
    """When the phone told it of this caller, by time.monotonic."""
    found = (event.at_s for event in tuple(phone.events) if event.type == kind and f"sip:{clid}@" in event.peer)
    return next(found, None)


async def _second(rig: Rig, sheet: Sheet, far: Phone, said: dict[str, Path]) -> None:
    """A's agent talks: the one at B is rung, with nobody between."""
    clid = "02512380002"
    call = await _talks(rig, clid, far, (str(said["caller-alaw"]),))
    call.cue()
    await asyncio.sleep(TALK_S)
    _path(rig.site, sheet, far)
    call.hang_up(16)
    result = await call.result()
    await closed(far)
    rang_s = _at(far, clid, INCOMING)
    if rang_s is None or result.heard is None:
        raise AssertionError(f"the call did not run: {result.unmet}")
    sheet.at_most("E1", "SETUP at A to the phone ringing at B", rang_s * 1000 - result.began.ns / 1e6, RINGS_MS, "ms")
    caller, agent = (encode(read_wav(said[f"{who}-alaw"])) for who in ("caller", "agent"))
    for way, source, came in (
        ("A's caller to B's agent", caller, encode(await heard(far))),
        ("B's agent to A's caller", agent, result.heard.octets),
    ):
        share = compare(source, came).identical_share
        sheet.at_least("E1", f"20 ms blocks octet-identical, {way}", share, IDENTICAL)
    await _written(rig, sheet, clid, {"left, caller": caller, "right, agent": agent})


def _path(site: Site, sheet: Sheet, far: Phone) -> None:
    """Between which sockets the sound goes now: A's engine and the phone at B, and no other of ours."""
    assert isinstance(site, Sites)
    with segment_of(site.branch.pid("engine")) as near:
        ports = [port_status(near, port) for port in RTP_PORTS]
    with segment_of(site.far.pid("engine")) as away:
        opened = [port for port in RTP_PORTS if port_status(away, port).kind != "closed"]
    phone = udp_ports([far.pid])
    direct = [port.rtp for port in ports if port.remote is not None and port.remote[1] in phone]
    sheet.equal("E1", "ports of A's engine whose peer is the phone at B", len(direct), 1)
    sheet.at_least("E1", "RTP packets, phone at B to A's engine", direct[0].received, PACKETS)
    sheet.at_least("E1", "RTP packets, A's engine to phone at B", direct[0].sent, PACKETS)
    sheet.equal("E1", "ports that B's own engine has open for it", len(opened), 0)
    between = [int(child["pid"]) for child in site.headquarters.children().values()]
    sheet.equal("E1", "UDP sockets at headquarters, by which RTP could pass", len(udp_ports(between)), 0)


def udp_ports(pids: Iterable[int]) -> set[int]:
    """Local ports of the UDP sockets that these processes and their children hold."""
    wanted = set(pids)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if int(path.read_text().rpartition(")")[2].split()[2]) in wanted:  # the process group
                wanted.add(int(path.parent.name))
    held = set()
    for pid in wanted:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                held.add(str(descriptor.readlink()))
    lines = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    return {int(line[1].partition(":")[2], 16) for line in lines if f"socket:[{line[9]}]" in held}


async def _written(rig: Rig, sheet: Sheet, clid: str, said: dict[str, bytes]) -> None:
    site = rig.site
    assert isinstance(site, Sites)
    sound = await site.sound_of(clid)
    record = await site.record_of(clid)
    legs = [(leg["direction"], leg["agent"], leg["cause"]) for leg in record["legs"]]
    wanted = [("incoming", None, 16), ("outgoing", f"1{FAR}", 16)]
    sheet.equal("E1", "records of the call: one, with its legs", legs, wanted)
    sheet.equal("E1", "record: its box", record["box"], "BR-0001")
    sheet.holds("E1", "record: the decision says that the agent is at B", FAR_BOX in str(record["decisions"][-1]))
    (kept,) = record["recordings"]
    boxes = [box.state.name for box in (site.branch, site.far) if _keeps(box, kept["recording"])]
    sheet.equal("E1", "branches that have the recording", boxes, ["branch"])
    for side, octets in zip(said, read_alaw_stereo(sound), strict=True):
        share = compare(said[side], octets).identical_share
        sheet.at_least("E1", f"recording at A, {side}: 20 ms blocks as they were said", share, IDENTICAL)


def _keeps(box: Box, recording: str) -> bool:
    return (box.state / "recordings" / f"{recording}.wav").exists()

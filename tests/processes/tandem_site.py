# SPDX-License-Identifier: GPL-2.0-only
"""A box between a telco and a PBX that the site keeps: line worker and call control as processes, no headquarters.

Each end has an engine and a clock: the telco leads, the box follows it, the PBX follows the box.
"""

import asyncio
import itertools
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

from appliance.media.arena import SoundArena
from appliance.media.events import Client, PortStatus, TapSound
from appliance.media.host import EngineThread, start_thread
from appliance.signalling.pri.link import Side, Timers
from appliance.wire.calls import CallEvent, ContactBegan, ContactEnded
from appliance.wire.envelope import decode
from appliance.wire.outbox import OutboxReader
from drivers.cesopsn import CesopsnSettings
from drivers.model import TIMESLOTS_PER_SPAN
from tests.line.far_end import PATIENCE_S, Network
from tests.line.site import FarSpan
from tests.media.rig import Recorder
from tests.ports import HOST, free_port, free_rtp_base

JITTER_MS = 20
RATE = 8000
LATE_S = 10
TELCO_PPM = 30.0
CONFIGURATION = """
role: branch
box: BR-0001
name: Nanjing Road
headquarters: {{server: 127.0.0.1:4222, secret: {secret}}}
spans:
  - {{name: telco, driver: cesopsn, local: "{0}", remote: "{1}", jitter_ms: {jitter_ms}, channel_order: descending,
     rx_gain_db: -3, tx_gain_db: 2}}
  - {{name: pbx, driver: cesopsn, local: "{2}", remote: "{3}", jitter_ms: {jitter_ms}, channel_order: descending,
     side: network, clock: local}}
tandem:
  - {{span: telco, to: pbx, numbers: [8], taken: [8888]}}
  - {{span: pbx, to: telco}}
sip: {{listen: 127.0.0.1:5070, proxy: 127.0.0.1:5060, domain: branch.test}}
extensions: []
prompts: {{directories: [{prompts}]}}
"""


class End(FarSpan):
    """A telco or a PBX: its calls by hand, its sound by the engine."""

    def __init__(self, thread: EngineThread, settings: CesopsnSettings, network: Network) -> None:
        super().__init__(thread, settings, network)
        self.network = network
        self.thread = thread
        self.player = thread.engine(Client.IVR)
        self.recorder = Recorder(thread.engine(Client.RECORDER))
        self.arena = SoundArena(thread.segment_fd)
        self._ports: list[int] = []
        self._recordings: list[int] = []
        self._number = itertools.count(1)

    async def listen(self, ports: list[int]) -> None:
        """Open the ports and record what comes on each, two a recording; returns when all are at it."""
        self._ports, self._recordings = ports, []
        for port in ports:
            self.engine.open_timeslot(port)
        for pair in zip(ports[::2], ports[1::2], strict=True):
            self._recordings.append(next(self._number))
            self.recorder.engine.record(self._recordings[-1], *pair, 0)
        begun: set[int] = set()
        async with asyncio.timeout(PATIENCE_S):
            while not begun.issuperset(self._recordings):
                begun |= {tap.recording_id for tap in self.recorder.engine.take_taps()}
                await asyncio.sleep(0.01)

    def say(self, sounds: list[bytes]) -> None:
        """A sound on each port."""
        for port, sound in zip(self._ports, sounds, strict=True):
            self.player.play(port, port, [self.arena.add_alaw(sound)])

    async def hears(self, sounds: list[bytes]) -> bool:
        """Whether each of these came whole on its port, `LATE_S` after its own length at most."""
        came = {number: (bytearray(), bytearray()) for number in self._recordings}
        heard = [side for pair in came.values() for side in pair]
        while len(heard[0]) < len(sounds[0]) + LATE_S * RATE:
            await asyncio.sleep(0.1)
            for tap in self.recorder.engine.take_taps():
                if isinstance(tap, TapSound) and tap.recording_id in came:
                    for side, octets in zip(came[tap.recording_id], (tap.left, tap.right), strict=True):
                        side.extend(octets)
            if all(sound in octets for octets, sound in zip(heard, sounds, strict=True)):
                return True
        return False

    def silent(self) -> None:
        """Close the ports."""
        for port in self._ports:
            self.engine.close_port(port)


class Process:
    """One of the box's."""

    def __init__(self, folder: Path, engine: EngineThread, client: Client, module: str, *arguments: str) -> None:
        self._folder, self._engine, self._client = folder, engine, client
        self._command = f"appliance.processes.{module}", *arguments
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """As the supervisor does."""
        fds = {"segment": self._engine.segment_fd, self._client.name.lower(): self._engine.event_fds[self._client]}
        for fd in fds.values():
            os.set_inheritable(fd, True)  # noqa: FBT003 - the standard library's own
        environment = {
            **os.environ,
            "BRANCHLINE_CONFIG": str(self._folder / "branch.yaml"),
            "BRANCHLINE_STATE": str(self._folder),
            "BRANCHLINE_FDS": ",".join(f"{name}={fd}" for name, fd in fds.items()),
        }
        with (self._folder / f"{self._client.name.lower()}.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *self._command, env=environment, pass_fds=tuple(fds.values()), stderr=log
            )

    async def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


class TandemSite:
    """What a test gets."""

    def __init__(self, folder: Path, box: EngineThread, telco: End, pbx: End) -> None:
        self.folder, self.telco, self.pbx, self.box = folder, telco, pbx, box
        clients = (Client.LINE1, Client.LINE2)
        self.lines = [Process(folder, box, client, "line", client.name.lower()) for client in clients]
        self.call = Process(folder, box, Client.CALL, "call")

    async def record(self) -> list[CallEvent]:
        """All that call control has told of contacts, when all have ended."""
        reader = OutboxReader(self.folder / "outbox.db")
        async with asyncio.timeout(PATIENCE_S):
            while True:
                events = [cast(CallEvent, decode(line).body) for _, line in reader.pending(limit=100_000)]
                told = [type(event) for event in events]
                if told.count(ContactEnded) == told.count(ContactBegan):
                    reader.close()
                    return events
                await asyncio.sleep(0.05)

    def box_ports(self) -> list[PortStatus]:
        """Those that are open."""
        engine = self.box.engine(Client.MONITOR)
        status = [engine.port_status(port) for port in range(2 * TIMESLOTS_PER_SPAN)]
        return [each for each in status if each.kind != "closed"]

    def trouble(self) -> list[tuple[int, int, int, int]]:
        """Of both ends and both spans of the box: packets late, lost, frames slipped; sound that nobody recorded."""
        spans = [(self.telco.thread, 0), (self.pbx.thread, 0), (self.box, 0), (self.box, 1)]
        engines = [(thread.engine(Client.MONITOR), span) for thread, span in spans]
        counters = [(engine.span_status(span).counters, engine.status()) for engine, span in engines]
        return [(span.late, span.lost, span.slips, status.taps_dropped) for span, status in counters]


def _end(side: Side, thread: EngineThread, settings: CesopsnSettings) -> End:
    ends: list[End] = []

    def carrier(network: Network) -> End:
        ends.append(End(thread, settings, network))
        return ends[0]

    Network(Timers(t309_s=6.0, t316_s=2.0), carrier, side=side)
    return ends[0]


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[TandemSite]:
    """In service: every channel of both spans restarted by the box."""
    ports = [(HOST, free_port()) for _ in range(4)]
    (folder / "token").touch(mode=0o600)
    named = [f"{host}:{port}" for host, port in ports]
    text = CONFIGURATION.format(*named, jitter_ms=JITTER_MS, secret=folder / "token", prompts=folder)
    (folder / "branch.yaml").write_text(text)
    near, far, near_pbx, far_pbx = ports
    async with AsyncExitStack() as stack:
        threads = [start_thread(free_rtp_base()) for _ in range(3)]
        for thread in threads:
            stack.callback(thread.close)
        leading = CesopsnSettings(far, near, clock="local", trim_ppm=TELCO_PPM, jitter_ms=JITTER_MS)
        telco = _end(Side.NETWORK, threads[0], leading)
        pbx = _end(Side.USER, threads[1], CesopsnSettings(far_pbx, near_pbx, jitter_ms=JITTER_MS))
        site = TandemSite(folder, threads[2], telco, pbx)
        for end in (telco, pbx):
            stack.callback(end.network.close)
            stack.callback(end.close)
        for process in (*site.lines, site.call):
            stack.push_async_callback(process.kill)
            await process.start()
        for end in (telco, pbx):
            await end.network.every_channel_restarted()
        yield site

# SPDX-License-Identifier: GPL-2.0-only
"""Two boxes on an E1 over IP with CAS: the line process from a configuration, and a line worker as its exchange."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from appliance.line.cas import CasLine
from appliance.line.channels import Order
from appliance.line.circuits import CircuitMaker
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.media.events import Client
from appliance.media.host import EngineThread, start_thread
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.legs import AnswerLeg, Leg, PlaceLeg, ReleaseLeg
from appliance.wire.spans import ChannelState, SpanChanged
from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.model import TIMESLOTS, Cas, DigitalLine
from tests.line.site import CONFIGURATION
from tests.line.test_r2_process import worker as process
from tests.ports import HOST, free_port, free_rtp_base
from tests.wire.conformance import Attachment, Socket, attached, leg_of

PATIENCE_S = 20.0
B = TypeVar("B", bound=Body)
SPAN = """  - name: {name}
    driver: cesopsn
    local: {local}
    remote: {remote}
    jitter_ms: 60
    {configured}
"""


class Trunk(NamedTuple):
    """A span: what is configured of it, and its other end with the bits that one rests with."""

    configured: str
    far: CircuitMaker
    resting: int
    line: DigitalLine = "e1"


class End:
    """A box's controller: the attachments to its line workers, each with so many of the spans."""

    def __init__(self, workers: Mapping[str, Attachment]) -> None:
        """`workers` by the name of the span."""
        self._workers = workers
        self._of_leg: dict[str, Attachment] = {}

    async def place(self, order: PlaceLeg) -> None:
        """On the order's trunk."""
        assert order.trunk is not None
        worker = self._of_leg[order.leg] = self._workers[order.trunk]
        await worker.done(order)

    async def done(self, command: AnswerLeg | ReleaseLeg) -> None:
        """To the worker that has the leg."""
        await self._of_leg[command.leg].done(command)

    async def each(self, kind: type[B]) -> list[B]:
        """The next message of this kind for each span."""
        told = []
        for worker in self._workers.values():
            told.append(await worker.expect(kind))
            self._of_leg[leg_of(told[-1]) or ""] = worker
        return told

    async def snapshot(self) -> dict[str, Leg]:
        """All legs now, by id."""
        snapshots = [await worker.snapshot() for worker in set(self._workers.values())]
        return {name: leg for legs in snapshots for name, leg in legs.items()}

    def heard(self) -> list[Envelope]:
        """All so far."""
        return [envelope for worker in set(self._workers.values()) for envelope in worker.heard]

    def leg(self) -> str:
        """A new leg's id."""
        return next(iter(self._workers.values())).ids.leg()


class Boxes:
    """`near` is the configured one's controller, `far` the other's; `spans` are their names."""

    def __init__(self, folder: Path, engine: EngineThread, far: Attachment, spans: Collection[str]) -> None:
        self.folder = folder
        self.engine = engine
        self.far = End(dict.fromkeys(spans, far))
        self.near = self.far
        self.spans = spans
        self.processes: list[asyncio.subprocess.Process] = []
        self._life = AsyncExitStack()

    async def live(self) -> None:
        """The line processes begin."""
        names = [f"line{number}" for number in range(1, len(self.spans) + 1)]
        sockets = [self.folder / "run" / f"leg.{name}.sock" for name in names]
        for name, socket in zip(names, sockets, strict=True):
            socket.unlink(missing_ok=True)
            self.processes.append(await self._life.enter_async_context(process(self.folder, self.engine, name)))
        async with asyncio.timeout(PATIENCE_S):
            while not all(socket.exists() for socket in sockets):  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.02)
        workers = [await self._life.enter_async_context(attached(Socket(socket))) for socket in sockets]
        self.near = End(dict(zip(self.spans, workers, strict=True)))

    def reconfigure(self, before: str, after: str) -> None:
        """Another word in the branch's file, which is read again."""
        path = self.folder / "branch.yaml"
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))
        for living in self.processes:
            living.send_signal(signal.SIGHUP)

    async def die(self) -> None:
        """As `kill -9` does."""
        await self._life.aclose()
        self.processes.clear()

    async def channels(self) -> dict[int, set[int]]:
        """The configured box's, by span."""
        return {told.span.span: set(told.span.channels) for told in await self.near.each(SpanChanged)}

    async def idle(self) -> None:
        """Every channel is, at both ends."""
        for end in (self.near, self.far):
            states: dict[int, set[ChannelState]] = {}
            async with asyncio.timeout(PATIENCE_S):
                while len(states) < len(self.spans) or set().union(*states.values()) != {ChannelState.IDLE}:
                    for told in await end.each(SpanChanged):
                        states[told.span.span] = set(told.span.channels.values())


@asynccontextmanager
async def started(folder: Path, spans: Mapping[str, Trunk]) -> AsyncIterator[Boxes]:
    """A branch with these spans, in service."""
    ends = [((HOST, free_port()), (HOST, free_port())) for _ in spans]
    (folder / "token").touch(mode=0o600)
    blocks = [
        SPAN.format(name=name, configured=trunk.configured, local="{}:{}".format(*near), remote="{}:{}".format(*far))
        for (name, trunk), (near, far) in zip(spans.items(), ends, strict=True)
    ]
    text = CONFIGURATION.format(spans="".join(blocks), prompts=folder, secret=folder / "token")
    (folder / "branch.yaml").write_text(text)
    near, there = start_thread(free_rtp_base()), start_thread(free_rtp_base())
    engine = there.engine(Client.LINE1)
    lines = [
        CasLine(number, name, trunk.far, TrunkPlan(), Order.ASCENDING, timeslots=TIMESLOTS[trunk.line])
        for number, (name, trunk) in enumerate(spans.items())
    ]
    sealer = Sealer(Identity.take("BR-0002", "line1"))
    worker = LineWorker(folder / "far.sock", sealer, engine, lines, folder / "far-performance")
    driver = CesopsnDriver(engine)
    for number, (trunk, (local, remote)) in enumerate(zip(spans.values(), ends, strict=True)):
        settings = CesopsnSettings(remote, local, clock="local", jitter_ms=60, line=trunk.line)
        driver.configure(number, settings, None, Cas(trunk.resting))
    await worker.start()
    try:
        async with attached(Socket(folder / "far.sock")) as client:
            boxes = Boxes(folder, near, client, spans.keys())
            try:
                await boxes.live()
                await boxes.idle()
                yield boxes
            finally:
                await boxes.die()
    finally:
        await worker.close()
        for thread in (near, there):
            thread.close()

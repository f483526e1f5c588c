# SPDX-License-Identifier: GPL-2.0-only
"""Two boxes on an E1 over IP with CAS: the line process from a configuration, and a line worker as its exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from appliance.line.cas import CasLine
from appliance.line.channels import Order
from appliance.line.circuits import CircuitMaker
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.media.events import Client
from appliance.media.host import EngineThread, start_thread
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.spans import ChannelState, SpanChanged
from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.model import Cas
from tests.line.site import CONFIGURATION
from tests.line.test_r2_process import worker as process
from tests.ports import HOST, free_port, free_rtp_base
from tests.wire.conformance import Attachment, attached

PATIENCE_S = 20.0
SPAN = """  - name: {name}
    driver: cesopsn
    local: {local}
    remote: {remote}
    {configured}
"""


class Trunk(NamedTuple):
    """A span: what is configured of it, and its other end with the bits that one rests with."""

    configured: str
    far: CircuitMaker
    resting: int


class Socket(NamedTuple):
    """A worker's, to be attached to."""

    socket: Path


class Boxes:
    """`near` is the configured one's controller, `far` the other's."""

    def __init__(self, folder: Path, engine: EngineThread, far: Attachment, spans: int) -> None:
        self.folder = folder
        self.engine = engine
        self.far = far
        self.near = far
        self.spans = spans
        self._life = AsyncExitStack()

    async def live(self) -> None:
        """The line process begins, and its circuits become idle on both sides."""
        socket = self.folder / "run" / "leg.line1.sock"
        socket.unlink(missing_ok=True)
        await self._life.enter_async_context(process(self.folder, self.engine))
        async with asyncio.timeout(PATIENCE_S):
            while not socket.exists():  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.02)
        self.near = await self._life.enter_async_context(attached(Socket(socket)))

    async def die(self) -> None:
        """As `kill -9` does."""
        await self._life.aclose()

    async def idle(self) -> None:
        """Every channel is, at both ends."""
        for client in (self.near, self.far):
            states: dict[int, set[ChannelState]] = {}
            async with asyncio.timeout(PATIENCE_S):
                while len(states) < self.spans or set().union(*states.values()) != {ChannelState.IDLE}:
                    span = (await client.expect(SpanChanged)).span
                    states[span.span] = set(span.channels.values())


@asynccontextmanager
async def started(folder: Path, spans: Mapping[str, Trunk]) -> AsyncIterator[Boxes]:
    """A branch with these spans, in service."""
    ends = [((HOST, free_port()), (HOST, free_port())) for _ in spans]
    (folder / "token").touch(mode=0o600)
    blocks = [
        SPAN.format(name=name, configured=trunk.configured, local="{}:{}".format(*near), remote="{}:{}".format(*far))
        for (name, trunk), (near, far) in zip(spans.items(), ends, strict=True)
    ]
    head, tail = CONFIGURATION.format(
        local="LOCAL", remote="REMOTE", t309_s=6, prompts=folder, secret=folder / "token"
    ).split("  - name: telco")
    (folder / "branch.yaml").write_text(head + "".join(blocks) + tail[tail.index("sip:") :])
    near, there = start_thread(free_rtp_base()), start_thread(free_rtp_base())
    engine = there.engine(Client.LINE)
    lines = [
        CasLine(number, name, trunk.far, TrunkPlan(), Order.ASCENDING)
        for number, (name, trunk) in enumerate(spans.items())
    ]
    worker = LineWorker(folder / "far.sock", Sealer(Identity.take("BR-0002", "line1")), engine, lines)
    driver = CesopsnDriver(engine)
    for number, (trunk, (local, remote)) in enumerate(zip(spans.values(), ends, strict=True)):
        settings = CesopsnSettings(remote, local, clock="local", jitter_ms=20)
        driver.configure(number, settings, None, Cas(trunk.resting))
    await worker.start()
    try:
        async with attached(Socket(folder / "far.sock")) as client:
            boxes = Boxes(folder, near, client, len(spans))
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

# SPDX-License-Identifier: GPL-2.0-only
"""A line worker with everything around it: engine, exchange, socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from appliance.line.span import PriLine
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.signalling.pri.link import Link, Side, Timers
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from drivers.protocol import Framer
from tests.line.fake_engine import SPAN, FakeEngine
from tests.line.far_end import Network

TIMERS = Timers(t200_s=0.2, t309_s=0.6, t316_s=0.5, t305_s=1.0, t308_s=0.5)
ORPHANS_S = 0.4


class Bench:
    """What a test gets."""

    def __init__(self, folder: Path, engine: FakeEngine, network: Network, framer: Framer | None = None) -> None:
        self.engine = engine
        self._framers = {SPAN: framer} if framer else {}
        self.network = network
        self.socket = network.socket = folder / "leg.line1.sock"
        network.orphans_s = ORPHANS_S
        self.worker = self._new_worker()

    def _new_worker(self) -> LineWorker:
        plan = TrunkPlan(64, rx_db=-3.0, tx_db=1.5, administration="NTT", non_operate_dbm0=-38.0)
        line = PriLine(SPAN, "telco", 16, Link(Side.USER, TIMERS), plan)
        sealer = Sealer(Identity.take("BR-0001", "line1"))
        histories = self.socket.parent / "performance"
        return LineWorker(self.socket, sealer, self.engine, [line], histories, ORPHANS_S, self._framers)

    async def restart_worker(self) -> None:
        """The worker dies without a word; another one starts."""
        await self.worker.close()
        self.worker = self._new_worker()
        await self.worker.start()

    async def in_service(self) -> None:
        """The D-channel is up and every channel restarted."""
        await self.network.up.wait()
        await self.network.every_channel_restarted()


@asynccontextmanager
async def started(folder: Path, framer: Framer | None = None) -> AsyncIterator[Bench]:
    """A worker in service on a fake engine."""
    engine = FakeEngine()
    network = Network(TIMERS, lambda _: engine)
    engine.far = network.receive
    engine.far_red = lambda red: network.do(Link.deactivate if red else Link.activate)
    bench = Bench(folder, engine, network, framer)
    await bench.worker.start()
    await bench.in_service()
    try:
        yield bench
    finally:
        await bench.worker.close()
        network.close()
        engine.close()

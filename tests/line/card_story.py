# SPDX-License-Identifier: GPL-2.0-only
"""A line worker with a card of one line over a real engine: a chip of registers, its exchange, and their story."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from appliance.line.worker import LineWorker
from appliance.media.events import SignalHeard, SignalKind, ToneKind
from appliance.signalling.fxo.settings import Answer, CallerId, HangUp, Settings
from appliance.wire import legs
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.spans import ChannelState, SpanChanged
from drivers.model import Timeslot
from tests.drivers.spi.board import Clock
from tests.drivers.spi.fake_si3050 import FakeSi3050
from tests.line.card_office import EXCHANGE, NUMBERS, card
from tests.media.rig import Side, engine_thread
from tests.wire.conformance import Attachment, Socket, attached

PATIENCE_S = 15.0
FAR = Timeslot(EXCHANGE, 1).port
SETTINGS = Settings(
    zone="us", hang_up=(HangUp.CPC,), answer=Answer.POLARITY, caller_id=CallerId.NONE, timers={"guard": 0.3}
)


class RealClock(Clock):
    """The machine's."""

    def __init__(self) -> None:
        """Nothing is kept."""

    @property
    def now_s(self) -> float:  # type: ignore[override]
        """Now."""
        return time.monotonic()


class Scene:
    """A worker with a chip, the exchange's end of its pair, a controller."""

    def __init__(self, folder: Path, side: Side) -> None:
        self.side = side
        self.chip = FakeSi3050(RealClock())
        self.digits = ""
        self._folder = folder
        self._exchange = side.ivr.engine
        self.worker = self._new_worker()

    def _new_worker(self) -> LineWorker:
        sealer = Sealer(Identity.take("BR-0001", "line1"))
        made = card({1: self.chip}, SETTINGS, time.monotonic)
        return LineWorker(self._folder / "leg.sock", sealer, self.side.engine, [made], self._folder / "performance")

    async def live(self) -> None:
        """Another life of the worker; the last one's end is told to nobody."""
        await self.worker.close()
        self.worker = self._new_worker()
        await self.worker.start()

    def exchange_hears(self) -> None:
        """Digits on its end of the pair."""
        self._exchange.open_timeslot(FAR)
        self._exchange.hear_signals(FAR, [SignalKind.DTMF])

    def gives(self, kind: ToneKind) -> None:
        """A tone of the exchange's."""
        self._exchange.tone(FAR, kind, "us")

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait for what the chip or the exchange shows."""
        async with asyncio.timeout(PATIENCE_S):
            while not happened():
                for event in self.side.ivr.engine.take_events():
                    if isinstance(event, SignalHeard) and event.on:
                        self.digits += chr(event.code)
                await asyncio.sleep(0.01)


@asynccontextmanager
async def started(folder: Path, lay: Callable[[Side], None]) -> AsyncIterator[Scene]:
    """In service; `lay` opens the spans of the card and of the exchange."""
    with engine_thread() as host:
        scene = Scene(folder, Side(host))
        lay(scene.side)
        scene.exchange_hears()
        await scene.worker.start()
        try:
            yield scene
        finally:
            await scene.worker.close()


async def idle(client: Attachment, span: int = 1) -> None:
    """Every line is."""
    while True:
        told = (await client.expect(SpanChanged)).span
        if told.span == span and set(told.channels.values()) == {ChannelState.IDLE}:
            return


async def story(folder: Path, lay: Callable[[Side], None]) -> None:
    """A call out, the worker's death in it, a call in."""
    async with started(folder, lay) as scene:
        async with attached(Socket(folder / "leg.sock")) as client:
            await idle(client)
            leg = client.ids.leg()
            await client.done(legs.PlaceLeg(leg=leg, to="955", contact="contact-1", clid=None, trunk="lines"))
            await scene.until(lambda: scene.chip.off_hook)
            scene.gives(ToneKind.DIAL)
            await scene.until(lambda: scene.digits)
            scene.gives(ToneKind.RINGBACK)
            await scene.until(lambda: scene.digits == "955")
            scene.chip.reverse()
            await client.expect(legs.LegAnswered, leg)
        await scene.live()
        await scene.until(lambda: not scene.chip.off_hook)
        async with attached(Socket(folder / "leg.sock")) as client:
            await idle(client)
            assert await client.snapshot() == {}
            scene.chip.ring()
            offered = (await client.expect(legs.LegOffered)).leg
            assert (offered.dnis, offered.channel) == (NUMBERS[1], "span 1 timeslot 1")
            await client.done(legs.AnswerLeg(leg=offered.leg))
            await scene.until(lambda: scene.chip.off_hook)
            await client.done(legs.ReleaseLeg(leg=offered.leg))
            await client.expect(legs.LegReleased, offered.leg)
            await scene.until(lambda: not scene.chip.off_hook)

# SPDX-License-Identifier: GPL-2.0-only
"""The far end of an R2 span for the line worker's tests: 30 circuits worked by hand, on the fake engine's wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

from appliance.line import channels
from appliance.line.cas import CasLine
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.media.events import SignalKind
from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call, CallStateError, Channel, Wants
from appliance.signalling.r2.circuit import circuits
from appliance.signalling.r2.events import Direction, Listen, Order, Send, SetBits
from appliance.signalling.r2.variant import load
from appliance.signalling.r2.words import State
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from drivers.model import Timeslot
from tests.line.fake_engine import SPAN, FakeEngine

PATIENCE_S = 10.0
ORPHANS_S = 0.4
DNIS_DIGITS = 5
KIND = {Direction.FORWARD: SignalKind.R2_FORWARD, Direction.BACKWARD: SignalKind.R2_BACKWARD}
BEARERS = [timeslot for timeslot in range(1, 32) if timeslot != 16]


class ExchangeCall:
    """One call at the exchange; conformance.FarCall."""

    def __init__(self, exchange: R2Exchange, timeslot: int) -> None:
        self.timeslot = timeslot
        self.offered: events.CallOffered | None = None
        self._exchange = exchange
        self._heard: dict[str, int | None] = {}
        self._news = asyncio.Event()

    async def proceed(self) -> None:
        """R2 has no word for it."""

    async def alert(self) -> None:
        """The line is free."""
        self._exchange.do(self.timeslot, Channel.accept)

    async def answer(self) -> None:
        """Somebody answers."""
        self._exchange.do(self.timeslot, Channel.answer)

    async def release(self, cause: int) -> None:
        """Let go, unless it is over."""
        with suppress(CallStateError):
            self._exchange.do(self.timeslot, lambda channel: channel.release(cause))

    async def hears(self, what: str) -> int | None:
        """Wait for it."""
        async with asyncio.timeout(PATIENCE_S):
            while what not in self._heard:
                self._news.clear()
                await self._news.wait()
        return self._heard[what]

    def note(self, what: str, cause: int | None = None) -> None:
        """It was heard; R2 carries a cause before the answer alone."""
        self._heard[what] = None if "answered" in self._heard else cause
        self._news.set()


class Wire(Protocol):
    """What lies between: the fake engine's, or a real engine with CESoPSN."""

    far_bits: Callable[[int, int], None]
    far_signal: Callable[[int, SignalKind, int], None]

    def show_bits(self, port: int, abcd: int) -> None:
        """To the box."""

    def sound(self, port: int, kind: SignalKind, signal: int) -> None:
        """To the box; 0: it has ended."""


class R2Exchange:
    """The exchange; conformance.FarEnd."""

    number = "10086"
    rings_in_band = True
    orphans_s = ORPHANS_S

    def __init__(self, engine: Wire, variant: str, socket: Path) -> None:
        self.socket = socket
        self.mute = False
        """No register signal leaves it."""
        self.calls: dict[int, ExchangeCall] = {}
        self._engine = engine
        self._called: asyncio.Queue[ExchangeCall] = asyncio.Queue()
        wants = Wants(dnis_digits=DNIS_DIGITS)
        self.channels = {timeslot: Channel(load(variant), wants, clock=time.monotonic) for timeslot in BEARERS}
        self._standing: dict[int, tuple[Direction, int]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0
        self._moved = asyncio.Event()
        engine.far_bits = lambda port, abcd: self.do(port % 32, lambda channel: channel.see_bits(abcd))
        engine.far_signal = self._sounded
        self._settle()

    async def call(self, dnis: str, clid: str) -> ExchangeCall:
        """Seize the next idle circuit from the bottom."""
        await self.idle()
        self._next = self._next % len(BEARERS) + 1
        timeslot = BEARERS[self._next - 1]
        call = self.calls[timeslot] = ExchangeCall(self, timeslot)
        self.do(timeslot, lambda channel: channel.place(Call(dnis, clid)))
        return call

    async def called(self) -> ExchangeCall:
        """Wait until the box calls."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._called.get()

    async def idle(self) -> None:
        """Every circuit is free."""
        async with asyncio.timeout(PATIENCE_S):
            while any(channel.state is not State.IDLE for channel in self.channels.values()):
                self._moved.clear()
                await self._moved.wait()

    def do(self, timeslot: int, what: Callable[[Channel], None]) -> None:
        """Anything with a channel, then what follows from it."""
        what(self.channels[timeslot])
        self._settle()

    def close(self) -> None:
        """Stop the clock."""
        if self._timer is not None:
            self._timer.cancel()

    def _sounded(self, port: int, kind: SignalKind, signal: int) -> None:
        direction = Direction.FORWARD if kind is SignalKind.R2_FORWARD else Direction.BACKWARD
        self._standing[port % 32] = (direction, signal)
        self.do(port % 32, lambda channel: channel.hear(direction, signal))

    def _run(self) -> None:
        for channel in self.channels.values():
            channel.run()
        self._settle()

    def _settle(self) -> None:
        self._moved.set()
        for timeslot, channel in self.channels.items():
            for order in channel.take_orders():
                self._carry(timeslot, order)
            for event in channel.take_events():
                self._happened(timeslot, event)
        due = min((at for channel in self.channels.values() if (at := channel.due()) is not None), default=None)
        if self._timer is not None:
            self._timer.cancel()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._run)

    def _carry(self, timeslot: int, order: Order) -> None:
        port = Timeslot(SPAN, timeslot).port
        match order:
            case SetBits(abcd=abcd):
                self._engine.show_bits(port, abcd)
            case Send(direction=direction, signal=signal) if not self.mute:
                self._engine.sound(port, KIND[direction], signal)
            case Listen(direction=direction) if direction and self._standing.get(timeslot, (None, 0))[1]:
                self._sounded(port, KIND[direction], self._standing[timeslot][1])

    def _happened(self, timeslot: int, event: events.Event) -> None:
        match event:
            case events.CallOffered():
                call = self.calls[timeslot] = ExchangeCall(self, timeslot)
                call.offered = event
                self._called.put_nowait(call)
            case events.CallAccepted():
                self.calls[timeslot].note("alerting")
            case events.CallAnswered():
                self.calls[timeslot].note("answered")
            case events.CallDisconnected():
                asyncio.get_running_loop().call_soon(self.do, timeslot, Channel.release)
            case events.CallCleared(cause=cause) if timeslot in self.calls:
                self.calls[timeslot].note("released", cause)


class R2Bench:
    """What a test gets."""

    def __init__(self, folder: Path, variant: str, order: channels.Order) -> None:
        self.engine = FakeEngine()
        self.socket = folder / "leg.line1.sock"
        self.exchange = R2Exchange(self.engine, variant, self.socket)
        self._variant = variant
        self._order = order
        self.worker = self._new_worker()

    def _new_worker(self) -> LineWorker:
        wants = Wants(dnis_digits=DNIS_DIGITS)
        made = circuits(load(self._variant), wants)
        line = CasLine(SPAN, "telco", made, TrunkPlan(echo_tail_ms=64), self._order)
        sealer = Sealer(Identity.take("BR-0001", "line1"))
        return LineWorker(self.socket, sealer, self.engine, [line], self.socket.parent / "performance", ORPHANS_S)

    async def restart_worker(self) -> None:
        """The worker dies without a word; another one starts."""
        await self.worker.close()
        self.worker = self._new_worker()
        await self.worker.start()


@asynccontextmanager
async def started(
    folder: Path, variant: str = "CN", order: channels.Order = channels.Order.ROUND_ROBIN
) -> AsyncIterator[R2Bench]:
    """A worker in service on a fake engine."""
    bench = R2Bench(folder, variant, order)
    await bench.worker.start()
    await bench.exchange.idle()
    try:
        yield bench
    finally:
        await bench.worker.close()
        bench.exchange.close()
        bench.engine.close()

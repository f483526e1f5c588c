# SPDX-License-Identifier: GPL-2.0-only
"""The line test's socket: one test or loop at a time, which ends with whoever asked for it."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from appliance.line.channels import Channels
from appliance.line.performance.keeper import Keeper
from appliance.line.performance.look import Look
from appliance.line.testing import run
from appliance.line.testing.bearers import BearerEngine, Bearers
from appliance.media.engine import EngineBusyError
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.line_tests import CheckLine, LineChecked, LineStep, LoopLine, Result
from appliance.wire.service import CommandRefusedError, Service
from appliance.wire.spans import ChannelState
from drivers.model import Alarm
from drivers.protocol import Framer, FramerRefusedError


class ServedSpan(Protocol):
    """A span of the worker."""

    channels: Channels
    alarms: Alarm

    def lend(self, timeslot: int) -> None:
        """Its port is a test's."""

    def take_back(self, timeslot: int) -> None:
        """It is closed, and the span's again."""


class _Span:
    """As a test sees it."""

    def __init__(self, span: ServedSpan, number: int, keeper: Keeper) -> None:
        self._span = span
        self._number = number
        self._keeper = keeper

    @property
    def alarms(self) -> Alarm:
        return self._span.alarms

    def looks(self, seconds: int) -> tuple[Look, ...]:
        return self._keeper.looks(self._number, seconds)


class LineTests:
    """Of a worker's spans, by the engine's numbers. `start` inside a running loop."""

    def __init__(
        self,
        path: Path,
        sealer: Sealer,
        engine: BearerEngine,
        close: Callable[[int], None],
        spans: Mapping[int, ServedSpan],
        keeper: Keeper,
        framers: Mapping[int, Framer],
        cut: Callable[[], None],
    ) -> None:
        self._service = Service(
            path, sealer, "line tests", self._handle, self._snapshot, self._controller_changed, self._idle
        )
        self._engine = engine
        self._close = close
        self._spans = spans
        self._keeper = keeper
        self._framers = framers
        self._cut_changed = cut
        self.cut: int | None = None
        """The span that a loop in its card keeps from the line."""
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve. What a worker that died has left looped is looped no more."""
        for framer in self._framers.values():
            with contextlib.suppress(FramerRefusedError):
                framer.loop(None)
        await self._service.start()

    async def close(self) -> None:
        """Stop serving, and what runs."""
        self._stop()
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)
        await self._service.close()

    def _snapshot(self) -> Iterable[Body]:
        return ()

    def _controller_changed(self, attached: bool) -> None:  # noqa: FBT001 - the service's callback
        if not attached:
            self._stop()

    def _stop(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _idle(self) -> bool:
        return self._running is None or self._running.done()

    def _handle(self, envelope: Envelope) -> None:
        order = envelope.body
        if not isinstance(order, CheckLine | LoopLine):
            raise CommandRefusedError("message.unknown", f"{type(order).__name__} is no command of a line test")
        if not self._idle():
            raise CommandRefusedError("line.busy", "a test is running; wait for its end")
        if _by_card(order):
            self._check_card(order)
        bearers = self._bearers(order)
        if _by_card(order):
            self._cut(order.span - 1)
        self._running = asyncio.get_running_loop().create_task(self._run(order, bearers))
        self._running.add_done_callback(lambda _: self._cut(None))

    def _bearers(self, order: CheckLine | LoopLine) -> Bearers:
        span = self._spans.get(order.span - 1)
        if span is None:
            there = ", ".join(str(number + 1) for number in sorted(self._spans))
            raise CommandRefusedError("line.span", f"there is no span {order.span}; there is {there}")
        for slot in order.timeslots:
            if slot not in span.channels:
                raise CommandRefusedError("line.timeslot", f"timeslot {slot} of span {order.span} is no bearer")
        bearers = Bearers(self._engine, self._close, order.span - 1, span.channels.states, order.timeslots)
        for slot in bearers.lent:
            span.lend(slot)
        return bearers

    def _check_card(self, order: CheckLine | LoopLine) -> None:
        """Only a span without calls may be cut."""
        if order.span - 1 in self._spans and order.span - 1 not in self._framers:
            sentence = f"span {order.span} has no framer that can be looped: test its timeslots"
            raise CommandRefusedError("line.card", sentence)
        channels = self._spans[order.span - 1].channels.states() if order.span - 1 in self._spans else {}
        busy = ", ".join(str(slot) for slot, state in channels.items() if state is ChannelState.BUSY)
        if busy:
            sentence = (
                f"a loop in the card would cut the calls of timeslots {busy} of span {order.span}; wait for their end"
            )
            raise CommandRefusedError("line.calls", sentence)

    async def _run(self, order: CheckLine | LoopLine, bearers: Bearers) -> None:
        number = order.span - 1
        try:
            if _by_card(order):
                result = await self._run_card(order, bearers)
            elif isinstance(order, LoopLine):
                result = await run.loop(order, bearers, asyncio.sleep, self._service.publish)
            else:
                span = _Span(self._spans[number], number, self._keeper)
                result = await run.check(order, span, bearers, asyncio.sleep, self._service.publish)
        except EngineBusyError as error:
            self._service.publish(LineStep("engine", Result.FAIL, f"media engine: {error}", f"媒体引擎：{error}"))
            result = Result.FAIL
        except FramerRefusedError as error:
            self._service.publish(LineStep("card", Result.FAIL, str(error), f"板卡：{error}"))
            result = Result.FAIL
        finally:
            for slot in bearers.give_back():
                self._spans[number].take_back(slot)
        self._service.publish(LineChecked(span=order.span, result=result))

    def _cut(self, span: int | None) -> None:
        before, self.cut = self.cut, span
        if span != before:
            self._cut_changed()

    async def _run_card(self, order: CheckLine | LoopLine, bearers: Bearers) -> Result:
        framer = self._framers[order.span - 1]
        if isinstance(order, LoopLine):
            return await run.card_loop(order, framer, asyncio.sleep, self._service.publish)
        return await run.card(order, framer, bearers, asyncio.sleep, self._service.publish)


def _by_card(order: CheckLine | LoopLine) -> bool:
    return order.card if isinstance(order, CheckLine) else order.at != "timeslots"

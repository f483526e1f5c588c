# SPDX-License-Identifier: GPL-2.0-only
"""The line test's socket: one test or loop at a time, which ends with whoever asked for it."""

import asyncio
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
from drivers.model import Alarm


class ServedSpan(Protocol):
    """A span of the worker."""

    channels: Channels
    alarms: Alarm


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
    ) -> None:
        self._service = Service(
            path, sealer, "line tests", self._handle, self._snapshot, self._controller_changed, self._idle
        )
        self._engine = engine
        self._close = close
        self._spans = spans
        self._keeper = keeper
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve."""
        await self._service.start()

    async def close(self) -> None:
        """Stop serving, and what runs."""
        self._stop()
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
        bearers = self._bearers(order)
        self._running = asyncio.get_running_loop().create_task(self._run(order, bearers))

    def _bearers(self, order: CheckLine | LoopLine) -> Bearers:
        span = self._spans.get(order.span - 1)
        if span is None:
            there = ", ".join(str(number + 1) for number in sorted(self._spans))
            raise CommandRefusedError("line.span", f"there is no span {order.span}; there is {there}")
        for slot in order.timeslots:
            if slot not in span.channels:
                raise CommandRefusedError("line.timeslot", f"timeslot {slot} of span {order.span} is no bearer")
        return Bearers(self._engine, self._close, order.span - 1, span.channels.states, order.timeslots)

    async def _run(self, order: CheckLine | LoopLine, bearers: Bearers) -> None:
        number = order.span - 1
        try:
            if isinstance(order, LoopLine):
                result = await run.loop(order, bearers, asyncio.sleep, self._service.publish)
            else:
                span = _Span(self._spans[number], number, self._keeper)
                result = await run.check(order, span, bearers, asyncio.sleep, self._service.publish)
        except EngineBusyError as error:
            self._service.publish(LineStep("engine", Result.FAIL, f"media engine: {error}", f"媒体引擎：{error}"))
            result = Result.FAIL
        finally:
            bearers.give_back()
        self._service.publish(LineChecked(span=order.span, result=result))

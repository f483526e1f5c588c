# SPDX-License-Identifier: GPL-2.0-only
"""Makes test calls, one at a time: TABLE with workers, the engine and the clock around it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from appliance.call import testing
from appliance.call.shell.ports import Links
from appliance.call.testing import Event, Sound, State
from appliance.wire import legs as w
from appliance.wire.call_control import CallTested, TestCall
from appliance.wire.ids import IdSource
from appliance.wire.line_tests import LineStep, Result
from appliance.wire.service_messages import Refused

BEFORE_S, BESIDE_S = 1.5, 2.5
"""Listened to without and with our tone."""
SETTLED_S, LOOK_S = 1.0, 0.25
"""A port's level is that of its last second."""
CLEARED_S = 10.0
"""A worker that does not say that the leg is over by then never will."""
NO_CHANNEL, NORMAL, TEMPORARY_FAILURE = 34, 16, 41
"""Q.850."""

log = structlog.get_logger()


class Ear(Protocol):
    """What the engine hears of a port, and what it plays it."""

    def tone(self, port: int) -> None:
        """A steady one, until it is silenced."""

    def silence(self, port: int) -> None:
        """No more."""

    def heard(self, port: int) -> tuple[float, int | None]:
        """RMS level of the last second in dBm0; packets of RTP so far, None where there are none by nature."""


class _Call:
    """The one that is under way."""

    def __init__(self, order: TestCall, leg: str, worker: str, now: float) -> None:
        self.order, self.leg, self.worker, self.began = order, leg, worker, now
        self.state = State.CALLING
        self.port: int | None = None
        self.answered: float | None = None
        self.sound: Sound | None = None
        self.steps: tuple[LineStep, ...] = ()
        self.timer: asyncio.TimerHandle | asyncio.Task[None] | None = None


class Tester:
    """`told` hears each step, `over` the end with all of them."""

    def __init__(
        self,
        links: Links,
        ear: Ear,
        ids: IdSource,
        told: Callable[[LineStep], None],
        over: Callable[[CallTested, tuple[LineStep, ...]], None],
    ) -> None:
        self._links, self._ear, self._ids = links, ear, ids
        self._told, self._ended = told, over
        self._call: _Call | None = None

    @property
    def idle(self) -> bool:
        """No call is under way."""
        return self._call is None

    def begin(self, order: TestCall, worker: str, trunk: str, clid: str | None) -> None:
        """Call, in a running loop, while idle. `trunk` and `clid` as of testing.way."""
        loop = asyncio.get_running_loop()
        call = self._call = _Call(order, self._ids.leg(), worker, loop.time())
        place = w.PlaceLeg(leg=call.leg, to=order.to, contact=self._ids.contact(), trunk=trunk or None, clid=clid)
        log.info("call.test.began", leg=call.leg, by=order.by, trunk=trunk, to_number=order.to)
        self._links.to_worker(worker, place)
        call.timer = loop.call_later(order.ring_s, self._happen, Event.RUNG_OUT)

    def stop(self, why: LineStep | None = None) -> None:
        """Let go now; `why` is one more step."""
        if self._call is not None and Event.STOPPED in testing.TABLE[self._call.state]:
            if why is not None:
                self._tell(why)
            self._happen(Event.STOPPED)

    def owns(self, leg: str) -> bool:
        """Whether it is the test call's."""
        return self._call is not None and self._call.leg == leg

    def said(self, body: object) -> None:
        """A leg worker, of our leg; in a snapshot by what it leaves out."""
        call = self._call
        if call is None:
            return
        match body:
            case w.LegPlaced(leg=leg):
                call.port = leg.port
                self._tell(testing.placed(leg.channel))
            case w.LegAlerting():
                self._happen(Event.ALERTING)
            case w.LegAnswered():
                self._happen(Event.ANSWERED)
            case w.LegReleased(cause=cause):
                self._over(cause)

    def lost(self, worker: str, held: Iterable[str]) -> None:
        """A worker's snapshot: one that has died knows our leg no more."""
        call = self._call
        if call and call.worker == worker and call.leg not in held and call.leg not in self._links.placing(worker):
            self._over(TEMPORARY_FAILURE)

    def refused(self, refusal: Refused) -> None:
        """The worker would not place it."""
        self._tell(testing.step("placed", Result.FAIL, refusal.sentence, refusal.sentence))
        self._over(NO_CHANNEL)

    # Its life.

    def _happen(self, event: Event) -> None:
        call = self._call
        after = testing.TABLE[call.state].get(event) if call else None
        if call is None or after is None:
            return
        since = asyncio.get_running_loop().time() - call.began
        call.state = after
        if event is Event.ALERTING:
            self._tell(testing.rings(since))
        elif event is Event.ANSWERED and after is State.LISTENING:
            call.answered = since
            self._tell(testing.answered(since))
            self._cancel(call)
            call.timer = asyncio.get_running_loop().create_task(self._listen(call))
        elif event in (Event.RUNG_OUT, Event.HEARD, Event.STOPPED):
            if event is Event.RUNG_OUT:
                self._tell(testing.unanswered(since))
            self._let_go(call)

    def _let_go(self, call: _Call) -> None:
        self._cancel(call)
        self._links.to_worker(call.worker, w.ReleaseLeg(leg=call.leg, cause=NORMAL))
        call.timer = asyncio.get_running_loop().call_later(CLEARED_S, self._over, TEMPORARY_FAILURE)

    async def _listen(self, call: _Call) -> None:
        if call.port is None:
            return
        before = await self._loudest(call.port, BEFORE_S)
        self._ear.tone(call.port)
        beside = await self._loudest(call.port, BESIDE_S)
        self._ear.silence(call.port)
        call.sound = Sound(before, beside, self._ear.heard(call.port)[1])
        self._tell(testing.heard(call.sound))
        call.timer = None
        self._happen(Event.HEARD)

    async def _loudest(self, port: int, seconds: float) -> float:
        """The first second's level is of what was there before."""
        await asyncio.sleep(SETTLED_S)
        levels = [-100.0]
        for _ in range(round((seconds - SETTLED_S) / LOOK_S)):
            await asyncio.sleep(LOOK_S)
            levels.append(self._ear.heard(port)[0])
        return max(levels)

    def _over(self, cause: int) -> None:
        call = self._call
        if call is None:
            return
        self._cancel(call)
        since = asyncio.get_running_loop().time() - call.began
        self._tell(testing.released(call.state, cause, since))
        self._call = None
        told = testing.tested(call.steps, cause, call.answered, call.sound)
        log.info("call.test.ended", leg=call.leg, by=call.order.by, result=str(told.result), cause=cause)
        self._ended(told, call.steps)

    def _tell(self, step: LineStep) -> None:
        if self._call is not None:
            self._call.steps += (step,)
        self._told(step)

    @staticmethod
    def _cancel(call: _Call) -> None:
        if call.timer is not None:
            call.timer.cancel()
            call.timer = None


def without(legs: tuple[w.Leg, ...], mine: Callable[[str], bool]) -> tuple[w.Leg, ...]:
    """A snapshot's legs that are calls."""
    return tuple(leg for leg in legs if not mine(leg.leg))

# SPDX-License-Identifier: GPL-2.0-only
"""The test call's socket: one at a time, which ends with whoever asked for it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

import structlog

from appliance.call import testing
from appliance.call.settings import Trunks
from appliance.call.shell.ports import Links
from appliance.call.testing import Event, Sound, State
from appliance.config.outbound import EMERGENCY
from appliance.wire import legs as w
from appliance.wire.call_control import TestCall
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.ids import IdSource
from appliance.wire.line_tests import LineStep, Result
from appliance.wire.service import CommandRefusedError, Service
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


class CallTests:
    """`full`: trunks without room, with a sentence each. `start` inside a running loop."""

    def __init__(
        self,
        path: Path,
        sealer: Sealer,
        links: Links,
        ear: Ear,
        ids: IdSource,
        trunks: Trunks,
        full: Callable[[], Mapping[str, str]],
    ) -> None:
        self._service = Service(path, sealer, "test calls", self._handle, _nothing, self._changed, self._idle)
        self._links, self._ear, self._ids = links, ear, ids
        self._trunks, self._full = trunks, full
        self._call: _Call | None = None

    async def start(self) -> None:
        """Serve."""
        await self._service.start()

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

    # Orders.

    def _handle(self, envelope: Envelope) -> None:
        order = envelope.body
        if not isinstance(order, TestCall):
            raise CommandRefusedError("message.unknown", f"{type(order).__name__} is no test call")
        if not self._idle():
            raise CommandRefusedError("call.busy", "a test call is under way; wait for its end")
        trunk, clid = self._way(order)
        worker = self._trunks.workers[trunk] if trunk else "sip"
        now = asyncio.get_running_loop().time()
        call = self._call = _Call(order, self._ids.leg(), worker, now)
        place = w.PlaceLeg(leg=call.leg, to=order.to, contact=self._ids.contact(), trunk=trunk or None, clid=clid)
        log.info("call.test.began", leg=call.leg, by=order.by, trunk=trunk, to_number=order.to)
        self._links.to_worker(worker, place)
        call.timer = asyncio.get_running_loop().call_later(order.ring_s, self._happen, Event.RUNG_OUT)

    def _way(self, order: TestCall) -> tuple[str, str | None]:
        """The trunk, none for a phone of this branch, and the number that is shown. Raises CommandRefusedError."""
        if order.to in EMERGENCY:
            raise CommandRefusedError("call.emergency", f"{order.to} is an emergency number: nobody calls it to see")
        if order.phone:
            return "", None
        way, choices = self._trunks.choices(order.to)
        if order.trunk and order.trunk not in self._trunks.workers:
            known = ", ".join(self._trunks.workers) or "none"
            raise CommandRefusedError("call.trunk", f"there is no trunk {order.trunk}; there is {known}")
        full = self._full()
        trunk = order.trunk or next((one for one in choices if one not in full), "")
        if not trunk or trunk in full:
            why = "; ".join(dict.fromkeys(full[one] for one in choices if one in full)) or full.get(trunk)
            none = f"{order.to} is no phone here, and no way of outbound leads there: name a trunk"
            raise CommandRefusedError("call.way", why or none)
        return trunk, way.clid if way else None

    def _changed(self, attached: bool) -> None:  # noqa: FBT001 - the service's callback
        if not attached:
            self._happen(Event.STOPPED)

    def _idle(self) -> bool:
        return self._call is None

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
        self._service.publish(told)

    def _tell(self, step: LineStep) -> None:
        if self._call is not None:
            self._call.steps += (step,)
        self._service.publish(step)

    @staticmethod
    def _cancel(call: _Call) -> None:
        if call.timer is not None:
            call.timer.cancel()
            call.timer = None


def without(legs: tuple[w.Leg, ...], mine: Callable[[str], bool]) -> tuple[w.Leg, ...]:
    """A snapshot's legs that are calls."""
    return tuple(leg for leg in legs if not mine(leg.leg))


def _nothing() -> Iterable[Body]:
    return ()

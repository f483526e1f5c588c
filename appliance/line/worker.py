# SPDX-License-Identifier: GPL-2.0-only
"""The line worker: spans below, the leg protocol above, one timer between. It never waits.

Its legs are in one table over all spans. A leg that nobody controls for `orphans_s` is released with cause 41. A leg
released while nobody listens stays in the snapshot until a controller has had it.
"""

import asyncio
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from appliance.line.alarms import AlarmBoard
from appliance.line.card import CardLine, CardSpan
from appliance.line.cas import CasLine, CasSpan
from appliance.line.learning import Lessons
from appliance.line.leg import TEMPORARY_FAILURE, LineLeg
from appliance.line.performance.keeper import Keeper
from appliance.line.performance.look import Host, Look
from appliance.line.served import ServedSpan
from appliance.line.span import BEARER_NOT_IMPLEMENTED, NO_CHANNEL, PriLine, PriSpan
from appliance.line.states import Event
from appliance.line.switch import Switch, TimeslotEngine
from appliance.line.testing.bearers import BearerEngine
from appliance.line.testing.service import LineTests
from appliance.media.events import (
    BitsChanged,
    BitsStatus,
    CallerHeard,
    CommandKind,
    CommandRefused,
    DigitsSent,
    EngineEvent,
    EngineStatus,
    FrameReceived,
    SignalHeard,
    SoundHeard,
    SpanAlarmChanged,
)
from appliance.signalling.fxo.settings import Settings
from appliance.signalling.pri.link import CallGoneError, Side
from appliance.wire import legs as wire
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.ids import IdSource
from appliance.wire.legs import Leg, ReleasedBy
from appliance.wire.service import CommandRefusedError, Service
from appliance.wire.spans import Alarm as WireAlarm
from appliance.wire.spans import Span, SpanChanged
from appliance.wire.unheard import Unheard
from drivers.model import TIMESLOTS_PER_SPAN, Alarm, LineErrors, SpanStatus
from drivers.protocol import Framer

ORPHANS_S = 30.0
STATUS_S = 1.0

log = structlog.get_logger()


class LineEngine(TimeslotEngine, BearerEngine, Protocol):
    """The part of appliance.media.engine.Engine that the worker needs."""

    event_fd: int

    def take_events(self) -> Sequence[EngineEvent]:
        """What happened."""

    def span_status(self, span: int) -> SpanStatus:
        """Alarms and counters."""

    def bits_status(self, port: int) -> BitsStatus | None:
        """A timeslot's bits."""

    def status(self) -> EngineStatus:
        """How it keeps time."""


class LineWorker:
    """All legs of its spans. `start` inside a running loop, after the spans were opened in the engine."""

    def __init__(
        self,
        path: Path,
        sealer: Sealer,
        engine: LineEngine,
        lines: Iterable[PriLine | CasLine],
        histories: Path,
        orphans_s: float = ORPHANS_S,
        framers: Mapping[int, Framer] = {},
    ) -> None:
        self.service = Service(path, sealer, "legs", self._handle, self._snapshot, self._controller_changed)
        self._engine = engine
        self._orphans_s = orphans_s
        self._framers = framers
        self._errors: dict[int, LineErrors | None] = {}
        self._loop = asyncio.get_running_loop()
        lines = tuple(lines)
        self._switch = Switch(engine, self._loop.call_later, {line.span: line.plan for line in lines})
        ids = IdSource(sealer.identity)
        self._new_leg = ids.leg
        self._spans = [self._span(line) for line in lines]
        self._unheard = Unheard()
        self._board = AlarmBoard()
        self._keeper = Keeper(histories, {line.span: line.name for line in lines})
        spans = {span.number: span for span in self._spans}
        tests = path.with_name(f"test.{path.name.removeprefix('leg.')}")
        self._tests = LineTests(
            tests, sealer, engine, self._switch.close_port, spans, self._keeper, framers, self._look
        )
        self._lessons = Lessons(histories.with_name("learned"), self._learning())
        self._orphaned_at: dict[str, float] = {}
        self._status_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def _span(self, line: PriLine | CasLine) -> ServedSpan:
        around = self._switch, self._new_leg, self.service.publish, self._ended
        if isinstance(line, CardLine):
            return CardSpan(line, self._loop.time, *around)
        if isinstance(line, CasLine):
            return CasSpan(line, self._bits, *around)
        return PriSpan(line, *around)

    def _bits(self, port: int) -> int | None:
        status = self._engine.bits_status(port)
        return status.received if status else None

    async def start(self) -> None:
        """Serve."""
        for span in self._spans:
            span.begin()
        await self.service.start()
        await self._tests.start()
        self._loop.add_reader(self._engine.event_fd, self._engine_told)
        self._tick()

    async def close(self) -> None:
        """Stop serving; legs are left as they are, as if the process had died."""
        await self._tests.close()
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._engine.event_fd)
        self._keeper.close()
        self._lessons.close()
        await self.service.close()

    def change_line(self, number: int, settings: Settings, called: str, timeslot: int | None = None) -> None:
        """A span's analogue lines, or one, are such from now on, and `called` is their number; no call ends by it."""
        for span in self._spans:
            if span.number == number and isinstance(span, CasSpan):
                span.change(settings, called, timeslot)
        self._settle()

    def drain(self, *, now: bool) -> None:
        """No new call from now on, either way, or new ones again; the present ones go on."""
        for span in self._spans:
            span.channels.draining = now
            span.channels.changed = True
        self._settle()

    # The engine and time.

    def _engine_told(self) -> None:
        spans = {span.number: span for span in self._spans}
        sounded: set[CasSpan] = set()
        for event in self._engine.take_events():
            match event:
                case FrameReceived(span=number, frame=frame) if isinstance(span := spans.get(number), PriSpan):
                    span.frame(frame)
                case (
                    BitsChanged(port=port) | SignalHeard(port=port) | CallerHeard(port=port) | DigitsSent(port=port)
                ) if isinstance(span := spans.get(port // TIMESLOTS_PER_SPAN), CasSpan):
                    span.take(event)
                case SoundHeard(port=port) if isinstance(span := spans.get(port // TIMESLOTS_PER_SPAN), CasSpan):
                    span.hear(event)
                    sounded.add(span)
                case SpanAlarmChanged(span=number, alarms=alarms) if number in spans:
                    spans[number].alarm(self._cut(number, alarms))
                case CommandRefused():
                    self._engine_refused(event)
                case _:
                    log.debug("line.event.ignored", kind=type(event).__name__)
        for span in sounded:
            span.run()
        self._settle()

    def _engine_refused(self, refused: CommandRefused) -> None:
        log.debug("line.engine.refused", command=refused.kind.name, port=refused.port, error=refused.error)
        if refused.kind in (CommandKind.OPEN_TIMESLOT, CommandKind.SEND_DIGITS):
            for span in self._spans:
                span.port_refused(refused.port)

    def _tick(self) -> None:
        now = self._loop.time()
        try:
            for span in self._spans:
                span.run()
            self._release_orphans(now)
            if now >= self._status_at:
                late = now - self._status_at > STATUS_S / 2
                self._status_at = (now if late else self._status_at) + STATUS_S
                self._read_status(now)
        finally:  # whatever happens, time goes on
            self._settle()

    def _read_status(self, now: float) -> None:
        """An alarm may have changed while nobody listened; and once a second everyone is told."""
        status = self._engine.status()
        host = Host(status.late_ticks, status.skipped_ticks, status.reference_late_ticks)
        for span in self._spans:
            seen = self._engine.span_status(span.number)
            span.alarm(self._cut(span.number, seen.alarms))
            span.channels.changed = True
            if span.number == self._tests.cut:  # a second that nobody saw of the line
                continue
            up = span.up if isinstance(span, PriSpan) else None
            look = Look(seen, host, up)
            if framer := self._framers.get(span.number):
                self._errors[span.number] = errors = framer.errors()
                look = Look(seen, host, up, errors, framer.blocks)
            told = self._keeper.take(look, time.time(), now)
            if told is not None:
                self.service.publish(told)

    def _look(self) -> None:
        """A test has cut a span, or not any more."""
        for span in self._spans:
            span.alarm(self._cut(span.number, self._engine.span_status(span.number).alarms))
        self._settle()

    def _cut(self, number: int, alarms: Alarm) -> Alarm:
        """A span whose card is looped by a test takes no call, as one in RED."""
        return alarms | Alarm.RED if number == self._tests.cut else alarms

    def _settle(self) -> None:
        """Tell what has changed and set the timer; after everything that may have moved a span."""
        while any([span.catch_up() for span in self._spans if isinstance(span, PriSpan)]):  # noqa: C419 - all of them
            pass
        for span in self._spans:
            if span.channels.changed:
                span.channels.changed = False
                self.service.publish(self._shown(span))
        for line in self._learning():
            if self._lessons.grown(line):
                self.service.publish(line.lessons())
        now = self._loop.time()
        for alarm in self._board.update(self._spans, now):
            self.service.publish(alarm)
        self._watch_orphans(now)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due(), self._tick)

    def _due(self) -> float:
        times = [self._status_at, *(at for span in self._spans if (at := span.due()) is not None)]
        times.extend(since + self._orphans_s for since in self._orphaned_at.values())
        return min(times)

    # Controllers.

    def _controller_changed(self, attached: bool) -> None:  # noqa: FBT001 - the service's callback
        self._unheard.controller(attached=attached)
        if attached:
            self._orphaned_at.clear()
        self._settle()

    def _watch_orphans(self, now: float) -> None:
        if not self.service.controlled:
            since = self._orphaned_at
            self._orphaned_at = {leg: since.get(leg, now) for leg in self._legs()}

    def _release_orphans(self, now: float) -> None:
        for name, since in tuple(self._orphaned_at.items()):
            if now >= since + self._orphans_s and name in self._legs():
                self._orphaned_at[name] = math.inf  # it may take a while to be cleared
                log.warning("line.leg.orphaned", leg=name)
                span, leg = self._find(name)
                span.release(leg, TEMPORARY_FAILURE, ReleasedBy.FAULT)

    def _ended(self, leg: Leg) -> None:
        self._unheard.ended(leg, controlled=self.service.controlled)

    def _snapshot(self) -> Iterable[Body]:
        living = [leg.told for _, leg in self._legs().values()]
        yield wire.LegSnapshot(legs=(*living, *self._unheard.legs))
        for span in self._spans:
            yield self._shown(span)
            yield self._keeper.told(span.number)
        for line in self._learning():
            yield line.lessons()
        yield from self._board.standing()

    def _learning(self) -> list[CasSpan]:
        """Spans that have analogue lines."""
        return [span for span in self._spans if isinstance(span, CasSpan) and span.learned()]

    def _shown(self, span: ServedSpan) -> SpanChanged:
        counters = msgspec.structs.asdict(self._engine.span_status(span.number).counters)
        if errors := self._errors.get(span.number):
            counters |= {f"framer_{name}": count for name, count in msgspec.structs.asdict(errors).items()}
        return SpanChanged(
            span=Span(
                span=span.number + 1,
                name=span.name,
                alarms=tuple(wire_alarm for wire_alarm in WireAlarm if Alarm[wire_alarm] in span.alarms),
                d_channel_up=span.up,
                channels=span.channels.states(),
                counters={**counters, "damaged_messages": span.damaged},
            )
        )

    # Commands.

    def _handle(self, envelope: Envelope) -> None:
        body = envelope.body
        match body:
            case wire.PlaceLeg():
                self._place(body)
            case wire.ProceedLeg(leg=leg, contact=contact, inband=inband):
                self._step(leg, Event.PROCEED_INBAND if inband else Event.PROCEED)
                self._find(leg)[1].note(contact)
            case wire.AlertLeg(leg=leg, inband=inband):
                self._step(leg, Event.ALERT_INBAND if inband else Event.ALERT)
            case wire.AnswerLeg(leg=leg):
                self._step(leg, Event.ANSWER)
            case wire.ReleaseLeg(leg=leg):
                if leg in self._legs():
                    self._release(body)
            case wire.DialLeg() | wire.TransferLeg():
                self._of_isdn(body)
            case wire.TakeSnapshot():
                for told in self._snapshot():
                    self.service.publish(told)
            case _:
                raise CommandRefusedError("message.unknown", f"{type(body).__name__} is no command of a leg worker")
        self._settle()

    def _legs(self) -> dict[str, tuple[ServedSpan, LineLeg]]:
        return {name: (span, leg) for span in self._spans for name, leg in span.legs.items()}

    def _find(self, leg: str) -> tuple[ServedSpan, LineLeg]:
        try:
            return self._legs()[leg]
        except KeyError:
            raise CommandRefusedError("leg.unknown", f"there is no leg {leg}") from None

    def _step(self, leg: str, event: Event) -> None:
        span, living = self._find(leg)
        try:
            span.command(living, event)
        except KeyError as error:
            raise _no_step(living, event) from error

    def _release(self, order: wire.ReleaseLeg) -> None:
        span, leg = self._find(order.leg)
        if not order.inband:
            span.release(leg, order.cause, ReleasedBy.US, order.location)
        elif isinstance(span, PriSpan) and span.link.side is Side.NETWORK:
            try:
                span.announce(leg, order.cause, order.location)
            except KeyError as error:
                raise _no_step(leg, Event.RELEASE_INBAND) from error
        else:
            why = "only the network's side of ISDN sends sound after its release (Q.931 §5.3.4.1)"
            raise CommandRefusedError("leg.state", f"{leg.told.channel}: {why}")

    def _of_isdn(self, order: wire.DialLeg | wire.TransferLeg) -> None:
        """What other lines do not have."""
        span, leg = self._find(order.leg)
        if not isinstance(span, PriSpan):
            code = "leg.transfer" if isinstance(order, wire.TransferLeg) else "leg.state"
            raise CommandRefusedError(code, f"{span.name}: its signalling has no {type(order).__name__}")
        match order:
            case wire.DialLeg():
                self._dial(span, leg, order)
            case wire.TransferLeg(to=to):
                self._transfer(span, leg, to)

    def _dial(self, span: PriSpan, leg: LineLeg, more: wire.DialLeg) -> None:
        try:
            span.dial(leg, more.digits, complete=more.complete)
        except ValueError as error:
            raise CommandRefusedError("leg.number", str(error)) from error
        except CallGoneError as error:
            raise CommandRefusedError("leg.state", f"{leg.told.channel}: {error}") from error

    def _transfer(self, span: PriSpan, one: LineLeg, to: str) -> None:
        other_span, other = self._find(to)
        leg = one.told.leg
        if span is not other_span:
            raise CommandRefusedError(
                "leg.transfer", f"{leg} is on {span.name}, {to} on {other_span.name}: not one span"
            )
        try:
            span.transfer(one, other)
        except CallGoneError as error:
            raise CommandRefusedError("leg.transfer", f"{leg} and {to}: {error}") from error

    def _place(self, order: wire.PlaceLeg) -> None:
        if order.leg in self._legs():
            raise CommandRefusedError("leg.state", f"leg {order.leg} is there already")
        trunks = [span for span in self._spans if order.trunk in (None, span.name)]
        if not trunks:
            raise CommandRefusedError("leg.trunk", f"no span is called {order.trunk!r}")
        carriers = [span for span in trunks if order.bearer.is_sound or isinstance(span, PriSpan)]
        if not carriers:
            self._not_placed(order, BEARER_NOT_IMPLEMENTED)
            return
        try:
            if any(span.place(order) for span in carriers):
                return
        except ValueError as error:
            raise CommandRefusedError("leg.number", str(error)) from error
        except CallGoneError as error:
            log.error("line.call.unsent", leg=order.leg, error=str(error))
        self._not_placed(order, NO_CHANNEL)

    def _not_placed(self, order: wire.PlaceLeg, cause: int) -> None:
        sample = self._engine.samples
        gone = wire.LegReleased(leg=order.leg, cause=cause, by=ReleasedBy.FAULT, sample=sample)
        self.service.publish(gone)


def _no_step(leg: LineLeg, event: Event) -> CommandRefusedError:
    told = leg.told
    return CommandRefusedError(
        "leg.state", f"{told.channel}: a {told.direction} leg that is {leg.state} takes no {event}"
    )

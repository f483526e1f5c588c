# SPDX-License-Identifier: GPL-2.0-only
"""The legs of one span: begins them, moves them by TABLE, carries out what each move asks for, and tells it."""

import time
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from appliance.line.channels import Channels
from appliance.line.leg import End, LineLeg
from appliance.line.states import BEGIN, TABLE, TOLD, Action, Event, step
from appliance.signalling.pri.events import CallNumber
from appliance.signalling.pri.link import CallGoneError
from appliance.wire import legs as wire
from appliance.wire.envelope import Body
from appliance.wire.legs import Bearer, Direction, Leg, Location, ReleasedBy
from appliance.wire.numbers import NumberKind, Redirecting, Withheld
from drivers.model import Timeslot

Told = str | int | NumberKind | Redirecting | Withheld | Bearer | None
"""A field of a leg that its worker fills."""

log = structlog.get_logger()


class Calls(Protocol):
    """What a leg's steps say to the far end. Raises CallGoneError where the call is over, or cannot take it."""

    def progress(self, call: CallNumber) -> None:
        """Our sound is on the channel."""

    def alerting(self, call: CallNumber, *, inband: bool = False) -> None:
        """Somebody is rung; `inband`: and our sound says so."""

    def answer(self, call: CallNumber) -> None:
        """Somebody has answered."""

    def hold(self, call: CallNumber) -> None:
        """It may be put aside."""

    def retrieve(self, call: CallNumber) -> None:
        """It may be taken up again."""

    def release(self, call: CallNumber, cause: int, made_at: Location | None = None, *, inband: bool = False) -> None:
        """Clear, with the location of the cause where it is not the box's own; `inband`: our sound for a while."""


class Ports(Protocol):
    """The engine's ports, and its clock."""

    @property
    def samples(self) -> int:
        """The clock now."""

    def open_timeslot(self, port: int) -> None:
        """Open one for a voice."""

    def close_port(self, port: int) -> None:
        """Close it."""


class SpanLegs:
    """By id in `by_id`. `tell` says an event of the leg protocol; `ended` gets each leg as it was when it ended."""

    def __init__(
        self,
        span: int,
        channels: Channels,
        link: Calls,
        switch: Ports,
        tell: Callable[[Body], None],
        ended: Callable[[Leg], None],
    ) -> None:
        self.by_id: dict[str, LineLeg] = {}
        self._by_call: dict[CallNumber, LineLeg] = {}
        self._span = span
        self._channels = channels
        self._link = link
        self._switch = switch
        self._tell = tell
        self._ended = ended
        self._acts: dict[Action, Callable[[LineLeg], None]] = {
            Action.SAY_PROGRESS: lambda leg: link.progress(leg.call),
            Action.SAY_ALERTING: lambda leg: link.alerting(leg.call),
            Action.SAY_ALERTING_INBAND: lambda leg: link.alerting(leg.call, inband=True),
            Action.SAY_CONNECT: lambda leg: link.answer(leg.call),
            Action.SAY_HELD: lambda leg: link.hold(leg.call),
            Action.SAY_RETRIEVED: lambda leg: link.retrieve(leg.call),
            Action.SAY_WHY: lambda leg: self._say_release(leg, inband=True),
            Action.SAY_RELEASE: self._say_release,
            Action.CLOSE_PORT: lambda leg: switch.close_port(leg.port),
            Action.TELL_PROCEEDING: lambda leg: tell(wire.LegProceeding(leg=leg.told.leg)),
            Action.TELL_ALERTING: lambda leg: tell(wire.LegAlerting(leg=leg.told.leg)),
            Action.TELL_INBAND: lambda leg: tell(wire.LegAlerting(leg=leg.told.leg, inband=True)),
            Action.TELL_ANSWERED: self._tell_answered,
            Action.TELL_HELD: self._tell_held,
            Action.TELL_RETRIEVED: self._tell_retrieved,
            Action.TELL_RELEASED: self._tell_released,
        }

    def of(self, call: CallNumber) -> LineLeg | None:
        """The leg of a call on the D-channel."""
        return self._by_call.get(call)

    def begin(
        self,
        leg: str,
        direction: Direction,
        timeslot: int,
        call: CallNumber,
        **told: Told,
    ) -> Leg:
        """A new leg on a free timeslot, its port open; it is for the caller to tell."""
        place = Timeslot(self._span, timeslot)
        begun = Leg(
            leg=leg,
            direction=direction,
            state=TOLD[BEGIN[direction]],
            channel=str(place),
            port=place.port,
            began_ns=time.time_ns(),
        )
        new = LineLeg(msgspec.structs.replace(begun, **told), call, timeslot, place.port)
        self._channels.take(timeslot, new)
        self.by_id[leg] = self._by_call[call] = new
        self._switch.open_timeslot(new.port)
        return new.told

    def let_go(self, leg: LineLeg, event: Event, cause: int, by: ReleasedBy, location: Location | None = None) -> None:
        """One of the events that end a leg, with its reason."""
        leg.let_go(End(cause, by, self._switch.samples, location))
        self.apply(leg, event)

    def heard(self, leg: LineLeg, event: Event) -> None:
        """A message of the peer; one that TABLE lacks is logged and changes nothing."""
        if event in TABLE[leg.told.direction][leg.state]:
            self.apply(leg, event)
        else:
            log.warning("line.message.unexpected", leg=leg.told.leg, state=leg.state, message=event)

    def apply(self, leg: LineLeg, event: Event) -> None:
        """Move by TABLE. Raises KeyError where it has no such cell."""
        move = step(leg.told.direction, leg.state, event)
        leg.enter(move.to)
        for action in move.actions:
            try:
                self._acts[action](leg)
            except CallGoneError as error:  # its CallCleared is on the way
                log.info("line.message.late", leg=leg.told.leg, action=action, error=str(error))

    def _say_release(self, leg: LineLeg, *, inband: bool = False) -> None:
        made_at = leg.end.location if leg.end and leg.end.by is ReleasedBy.US else None
        self._link.release(leg.call, leg.cause, made_at, inband=inband)

    def _tell_answered(self, leg: LineLeg) -> None:
        sample = self._switch.samples
        leg.told = msgspec.structs.replace(leg.told, answered_sample=sample)
        self._tell(wire.LegAnswered(leg=leg.told.leg, sample=sample))

    def _tell_held(self, leg: LineLeg) -> None:
        leg.told = msgspec.structs.replace(leg.told, held=True)
        self._tell(wire.LegHeld(leg=leg.told.leg))

    def _tell_retrieved(self, leg: LineLeg) -> None:
        leg.told = msgspec.structs.replace(leg.told, held=False)
        self._tell(wire.LegRetrieved(leg=leg.told.leg))

    def _tell_released(self, leg: LineLeg) -> None:
        end = leg.end
        if end is None:  # every way to this action notes one
            raise AssertionError(f"leg {leg.told.leg} ended without a reason")
        name = leg.told.leg
        del self.by_id[name]
        del self._by_call[leg.call]
        self._channels.free(leg)
        self._ended(leg.released(end))
        self._tell(wire.LegReleased(leg=name, cause=end.cause, by=end.by, sample=end.sample, location=end.location))
        log.info("line.leg.released", leg=name, channel=leg.told.channel, cause=end.cause, by=end.by)

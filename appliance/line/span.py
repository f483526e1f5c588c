# SPDX-License-Identifier: GPL-2.0-only
"""One span with its D-channel: link events into legs, leg commands into messages, RED into PH-DEACTIVATE. No I/O.

CALL PROCEEDING goes out at once on SETUP. The engine's port is open before a leg is announced, and closed the moment
either side lets go. A channel whose far end is in doubt (start, T309, no answer to RELEASE) is blocked until RESTART.
"""

import time
from collections.abc import Callable

import msgspec
import structlog

from appliance.line.channels import Channels
from appliance.line.leg import LineLeg
from appliance.line.states import BEGIN, TABLE, TOLD, Action, Event, State, step
from appliance.line.switch import Switch
from appliance.signalling.pri import events as pri
from appliance.signalling.pri.events import CallNumber
from appliance.signalling.pri.link import CallGoneError, Link, Setup
from appliance.wire.envelope import Body
from appliance.wire.legs import (
    Direction,
    Leg,
    LegAlerting,
    LegAnswered,
    LegOffered,
    LegPlaced,
    LegProceeding,
    LegReleased,
    PlaceLeg,
    ReleasedBy,
)
from drivers.model import Alarm, Timeslot

# Q.850
CHANNEL_UNACCEPTABLE = 6
NO_CHANNEL = 34
TEMPORARY_FAILURE = 41
CHANNEL_UNAVAILABLE = 44
BEARER_NOT_IMPLEMENTED = 65
NO_SUCH_CHANNEL = 82

log = structlog.get_logger()


class PriSpan:
    """Span `number` (from 0). `tell` says an event of the leg protocol; `ended` gets each leg as it is released."""

    def __init__(
        self,
        number: int,
        name: str,
        d_channel: int,
        link: Link,
        switch: Switch,
        new_leg: Callable[[], str],
        tell: Callable[[Body], None],
        ended: Callable[[Leg], None],
    ) -> None:
        self.number = number
        self.name = name
        self.link = link
        self.channels = Channels(d_channel)
        self.alarms = Alarm.NONE
        self.legs: dict[str, LineLeg] = {}
        self.changed = False
        self._calls: dict[CallNumber, LineLeg] = {}
        self._switch = switch
        self._new_leg = new_leg
        self._tell = tell
        self._ended = ended
        self._acts: dict[Action, Callable[[LineLeg], None]] = {
            Action.SAY_ALERTING: lambda leg: self.link.alerting(leg.call),
            Action.SAY_CONNECT: lambda leg: self.link.answer(leg.call),
            Action.SAY_RELEASE: self._say_release,
            Action.CLOSE_PORT: lambda leg: self._switch.close(leg.port),
            Action.TELL_PROCEEDING: lambda leg: self._tell(LegProceeding(leg=leg.told.leg)),
            Action.TELL_ALERTING: lambda leg: self._tell(LegAlerting(leg=leg.told.leg)),
            Action.TELL_INBAND: lambda leg: self._tell(LegAlerting(leg=leg.told.leg, inband=True)),
            Action.TELL_ANSWERED: self._tell_answered,
            Action.TELL_RELEASED: self._tell_released,
        }

    # From below.

    def begin(self) -> None:
        """Forget what a former worker left open in the engine."""
        for timeslot in self.channels.timeslots:
            self._switch.close(self._timeslot(timeslot).port)
        self._pump()

    def frame(self, frame: bytes) -> None:
        """A frame came on the D-channel."""
        self.link.receive(frame)
        self._pump()

    def run(self) -> None:
        """Timers may be due."""
        self.link.run()
        self._pump()

    def alarm(self, alarms: Alarm) -> None:
        """The span's alarms are these now. RED is layer 1's failure to Q.931 (§5.8.9)."""
        if alarms == self.alarms:
            return
        before, self.alarms = self.alarms, alarms
        log.info("line.alarms.changed", span=self.number + 1, before=str(before), alarms=str(alarms))
        if Alarm.RED in alarms:
            self.link.deactivate()
        else:
            self.link.activate()
        self._line_moved()
        self._pump()

    def port_refused(self, port: int) -> None:
        """The engine could not open a leg's port: worker's own trouble."""
        for leg in tuple(self.legs.values()):
            if leg.port == port:
                self.release(leg, TEMPORARY_FAILURE, ReleasedBy.FAULT)

    # From above.

    def place(self, order: PlaceLeg) -> bool:
        """Call out; False where no channel is idle. Raises ValueError for a number that cannot be sent."""
        timeslot = self.channels.idle()
        if timeslot is None:
            return False
        call = self.link.setup(Setup(timeslot, order.to, order.clid))
        told = self._told(order.leg, Direction.OUTGOING, timeslot)
        told = msgspec.structs.replace(told, contact=order.contact, clid=order.clid, to=order.to)
        self._tell(LegPlaced(leg=self._begin_leg(told, call, timeslot).told))
        self._pump()
        return True

    def command(self, leg: LineLeg, event: Event) -> None:
        """A controller's step. Raises KeyError where TABLE has none."""
        self._apply(leg, event)
        self._pump()

    def release(self, leg: LineLeg, cause: int, by: ReleasedBy) -> None:
        """Let go of a leg, in whatever state."""
        leg.let_go(cause, by, self._switch.samples)
        self._apply(leg, Event.RELEASE if by is ReleasedBy.US else Event.FAIL)
        self._pump()

    # Events of the link.

    def _pump(self) -> None:
        while happened := self.link.take_events():
            for event in happened:
                self._happened(event)
        for frame in self.link.take_frames():
            self._switch.send(self.number, frame)

    def _happened(self, event: pri.Event) -> None:
        match event:
            case pri.SetupReceived():
                self._offered(event)
            case pri.ProceedingReceived(call=call, channel=channel, inband=inband):
                self._peer(call, Event.PROCEEDING, channel)
                if inband:
                    self._peer(call, Event.PROGRESS)
            case pri.ProgressReceived(call=call, inband=inband):
                if inband:
                    self._peer(call, Event.PROGRESS)
            case pri.AlertingReceived(call=call, channel=channel, inband=inband):
                self._peer(call, Event.PROGRESS if inband else Event.ALERTING, channel)
            case pri.ConnectReceived(call=call, channel=channel):
                self._peer(call, Event.CONNECT, channel)
            case pri.DisconnectReceived(call=call, cause=cause):
                self._let_go(call, cause, ReleasedBy.PEER)
                self._peer(call, Event.DISCONNECT)
            case pri.CallCleared():
                self._cleared(event)
            case _:
                self._link_moved(event)

    def _peer(self, call: CallNumber, event: Event, channel: int | None = None) -> None:
        leg = self._calls.get(call)
        if leg is None:
            return
        if channel not in (None, leg.timeslot):
            log.warning("line.channel.unacceptable", leg=leg.told.leg, asked=leg.timeslot, given=channel)
            self.release(leg, CHANNEL_UNACCEPTABLE, ReleasedBy.FAULT)
        elif event in TABLE[leg.told.direction][leg.state]:
            self._apply(leg, event)
        else:
            log.warning("line.message.unexpected", leg=leg.told.leg, state=leg.state, message=event)

    def _let_go(self, call: CallNumber, cause: int, by: ReleasedBy) -> None:
        leg = self._calls.get(call)
        if leg is not None:
            leg.let_go(cause, by, self._switch.samples)

    def _cleared(self, event: pri.CallCleared) -> None:
        leg = self._calls.get(event.call)
        if leg is None:
            return
        leg.let_go(event.cause, ReleasedBy.PEER if event.by_peer else ReleasedBy.FAULT, self._switch.samples)
        if not event.by_peer and event.cause != TEMPORARY_FAILURE:
            self.channels.doubt([leg.timeslot])
            self._restart()
        self._apply(leg, Event.CLEARED)

    def _link_moved(self, event: pri.Event) -> None:
        match event:
            case pri.LinkEstablished() | pri.LinkReleased():
                log.info("line.link.moved", span=self.number + 1, established=self.link.established)
                self._restart()
            case pri.RestartReceived(channel=None):
                self.channels.unsure.clear()
            case pri.RestartReceived(channel=channel) if channel is not None:
                if self.link.withdraw_restart(channel):
                    self.channels.unsure.discard(channel)
            case pri.RestartAcknowledged(channel=channel):
                self.channels.unsure.discard(channel)
            case pri.RestartFailed(channel=channel):
                self.channels.doubt([channel])
                self._restart()
            case _:
                log.debug("line.event.ignored", event=type(event).__name__)
        self._line_moved()

    def _restart(self) -> None:
        if self.link.established:
            self.link.restart(sorted(self.channels.unsure))

    def _line_moved(self) -> None:
        self.channels.line_up = self.link.established and not self.alarms & (Alarm.RED | Alarm.AIS)
        self.changed = True

    # Offered legs.

    def _offered(self, setup: pri.SetupReceived) -> None:
        timeslot, refusal = self._channel_for(setup)
        if not setup.speech:
            refusal = BEARER_NOT_IMPLEMENTED
        if timeslot is None or refusal:
            log.info("line.call.refused", span=self.number + 1, timeslot=setup.channel, cause=refusal)
            self.link.release(setup.call, refusal)
            return
        self.link.proceeding(setup.call, timeslot)
        told = msgspec.structs.replace(
            self._told(self._new_leg(), Direction.INCOMING, timeslot),
            dnis=setup.dnis,
            clid=setup.clid if setup.presented else None,
            ani=setup.ani or (setup.clid if setup.verified else None),
        )
        self._tell(LegOffered(leg=self._begin_leg(told, setup.call, timeslot).told))

    def _channel_for(self, setup: pri.SetupReceived) -> tuple[int | None, int]:
        """(timeslot, cause of refusal or 0) for a SETUP (Q.931 §5.2.3)."""
        wanted = setup.channel
        if wanted in self.channels and wanted is not None and self._usable(wanted):
            return wanted, 0
        if wanted is None or not setup.exclusive:
            other = self.channels.idle()
            return other, 0 if other else NO_CHANNEL
        return None, CHANNEL_UNAVAILABLE if wanted in self.channels else NO_SUCH_CHANNEL

    def _usable(self, timeslot: int) -> bool:
        """Whether the far end may have it. One in doubt is in order if it calls there; a leg being placed gives way."""
        leg = self.channels.on(timeslot)
        if leg is not None and leg.state is State.PLACED:  # glare: the call from the network goes first (§5.7)
            leg.let_go(CHANNEL_UNAVAILABLE, ReleasedBy.PEER, self._switch.samples)
            self._apply(leg, Event.DISCONNECT)
            self.channels.free(leg)
            return True
        if leg is None and timeslot in self.channels.unsure and self.link.withdraw_restart(timeslot):
            self.channels.unsure.discard(timeslot)
        return leg is None and timeslot not in self.channels.unsure

    # Legs.

    def _told(self, leg: str, direction: Direction, timeslot: int) -> Leg:
        place = self._timeslot(timeslot)
        return Leg(
            leg=leg,
            direction=direction,
            state=TOLD[BEGIN[direction]],
            channel=str(place),
            port=place.port,
            began_ns=time.time_ns(),
        )

    def _begin_leg(self, told: Leg, call: CallNumber, timeslot: int) -> LineLeg:
        leg = LineLeg(told, call, timeslot, self._timeslot(timeslot).port)
        self.channels.take(timeslot, leg)
        self.legs[told.leg] = self._calls[call] = leg
        self._switch.open(leg.port)
        self.changed = True
        return leg

    def _apply(self, leg: LineLeg, event: Event) -> None:
        move = step(leg.told.direction, leg.state, event)
        leg.enter(move.to)
        for action in move.actions:
            try:
                self._acts[action](leg)
            except CallGoneError as error:  # its CallCleared is on the way
                log.info("line.message.late", leg=leg.told.leg, action=action, error=str(error))

    def _say_release(self, leg: LineLeg) -> None:
        self.link.release(leg.call, leg.end.cause if leg.end else TEMPORARY_FAILURE)

    def _tell_answered(self, leg: LineLeg) -> None:
        sample = self._switch.samples
        leg.told = msgspec.structs.replace(leg.told, answered_sample=sample)
        self._tell(LegAnswered(leg=leg.told.leg, sample=sample))

    def _tell_released(self, leg: LineLeg) -> None:
        end = leg.end
        if end is None:  # every way out notes one
            raise AssertionError(f"leg {leg.told.leg} ended without a reason")
        del self.legs[leg.told.leg]
        del self._calls[leg.call]
        self.channels.free(leg)
        self.changed = True
        self._ended(leg.released(end))
        self._tell(LegReleased(leg=leg.told.leg, cause=end.cause, by=end.by, sample=end.sample))
        log.info("line.leg.released", leg=leg.told.leg, channel=leg.told.channel, cause=end.cause, by=end.by)

    def _timeslot(self, timeslot: int) -> Timeslot:
        return Timeslot(self.number, timeslot)

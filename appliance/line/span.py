# SPDX-License-Identifier: GPL-2.0-only
"""One span with its D-channel: link events into legs, leg commands into messages, RED into PH-DEACTIVATE. No I/O.

CALL PROCEEDING goes out at once on SETUP. The engine's port is open before a leg is announced, and closed the moment
either side lets go. A channel whose far end is in doubt (start, T309, no answer to RELEASE) is blocked until RESTART.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from appliance.line.channels import Channels, Order
from appliance.line.leg import TEMPORARY_FAILURE, LineLeg
from appliance.line.legs import Told
from appliance.line.overlap import Overlap
from appliance.line.served import ServedSpan
from appliance.line.states import TABLE, Event, State, step
from appliance.line.switch import Switch, TrunkPlan
from appliance.signalling.pri import events as pri
from appliance.signalling.pri.events import CallNumber
from appliance.signalling.pri.interface import Interface
from appliance.signalling.pri.link import CallGoneError, Link, Setup, Side
from appliance.signalling.pri.settings import NAME_CHARACTERS, USER_TO_USER_CHARACTERS, carries
from appliance.wire.envelope import Body
from appliance.wire.legs import Direction, Leg, LegCharged, LegOffered, Location, PlaceLeg, ReleasedBy
from appliance.wire.numbers import UNKNOWN_KIND, NumberKind, Withheld
from drivers.model import TIMESLOTS, Alarm, Timeslot

# Q.850
CHANNEL_UNACCEPTABLE = 6
INVALID_NUMBER = 28
NO_CHANNEL = 34
CHANNEL_UNAVAILABLE = 44
BEARER_NOT_IMPLEMENTED = 65
NO_SUCH_CHANNEL = 82
WRONG_CALL_STATE = 101

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PriLine:
    """A span to be served.

    The engine's number (from 0), its name for people, its D-channel's timeslot (0: another span has it), its link, how
    its bearers are heard, in which order its channels are taken, how many digits its own numbers have (0: they come en
    bloc), whether data calls are offered (else they are refused), its timeslots.
    """

    span: int
    name: str
    d_channel: int
    link: Link | Interface
    plan: TrunkPlan
    order: Order = Order.ROUND_ROBIN
    dnis_digits: int = 0
    data: bool = False
    timeslots: range = TIMESLOTS["e1"]


class PriSpan(ServedSpan):
    """A line at work."""

    def __init__(
        self,
        line: PriLine,
        switch: Switch,
        new_leg: Callable[[], str],
        tell: Callable[[Body], None],
        ended: Callable[[Leg], None],
    ) -> None:
        channels = Channels(line.d_channel, line.order, line.timeslots)
        super().__init__(line.span, line.name, channels, line.link, switch, new_leg, tell, ended)
        self.link = line.link
        if isinstance(line.link, Interface):
            line.link.room = lambda: self.channels.idle() is not None
            self._span_told["interface"] = line.link.number
        self._data = line.data
        self._mu_law = line.timeslots == TIMESLOTS["t1"]
        self._overlap = Overlap(line.dnis_digits, self.channels)
        self._switch = switch

    # From below.

    def begin(self) -> None:
        """Forget what a former worker left open in the engine."""
        for timeslot in self.channels.timeslots:
            self._switch.close_port(Timeslot(self.number, timeslot).port)
        self._pump()

    @property
    def up(self) -> bool:
        """The data link is established."""
        return self.link.d_channel_up

    @property
    def damaged(self) -> int:
        """Messages that could not be read."""
        return self.link.damaged

    def due(self) -> float | None:
        """When `run` must be called next."""
        return self.link.due()

    def frame(self, frame: bytes) -> None:
        """A frame came on the D-channel."""
        self.link.receive(frame)
        self._pump()

    def run(self) -> None:
        """Timers may be due."""
        self.link.run()
        self._pump()

    def catch_up(self) -> bool:
        """See to what the link has, other spans of a group too; whether there was anything."""
        moved = False
        while happened := self.link.take_events():
            moved = True
            for event in happened:
                try:
                    self._happened(event)
                except CallGoneError as error:  # it ended before we came to it; its CallCleared is next
                    log.info("line.event.late", kind=type(event).__name__, error=str(error))
        for frame in self.link.take_frames():
            moved = True
            self._switch.send(self.number, frame)
        return moved

    def _alarmed(self) -> None:
        """RED is layer 1's failure to Q.931 (§5.8.9); so is AIS where no D-channel falls silent with it."""
        if Alarm.RED in self.alarms or (Alarm.AIS in self.alarms and not self.link.has_d_channel):
            self.link.deactivate()
        else:
            self.link.activate()
        self._line_moved()

    # From above.

    def _call(self, timeslot: int, order: PlaceLeg) -> CallNumber:
        return self.link.setup(_setup(order, timeslot, mu_law=self._mu_law))

    def dial(self, leg: LineLeg, digits: str, *, complete: bool) -> None:
        """More of a number. Raises ValueError for what is no digit, CallGoneError where none is waited for."""
        self.link.dial(leg.call, digits, whole=complete)
        self._pump()

    def transfer(self, leg: LineLeg, other: LineLeg) -> None:
        """Ask the network to connect both parties. Raises CallGoneError where they or the profile cannot."""
        if {leg.state, other.state} != {State.ANSWERED} or leg is other:
            raise CallGoneError("two legs that are answered are needed")
        self.link.transfer(leg.call, other.call)
        self._pump()

    def announce(self, leg: LineLeg, cause: int, location: Location | None = None) -> None:
        """Let go of an unanswered caller, who hears why; a network's. Raises KeyError where TABLE has no such step."""
        step(leg.told.direction, leg.state, Event.RELEASE_INBAND)
        self._legs.let_go(leg, Event.RELEASE_INBAND, cause, ReleasedBy.US, location)
        self._pump()

    # Events of the link.

    def _pump(self) -> None:
        self.catch_up()

    def _happened(self, event: pri.Event) -> None:
        match event:
            case pri.SetupReceived():
                self._offered(event)
            case pri.ProceedingReceived() | pri.ProgressReceived() | pri.AlertingReceived() | pri.ConnectReceived():
                self._called_party(event)
            case pri.DigitsReceived():
                self._dialled(event)
            case pri.ChargeReceived():
                self._charged(event)
            case pri.HoldReceived() | pri.RetrieveReceived():
                self._put_aside(event)
            case pri.DisconnectReceived():
                self._disconnected(event)
            case pri.CallCleared():
                self._cleared(event)
            case _:
                self._link_moved(event)

    def _called_party(self, event: pri.Event) -> None:
        """How our own call gets on; indicator 8 in any message is sound before the answer (§5.4.1)."""
        match event:
            case pri.ProceedingReceived(call=call, channel=channel, inband=inband):
                self._heard(call, Event.PROCEEDING, channel)
                if inband:
                    self._heard(call, Event.PROGRESS)
            case pri.ProgressReceived(call=call, inband=True):
                self._heard(call, Event.PROGRESS)
            case pri.AlertingReceived(call=call, channel=channel, inband=inband):
                self._heard(call, Event.PROGRESS if inband else Event.ALERTING, channel)
            case pri.ConnectReceived(call=call, channel=channel):
                self._heard(call, Event.CONNECT, channel)

    def _heard(self, call: CallNumber, event: Event, channel: int | None = None) -> None:
        leg = self._legs.of(call)
        if leg is None:
            return
        if channel not in (None, leg.timeslot):
            log.warning("line.channel.unacceptable", leg=leg.told.leg, asked=leg.timeslot, given=channel)
            self.release(leg, CHANNEL_UNACCEPTABLE, ReleasedBy.FAULT)
        else:
            self._legs.heard(leg, event)

    def _put_aside(self, event: pri.HoldReceived | pri.RetrieveReceived) -> None:
        """The peer's HOLD and RETRIEVE (ETS 300 141). A held leg keeps its channel, and is retrieved there alone."""
        leg = self._legs.of(event.call)
        if isinstance(event, pri.HoldReceived):
            if leg is not None and Event.HOLD in TABLE[leg.told.direction][leg.state]:
                self._legs.apply(leg, Event.HOLD)
            else:
                self.link.refuse_hold(event.call, WRONG_CALL_STATE)
        elif leg is not None and leg.state is State.HELD:
            if event.exclusive and event.channel not in (None, leg.timeslot):
                self.link.refuse_retrieve(event.call, CHANNEL_UNAVAILABLE)
            else:
                self._legs.apply(leg, Event.RETRIEVE)

    def _charged(self, event: pri.ChargeReceived) -> None:
        leg = self._legs.of(event.call)
        if leg is not None:
            charge = LegCharged(
                leg=leg.told.leg,
                units=event.units,
                amount=event.amount,
                currency=event.currency,
                final=event.final,
            )
            self._tell(charge)

    def _disconnected(self, event: pri.DisconnectReceived) -> None:
        leg = self._legs.of(event.call)
        if leg is not None:
            self._legs.let_go(leg, Event.DISCONNECT, event.cause, ReleasedBy.PEER, event.location)
        elif self._overlap.end(event.call) is not None:
            self.link.release(event.call, event.cause)

    def _cleared(self, event: pri.CallCleared) -> None:
        self._overlap.end(event.call)
        leg = self._legs.of(event.call)
        if leg is None:
            return
        if not event.by_peer and event.cause != TEMPORARY_FAILURE and self.channels.on(leg.timeslot) is leg:
            self.channels.doubt([leg.timeslot])
            self._restart()
        by = ReleasedBy.PEER if event.by_peer else ReleasedBy.FAULT
        self._legs.let_go(leg, Event.CLEARED, event.cause, by, event.location)

    def _link_moved(self, event: pri.Event) -> None:
        match event:
            case pri.LinkEstablished() | pri.LinkReleased():
                log.info("line.link.moved", span=self.number + 1, established=self.link.established)
                self._restart()
            case pri.RestartReceived(channel=channel):
                for restarted in tuple(self.channels.unsure) if channel is None else [channel]:
                    if self.link.withdraw_restart(restarted):
                        self.channels.unsure.discard(restarted)
            case pri.RestartAcknowledged(channel=channel):
                self.channels.unsure.discard(channel)
            case pri.ServiceReceived(channel=channel, in_service=True):
                self.channels.out_of_service.discard(channel)
            case pri.ServiceReceived(channel=channel):
                self.channels.out_of_service.add(channel)
            case pri.RestartFailed(channel=channel):
                self.channels.doubt([channel])
                self._restart()
            case _:
                log.debug("line.event.ignored", kind=type(event).__name__)
        self._line_moved()

    def _restart(self) -> None:
        if self.link.established:
            self.link.restart(sorted(self.channels.unsure))

    def _line_moved(self) -> None:
        self.channels.line_up = self.link.established and not self.alarms & (Alarm.RED | Alarm.AIS)
        self.channels.changed = True

    # Offered calls.

    def _offered(self, setup: pri.SetupReceived) -> None:
        timeslot, refusal = self._channel_for(setup) if self._carries(setup) else (None, BEARER_NOT_IMPLEMENTED)
        if timeslot is None:
            log.info("line.call.refused", span=self.number + 1, timeslot=setup.channel, cause=refusal)
            self.link.release(setup.call, refusal)
            return
        if self._overlap.awaits(setup):
            self.link.setup_acknowledge(setup.call, timeslot)
            self._overlap.begin(setup, timeslot)
        else:
            self._take(setup, timeslot)

    def _dialled(self, event: pri.DigitsReceived) -> None:
        """More digits; the call is offered when there are enough (§5.2.4)."""
        call = self._overlap.dialled(event)
        if call is not None and call[0].dnis:
            self._take(*call)
        elif call is not None:
            self.link.release(event.call, INVALID_NUMBER)

    def _take(self, setup: pri.SetupReceived, timeslot: int) -> None:
        self.link.proceeding(setup.call, timeslot)
        parties = _parties(setup) | self._span_told
        told = self._legs.begin(self._new_leg(), Direction.INCOMING, timeslot, setup.call, **parties)
        self._tell(LegOffered(leg=told))

    def _carries(self, setup: pri.SetupReceived) -> bool:
        return setup.bearer is not None and (setup.bearer.is_sound or self._data)

    def _channel_for(self, setup: pri.SetupReceived) -> tuple[int | None, int]:
        """(timeslot, or None and the cause of refusal) for a SETUP (Q.931 §5.2.3)."""
        wanted = setup.channel
        if wanted is not None and wanted in self.channels and self._usable(wanted):
            return wanted, 0
        if wanted is None or not setup.exclusive:
            return self.channels.idle(), NO_CHANNEL
        return None, CHANNEL_UNAVAILABLE if wanted in self.channels else NO_SUCH_CHANNEL

    def _usable(self, timeslot: int) -> bool:
        """Whether the far end may have it. One in doubt is in order if it calls there.

        Glare: the call from the network goes first (§5.7), so a leg that the user side is placing gives way.
        """
        if self.channels.draining:
            return False
        leg = self.channels.on(timeslot)
        if leg is not None and leg.state is State.PLACED and self.link.side is Side.USER:
            self._legs.let_go(leg, Event.DISCONNECT, CHANNEL_UNAVAILABLE, ReleasedBy.PEER)
            self.channels.free(leg)
            return True
        if leg is None and timeslot in self.channels.unsure and self.link.withdraw_restart(timeslot):
            self.channels.unsure.discard(timeslot)
        unusable = timeslot in self.channels.unsure | self.channels.out_of_service
        return leg is None and not unusable and not self.channels.reserved(timeslot)


def _setup(order: PlaceLeg, timeslot: int, *, mu_law: bool) -> Setup:
    """What goes out for an order; a caller who does not want to be shown is known to the network all the same."""
    withheld = order.withheld
    return Setup(
        timeslot,
        order.to,
        order.clid if withheld is None else withheld.number,
        presented=withheld is None,
        verified=order.verified,
        bearer=order.bearer,
        dnis_kind=order.to_kind or UNKNOWN_KIND,
        clid_kind=(order.clid_kind if withheld is None else withheld.kind) or UNKNOWN_KIND,
        name=_text(order.name, NAME_CHARACTERS),
        redirecting=order.redirecting,
        user_to_user=_text(order.user_to_user, USER_TO_USER_CHARACTERS),
        complete=order.complete,
        mu_law=mu_law,
    )


def _text(text: str | None, most: int) -> str | None:
    """One that cannot be carried costs no call."""
    return text if text is not None and carries(text, most) else None


def _parties(setup: pri.SetupReceived) -> dict[str, Told]:
    """What the leg shows of who called whom; a restricted caller is known by ANI alone (Q.951.4)."""
    return {
        "dnis": setup.dnis,
        "clid": setup.clid if setup.presented else None,
        "ani": setup.ani or (setup.clid if setup.verified else None),
        "dnis_kind": _known(setup.dnis_kind),
        "clid_kind": _known(setup.clid_kind) if setup.presented else None,
        "name": setup.name if setup.presented else None,
        "redirecting": setup.redirecting,
        "original": setup.original,
        "user_to_user": setup.user_to_user,
        "bearer": setup.bearer,
        "withheld": Withheld(setup.clid or "", setup.clid_kind) if setup.restricted else None,
        "verified": setup.verified,
    }


def _known(kind: NumberKind) -> NumberKind | None:
    return None if kind == UNKNOWN_KIND else kind

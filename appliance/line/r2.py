# SPDX-License-Identifier: GPL-2.0-only
"""One span with R2: channel events into legs, leg commands into signals, RED and AIS into lost channels. No I/O.

A seizure is a leg when all its numbers have come (CallOffered); until then its channel is busy without one. The port is
open before a leg is announced, and stays so after its end while the register works.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from appliance.line.channels import Channels, Order
from appliance.line.circuits import Circuits
from appliance.line.leg import LineLeg
from appliance.line.legs import TEMPORARY_FAILURE, SpanLegs
from appliance.line.states import Event
from appliance.line.switch import Switch, TrunkPlan
from appliance.media.events import BitsChanged, SignalHeard
from appliance.signalling.pri.events import CallNumber
from appliance.signalling.r2 import events as r2
from appliance.signalling.r2.channel import Call, Wants
from appliance.signalling.r2.variant import Variant
from appliance.wire.envelope import Body
from appliance.wire.legs import Direction, Leg, LegOffered, LegPlaced, PlaceLeg, ReleasedBy
from drivers.model import CAS_TIMESLOT, Alarm

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class R2Line:
    """A span to be served: the engine's number (from 0), its name, what is spoken and asked, how its bearers sound.

    `order`: in which calls out take circuits.
    """

    span: int
    name: str
    variant: Variant
    wants: Wants
    plan: TrunkPlan
    order: Order


class R2Span:
    """`tell` says an event of the leg protocol, `ended` gets each leg as it is released, `bits` reads a port's."""

    def __init__(
        self,
        line: R2Line,
        bits: Callable[[int], int | None],
        switch: Switch,
        new_leg: Callable[[], str],
        tell: Callable[[Body], None],
        ended: Callable[[Leg], None],
    ) -> None:
        self.number = line.span
        self.name = line.name
        self.alarms = Alarm.NONE
        self.up = True
        self.damaged = 0
        self.channels = Channels(CAS_TIMESLOT, line.order)
        self._circuits = Circuits(line.span, self.channels.timeslots, line.variant, line.wants, switch)
        self._legs = SpanLegs(line.span, self.channels, self._circuits, self._circuits, tell, ended)
        self.legs = self._legs.by_id
        self._bits = bits
        self._new_leg = new_leg
        self._tell = tell

    # From below.

    def begin(self) -> None:
        """Take over what a former worker left."""
        self.channels.line_up = True
        self._circuits.begin(self._bits)
        self._pump()

    def take(self, event: BitsChanged | SignalHeard) -> None:
        """Something was seen or heard on a timeslot."""
        self._circuits.take(event)
        self._pump()

    def run(self) -> None:
        """Timers may be due."""
        self._circuits.run()
        self._pump()

    def due(self) -> float | None:
        """When `run` must be called next."""
        return self._circuits.due()

    def alarm(self, alarms: Alarm) -> None:
        """The span's alarms are these now. With RED or AIS nothing is known any more that the bits said."""
        if alarms == self.alarms:
            return
        before, self.alarms = self.alarms, alarms
        log.info("line.alarms.changed", span=self.number + 1, before=str(before), alarms=str(alarms))
        self.channels.line_up = not alarms & (Alarm.RED | Alarm.AIS)
        self.channels.changed = True
        if not self.channels.line_up:
            self._circuits.lose()
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
        self._circuits.place(timeslot, Call(order.to, order.clid))
        noted = {"contact": order.contact, "clid": order.clid, "to": order.to}
        leg = self._legs.begin(order.leg, Direction.OUTGOING, timeslot, CallNumber(timeslot), **noted)
        self._tell(LegPlaced(leg=leg))
        self._pump()
        return True

    def command(self, leg: LineLeg, event: Event) -> None:
        """A controller's step. Raises KeyError where TABLE has none."""
        self._legs.apply(leg, event)
        self._pump()

    def release(self, leg: LineLeg, cause: int, by: ReleasedBy) -> None:
        """Let go of a leg, in whatever state."""
        self._legs.let_go(leg, Event.RELEASE if by is ReleasedBy.US else Event.FAIL, cause, by)
        self._pump()

    # Events of the channels.

    def _pump(self) -> None:
        while happened := list(self._circuits.told()):
            for timeslot, event in happened:
                self._happened(timeslot, event)

    def _happened(self, timeslot: int, event: r2.Event) -> None:
        leg = self._legs.of(CallNumber(timeslot))
        match event:
            case r2.CallSeized():
                self.channels.reserve(timeslot)
            case r2.ChannelBlocked():
                self.channels.doubt([timeslot])
            case r2.ChannelIdle():
                self.channels.unsure.discard(timeslot)
            case r2.CallOffered():
                self._offered(timeslot, event)
            case r2.CallCleared(cause=cause, by_peer=by_peer):
                self.channels.unreserve(timeslot)
                if leg is not None:
                    self._legs.let_go(leg, Event.CLEARED, cause, ReleasedBy.PEER if by_peer else ReleasedBy.FAULT)
            case _ if leg is not None and leg.told.direction is Direction.OUTGOING:
                self._called_party(leg, event)
        self.channels.changed = True

    def _offered(self, timeslot: int, call: r2.CallOffered) -> None:
        numbers = {"dnis": call.dnis, "clid": call.clid, "ani": call.clid}
        self.channels.unreserve(timeslot)
        told = self._legs.begin(self._new_leg(), Direction.INCOMING, timeslot, CallNumber(timeslot), **numbers)
        self._tell(LegOffered(leg=told))

    def _called_party(self, leg: LineLeg, event: r2.Event) -> None:
        """How our own call gets on. The ringing tone is sound: R2 has no other word for it."""
        match event:
            case r2.CallAccepted():
                self._legs.heard(leg, Event.PROGRESS)
            case r2.CallAnswered():
                self._legs.heard(leg, Event.CONNECT)
            case r2.CallDisconnected(cause=cause):
                self._legs.let_go(leg, Event.DISCONNECT, cause, ReleasedBy.PEER)

# SPDX-License-Identifier: GPL-2.0-only
"""A span that is served, whatever is spoken on it: its channels and legs, what controllers ask, its alarms. No I/O."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

import structlog

from appliance.line.channels import Channels
from appliance.line.leg import TEMPORARY_FAILURE, LineLeg
from appliance.line.legs import Calls, Ports, SpanLegs, Told
from appliance.line.states import Event
from appliance.signalling.pri.events import CallNumber
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Body
from appliance.wire.legs import Direction, Leg, LegPlaced, Location, PlaceLeg, ReleasedBy
from drivers.model import Alarm

log = structlog.get_logger()


class ServedSpan(ABC):
    """`tell` says an event of the leg protocol; `ended` gets each leg as it is released.

    `up`: its D-channel, true where it has none. `damaged`: messages that could not be read.
    """

    def __init__(
        self,
        number: int,
        name: str,
        channels: Channels,
        calls: Calls,
        ports: Ports,
        new_leg: Callable[[], str],
        tell: Callable[[Body], None],
        ended: Callable[[Leg], None],
    ) -> None:
        self.number = number
        self.name = name
        self.alarms = Alarm.NONE
        self.channels = channels
        self._legs = SpanLegs(number, channels, calls, ports, tell, ended)
        self.legs = self._legs.by_id
        self._span_told: dict[str, Told] = {"trunk": name}
        """What every leg tells of the span."""
        self._new_leg = new_leg
        self._tell = tell

    @property
    def up(self) -> bool:
        """The data link is established, or there is none."""
        return True

    @property
    def troubles(self) -> Iterable[AlarmRaised]:
        """Alarms of its lines, where it has such."""
        return ()

    @property
    def damaged(self) -> int:
        """Messages that could not be read."""
        return 0

    @abstractmethod
    def begin(self) -> None:
        """Take over what a former worker left."""

    @abstractmethod
    def run(self) -> None:
        """Timers may be due."""

    @abstractmethod
    def due(self) -> float | None:
        """When `run` must be called next."""

    def alarm(self, alarms: Alarm) -> None:
        """The span's alarms are these now."""
        if alarms == self.alarms:
            return
        before, self.alarms = self.alarms, alarms
        log.info("line.alarms.changed", span=self.number + 1, before=str(before), alarms=str(alarms))
        self._alarmed()
        self._pump()

    def port_refused(self, port: int) -> None:
        """The engine could not do what a leg's port needs: worker's own trouble."""
        for leg in tuple(self.legs.values()):
            if leg.port == port:
                self.release(leg, TEMPORARY_FAILURE, ReleasedBy.FAULT)

    def lend(self, timeslot: int) -> None:  # noqa: B027 - few spans hold ports of idle channels
        """Its port is a test's until it is taken back, or a call comes."""

    def take_back(self, timeslot: int) -> None:  # noqa: B027 - as above
        """Its port is closed, and ours again."""

    def place(self, order: PlaceLeg) -> bool:
        """Call out; False where no channel is idle. Raises ValueError for a number that cannot be sent."""
        timeslot = self.channels.idle()
        if timeslot is None:
            return False
        call = self._call(timeslot, order)
        noted: dict[str, Told] = {"contact": order.contact, "clid": order.clid, "to": order.to}
        noted |= {"bearer": order.bearer} | self._span_told
        self._tell(LegPlaced(leg=self._legs.begin(order.leg, Direction.OUTGOING, timeslot, call, **noted)))
        self._pump()
        return True

    def command(self, leg: LineLeg, event: Event) -> None:
        """A controller's step. Raises KeyError where TABLE has none."""
        self._legs.apply(leg, event)
        self._pump()

    def release(self, leg: LineLeg, cause: int, by: ReleasedBy, location: Location | None = None) -> None:
        """Let go of a leg, in whatever state."""
        self._legs.let_go(leg, Event.RELEASE if by is ReleasedBy.US else Event.FAIL, cause, by, location)
        self._pump()

    @abstractmethod
    def _call(self, timeslot: int, order: PlaceLeg) -> CallNumber:
        """Place the call on the line."""

    @abstractmethod
    def _alarmed(self) -> None:
        """`alarms` has changed."""

    @abstractmethod
    def _pump(self) -> None:
        """What the line has told, into legs; what it orders, to the engine."""

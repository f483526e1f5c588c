# SPDX-License-Identifier: GPL-2.0-only
"""One span that signals by bits: channel events into legs, leg commands into signals, RED into lost channels. No I/O.

A seizure is a leg when all its numbers have come (CallOffered); until then its channel is busy without one. The port is
open before a leg is announced, and stays so after its end while the register works.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from appliance.line.channels import Channels, Order
from appliance.line.circuits import CircuitMaker, Circuits
from appliance.line.learning import shown
from appliance.line.leg import LineLeg
from appliance.line.served import ServedSpan
from appliance.line.states import Event
from appliance.line.switch import Switch, TrunkPlan
from appliance.media.events import SoundHeard
from appliance.signalling import events
from appliance.signalling.cas import events as cas
from appliance.signalling.circuit import Heard
from appliance.signalling.fxo import events as fxo
from appliance.signalling.fxo.learning.learned import Learned
from appliance.signalling.fxo.settings import Settings
from appliance.signalling.pri.events import CallNumber
from appliance.signalling.pri.link import CallGoneError
from appliance.signalling.q850 import CONGESTION
from appliance.signalling.r2 import events as r2
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Body
from appliance.wire.learning import LinesLearned
from appliance.wire.legs import Direction, Leg, LegOffered, PlaceLeg, ReleasedBy
from drivers.model import CAS_TIMESLOT, TIMESLOTS, Alarm, Timeslot

Offer = r2.CallOffered | cas.CallOffered | fxo.CallOffered
Told = r2.Event | cas.Event | fxo.Event

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CasLine:
    """A span to be served: the engine's number (from 0), its name, what is spoken, how its bearers sound.

    `order`: in which calls out take circuits. `number`: what was called where callers tell no number.
    `timeslots`: an E1's or a T1's, or a card's.
    """

    span: int
    name: str
    circuit: CircuitMaker
    plan: TrunkPlan
    order: Order
    number: str = ""
    timeslots: Sequence[int] = TIMESLOTS["e1"]


class CasSpan(ServedSpan):
    """`bits` reads those of a port."""

    def __init__(
        self,
        line: CasLine,
        bits: Callable[[int], int | None],
        switch: Switch,
        new_leg: Callable[[], str],
        tell: Callable[[Body], None],
        ended: Callable[[Leg], None],
    ) -> None:
        taken = CAS_TIMESLOT if line.timeslots == TIMESLOTS["e1"] else 0  # a T1's bits are in its bearers
        channels = Channels(taken, line.order, line.timeslots)
        self._circuits = Circuits(line.span, channels.timeslots, line.circuit, switch)
        super().__init__(line.span, line.name, channels, self._circuits, self._circuits, new_leg, tell, ended)
        self._bits = bits
        self._numbers = dict.fromkeys(channels.timeslots, line.number)

    # From below.

    def begin(self) -> None:
        """Take over what a former worker left."""
        self.channels.line_up = True
        self._circuits.begin(self._bits)
        self._pump()

    def take(self, event: Heard) -> None:
        """Something was seen or heard on a timeslot."""
        self._circuits.take(event)
        self._pump()

    def hear(self, sound: SoundHeard) -> None:
        """A piece of sound, of which there are many: what follows from it waits for `run`."""
        self._circuits.take(sound)

    def run(self) -> None:
        """Timers may be due, or sound has been heard."""
        self._circuits.run()
        self._pump()

    def due(self) -> float | None:
        """When `run` must be called next."""
        return self._circuits.due()

    def change(self, settings: Settings, number: str, timeslot: int | None = None) -> None:
        """Its analogue lines, or one of them, are such from now on."""
        timeslots = self.channels.timeslots if timeslot is None else (timeslot,)
        self._numbers.update(dict.fromkeys(timeslots, number))
        self._circuits.change(settings, timeslots)
        self._pump()

    def lend(self, timeslot: int) -> None:
        """A line that listens on-hook is deaf meanwhile."""
        self._circuits.lend(timeslot)

    def take_back(self, timeslot: int) -> None:
        """And listens again."""
        self._circuits.take_back(timeslot)

    def recall(self, lines: Mapping[int, Learned]) -> None:
        """What its analogue lines learned in a former life."""
        for timeslot, line in self._circuits.learning().items():
            line.recall(lines[timeslot])

    def learned(self) -> dict[int, Learned]:
        """What they know now, by timeslot; none where there are none."""
        return {timeslot: line.learned for timeslot, line in self._circuits.learning().items()}

    @property
    def troubles(self) -> Iterable[AlarmRaised]:
        """Its analogue lines that seem set wrongly."""
        for timeslot, line in self._circuits.learning().items():
            for one in line.against():
                where = f"span {self.number + 1} line {timeslot}"
                sentence = f"{where} is set to {one.key} {one.set_to}, its calls bring {one.brings}: "
                sentence += f"set analogue: {one.key} to learn, or to what the line has"
                address = str(Timeslot(self.number, timeslot))
                yield AlarmRaised(code=f"line.{one.key.replace('_', '-')}", address=address, sentence=sentence)

    def lessons(self) -> LinesLearned:
        """What people are told of it."""
        lines = [shown(slot, line) for slot, line in self._circuits.learning().items()]
        told = tuple(line for line in lines if line.calls or line.proofs)
        return LinesLearned(span=self.number + 1, name=self.name, lines=told)

    def _alarmed(self) -> None:
        """With RED or AIS nothing is known any more that the bits said."""
        self.channels.line_up = not self.alarms & (Alarm.RED | Alarm.AIS)
        self.channels.changed = True
        if not self.channels.line_up:
            self._circuits.lose()

    def _call(self, timeslot: int, order: PlaceLeg) -> CallNumber:
        if not order.complete:
            raise ValueError("bits have no digits that come later: the whole number is needed at once")
        self._circuits.place(timeslot, order.to, order.clid)
        return CallNumber(timeslot)

    def command(self, leg: LineLeg, event: Event) -> None:
        """A controller's step. Raises KeyError where TABLE or the signalling has none."""
        if event is Event.PROCEED_INBAND:  # tones of the register are on the channel until the leg is alerted
            raise KeyError(event)
        super().command(leg, event)

    # Events of the channels.

    def _pump(self) -> None:
        while happened := list(self._circuits.told()):
            for timeslot, event in happened:
                self._happened(timeslot, event)

    def _happened(self, timeslot: int, event: Told) -> None:
        leg = self._legs.of(CallNumber(timeslot))
        match event:
            case events.CallSeized():
                self.channels.reserve(timeslot)
            case events.ChannelBlocked():
                self.channels.doubt([timeslot])
            case events.ChannelIdle():
                self.channels.unsure.discard(timeslot)
            case r2.CallOffered() | cas.CallOffered() | fxo.CallOffered():
                self._offered(timeslot, event)
            case events.CallCleared(cause=cause, by_peer=by_peer):
                self.channels.unreserve(timeslot)
                if leg is not None:
                    self._legs.let_go(leg, Event.CLEARED, cause, ReleasedBy.PEER if by_peer else ReleasedBy.FAULT)
            case events.CallDisconnected(cause=cause) if leg is not None:
                self._legs.let_go(leg, Event.DISCONNECT, cause, ReleasedBy.PEER)
            case _ if leg is not None and leg.told.direction is Direction.OUTGOING:
                self._called_party(leg, event)
        self.channels.changed = True

    def _offered(self, timeslot: int, call: Offer) -> None:
        self.channels.unreserve(timeslot)
        if self.channels.draining:
            log.info("line.call.refused", span=self.number + 1, timeslot=timeslot, cause=CONGESTION)
            with contextlib.suppress(CallGoneError):
                self._circuits.release(CallNumber(timeslot), CONGESTION)
            return
        leg, parties = self._new_leg(), _parties(call, self._numbers[timeslot]) | {"trunk": self.name}
        told = self._legs.begin(leg, Direction.INCOMING, timeslot, CallNumber(timeslot), **parties)
        self._tell(LegOffered(leg=told))

    def _called_party(self, leg: LineLeg, event: Told) -> None:
        """How our own call gets on. The ringing tone is sound, but for a station that we ring."""
        match event:
            case r2.CallAccepted() | events.CallAccepted():
                self._legs.heard(leg, Event.PROGRESS if self._circuits.inband(leg.timeslot) else Event.ALERTING)
            case events.CallAnswered():
                self._legs.heard(leg, Event.CONNECT)


def _parties(call: Offer, number: str) -> dict[str, str | None]:
    """What the leg shows of who called whom; `number`: the line's own, where no number came."""
    match call:
        case r2.CallOffered(dnis=dnis, clid=clid, category=category):
            return {"dnis": dnis, "clid": clid, "ani": clid, "category": category}
        case cas.CallOffered(dnis=dnis, ani=ani):
            return {"dnis": dnis or number, "clid": ani, "ani": ani}
        case fxo.CallOffered(clid=clid, name=name):
            return {"dnis": number, "clid": clid, "ani": clid, "name": name}

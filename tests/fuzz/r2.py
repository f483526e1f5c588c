# SPDX-License-Identifier: GPL-2.0-only
"""Two R2 spans of line workers call each other, and bits and register signals are others on the way.

Some come late, some not at all, some as something else, some nobody sent; now and then a span is lost. Afterwards the
cable is sound: each end sees and hears what stands, both let go of all legs, every channel is idle, and a call passes.
"""

import heapq
import itertools
from collections.abc import Callable, Collection, Iterator
from random import Random

from appliance.line.cas import CasLine, CasSpan
from appliance.line.channels import Order
from appliance.line.switch import Switch, TrunkPlan
from appliance.media.events import BitsChanged, CallerStandard, SignalHeard, SignalKind
from appliance.signalling.r2.channel import Channel, Wants
from appliance.signalling.r2.circuit import Circuit
from appliance.signalling.r2.variant import Variant, load, names
from appliance.wire.legs import PlaceLeg
from appliance.wire.spans import ChannelState
from drivers.model import Alarm, Timeslot
from tests.fuzz.user import User, one_call
from tests.line.span_pair import Board

STEPS = 50
ROUNDS = 2
CHANGED = 0.05
BITS_S, SIGNAL_S = 0.002, 0.025
SETTLING_S = 120.0
PATIENCE = 20
DNIS = "10086"
R2_KINDS = (SignalKind.R2_FORWARD, SignalKind.R2_BACKWARD)
PORTS = [Timeslot(0, timeslot).port for timeslot in range(1, 32) if timeslot != 16]
Heard = BitsChanged | SignalHeard


class R2Board(Board):
    """A board that has bits and tones: `bits` and `tones` are what it sends, `hears` what it wants to hear."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(now)
        self.bits: dict[int, int] = {}
        self.tones: dict[int, tuple[SignalKind, int]] = {}
        self.hears: dict[int, set[SignalKind]] = {}
        self.sent: Callable[[Heard], None] = lambda _event: None
        self.began_to_hear: Callable[[int], None] = lambda _port: None

    def stands(self, port: int) -> list[Heard]:
        """What the far end sees and hears of a port now; where it hears nothing, that nothing is there."""
        kind, signal = self.tones.get(port, (SignalKind.R2_FORWARD, 0))
        tones = [SignalHeard(port, each, signal or 1, signal > 0 and each is kind, self.samples) for each in R2_KINDS]
        return [BitsChanged(port, self.bits[port], self.samples), *tones]

    def close_port(self, port: int) -> None:
        super().close_port(port)
        self.hears.pop(port, None)
        if port in self.tones:
            self.send_signal(port, self.tones[port][0], 0)

    def set_bits(self, port: int, abcd: int) -> None:
        self.bits[port] = abcd
        self.sent(BitsChanged(port, abcd, self.samples))

    def hear_signals(
        self,
        port: int,
        kinds: Collection[SignalKind],
        zone: str = "cn",
        caller: CallerStandard | None = None,
        *,
        sound: bool = False,
        echo: bool = False,
        gated: bool = False,
    ) -> None:
        del zone, caller, sound, echo, gated  # not R2's
        self.hears[port] = set(kinds)
        self.began_to_hear(port)

    def send_signal(self, port: int, kind: SignalKind, signal: int) -> None:
        last = self.tones.pop(port, (kind, signal))[1]
        if signal:
            self.tones[port] = (kind, signal)
        self.sent(SignalHeard(port, kind, signal or last, bool(signal), self.samples))


class R2End:
    """A span with its board."""

    def __init__(self, name: str, variant: Variant, order: Order, now: Callable[[], float]) -> None:
        self.board = R2Board(now)
        self.told: list[object] = []
        legs = itertools.count(1)
        wants = Wants(dnis_digits=len(DNIS))
        line = CasLine(
            0,
            name,
            lambda engine, port: Circuit(Channel(variant, wants, clock=now), engine, port),
            TrunkPlan(),
            order,
        )
        switch = Switch(self.board, lambda _seconds, _flush: None)
        around = (switch, lambda: f"{name}-{next(legs)}", self.told.append, lambda _: None)
        self.span = CasSpan(line, lambda _port: None, *around)
        self.span.begin()

    def place(self, leg: str) -> bool:
        """A call out."""
        return self.span.place(PlaceLeg(leg=leg, to=DNIS, contact="contact", clid="8001"))

    def idle(self) -> int:
        """How many channels are idle."""
        return sum(state is ChannelState.IDLE for state in self.span.channels.states().values())


class Cable:
    """Both spans, in virtual time; `note` is told of what came in the place of something, or of nothing."""

    def __init__(self, variant: str, random: Random, note: Callable[[str], None]) -> None:
        self.now = 1000.0
        self._chance, self._note = random, note
        self._bad = False
        self._coming: list[tuple[float, int, R2End, Heard]] = []
        self._number = itertools.count()
        self._ends = [
            R2End(name, load(variant), order, lambda: self.now) for name, order in zip("ab", Order, strict=False)
        ]
        for end, far in (self._ends, self._ends[::-1]):
            end.board.sent = lambda event, far=far: self._carry(far, event)  # type: ignore[misc]
            end.board.began_to_hear = lambda port, end=end, far=far: self._overhear(end, far, port)  # type: ignore[misc]
        self._users = (User(self._ends[0], random), User(self._ends[1], random))
        self._heal()
        self._pass_s(10.0)

    def round(self) -> None:
        """Trouble, then peace."""
        self._bad = True
        for _ in range(STEPS):
            self._chance.choice(self._users).act()
            if self._chance.random() < CHANGED:
                self._out_of_nothing()
            self._pass_s(self._chance.choice((0.0, 0.1, 0.5, 2.0)))
        self._bad = False
        self._heal()
        for _ in range(PATIENCE):
            for user in self._users:
                user.let_all_go()
            self._pass_s(SETTLING_S)
            if self._over():
                break
        assert self._over(), " · ".join(map(str, self._users))
        one_call(*self._users, self._pass_s, 20.0)
        assert self._over(), " · ".join(map(str, self._users))

    def _over(self) -> bool:
        return all(user.over() for user in self._users)

    def _heal(self) -> None:
        """Each end sees and hears what stands, and nothing from before."""
        self._coming.clear()
        for end, far in (self._ends, self._ends[::-1]):
            end.span.alarm(Alarm.NONE)
            for port in PORTS:
                for event in far.board.stands(port):
                    self._arrive(end, event)

    def _out_of_nothing(self) -> None:
        end, port = self._chance.choice(self._ends), self._chance.choice(PORTS)
        if self._chance.random() < 0.1:
            self._note(f"{self.now:.3f} {end.span.name}: RED")
            end.span.alarm(Alarm.RED)
            self._pass_s(self._chance.choice((0.5, 5.0)))
            self._heal()
        else:
            self._later(end, self._anything(port), 0.0)

    def _anything(self, port: int) -> Heard:
        if self._chance.random() < 0.5:
            return BitsChanged(port, self._chance.randrange(16), 0)
        return SignalHeard(
            port, self._chance.choice(R2_KINDS), self._chance.randint(1, 15), self._chance.random() < 0.7, 0
        )

    def _carry(self, to: R2End, event: Heard) -> None:
        usual_s = BITS_S if isinstance(event, BitsChanged) else SIGNAL_S
        if not self._bad or self._chance.random() >= CHANGED:
            self._later(to, event, usual_s)
            return
        match self._chance.randrange(4):
            case 0:
                self._note(f"{self.now:.3f} lost: {event}")
            case 1:
                self._note(f"{self.now:.3f} late: {event}")
                self._later(to, event, self._chance.choice((0.1, 1.0, 10.0)))
            case kind:
                self._later(to, self._anything(event.port), usual_s)
                if kind == 2:
                    self._later(to, event, 2 * usual_s)

    def _overhear(self, end: R2End, far: R2End, port: int) -> None:
        for event in far.board.stands(port):
            if isinstance(event, SignalHeard) and event.on:
                self._later(end, event, SIGNAL_S)

    def _later(self, to: R2End, event: Heard, seconds: float) -> None:
        self._note(f"{self.now + seconds:.3f} {to.span.name} hears {event}")
        heapq.heappush(self._coming, (self.now + seconds, next(self._number), to, event))

    def _arrive(self, to: R2End, event: Heard) -> None:
        if isinstance(event, BitsChanged) or event.kind in to.board.hears.get(event.port, ()):
            to.span.take(event)

    def _pass_s(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self._due()) <= end:
            self.now = max(self.now, due)
            while self._coming and self._coming[0][0] <= self.now:
                _, _, to, event = heapq.heappop(self._coming)
                self._arrive(to, event)
            for each in self._ends:
                each.span.run()
        self.now = end
        for each, user in zip(self._ends, self._users, strict=True):
            user.hear(each.told)
            each.told.clear()

    def _due(self) -> float:
        coming = [self._coming[0][0]] if self._coming else []
        return min([at for each in self._ends if (at := each.span.due()) is not None] + coming, default=float("inf"))


def rounds(random: Random, note: Callable[[str], None]) -> Iterator[None]:
    """For ever, in any variant."""
    while True:
        cable = Cable(random.choice(names()), random, note)
        for _ in range(ROUNDS):
            cable.round()
            yield

# SPDX-License-Identifier: GPL-2.0-only
"""Two ends of an interface back to back in virtual time, whatever they are, on a wire that can be cut."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from appliance.signalling.pri.link import Side
from tests.signalling.pri.wire import TROUBLES, Trouble, Wire

E = TypeVar("E")
T = TypeVar("T")
STEP_S = 1e-6


class End(Protocol):
    """A link, or what stands on one."""

    @property
    def established(self) -> bool:
        """The data link stands."""

    def receive(self, frame: bytes) -> None:
        """A frame came."""

    def run(self) -> None:
        """Timers may be due."""

    def due(self) -> float | None:
        """When they are."""

    def take_frames(self) -> list[bytes]:
        """To be sent."""

    def take_events(self) -> Sequence[object]:
        """What happened."""

    def deactivate(self) -> None:
        """Layer 1 has failed."""

    def activate(self) -> None:
        """It is back."""


L = TypeVar("L", bound=End)


class Pair(Generic[L]):
    """`net` and `user`, what they tell in `heard`. `trouble` and `seed`: see Wire."""

    net: L
    user: L

    def __init__(self, trouble: Trouble = TROUBLES["clean"], seed: str = "") -> None:
        self.now = 1000.0
        self.wire = Wire(trouble, seed)
        self.heard: dict[Side, list[object]] = {Side.NETWORK: [], Side.USER: []}

    def start(self) -> None:
        """Until the data link stands."""
        self.pass_s(3.0)
        assert self.net.established
        assert self.user.established

    @property
    def cut(self) -> bool:
        """Whether the cable is out."""
        return self.wire.cut

    @cut.setter
    def cut(self, cut: bool) -> None:
        self.wire.cut = cut

    @property
    def frames(self) -> list[tuple[Side, bytes]]:
        """Every frame that was sent."""
        return self.wire.frames()

    def link(self, side: Side) -> L:
        """The link of a side."""
        return self.net if side is Side.NETWORK else self.user

    def settle(self) -> None:
        """Carry what arrives now until all is quiet."""
        while True:
            for side in Side:
                self.heard[side] += self.link(side).take_events()
                for frame in self.link(side).take_frames():
                    self.wire.carry(self.now, side, frame)
            arrived = self.wire.arrived(self.now)
            if not arrived:
                return
            for side, frame in arrived:
                (self.user if side is Side.NETWORK else self.net).receive(frame)

    def pass_s(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.now + seconds
        self.settle()
        while self._step(end):
            pass

    def until(self, side: Side, kind: type[E], nth: int = 1, patience_s: float = 300.0) -> E:
        """Let time pass until a side has told so many events of a kind; the last of them."""
        end = self.now + patience_s
        self.settle()
        while self.count(side, kind) < nth and self._step(end):
            pass
        return self.last(side, kind)

    def _step(self, end: float) -> bool:
        """To the next timer or frame; False at the end."""
        due = min(at for at in (self.net.due(), self.user.due(), self.wire.due(), end) if at is not None)
        self.now = end if due >= end else max(self.now, due) + STEP_S
        self.net.run()
        self.user.run()
        self.settle()
        return self.now < end

    def do(self, command: Callable[[], T]) -> T:
        """A command of either side, and what follows at once."""
        done = command()
        self.settle()
        return done

    def last(self, side: Side, kind: type[E]) -> E:
        """The last event of a kind that a side told."""
        found = [event for event in self.heard[side] if isinstance(event, kind)]
        assert found, f"{side} told no {kind.__name__}: {self.heard[side]}"
        return found[-1]

    def count(self, side: Side, kind: type[E]) -> int:
        """How many of a kind."""
        return sum(isinstance(event, kind) for event in self.heard[side])

    def lose_layer_1(self, seconds: float) -> None:
        """Cut for so long; both sides see RED after 500 ms and its end 500 ms after the mend."""
        self.cut = True
        self.pass_s(0.5)
        self.net.deactivate()
        self.user.deactivate()
        self.pass_s(seconds - 0.5)
        self.cut = False
        self.pass_s(0.5)
        self.net.activate()
        self.user.activate()
        self.pass_s(2.0)

# SPDX-License-Identifier: GPL-2.0-only
"""Two groups of interfaces back to back in virtual time, each D-channel on a wire of its own that can be cut."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from appliance.signalling.pri.link import Side
from tests.signalling.pri.pair import STEP_S, End
from tests.signalling.pri.wire import TROUBLES, Trouble, Wire

E = TypeVar("E")
T = TypeVar("T")
L = TypeVar("L", bound=End)


class GroupPair(Generic[L]):
    """`ends` by side and interface, what they tell in `heard`; `wires` by interface."""

    def __init__(self, trouble: Trouble = TROUBLES["clean"], seed: str = "") -> None:
        self.now = 1000.0
        self._trouble = trouble
        self._seed = seed
        self.ends: dict[Side, Mapping[int, L]] = {}
        self.wires: dict[int, Wire] = {}
        self.heard: dict[Side, list[object]] = {Side.NETWORK: [], Side.USER: []}

    def connect(self, ends: dict[Side, Mapping[int, L]]) -> None:
        """Until the data links stand."""
        self.ends = ends
        self.wires = {number: Wire(self._trouble, f"{self._seed}{number}") for number in ends[Side.USER]}
        self.pass_s(3.0)

    def all(self) -> list[tuple[Side, int, L]]:
        """Every end."""
        return [(side, number, end) for side, ends in self.ends.items() for number, end in ends.items()]

    def settle(self) -> None:
        """Carry what arrives now until all is quiet."""
        while True:
            for side, _, end in self.all():
                self.heard[side] += end.take_events()
            sent = [(side, number, frame) for side, number, end in self.all() for frame in end.take_frames()]
            for side, number, frame in sent:
                self.wires[number].carry(self.now, side, frame)
            arrived = [(n, *one) for n, wire in self.wires.items() for one in wire.arrived(self.now)]
            if not sent and not arrived:
                return
            for number, side, frame in arrived:
                self.ends[Side.USER if side is Side.NETWORK else Side.NETWORK][number].receive(frame)

    def pass_s(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        until = self.now + seconds
        self.settle()
        while self.now < until:
            times = (*(end.due() for *_, end in self.all()), *(wire.due() for wire in self.wires.values()), until)
            due = min(at for at in times if at is not None)
            self.now = until if due >= until else max(self.now, due) + STEP_S
            for *_, end in self.all():
                end.run()
            self.settle()

    def do(self, command: Callable[[], T]) -> T:
        """A command of any side, and what follows at once, or as soon as a bad wire lets it."""
        done = command()
        self.pass_s(0.0 if self._trouble == TROUBLES["clean"] else 5.0)
        return done

    def last(self, side: Side, kind: type[E]) -> E:
        """The last event of a kind that a side told."""
        found = [event for event in self.heard[side] if isinstance(event, kind)]
        assert found, f"{side} told no {kind.__name__}: {self.heard[side]}"
        return found[-1]

    def count(self, side: Side, kind: type[E]) -> int:
        """How many of a kind."""
        return sum(isinstance(event, kind) for event in self.heard[side])

    def cut(self, number: int) -> None:
        """One cable is out; both ends see RED after 500 ms."""
        self.wires[number].cut = True
        self.pass_s(0.5)
        for ends in self.ends.values():
            ends[number].deactivate()
        self.settle()

    def mend(self, number: int) -> None:
        """It is back; RED ends after 500 ms."""
        self.wires[number].cut = False
        self.pass_s(0.5)
        for ends in self.ends.values():
            ends[number].activate()
        self.pass_s(2.0)

    def messages(self, number: int, side: Side) -> list[int]:
        """Types of the messages that a side sent on a D-channel."""
        frames = self.wires[number].frames()
        return [frame[8] for sender, frame in frames if sender is side and not frame[2] & 1 and len(frame) > 8]

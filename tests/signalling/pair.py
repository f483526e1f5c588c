# SPDX-License-Identifier: GPL-2.0-only
"""Two channels back to back in virtual time, by events: what a side orders arrives after the delay that a line has."""

import heapq
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar


class Channel(Protocol):
    """A machine of either end."""

    @property
    def state(self) -> str:
        """Where it stands."""

    def run(self) -> None:
        """Timers."""

    def due(self) -> float | None:
        """When they are due."""

    def take_events(self) -> Sequence[Any]:
        """What it tells."""

    def take_orders(self) -> Sequence[Any]:
        """What it orders."""


C = TypeVar("C", bound=Channel)
E = TypeVar("E")
SIDES = ("a", "b")


class Pair(ABC, Generic[C]):
    """Sides "a" and "b": `heard` their events. `react` is called with each as it is told."""

    def __init__(self, made: Callable[[Callable[[], float], str], C]) -> None:
        """`made` of a clock and a side."""
        self.now = 1000.0
        self.heard: dict[str, list[Any]] = {side: [] for side in SIDES}
        self.react: Callable[[str, Any], None] = lambda _side, _event: None
        self.channels: Mapping[str, C] = {side: made(lambda: self.now, side) for side in SIDES}
        self.a, self.b = self.channels["a"], self.channels["b"]
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def settle(self) -> None:
        """Take what both sides order and tell now."""
        busy = True
        while busy:
            busy = False
            for side, channel in self.channels.items():
                told, orders = channel.take_events(), channel.take_orders()
                self.heard[side] += told
                for order in orders:
                    self._carry(side, order)
                for event in told:
                    self.react(side, event)
                busy = busy or bool(told or orders)

    def later(self, seconds: float, arrive: Callable[[], None]) -> None:
        """Something happens on the way."""
        heapq.heappush(self._coming, (self.now + seconds, next(self._order), arrive))

    def pass_s(self, seconds: float) -> None:
        """Let time pass, one thing after the other."""
        end = self.now + seconds
        self.settle()
        while (due := self._due()) <= end:
            self.now = max(self.now, due)
            while self._coming and self._coming[0][0] <= self.now:
                heapq.heappop(self._coming)[2]()
                self.settle()
            self.a.run()
            self.b.run()
            self.settle()
        self.now = end

    def until(self, side: str, kind: type[E], within_s: float = 60.0) -> E:
        """The next event of a kind that a side tells, waited for."""
        begun, end = len(self.heard[side]), self.now + within_s
        self.settle()
        while True:
            for event in self.heard[side][begun:]:
                if isinstance(event, kind):
                    return event
            told = self.heard[side][begun:]
            assert self.now < end, f"{side} is {self.channels[side].state}, told no {kind.__name__} but {told}"
            self.pass_s(max(0.0, min(self._due(), end) - self.now))

    def told(self, side: str, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        return [event for event in self.heard[side] if isinstance(event, kind)]

    def idle(self) -> bool:
        """Whether the circuit is free on both sides, and looks so from both."""
        return all(channel.state == "idle" for channel in self.channels.values())

    def far(self, side: str) -> C:
        """The other end."""
        return self.b if side == "a" else self.a

    @abstractmethod
    def _carry(self, side: str, order: Any) -> None:
        """Bring a side's order to the other."""

    def _due(self) -> float:
        coming = [self._coming[0][0]] if self._coming else []
        return min([at for at in (self.a.due(), self.b.due()) if at is not None] + coming, default=float("inf"))

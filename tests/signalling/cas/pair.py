# SPDX-License-Identifier: GPL-2.0-only
"""Two CAS channels back to back in virtual time: bits, digits and dialling take the time that they take on a line."""

import heapq
import itertools
from collections.abc import Callable
from typing import TypeVar

from appliance.signalling.cas import events
from appliance.signalling.cas.channel import Channel, Wants
from appliance.signalling.cas.events import Dial, Listen, SetBits
from appliance.signalling.cas.variant import load
from appliance.signalling.cas.words import State

E = TypeVar("E", bound=events.Event)

BITS_S = 0.003  # an extended superframe
DIGIT_S = 0.1


class Pair:
    """Sides "a" and "b": `heard` their events, `bits` what they sent, with its time; `late` by event for a side."""

    def __init__(self, variant: str, wants: Wants | None = None, b_wants: Wants | None = None) -> None:
        self.now = 1000.0
        self.heard: dict[str, list[events.Event]] = {"a": [], "b": []}
        self.orders: dict[str, list[events.Order]] = {"a": [], "b": []}
        self.bits: dict[str, list[tuple[float, int]]] = {"a": [], "b": []}
        self.lost = False
        made = load(variant)
        clock = lambda: self.now  # noqa: E731 - the one clock
        self.a = Channel(made, wants, clock=clock)
        self.b = Channel(made, b_wants or wants, clock=clock)
        self.channels = {"a": self.a, "b": self.b}
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._listening: dict[str, bool] = {"a": False, "b": False}
        self.pass_s(0.1)

    def later(self, seconds: float, arrive: Callable[[], None]) -> None:
        """Something happens on the way."""
        heapq.heappush(self._coming, (self.now + seconds, next(self._order), arrive))

    def pass_s(self, seconds: float) -> None:
        """Let time pass, one thing after the other."""
        end = self.now + seconds
        self._settle()
        while (due := self._due()) <= end:
            self.now = max(self.now, due)
            while self._coming and self._coming[0][0] <= self.now:
                heapq.heappop(self._coming)[2]()
                self._settle()
            self.a.run()
            self.b.run()
            self._settle()
        self.now = end

    def until(self, side: str, kind: type[E], within_s: float = 30.0) -> E:
        """The next event of a kind that a side tells, waited for."""
        begun, end = len(self.heard[side]), self.now + within_s
        self._settle()
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
        """Whether the circuit is free on both sides."""
        return all(channel.state is State.IDLE for channel in self.channels.values())

    def _settle(self) -> None:
        busy = True
        while busy:
            busy = False
            for side, channel in self.channels.items():
                told, orders = channel.take_events(), channel.take_orders()
                self.heard[side] += told
                self.orders[side] += orders
                for order in orders:
                    self._carry(side, order)
                busy = busy or bool(told or orders)

    def _carry(self, side: str, order: events.Order) -> None:
        far = self.b if side == "a" else self.a
        match order:
            case SetBits(abcd=abcd):
                self.bits[side].append((self.now, abcd))
                if not self.lost:
                    self.later(BITS_S, lambda: far.see_bits(abcd))
            case Dial(signals=signals):
                for at, signal in enumerate(signals):
                    self.later(DIGIT_S * (at + 1), lambda signal=signal: far.hear(signal))  # type: ignore[misc]
                self.later(DIGIT_S * (len(signals) + 1), self.channels[side].dialled)
            case Listen(by=by):
                self._listening[side] = by is not None

    def _due(self) -> float:
        coming = [self._coming[0][0]] if self._coming else []
        return min([at for at in (self.a.due(), self.b.due()) if at is not None] + coming, default=float("inf"))

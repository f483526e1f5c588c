# SPDX-License-Identifier: GPL-2.0-only
"""Two R2 channels back to back in virtual time, by events: bits and signals arrive after the delays that a line has."""

import heapq
import itertools
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec
import pytest

from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call, Channel, Wants
from appliance.signalling.r2.events import Direction, Listen, Send, SetBits
from appliance.signalling.r2.variant import Variant, load, names
from appliance.signalling.r2.words import State

E = TypeVar("E", bound=events.Event)

BITS_S = 0.002  # a multiframe
SIGNAL_S = 0.025  # until a receiver is sure
SIDES = ("a", "b")

DNIS, CLID = "62345678", "13800138000"
EIGHT = Wants(dnis_digits=len(DNIS))
every_variant = pytest.mark.parametrize("variant", names())


class Sent(NamedTuple):
    """What a side put on the line, and when."""

    at: float
    side: str
    what: SetBits | Send


class BackToBack:
    """Sides "a" and "b": `heard` their events, `sent` all that was on the line; what `lost` says of it never arrives.

    `react` is called with each event as it is told.
    """

    def __init__(self, variant: Variant | str = "ITU", wants: Wants | None = None) -> None:
        self.variant = load(variant) if isinstance(variant, str) else variant
        self.now = 1000.0
        self.sent: list[Sent] = []
        self.lost: Callable[[Sent], bool] = lambda _sent: False
        self.react: Callable[[str, events.Event], None] = lambda _side, _event: None
        self.heard: dict[str, list[events.Event]] = {"a": [], "b": []}
        self.channels = {side: Channel(self.variant, wants, clock=lambda: self.now) for side in SIDES}
        self.a, self.b = self.channels["a"], self.channels["b"]
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._standing = {side: Send(Direction.FORWARD, 0) for side in SIDES}
        self._bits = {"a": 0, "b": 0}
        self.pass_s(0.1)

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

    def heal(self) -> None:
        """What is lost no more: each side sees the bits that stand."""
        self.lost = lambda _sent: False
        for side in SIDES:
            self._show(side, self._bits[side])

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
        return all(channel.state is State.IDLE for channel in self.channels.values())

    def signals(self, side: str) -> list[int]:
        """Register signals that a side sent, without the silences."""
        sent = [sent.what for sent in self.sent if sent.side == side]
        return [what.signal for what in sent if isinstance(what, Send) and what.signal]

    def bits(self, side: str) -> list[str]:
        """Bits A and B that a side sent, in order."""
        sent = [sent.what for sent in self.sent if sent.side == side]
        return [f"{what.abcd >> 2:02b}" for what in sent if isinstance(what, SetBits)]

    def talk(self, call: Call) -> events.CallOffered:
        """A call from "a" that is answered at once; returns as it was offered."""
        self.a.place(call)
        offered = self.until("b", events.CallOffered)
        self.b.answer()
        self.until("a", events.CallAnswered)
        return offered

    def _carry(self, side: str, order: events.Order) -> None:
        if isinstance(order, Listen):  # a receiver that is switched on hears what stands already
            standing = self._standing["b" if side == "a" else "a"]
            if standing.signal and standing.direction is order.direction:
                self._sound(self.channels[side], standing)
            return
        sent = Sent(self.now, side, order)
        self.sent.append(sent)
        if isinstance(order, SetBits):
            self._bits[side] = order.abcd
        else:
            self._standing[side] = order
        if self.lost(sent):
            return
        if isinstance(order, SetBits):
            self._show(side, order.abcd)
        else:
            self._sound(self._far(side), order)

    def _far(self, side: str) -> Channel:
        return self.b if side == "a" else self.a

    def _show(self, side: str, abcd: int) -> None:
        self.later(BITS_S, lambda: self._far(side).see_bits(abcd))

    def _sound(self, channel: Channel, sound: Send) -> None:
        self.later(SIGNAL_S, lambda: channel.hear(sound.direction, sound.signal))

    def _due(self) -> float:
        coming = [self._coming[0][0]] if self._coming else []
        return min([at for at in (self.a.due(), self.b.due()) if at is not None] + coming, default=float("inf"))


def sends(sent: Sent, side: str, *signals: int) -> bool:
    """Whether this is a register signal of that side; of `signals`, if any are named."""
    return sent.side == side and isinstance(sent.what, Send) and (not signals or sent.what.signal in signals)


def with_timers(variant: str, **timers: float) -> Variant:
    """A variant with other seconds."""
    loaded = load(variant)
    return msgspec.structs.replace(loaded, timers=loaded.timers | timers)


def hang_up(pair: BackToBack, first: str) -> None:
    """Both sides let go, `first` first."""
    if first == "a":
        pair.a.release()
    else:
        pair.b.release()
        pair.until("a", events.CallDisconnected)
        pair.a.release()
    pair.until("a", events.CallCleared)
    pair.pass_s(1)
    assert pair.idle()

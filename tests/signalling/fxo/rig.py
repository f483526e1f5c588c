# SPDX-License-Identifier: GPL-2.0-only
"""An FXO line in virtual time; the test is the exchange."""

from typing import TypeVar

from appliance.signalling.fxo import events
from appliance.signalling.fxo.events import Feed, Hook
from appliance.signalling.fxo.line import Call, Line
from appliance.signalling.fxo.settings import Settings
from dsp.tone import Kind

E = TypeVar("E", bound=events.Event)


class Rig:
    """`told` its events and `orders` its orders, each with its time; it begins idle."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.now = 0.0
        self.line = Line(settings or Settings(), clock=lambda: self.now)
        self.told: list[tuple[float, events.Event]] = []
        self.orders: list[tuple[float, events.Order]] = []
        self.feed(Feed.OPEN if self.line.settings.ground_start else Feed.NORMAL)
        self.pass_s(2)
        self.told.clear()

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        self.take()
        while (due := self.line.due()) is not None and due <= end:
            self.now = max(self.now, due)
            self.line.run()
            self.take()
        self.now = end

    def take(self) -> None:
        """What it has told and ordered so far."""
        self.told += [(self.now, event) for event in self.line.take_events()]
        self.orders += [(self.now, order) for order in self.line.take_orders()]

    def feed(self, feed: Feed, seconds: float = 0.0) -> None:
        """The pair shows this, for so long."""
        self.line.see_feed(feed)
        self.pass_s(seconds)

    def ring(self, on_s: float = 2.0, off_s: float = 4.0) -> None:
        """One ring and the pause after it."""
        self.line.see_ring(on=True)
        self.pass_s(on_s)
        self.line.see_ring(on=False)
        self.pass_s(off_s)

    def offered(self) -> None:
        """A call that rings, whose caller is not told."""
        self.ring()
        self.ring(off_s=1)

    def answered(self) -> None:
        """A call that came and is answered."""
        self.offered()
        self.line.answer()
        self.pass_s(2)

    def dialled(self, number: str = "5551234") -> None:
        """A call that is placed and dialled."""
        self.line.place(Call(number))
        self.pass_s(1)
        if self.line.settings.dial_tone:
            self.line.hear_tone(Kind.DIAL)
        self.pass_s(1.5)
        self.line.dialled()
        self.pass_s(0.5)

    def connected(self) -> None:
        """A call that we placed and that is answered, by whatever says so on this line."""
        self.dialled()
        match self.line.settings.answer:
            case "polarity":
                self.feed(Feed.REVERSED, 1)
            case "ringback":
                self.line.hear_tone(Kind.RINGBACK)
                self.pass_s(6)
                self.line.hear_tone(None)
        self.pass_s(2)

    def every(self, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        return [event for _, event in self.told if isinstance(event, kind)]

    def at(self, kind: type[E]) -> float:
        """When the last of a kind was told."""
        return [at for at, event in self.told if isinstance(event, kind)][-1]

    def last(self) -> events.Event:
        """The last event."""
        return self.told[-1][1]

    def hooks(self) -> list[Hook]:
        """What was ordered of the hook, in order."""
        return [order.hook for _, order in self.orders if isinstance(order, events.SetHook)]

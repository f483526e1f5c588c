# SPDX-License-Identifier: GPL-2.0-only
"""An FXO channel on a T1: a line of appliance/signalling/fxo whose pair is bits A and B.

    station = Station(Settings(hang_up=(HangUp.CPC, HangUp.TONE)))    # kewl start; loop start without CPC
    station.see_bits(0b0101)                                         # the exchange's ABCD
    station.line.answer()                                            # all else is the line's
    for order in station.take_orders(): ...                          # SetBits instead of SetHook, and no SetMode

Spec: ANSI T1.403.02, loop and ground start, station end; without the text at hand. where ground is put on
ring DAHDI 2.11 sends A = 1, we A = 0.
"""

import time
from collections.abc import Callable

from appliance.signalling.bits import bits_ab
from appliance.signalling.events import SetBits
from appliance.signalling.fxo.events import Feed, Hook, Order, SetHook, SetMode
from appliance.signalling.fxo.line import Line
from appliance.signalling.fxo.settings import Settings

# What the exchange sends: the feed, and whether it rings. With ground start open is no ground on tip.
_SEEN = {"01": (Feed.NORMAL, False), "00": (Feed.NORMAL, True), "11": (Feed.OPEN, False)}
_SENT = {Hook.ON: 0b0101, Hook.OFF: 0b1111, Hook.GROUND: 0b0000}


class Station:
    """`line` takes commands and tells events."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.line = Line(settings, clock=clock)

    def see_bits(self, abcd: int) -> None:
        """The exchange's bits are these now. Those that mean nothing change nothing."""
        seen = _SEEN.get(bits_ab(abcd))
        if seen is not None:
            feed, rings = seen
            self.line.see_feed(feed)
            self.line.see_ring(on=rings)

    def take_orders(self) -> list[Order | SetBits]:
        """What the channel is to do, in order; they are yours now."""
        orders = [order for order in self.line.take_orders() if not isinstance(order, SetMode)]
        return [SetBits(_SENT[order.hook]) if isinstance(order, SetHook) else order for order in orders]

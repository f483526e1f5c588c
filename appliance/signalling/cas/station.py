# SPDX-License-Identifier: GPL-2.0-only
"""An FXO channel on a T1 or E1: a line of appliance/signalling/fxo whose pair is bits.

    station = Station(Settings(hang_up=(HangUp.CPC, HangUp.TONE)), load("fxo_loop"))
    station.see_bits(0b0101)                                         # the exchange's ABCD
    station.line.answer()                                            # all else is the line's
    for order in station.line.take_orders(): ...                     # station.hook(hook): the bits of a SetHook

Spec: ANSI T1.403.02, loop and ground start, station end; without the text at hand.
"""

import time
from collections.abc import Callable

from appliance.signalling.bits import bits_ab
from appliance.signalling.cas.variant import Start, Variant
from appliance.signalling.fxo.events import Feed, Hook
from appliance.signalling.fxo.line import Line
from appliance.signalling.fxo.settings import Settings

# What the exchange sends: the feed, and whether it rings. With ground start open is no ground on tip.
_SEEN = {
    "normal": (Feed.NORMAL, False),
    "reversed": (Feed.REVERSED, False),
    "ring": (Feed.NORMAL, True),
    "open": (Feed.OPEN, False),
}
_SENT = {Hook.ON: "on_hook", Hook.BREAK: "on_hook", Hook.OFF: "off_hook", Hook.GROUND: "ground"}


class Station:
    """`line` takes commands and tells events. Raises ValueError for settings of another start than the variant's."""

    def __init__(
        self,
        settings: Settings,
        variant: Variant,
        *,
        clock: Callable[[], float] = time.monotonic,
        line: Callable[..., Line] = Line,
    ) -> None:
        if variant.start is not Start.STATION:
            raise ValueError(f"{variant.name} is no station's")
        if settings.ground_start is not ("ground" in variant.bits):
            raise ValueError(f"{variant.name} and ground_start={settings.ground_start} are not the same start")
        self.line = line(settings, clock=clock)
        self._variant = variant

    def see_bits(self, abcd: int) -> None:
        """The exchange's bits are these now. Those that mean nothing change nothing."""
        far = self._variant.far
        exact = [word for word, bits in far.items() if f"{abcd:04b}" in bits]
        words = exact or [word for word, bits in far.items() if bits_ab(abcd) in bits]
        for word in words:
            feed, rings = _SEEN[word]
            self.line.see_feed(feed)
            self.line.see_ring(on=rings)

    def hook(self, hook: Hook) -> int:
        """The bits that say so."""
        return int(self._variant.bits[_SENT[hook]], 2)

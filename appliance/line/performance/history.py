# SPDX-License-Identifier: GPL-2.0-only
"""A span's quarters of an hour and days, as G.826 counts them. No clock and no file in here.

A second counts in the interval that UTC says when it ends. Seconds that nobody saw are not made up: an interval says
how many it has. Set forward, the clock leaves intervals out; set back, intervals that have not come yet are dropped,
and the one under way gets more seconds than it is long.
"""

from collections.abc import Iterable

import msgspec

from appliance.line.performance.availability import Direction, Placed
from appliance.line.performance.look import Look
from appliance.line.performance.seconds import Second, far, near
from appliance.wire.performance import DAY_S, QUARTER_S, Figures, Interval

QUARTERS = 97
"""24 hours and the one under way."""
DAYS = 31
SECOND_MOST_S = 1.5


class Kept(msgspec.Struct):
    """All that must survive."""

    name: str
    quarters: list[Interval] = []
    days: list[Interval] = []
    near: Direction = msgspec.field(default_factory=Direction)
    far: Direction = msgspec.field(default_factory=Direction)


class History:
    """One span's. Feed it a look a second."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._last: tuple[float, Look] | None = None

    def take(self, look: Look, utc_s: float, mono_s: float) -> None:
        """The span as it is now. `mono_s`: a clock that is never set."""
        at_s = int(utc_s)
        self._drop(at_s)
        before, self._last = self._last, (mono_s, look)
        if before is None or mono_s - before[0] > SECOND_MOST_S:  # the seconds between were seen by nobody
            self._break(at_s)
        if before is None:
            return
        self._count("near", near(before[1], look), at_s)
        self._count("far", far(before[1], look), at_s)
        if look.span.clock_locked and not look.span.alarms:
            self._clock(at_s, look.span.clock_ppm)

    def _break(self, at_s: int) -> None:
        for side in ("near", "far"):
            self._settle(side, getattr(self.kept, side).settle(), at_s)

    def _count(self, side: str, second: Second | None, at_s: int) -> None:
        direction: Direction = getattr(self.kept, side)
        self._settle(side, direction.settle() if second is None else direction.take(at_s, second), at_s)

    def _settle(self, side: str, decided: Iterable[tuple[Placed, bool]], now_s: int) -> None:
        for placed, available in decided:
            for intervals, length_s in self._both():
                interval = _at(intervals, min(placed.at_s, now_s), length_s)
                figures = _added(getattr(interval, side), placed.second, available=available)
                _put(intervals, msgspec.structs.replace(interval, **{side: figures}))

    def _clock(self, at_s: int, ppm: float) -> None:
        for intervals, length_s in self._both():
            was = _at(intervals, at_s, length_s)
            count = was.clock_s + 1
            least, most = (min(was.ppm_least, ppm), max(was.ppm_most, ppm)) if was.clock_s else (ppm, ppm)
            mean = was.ppm_mean + (ppm - was.ppm_mean) / count
            new = msgspec.structs.replace(was, clock_s=count, ppm_mean=mean, ppm_least=least, ppm_most=most)
            _put(intervals, new)

    def _both(self) -> tuple[tuple[list[Interval], int], tuple[list[Interval], int]]:
        return (self.kept.quarters, QUARTER_S), (self.kept.days, DAY_S)

    def _drop(self, now_s: int) -> None:
        """What has not come yet, and what is too old."""
        for (intervals, length_s), most in zip(self._both(), (QUARTERS, DAYS), strict=True):
            oldest = now_s // length_s * length_s - (most - 1) * length_s
            intervals[:] = (one for one in intervals if oldest <= one.start_s <= now_s)


def _at(intervals: list[Interval], at_s: int, length_s: int) -> Interval:
    start_s = at_s // length_s * length_s
    return next((one for one in reversed(intervals) if one.start_s == start_s), Interval(start_s))


def _put(intervals: list[Interval], new: Interval) -> None:
    intervals[:] = sorted((*(one for one in intervals if one.start_s != new.start_s), new), key=lambda one: one.start_s)


def _added(sums: Figures, second: Second, *, available: bool) -> Figures:
    severe = available and second.severe
    return Figures(
        seconds=sums.seconds + 1,
        es=sums.es + (available and second.errored),
        ses=sums.ses + severe,
        bbe=sums.bbe + (second.errored_blocks if available and not severe else 0),
        uas=sums.uas + (not available),
        slips=sums.slips + second.slips,
    )

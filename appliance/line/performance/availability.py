# SPDX-License-Identifier: GPL-2.0-only
"""Available time by G.826 Annex A: ten severely errored seconds in a row end it, ten others begin it.

The ten belong to the time that they begin, so a second may wait for nine more until it is known to which it belongs.
"""

from collections.abc import Iterable

import msgspec

from appliance.line.performance.seconds import Second

CONSECUTIVE = 10


class Placed(msgspec.Struct, frozen=True):
    """A second, and when it was (UTC)."""

    at_s: int
    second: Second


class Direction(msgspec.Struct):
    """One direction's state."""

    available: bool = True
    waiting: list[Placed] = []

    def take(self, at_s: int, second: Second) -> Iterable[tuple[Placed, bool]]:
        """The seconds that are decided by this one, each with whether it was available."""
        self.waiting.append(Placed(at_s, second))
        turning = second.severe == self.available
        if turning and len(self.waiting) < CONSECUTIVE:
            return ()
        if turning:
            self.available = not self.available
        return self.settle()

    def settle(self) -> Iterable[tuple[Placed, bool]]:
        """Decide those that wait: the row is broken, by another second or by one that nobody saw."""
        decided = [(placed, self.available) for placed in self.waiting]
        self.waiting = []
        return decided

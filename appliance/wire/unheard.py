# SPDX-License-Identifier: GPL-2.0-only
"""Ends of legs of which no controller may have heard: they stand in the worker's snapshot until one has attached.

What was said to a controller that died shortly after may lie unread, or its answer to it unwritten.
"""

import time
from collections import deque
from collections.abc import Callable

from appliance.wire.legs import Leg

HEARD_S = 5.0
"""A controller that lives so much longer has heard it, and kept what came of it."""


class Unheard:
    """Of one worker. `legs` are for its snapshot."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._legs: dict[str, Leg] = {}
        self._said: deque[tuple[float, Leg]] = deque()

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Oldest first."""
        return tuple(self._legs.values())

    def ended(self, leg: Leg, *, controlled: bool) -> None:
        """A leg as it was when it ended, and whether somebody was told."""
        if not controlled:
            self._legs[leg.leg] = leg
            return
        now_s = self._clock_s()
        self._said.append((now_s, leg))
        while self._said[0][0] < now_s - HEARD_S:
            self._said.popleft()

    def controller(self, *, attached: bool) -> None:
        """One has had the snapshot, or the last one is gone."""
        if not attached:
            since_s = self._clock_s() - HEARD_S
            self._legs |= {leg.leg: leg for at_s, leg in self._said if at_s >= since_s}
        else:
            self._legs.clear()
        self._said.clear()

# SPDX-License-Identifier: GPL-2.0-only
"""How late a question is read, so that none is decided of which the branch has had its own default.

No clock of a branch is ours. But its steady clock runs as ours does, so of what it says the quickest was under way for
as long as must be, and another is late by what it took more. Clocks drift apart, by 50 µs a second at most: only the
quickest of the last WINDOW_NS counts. Where all of them were slow nobody is taken for late.
"""

import time
from collections.abc import Callable

from appliance.wire.envelope import Envelope

WINDOW_NS = 60_000_000_000


class _Quickest:
    """Of one life of a process, in this window and the one before: our clock less its own, in ns."""

    def __init__(self, incarnation: str, since_ns: int, ahead_ns: int) -> None:
        self.incarnation, self.since_ns = incarnation, since_ns
        self.now_ns = self.before_ns = ahead_ns


class Lateness:
    """Of what all boxes say; `clock` is steady, in ns."""

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._quickest: dict[tuple[str, str], _Quickest] = {}

    def ms(self, envelope: Envelope) -> float:
        """Since it was sealed, less what the way takes."""
        now_ns = self._clock()
        ahead_ns, source = now_ns - envelope.mono_ns, (envelope.box, envelope.process)
        one = self._quickest.get(source)
        if one is None or one.incarnation != envelope.incarnation:
            self._quickest[source] = one = _Quickest(envelope.incarnation, now_ns, ahead_ns)
        if now_ns - one.since_ns > WINDOW_NS:
            one.since_ns, one.before_ns, one.now_ns = now_ns, one.now_ns, ahead_ns
        one.now_ns = min(one.now_ns, ahead_ns)
        return (ahead_ns - min(one.now_ns, one.before_ns)) / 1e6

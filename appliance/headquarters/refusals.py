# SPDX-License-Identifier: GPL-2.0-only
"""What cannot be read or done is counted, and said so a few times a second for each box: a flood fills no disk."""

import time
from collections import Counter
from collections.abc import Callable

import structlog

from appliance.headquarters.gateway import Rate

A_SECOND = 10
"""Sentences of one box, and as many at once."""
BOXES = 1_000
"""Whoever calls themselves by more names than that has the rest of them as one."""

log = structlog.get_logger()


class Refusals:
    """Of one intake; `times` by box."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.times: Counter[str] = Counter()
        self._rate = Rate(clock)

    def unread(self, box: str, subject: str, why: Exception) -> None:
        """The sender's fault."""
        if (times := self._count(box)) is not None:
            log.warning("intake.message.refused", subject=subject, error=str(why)[:500], times=times)

    def failed(self, box: str, subject: str, why: Exception) -> None:
        """Ours: it could be read, and nothing has come of it."""
        if (times := self._count(box)) is not None:
            log.error("intake.message.failed", subject=subject, error=repr(why)[:500], times=times, exc_info=why)

    def _count(self, box: str) -> int | None:
        """How many there were, where it is time to say so."""
        box = box if box in self.times or len(self.times) < BOXES else "others"
        self.times[box] += 1
        return self.times[box] if self._rate.take(box, A_SECOND) else None

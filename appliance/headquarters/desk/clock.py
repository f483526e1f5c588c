# SPDX-License-Identifier: GPL-2.0-only
"""The router's clock: UTC when it began, steady since, and never back.

Timers run by it, so a clock on the wall that is set, by hand or by NTP, moves none of them. Where the two are apart
the router's goes SLEW faster or slower until they agree: a wait of 20 s takes 19 to 21 s meanwhile, an hour is made
good in 20. On the same boot the next life goes on by the same clock, whatever the wall says by then; after another
boot there is only the wall's. One that leaps ahead by more than LEAP_NS was never set before, and is taken over.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import structlog

SLEW = 20
"""One part in so many."""
APART_NS = 1_000_000_000
AGREE_NS = 50_000_000
LEAP_NS = 30 * 86_400 * 10**9
BOOT = Path("/proc/sys/kernel/random/boot_id")

log = structlog.get_logger()


class Clock:
    """`ahead_ns`: how far before the steady clock it begins, None: by the wall; after `last_ns` in any case."""

    def __init__(
        self,
        last_ns: int,
        ahead_ns: int | None,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._way = 0  # faster, slower
        self._follows = False
        self._stepped_ns = wall() - steady()
        self._put(max(wall() if ahead_ns is None else steady() + ahead_ns, last_ns + 1))

    def now_ns(self) -> int:
        """The router's time."""
        passed_ns = self._steady() - self._since_ns
        return self._began_ns + passed_ns + self._way * passed_ns // SLEW

    @property
    def ahead_ns(self) -> int:
        """Of the steady clock, now."""
        return self.now_ns() - self._steady()

    def follow(self, now_ns: int, last_ns: int) -> None:
        """It is so late by another router, whose clock counts from now on."""
        self._follows, self._way = True, 0
        self._put(max(now_ns, last_ns + 1))

    def look(self) -> None:
        """At the wall; to be called a few times a second."""
        stepped_ns = self._wall() - self._steady()
        if abs(stepped_ns - self._stepped_ns) > APART_NS:
            by_s = f"{(stepped_ns - self._stepped_ns) / 1e9:+.0f}"
            log.warning("router.clock.stepped", by_s=by_s, sentence="the wall clock was set; waits and time-outs go on")
        self._stepped_ns = stepped_ns
        apart_ns = self._wall() - self.now_ns()
        if apart_ns > LEAP_NS and not self._follows:
            log.warning(
                "router.clock.set", sentence="the wall clock was set for the first time, its time is taken over"
            )
            self._put(self._wall())
            apart_ns = 0
        way = self._wanted(apart_ns)
        if way == self._way or self._follows:
            return
        self._put(self.now_ns())
        self._way = way
        log.info("router.clock.slewed", way=("slower", "agrees", "faster")[way + 1])

    def _wanted(self, apart_ns: int) -> int:
        near_ns = AGREE_NS if self._way else APART_NS
        return 0 if abs(apart_ns) < near_ns else 1 if apart_ns > 0 else -1

    def _put(self, now_ns: int) -> None:
        self._began_ns, self._since_ns = now_ns, self._steady()


def keep(path: Path, ahead_ns: int) -> None:
    """For the next life on this boot. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"boot": BOOT.read_text().strip(), "ahead_ns": ahead_ns}))
    new.replace(path)


def kept(path: Path) -> int | None:
    """As the last life of this boot has kept it."""
    try:
        told = json.loads(path.read_text())
        return int(told["ahead_ns"]) if told["boot"] == BOOT.read_text().strip() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None

# SPDX-License-Identifier: GPL-2.0-only
"""What a contact would have done where the recording cannot say: drawn from what others did on the same day.

    survival = Survival([(5, True), (9, False), (12, True)])     # waited, and whether that was given up
    survival.beyond(9, 0.5)                                      # a patience that has already lasted 9
    drawn(talks, "c17", "talk")                                  # always the same one for this contact

A draw is keyed by the contact and what is drawn, so it depends on nothing else that happens. Who was answered, or is
still there, had more patience than was seen: the waits are censored, and patience is Kaplan and Meier's estimate.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeVar

T = TypeVar("T")
WHOLE = 2**64


def share(*key: object) -> float:
    """From 0 up to but not including 1, evenly spread over keys."""
    text = "/".join(map(str, key)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / WHOLE


def drawn(pool: Sequence[T], *key: object) -> T:
    """One of a pool that is not empty."""
    return pool[int(share(*key) * len(pool))]


class Survival:
    """How many have patience for longer than a time."""

    def __init__(self, waits: Iterable[tuple[int, bool]]) -> None:
        """(wait, given up); one that was not given up is censored."""
        rows = sorted(waits)
        left, alive = len(rows), 1.0
        self._times: list[int] = []
        self._alive: list[float] = []
        for wait, same in groupby(rows, key=lambda row: row[0]):
            ends = [given_up for _, given_up in same]
            if any(ends):
                alive *= 1 - sum(ends) / left
                self._times.append(wait)
                self._alive.append(alive)
            left -= len(ends)

    def __bool__(self) -> bool:
        """Whether anybody has given up."""
        return bool(self._times)

    def alive(self, wait: int) -> float:
        """The share that has patience beyond it."""
        at = bisect_right(self._times, wait)
        return self._alive[at - 1] if at else 1.0

    def beyond(self, wait: int, chance: float) -> int | None:
        """The patience of one who has waited so long, at that share from the longest; None: longer than any seen."""
        wanted = chance * self.alive(wait)
        at = bisect_left(self._alive, -wanted, key=lambda alive: -alive)
        at = max(at, bisect_right(self._times, wait))
        return self._times[at] if at < len(self._times) else None

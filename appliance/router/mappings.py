# SPDX-License-Identifier: GPL-2.0-only
"""Mappings and sorted rows that are replaced, never changed: each of these gives a new one.

A row is a sorted tuple: a change copies one, which takes less than looking through all of them. A small mapping is
copied as a whole, of a large one there are versions: to copy 10,000 entries takes 35 µs.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from typing import TypeVar

from appliance.router.state import Pool
from appliance.router.versions import Version

LARGE = 500

K = TypeVar("K")
V = TypeVar("V")
QueuedRow = tuple[int, int, int, str]
Row = TypeVar("Row", tuple[int, str], tuple[int, str, str], QueuedRow, str)


def with_one(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """Where that one is so."""
    if isinstance(mapping, Version):
        return mapping.with_one(key, value)
    after = copied(mapping)
    after[key] = value
    return after if len(after) < LARGE else Version(after)


def without(mapping: Mapping[K, V], key: K) -> Mapping[K, V]:
    """Where that one is not, if it was; one without entries is a dict, as where there never were any."""
    if isinstance(mapping, Version):
        return mapping.without(key) or {}
    after = copied(mapping)
    after.pop(key, None)
    return after if len(after) < LARGE else Version(after)


def copied(mapping: Mapping[K, V]) -> dict[K, V]:
    """Of one from which something was taken dict() takes five times as long as its own copy."""
    if isinstance(mapping, Version):
        return mapping.copied()
    return mapping.copy() if isinstance(mapping, dict) else dict(mapping)


def sorted_in(rows: tuple[Row, ...], was: Row | None, now: Row | None) -> tuple[Row, ...]:
    """The rows without `was` and with `now`."""
    after = list(rows)
    if was is not None:
        at = bisect_left(after, was)
        if after[at : at + 1] != [was]:
            raise AssertionError(f"{was} is not where it should be")
        del after[at]
    if now is not None:
        insort(after, now)
    return tuple(after)


def moved(
    rows: Mapping[K, tuple[Row, ...]], keys: Iterable[K], was: Row | None, now: Row | None
) -> Mapping[K, tuple[Row, ...]]:
    """Under each of these keys without `was` and with `now`; what is empty then is left out."""
    if was is None and now is None:
        return rows
    after = copied(rows)
    for key in keys:
        row = sorted_in(after.get(key, ()), was, now)
        if row:
            after[key] = row
        else:
            after.pop(key, None)
    return after


def moved_in(
    pools: Mapping[Pool, Mapping[K, tuple[Row, ...]]], those: Iterable[Pool], key: K, was: Row | None, now: Row | None
) -> Mapping[Pool, Mapping[K, tuple[Row, ...]]]:
    """So in each of those, under that key."""
    after = copied(pools)
    for pool in those:
        rows = moved(after.get(pool, {}), (key,), was, now)
        if rows:
            after[pool] = rows
        else:
            after.pop(pool, None)
    return after

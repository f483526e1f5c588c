# SPDX-License-Identifier: GPL-2.0-only
"""Mappings and sorted rows that are replaced, never changed: each of these gives a new one.

    agents = with_one(agents, "1001", now)
    agents = without(agents, "1001")
    encoded = msgspec.json.encode(agents, enc_hook=whole)

A row is a sorted tuple: a change copies one, which takes less than looking through all of them. So it does a mapping
of less than WIDE entries, which takes 1 µs; of a larger one (10,000 take 30 µs, 60,000 take 250) changes lie in a layer
over it until they are FEW no more. In either the order is that of a dict which was told the same.
"""

from bisect import bisect_left, insort
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Final, TypeVar

from appliance.router.state import Pool

K = TypeVar("K")
V = TypeVar("V")
QueuedRow = tuple[int, int, int, str]
Row = TypeVar("Row", tuple[int, str], tuple[int, str, str], QueuedRow, str)

WIDE = 500
FEW = 50
_GONE: Final = object()


class Layered(Mapping[K, V]):
    """A large mapping, `below`, which others have too, and `over` it what is otherwise; _GONE is what is not there."""

    __slots__ = ("_below", "_length", "_over")

    def __init__(self, below: dict[K, V], over: dict[K, Any], length: int) -> None:
        self._below, self._over, self._length = below, over, length

    def __getitem__(self, key: K) -> V:
        found = self._over.get(key, self)
        if found is _GONE:
            raise KeyError(key)
        value: V = self._below[key] if found is self else found
        return value

    def get(self, key: K, default: Any = None) -> Any:
        """What is there, else `default`."""
        found = self._over.get(key, self)
        if found is self:
            return self._below.get(key, default)
        return default if found is _GONE else found

    def __contains__(self, key: object) -> bool:
        found = self._over.get(key, self)  # type: ignore[arg-type]  # of no other kind is any there
        return key in self._below if found is self else found is not _GONE

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[K]:
        return iter(self.whole())

    def keys(self) -> KeysView[K]:
        """All that are there."""
        return self.whole().keys()

    def values(self) -> ValuesView[V]:
        """In their keys' order."""
        return self.whole().values()

    def items(self) -> ItemsView[K, V]:
        """Each with its key."""
        return self.whole().items()

    def whole(self) -> dict[K, V]:
        """In one layer."""
        after = self._below.copy()
        for key, value in self._over.items():
            if value is _GONE:
                del after[key]
            else:
                after[key] = value
        return after

    def with_one(self, key: K, value: V) -> Mapping[K, V]:
        """Where that one is so."""
        found = self._over.get(key, self)
        if found is _GONE:  # it comes back, behind all others
            return {**self.whole(), key: value}
        over = self._over.copy()
        over[key] = value
        length = self._length + (found is self and key not in self._below)
        after = Layered(self._below, over, length)
        return after if len(over) <= FEW else after.whole()

    def without(self, key: K) -> Mapping[K, V]:
        """Where that one, which is there, is not."""
        over = self._over.copy()
        over.pop(key, None)
        if key in self._below:
            over[key] = _GONE
        after = Layered(self._below, over, self._length - 1)
        return after if len(over) <= FEW else after.whole()


def whole(mapping: object) -> object:
    """For an encoder."""
    return mapping.whole() if isinstance(mapping, Layered) else mapping


def with_one(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """Where that one is so."""
    if not isinstance(mapping, dict):
        return mapping.with_one(key, value) if isinstance(mapping, Layered) else {**mapping, key: value}
    if len(mapping) >= WIDE:
        return Layered(mapping, {key: value}, len(mapping) + (key not in mapping))
    after = mapping.copy()
    after[key] = value
    return after


def without(mapping: Mapping[K, V], key: K) -> Mapping[K, V]:
    """Where that one is not, if it was."""
    if key not in mapping:
        return mapping
    if not isinstance(mapping, dict):
        return mapping.without(key) if isinstance(mapping, Layered) else without(dict(mapping), key)
    if len(mapping) >= WIDE:
        return Layered(mapping, {key: _GONE}, len(mapping) - 1)
    after = mapping.copy()
    del after[key]
    return after


def copied(mapping: Mapping[K, V]) -> dict[K, V]:
    """Of one from which something was taken dict() takes five times as long as its own copy."""
    if isinstance(mapping, dict):  # asked first: of an abstract class it takes ten times as long to tell
        return mapping.copy()
    return mapping.whole() if isinstance(mapping, Layered) else dict(mapping)


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
        rows = copied(after[pool]) if pool in after else {}
        row = sorted_in(rows.get(key, ()), was, now)
        if row:
            rows[key] = row
        else:
            rows.pop(key, None)
        if rows:
            after[pool] = rows
        else:
            after.pop(pool, None)
    return after

# SPDX-License-Identifier: GPL-2.0-only
"""Large mappings of which each change gives a new version, and none is copied for it.

All versions share one dict, which is the newest one's; an older one says what was otherwise and whose change it was
(H. Baker, Shallow binding makes functional arrays fast, 1991). So the newest is read at once and an older one, which
only the event that changed it looks at, by the steps between. After as many changes as there are entries the next
version has a dict of its own: whoever keeps an old one does not keep all that came after.
"""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Generic, TypeVar, cast, overload

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class _Nothing:
    """In the place of a value where there was none."""


_NOTHING = _Nothing()


class Version(Mapping[K, V], Generic[K, V]):
    """One of them, made of a dict that is nobody else's. What it consists of is for versions only."""

    __slots__ = ("changes", "key", "newer", "now", "was")

    def __init__(self, now: dict[K, V], changes: int | None = None) -> None:
        self.now: dict[K, V] | None = now
        self.changes = len(now) if changes is None else changes  # until the next copy
        self.newer: Version[K, V]
        self.key: K
        self.was: V | _Nothing

    def with_one(self, key: K, value: V) -> "Version[K, V]":
        """Where that one is so."""
        now, after = self._given_up(key)
        now[key] = value
        return after

    def without(self, key: K) -> "Version[K, V]":
        """Where that one is not, if it was."""
        now, after = self._given_up(key)
        now.pop(key, None)
        return after

    def copied(self) -> dict[K, V]:
        """As a dict."""
        steps, one = [], self
        while one.now is None:
            steps.append(one)
            one = one.newer
        found = one.now.copy()
        for step in reversed(steps):
            if isinstance(step.was, _Nothing):
                found.pop(step.key, None)
            else:
                found[step.key] = step.was
        return found

    def __getitem__(self, key: K) -> V:
        found = self._found(key)
        if isinstance(found, _Nothing):
            raise KeyError(key)
        return found

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: V | T) -> V | T: ...
    def get(self, key: K, default: V | T | None = None) -> V | T | None:
        """As of a dict."""
        if self.now is not None:
            return self.now.get(key, default)
        found = self._found(key)
        return default if isinstance(found, _Nothing) else found

    def __contains__(self, key: object) -> bool:
        return not isinstance(self._found(key), _Nothing)

    def __len__(self) -> int:
        return len(self.copied() if self.now is None else self.now)

    def __iter__(self) -> Iterator[K]:
        return iter(self.copied())

    def keys(self) -> KeysView[K]:
        """As it is now: a version that is made meanwhile disturbs nobody. So are the other two."""
        return self.copied().keys()

    def values(self) -> ValuesView[V]:  # noqa: D102 - as above
        return self.copied().values()

    def items(self) -> ItemsView[K, V]:  # noqa: D102 - as above
        return self.copied().items()

    def _found(self, key: object) -> V | _Nothing:
        one = self
        while one.now is None:
            if one.key == key:
                return one.was
            one = one.newer
        there = cast("dict[object, V | _Nothing]", one.now)
        return there.get(key, _NOTHING)

    def _given_up(self, key: K) -> tuple[dict[K, V], "Version[K, V]"]:
        """The dict for the next version, which differs at that key, and that version."""
        now = self.now
        if now is None or self.changes <= 0:
            now = self.copied()
            return now, Version(now)
        after = Version(now, self.changes - 1)
        self.now, self.newer, self.key, self.was = None, after, key, now.get(key, _NOTHING)
        return now, after

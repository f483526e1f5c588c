# SPDX-License-Identifier: GPL-2.0-only
"""When a change on the line counts."""

from typing import Generic, TypeVar

V = TypeVar("V")


class Recognition(Generic[V]):
    """A change counts when it has stood for its seconds; `value` is the last that counted, None: none yet."""

    def __init__(self) -> None:
        self.value: V | None = None
        self.due: float | None = None
        self._seen: V | None = None

    def see(self, value: V, now: float, seconds: float) -> None:
        """The line shows this now."""
        if value != self._seen:
            self._seen = value
            self.due = None if value == self.value else now + seconds

    def count(self) -> V | None:
        """The change has stood long enough. Returns the value before."""
        before, self.value, self.due = self.value, self._seen, None
        return before

    def forget(self) -> None:
        """The line is lost, and what it said with it."""
        self.value = self.due = self._seen = None

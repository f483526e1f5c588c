# SPDX-License-Identifier: GPL-2.0-only
"""Is the box's service no worse than it was? What is on trial, a version of the file or of the system, is judged so."""

from collections.abc import Collection, Mapping


class Judge:
    """Of what was good `before`, by a name for people. Seconds are monotonic."""

    def __init__(self, before: Collection[str], now_s: float) -> None:
        self._before = frozenset(before)
        self.worse: tuple[str, ...] = ()
        """What was good and is not. What is not there any more, since nobody wants it, is no worse."""
        self._since_s = now_s

    def look(self, service: Mapping[str, bool], now_s: float) -> float:
        """Seconds for which something has been worse, or nothing has."""
        worse = tuple(name for name, good in service.items() if name in self._before and not good)
        if bool(worse) != bool(self.worse):
            self._since_s = now_s
        self.worse = worse
        return now_s - self._since_s

# SPDX-License-Identifier: GPL-2.0-only
"""Is the box's service no worse than it was? What is on trial, a version of the file or of the system, is judged so."""

import asyncio
import enum
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

import msgspec

KNOWN_S = 80.0
"""How long is waited for what is not known yet: three test calls that are answered late take 75 s."""
LOOK_S = 0.25


class ServiceNow(msgspec.Struct, frozen=True):
    """What of a box's service is `good`, by a name for people; None: it is not known yet. `why` it is not good."""

    good: Mapping[str, bool | None] = {}
    why: Mapping[str, str] = {}

    def of(self, good: bool | None) -> tuple[str, ...]:  # noqa: FBT001 - a value of the mapping, not a switch
        """Names of what is so."""
        return tuple(name for name, so in self.good.items() if so is good)

    def told(self, name: str) -> str:
        """A name, and why it is not good where that is known."""
        return f"{name}: {self.why[name]}" if name in self.why else name


async def known(
    look: Callable[[], Awaitable[ServiceNow]], still: Callable[[], bool] = lambda: True
) -> ServiceNow | None:
    """All that can be known of it within KNOWN_S; None where it is no longer `still` wanted."""
    until_s = time.monotonic() + KNOWN_S
    while (service := await look()).of(None) and time.monotonic() < until_s:
        await asyncio.sleep(LOOK_S)
        if not still():
            return None
    return service


class Verdict(enum.Enum):
    """Of all together."""

    NO_WORSE = "no worse"
    OPEN = "open"
    """Something that was good is not known yet, and nothing is worse."""
    WORSE = "worse"


class Judge:
    """Of what was good `before`, by a name for people. Seconds are monotonic."""

    def __init__(self, before: Collection[str], now_s: float) -> None:
        self._before = frozenset(before)
        self.verdict = Verdict.NO_WORSE
        self.worse: tuple[str, ...] = ()
        """What was good and is not, with why. What is not there any more, since nobody wants it, is no worse."""
        self.open: tuple[str, ...] = ()
        self._since_s = now_s

    def look(self, service: ServiceNow, now_s: float) -> float:
        """Seconds for which the verdict has been so."""
        self.worse = tuple(service.told(name) for name in service.of(good=False) if name in self._before)
        self.open = tuple(name for name in service.of(None) if name in self._before)
        verdict = Verdict.WORSE if self.worse else Verdict.OPEN if self.open else Verdict.NO_WORSE
        if verdict is not self.verdict:
            self.verdict, self._since_s = verdict, now_s
        return now_s - self._since_s

# SPDX-License-Identifier: GPL-2.0-only
"""Which boxes there are, as they told it last: software, what they run, who made it so, since when nobody heard of one.

Changes are gathered for the store; that a box is still there is not written until it is away.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from appliance.headquarters.fleet.push import UNHEARD, Health
from appliance.wire.fleet import BoxNow, ConfigurationReported, WrappingKey

GONE_S = 60.0
"""Three reports that did not come."""
KEPT = ("name", "software", "version", "fingerprint", "author", "comment", "at", "heard_ns", "pushed")
TOLD = ("name", "software", "version", "fingerprint", "author", "comment", "at")


class Box(msgspec.Struct):
    """`heard_s`: by this process's steady clock, None: not by it."""

    box: str
    name: str = ""
    software: str = ""
    version: int | None = None
    fingerprint: str = ""
    author: str = ""
    comment: str = ""
    at: str = ""
    heard_ns: int = 0
    pushed: str = ""
    amiss: tuple[str, ...] = ()
    heard_s: float | None = None
    wrapping: WrappingKey | None = None
    left: bool = True
    """It is written when it was heard last."""

    def drifted(self, own: Iterable[str] = ()) -> bool:
        """Whether it runs neither what it was given, nor `own`, what it is just being given."""
        return self.pushed not in ("", self.fingerprint) and self.fingerprint not in own


class Inventory:
    """Of all boxes; `rows` as they were kept."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self._since_s = time.monotonic()
        self.boxes = {row["box"]: _box(row) for row in rows}

    def reported(self, box: str, told: ConfigurationReported) -> dict[str, Any]:
        """Take it over; what has changed of what is kept."""
        one = self.boxes.get(box)
        new = one is None
        if one is None:
            one = self.boxes[box] = Box(box)
        changed = {name: value for name in TOLD if (value := getattr(told, name)) != getattr(one, name)}
        for name, value in changed.items():
            setattr(one, name, value)
        one.wrapping = told.wrapping
        one.amiss, one.heard_s, one.heard_ns = told.amiss, time.monotonic(), time.time_ns()
        if changed or new or one.left:
            changed["heard_ns"] = one.heard_ns
        one.left = False
        return changed

    def silent(self) -> Iterator[Box]:
        """Those that have gone away since this was asked last."""
        for one in self.boxes.values():
            if not one.left and self.health(one.box).away:
                one.left = True
                yield one

    def health(self, box: str) -> Health:
        """Of one; a box that this process has not heard of yet has the time since its start."""
        one = self.boxes.get(box)
        if one is None:
            return UNHEARD
        silent_s = time.monotonic() - (self._since_s if one.heard_s is None else one.heard_s)
        return Health(silent_s, one.amiss, silent_s > GONE_S)

    def now(self, box: str, group: str, own: Iterable[str]) -> BoxNow:
        """For people."""
        one = self.boxes.get(box) or Box(box)
        kept = {name: getattr(one, name) for name in KEPT}
        return BoxNow(box, group=group, **kept, away=self.health(box).away, amiss=one.amiss, drift=one.drifted(own))


def _box(row: dict[str, Any]) -> Box:
    known = {name: row[name] for name in KEPT if row[name] is not None}
    return Box(row["box"], **known)

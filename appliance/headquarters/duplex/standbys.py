# SPDX-License-Identifier: GPL-2.0-only
"""What the active knows of its standby: whether it is there, follows, and decides the same."""

from collections.abc import Iterator

import msgspec

STANDBY = "duplex.standby"
"""The subject on which a standby tells of itself, twice a second."""
GONE_S = 3.0
LAGS_NS = 3_000_000_000
CODES = ("duplex.no-standby", "duplex.standby-lags", "duplex.standby-differs", "duplex.standby-disk")

ALONE = "no standby follows: if this box fails, branches decide by themselves; start the other headquarters"


class Standby(msgspec.Struct, frozen=True):
    """As it tells of itself: `at_ns` of the last batch it has, `differs` the first entry it decided otherwise, or 0.

    `refused`: what its disk says to the journal, "" where it takes it.
    """

    box: str
    at_ns: int
    differs: int = 0
    refused: str = ""


class Standbys:
    """Of one life. Times are steady seconds of the caller and the router's nanoseconds."""

    def __init__(self, began_s: float) -> None:
        self.told: Standby | None = None
        self._heard_s = began_s

    def heard(self, payload: bytes, now_s: float) -> None:
        """A standby's word. Raises msgspec.DecodeError."""
        self.told = msgspec.json.decode(payload, type=Standby)
        self._heard_s = now_s

    def troubles(self, now_s: float, router_ns: int) -> Iterator[tuple[str, str | None]]:
        """Each alarm's code with its sentence, None where all is well."""
        gone = now_s - self._heard_s > GONE_S
        told = None if gone else self.told
        late = told is not None and router_ns - told.at_ns > LAGS_NS
        lags = f"standby {told.box} lags: taking over, it would have to catch up first" if told and late else None
        differs = f"standby {told.box} decided entry {told.differs} otherwise" if told and told.differs else None
        disk = f"standby {told.box}: {unwritten(told.refused)}" if told and told.refused else None
        yield from zip(CODES, (ALONE if gone else None, lags, differs, disk), strict=True)


def unwritten(refused: str) -> str:
    """What a disk that refuses means for a standby."""
    return f"its disk does not take the router's journal ({refused}); it follows in memory: make room on its data disk"

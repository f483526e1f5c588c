# SPDX-License-Identifier: GPL-2.0-only
"""What lies between two links in a test: frames in virtual time, lost, doubled, out of order or cut off on demand.

Unnumbered frames are left alone: what a second SABME does to a call is a story of its own. Only I frames come late: an
N(R) from the past is an error that re-establishes the data link (Q.921 §5.8.5), and what was on the way is lost.
Some of them do so too; `resets` counts.
"""

import heapq
import itertools
from dataclasses import dataclass
from random import Random

from appliance.signalling.pri.link import Side

DELAY_S = 0.005
SABME = 0x7F
LATE_S = 0.03  # by so much a frame is overtaken


@dataclass(frozen=True, slots=True)
class Trouble:
    """Probabilities that a frame is lost, comes twice, comes late."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0


TROUBLES = {
    "clean": Trouble(),
    "loss": Trouble(lost=0.05),
    "duplication": Trouble(doubled=0.4),
    "reordering": Trouble(late=0.4),
}


class Wire:
    """Both directions. `sent` is every frame with its time and side, lost ones too."""

    def __init__(self, trouble: Trouble, seed: str) -> None:
        self.cut = False
        self.sent: list[tuple[float, Side, bytes]] = []
        self._trouble = trouble
        self._random = Random(seed)  # noqa: S311
        self._number = itertools.count()
        self._under_way: list[tuple[float, int, Side, bytes]] = []

    def carry(self, now: float, side: Side, frame: bytes) -> None:
        """A side sends."""
        self.sent.append((now, side, frame))
        if self.cut:
            return
        trouble = Trouble() if frame[2] & 3 == 3 else self._trouble
        overtaken = not frame[2] & 1 and self._random.random() < trouble.late
        if self._random.random() < trouble.lost:
            return
        for _ in range(2 if self._random.random() < trouble.doubled else 1):
            at = now + DELAY_S * (trouble != Trouble()) + LATE_S * overtaken
            heapq.heappush(self._under_way, (at, next(self._number), side, frame))

    def frames(self) -> list[tuple[Side, bytes]]:
        """Every frame that was sent."""
        return [(side, frame) for _, side, frame in self.sent]

    def resets(self, since: float) -> int:
        """How often the data link was established anew."""
        return sum(at > since and frame[2] == SABME for at, _, frame in self.sent)

    def due(self) -> float | None:
        """When the next frame arrives."""
        return self._under_way[0][0] if self._under_way else None

    def arrived(self, now: float) -> list[tuple[Side, bytes]]:
        """Frames that are there by now, with their senders."""
        there = []
        while self._under_way and self._under_way[0][0] <= now:
            _, _, side, frame = heapq.heappop(self._under_way)
            there.append((side, frame))
        return there

# SPDX-License-Identifier: GPL-2.0-only
"""Spans of DAHDI's kernel drivers on one media engine: the practical standard for E1 and T1 cards."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Literal

import msgspec

from drivers.model import TIMESLOTS, TIMESLOTS_PER_SPAN, DigitalLine, check_clock, check_line
from drivers.spans import EngineSpans

CARD = 3
NO_CHANNEL = 0xFFFF
BEARERS = TIMESLOTS_PER_SPAN - 1

_LAYOUT = struct.Struct(f"<{BEARERS}HBB")  # struct settings in io.c


class DahdiSettings(msgspec.Struct, frozen=True):
    """One span whose channels are open: `SpanChannels`.

    Where they are none, or of a card that is gone, the span is in FAULT until others stand behind their numbers.

    Raises:
        ValueError: a value out of its range.
    """

    descriptors: Mapping[int, int]
    """By timeslot, as the engine's process has them: it inherits them under these numbers."""
    reference: int
    """The timeslot whose blocks are short, and that shows the card's clock."""
    clock: Literal["recovered", "local"] = "recovered"
    """`local` where another card gives this one its clock."""
    jitter_ms: int = 10
    """How late the engine may be before the line hears a gap, and how long sound waits for its turn; 2 to 40."""
    clock_domain: int = 1
    """All spans of a card that are timed by one of them are of one domain."""
    clock_priority: int = 1
    line: DigitalLine = "e1"
    trim_ppm: float = 0.0
    analogue: bool = False
    """Lines, each for itself: what is lost in one is laid out anew in it alone, and silence is a fault of the card."""

    def __post_init__(self) -> None:
        check_line(self.line)
        timeslots = TIMESLOTS[self.line]
        for timeslot, fd in self.descriptors.items():
            if timeslot not in timeslots:
                raise ValueError(f"timeslot {timeslot}: 1 to {timeslots[-1]}")
            if not 0 <= fd < NO_CHANNEL:
                raise ValueError(f"timeslot {timeslot} descriptor {fd}: 0 to {NO_CHANNEL - 1}")
        if self.reference not in self.descriptors:
            raise ValueError(f"reference={self.reference}: a timeslot with a descriptor")
        if not 2 <= self.jitter_ms <= 40:
            raise ValueError(f"jitter_ms={self.jitter_ms}: 2 to 40")
        check_clock(self.trim_ppm, self.clock_domain, self.clock_priority)

    @property
    def card(self) -> int:
        """Number of this card family in the engine."""
        return CARD

    @property
    def clock_recovered(self) -> bool:
        """The engine's clock may follow this span's."""
        return self.clock == "recovered"

    def encode(self) -> bytes:
        """Settings as `io.c` reads them."""
        descriptors = (self.descriptors.get(timeslot, NO_CHANNEL) for timeslot in range(1, BEARERS + 1))
        return _LAYOUT.pack(*descriptors, self.reference | self.analogue << 7, self.jitter_ms)


class DahdiDriver(EngineSpans[DahdiSettings]):
    """Spans of DAHDI on one media engine."""

    card = "dahdi"

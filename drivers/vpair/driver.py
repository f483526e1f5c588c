# SPDX-License-Identifier: GPL-2.0-only
"""Two spans of one engine joined by a crossed cable in memory: the fake that is a driver.

For tests and for trunks between two groups of one box. Sound passes octet for octet, 5 ms later; the clock is the
engine's own.
"""

from __future__ import annotations

import msgspec

from drivers.model import SPANS
from drivers.spans import EngineSpans

CARD = 2


class VpairSettings(msgspec.Struct, frozen=True):
    """One end of the pair.

    Raises:
        ValueError: a value out of its range.
    """

    partner: int
    """Number of the span at the other end, which must name this one."""
    trim_ppm: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.partner < SPANS:
            raise ValueError(f"partner={self.partner}: 0 to {SPANS - 1}")
        if not -200 <= self.trim_ppm <= 200:
            raise ValueError(f"trim_ppm={self.trim_ppm}: -200 to 200")

    @property
    def card(self) -> int:
        """Number of this card family in the engine."""
        return CARD

    @property
    def clock_recovered(self) -> bool:
        """There is no clock to recover."""
        return False

    def encode(self) -> bytes:
        """Settings as `io.c` reads them."""
        return bytes([self.partner])


class VpairDriver(EngineSpans[VpairSettings]):
    """Pairs of spans on one media engine."""

    card = "vpair"

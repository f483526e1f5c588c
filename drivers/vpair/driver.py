# SPDX-License-Identifier: GPL-2.0-only
"""Two spans of one engine joined by a crossed cable in memory: the fake that is a driver.

For tests and for trunks between two groups of one box. Sound passes octet for octet, 5 ms later, with the engine's own
clock; or the cable has a clock of its own, as a line has.
"""

from __future__ import annotations

import struct
from typing import Literal

import msgspec

from drivers.model import SPANS, DigitalLine, check_clock, check_line
from drivers.spans import EngineSpans

CARD = 2
FAR_PPM_MAX = 300
FAULTS = ("none", "clock_stopped", "ais")

_LAYOUT = struct.Struct("<BBBf")  # struct settings in io.c


class VpairSettings(msgspec.Struct, frozen=True):
    """One end of the pair.

    Raises:
        ValueError: a value out of its range.
    """

    partner: int
    """Number of the span at the other end, which must name this one."""
    clock_domain: int = 1
    clock_priority: int = 1
    trim_ppm: float = 0.0
    far_ppm: float | None = None
    """How far the cable's clock is off the machine's; both ends say the same. None: it has none."""
    fault: Literal["none", "clock_stopped", "ais"] = "none"
    """Of what this end sends."""
    line: DigitalLine = "e1"
    """Both ends' too."""

    def __post_init__(self) -> None:
        if not 0 <= self.partner < SPANS:
            raise ValueError(f"partner={self.partner}: 0 to {SPANS - 1}")
        check_line(self.line)
        check_clock(self.trim_ppm, self.clock_domain, self.clock_priority)
        if self.far_ppm is not None and not -FAR_PPM_MAX <= self.far_ppm <= FAR_PPM_MAX:
            raise ValueError(f"far_ppm={self.far_ppm}: -{FAR_PPM_MAX} to {FAR_PPM_MAX}")
        if self.fault not in FAULTS:
            raise ValueError(f"fault={self.fault}: {', '.join(FAULTS)}")

    @property
    def card(self) -> int:
        """Number of this card family in the engine."""
        return CARD

    @property
    def clock_recovered(self) -> bool:
        """A cable with a clock may lead the engine's."""
        return self.far_ppm is not None

    def encode(self) -> bytes:
        """Settings as `io.c` reads them."""
        clocked = self.far_ppm is not None
        return _LAYOUT.pack(self.partner, clocked, FAULTS.index(self.fault), self.far_ppm or 0.0)


class VpairDriver(EngineSpans[VpairSettings]):
    """Pairs of spans on one media engine."""

    card = "vpair"

# SPDX-License-Identifier: GPL-2.0-only
"""What phones cost the engine: a leg more than it can bear is not taken, because it would make every leg's ticks late.

A leg costs by its codec; what SRTP adds (0.2 µs a packet, dsp/include/srtp.h) is lost in the rounding. Until the codec
is known, the dearest of those that may come is counted. The rest of a tick of 5 ms belongs to the lines.
"""

from collections.abc import Iterable, Sequence

from appliance.media.events import Codec as Coding

COST_US = {
    Coding.PCMA: 3,
    Coding.PCMU: 3,
    Coding.G722: 7,
    Coding.G726_16: 7,
    Coding.G726_24: 7,
    Coding.G726_32: 7,
    Coding.G726_40: 7,
    Coding.OPUS: 26,
}
"""Of a tick, both ways; python -m tests.media.codec_cost measures them, here stands what a loaded machine had."""
LEGS_US = 3000
RELIEVED = 0.9
"""Part of LEGS_US below which calls will not be refused for a while."""


class Load:
    """Costs by port. It has no lock of its own."""

    def __init__(self) -> None:
        self._costs_us: dict[int, int] = {}

    def fitting(self, codings: Iterable[Coding]) -> tuple[Coding, ...]:
        """Those in which one leg more can be borne."""
        left_us = LEGS_US - sum(self._costs_us.values())
        return tuple(coding for coding in codings if COST_US[coding] <= left_us)

    @property
    def relieved(self) -> bool:
        """There is room for some legs of any codec."""
        return sum(self._costs_us.values()) <= RELIEVED * LEGS_US

    def count(self, port: int, codings: Sequence[Coding]) -> None:
        """The port's leg is of one of these."""
        self._costs_us[port] = max(COST_US[coding] for coding in codings)

    def forget(self, port: int) -> None:
        """It has no leg any more."""
        self._costs_us.pop(port, None)

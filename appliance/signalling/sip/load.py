# SPDX-License-Identifier: GPL-2.0-only
"""What phones cost the engine: a leg more than it can bear is not taken, because it would make every leg's ticks late.

Every port may have G.711, which is 770 µs of a tick of 5 ms; what other codecs and shorter packets than of 20 ms cost
above it is counted. Until a leg's codec is known, the dearest of those that may come is: so many phones that ring at
once are offered less, but none is refused. SRTP (0.2 µs a packet, dsp/include/srtp.h) is lost in the rounding. The rest
of the tick belongs to the lines.
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
PACKETS_US = {20: 0, 10: 3, 5: 6}
"""Of a tick, both ways, for packets of so many milliseconds: what codec_cost has, twice, as above."""
ABOVE_US = 2200
"""Of a tick, for all that legs cost above G.711: 96 of Opus and 160 of G.711 were 2360 µs a tick, and none was late."""
RELIEVED = 0.9
"""Part of it below which calls will not be refused for a while."""


def above_us(coding: Coding) -> int:
    """What it costs more than G.711."""
    return COST_US[coding] - COST_US[Coding.PCMA]


class Load:
    """Costs above G.711 by port. It has no lock of its own."""

    def __init__(self) -> None:
        self._above_us: dict[int, int] = {}

    def fitting(self, codings: Iterable[Coding]) -> tuple[Coding, ...]:
        """Those in which one leg more can be borne."""
        left_us = ABOVE_US - sum(self._above_us.values())
        return tuple(coding for coding in codings if above_us(coding) <= max(left_us, 0))

    @property
    def relieved(self) -> bool:
        """There is room for some legs of any codec."""
        return sum(self._above_us.values()) <= RELIEVED * ABOVE_US

    def count(self, port: int, codings: Sequence[Coding], packet_ms: int) -> None:
        """The port's leg is of one of these."""
        self._above_us[port] = max(map(above_us, codings)) + PACKETS_US[packet_ms]

    def forget(self, port: int) -> None:
        """It has no leg any more."""
        self._above_us.pop(port, None)

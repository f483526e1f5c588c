# SPDX-License-Identifier: GPL-2.0-only
"""Codecs as descriptions name them, and the numbers that we give out. Spec: RFC 3551 §6, RFC 7587 §7."""

from collections.abc import Iterable

import msgspec

from appliance.media.events import Codec as Coding

EVENTS = {8000: 101, 48000: 102}
"""Our numbers of telephone events by clock: that of the sound beside them (RFC 4733 §2.1)."""
NOISE = 13
"""Comfort noise at 8 kHz (RFC 3389); Opus has its own."""
NOISE_HZ = 8000


class Named(msgspec.Struct, frozen=True):
    """A codec in a description. `number`: its static one, or the one that we offer."""

    rtpmap: str
    number: int
    clock_hz: int = 8000
    parameters: str = ""
    mapped: bool = True
    """Whether we say the name beside the number, which a static one does not need (RFC 8866 §6.6)."""

    @property
    def static(self) -> bool:
        """Known by its number alone."""
        return self.number < 96

    def is_called(self, name: str) -> bool:
        """Whether that begins with its name, whatever clock it gives it."""
        return name.startswith(self.rtpmap.partition("/")[0] + "/")


NAMED = {
    Coding.PCMA: Named("PCMA/8000", 8),
    Coding.PCMU: Named("PCMU/8000", 0),
    Coding.G722: Named("G722/8000", 9, mapped=False),  # naming.py says why; the clock is RFC 3551's (§4.5.2)
    Coding.OPUS: Named("opus/48000/2", 107, 48000, "maxplaybackrate=8000;sprop-maxcapturerate=8000;useinbandfec=1"),
    Coding.G726_32: Named("G726-32/8000", 103),
}


def of_names(names: Iterable[str]) -> tuple[Coding, ...]:
    """By the names of the configuration: PCMA, G726-32, … Raises KeyError."""
    return tuple(Coding[name.replace("-", "_")] for name in names)

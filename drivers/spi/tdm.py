# SPDX-License-Identifier: GPL-2.0-only
"""A TDM highway as an ALSA PCM device, a framer's or of analogue lines: settings of its part in the engine (`io.c`)."""

from __future__ import annotations

import struct

import msgspec

from drivers.model import DigitalLine, check_clock

CARD = 4

_LAYOUT = struct.Struct("<5B")  # struct settings in io.c


class TdmSettings(msgspec.Struct, frozen=True):
    """A PCM device that captures and plays channels of 32 bits (S32_LE) at 8 kHz.

    Raises:
        ValueError: a value out of its range.
    """

    sound_card: int
    """Of /dev/snd/pcmC…: 0 to 31."""
    device: int = 0
    """Of /dev/snd/pcmC…D…: 0 to 31."""
    wait_ms: int = 12
    """How long a frame waits before it is taken, and one to be sent before it goes: a tick, the steps in which the
    hardware tells how far it is, and what the machine may be late; 10 to 60."""
    channels: int = 8
    """Of the device, four timeslots each; 1 to 8, an E1 has 8."""
    analogue: bool = False
    """Of lines: the first timeslot is 1, and silence is a fault of the card."""
    clock_domain: int = 1
    clock_priority: int = 1
    trim_ppm: float = 0.0

    def __post_init__(self) -> None:
        if not 10 <= self.wait_ms <= 60:
            raise ValueError(f"wait_ms={self.wait_ms}: 10 to 60")
        if not 1 <= self.channels <= 8:
            raise ValueError(f"channels={self.channels}: 1 to 8")
        check_clock(self.trim_ppm, self.clock_domain, self.clock_priority)
        for name, value in (("sound_card", self.sound_card), ("device", self.device)):
            if not 0 <= value <= 31:
                raise ValueError(f"{name}={value}: 0 to 31")

    @property
    def card(self) -> int:
        """Number of this card family in the engine."""
        return CARD

    @property
    def line(self) -> DigitalLine:
        """A highway of 32 timeslots."""
        return "e1"

    @property
    def clock_recovered(self) -> bool:
        """The device has its clock from the framer, which has the line's, or is the lines' own."""
        return True

    def encode(self) -> bytes:
        """Settings as `io.c` reads them."""
        return _LAYOUT.pack(self.sound_card, self.device, self.wait_ms, self.channels, self.analogue)

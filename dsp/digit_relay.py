# SPDX-License-Identifier: GPL-2.0-only
"""One digit for every key, however it is told. Law and figures: dsp/include/digit_relay.h."""

import msgspec

from dsp._core import ffi, lib
from dsp.state import new_state

SOURCES = ("tone", "event", "info")


class DigitChange(msgspec.Struct, frozen=True):
    """A digit has begun or ended."""

    digit: str
    on: bool
    source: str
    duration_ms: int = 0


class DigitRelay:
    """Tones, telephone events and SIP INFO in, digits out."""

    def __init__(self) -> None:
        self._memory, self._relay = new_state("digit_relay")
        lib.bl_digit_relay_init(self._relay)

    def early(self, *, on: bool) -> None:
        """The detector's early flag of this tick."""
        lib.bl_digit_relay_early(self._relay, on)

    def tone(self, digit: str, *, on: bool) -> None:
        """A tone has begun or ended."""
        lib.bl_digit_relay_inband(self._relay, digit.encode(), on)

    def event(self, digit: str, timestamp: int, duration: int = 0, *, on: bool) -> None:
        """A telephone event has begun or ended."""
        lib.bl_digit_relay_event(self._relay, digit.encode(), on, timestamp & 0xFFFFFFFF, duration)

    def info(self, digit: str, duration_ms: int = 0) -> None:
        """A SIP INFO has told a digit."""
        lib.bl_digit_relay_info(self._relay, digit.encode(), duration_ms)

    def tick(self) -> list[DigitChange]:
        """5 ms are over: what has changed."""
        lib.bl_digit_relay_tick(self._relay)
        change, told = ffi.new("struct bl_digit_change *"), []
        while lib.bl_digit_relay_next(self._relay, change):
            digit = bytes(change.digit).decode("latin-1")
            told.append(DigitChange(digit, bool(change.on), SOURCES[change.source], change.duration_ms))
        return told

    def muted(self, play: int) -> bool:
        """The sound of this tick, from this RTP timestamp on, is to be silenced."""
        return bool(lib.bl_digit_relay_muted(self._relay, play & 0xFFFFFFFF))

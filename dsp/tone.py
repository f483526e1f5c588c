# SPDX-License-Identifier: GPL-2.0-only
"""Call progress tones. Spec: E.180; the zones are in dsp/tables/tone_zones.toml."""

from array import array
from collections.abc import Sequence
from enum import IntEnum

import msgspec

from dsp._core import ffi, lib
from dsp.state import check, new_state


class Kind(IntEnum):
    """Tones that every zone has."""

    DIAL = 0
    RINGBACK = 1
    BUSY = 2
    CONGESTION = 3
    UNOBTAINABLE = 4
    WAITING = 5
    INFORMATION = 6


class Step(msgspec.Struct, frozen=True):
    """One step of a cadence: up to two frequencies (0: none), level of each, length at 8 kHz (0: for ever).

    `am_hz` modulates the sum by `am_percent`; `turned`: it goes on from the step before, turned by half.
    """

    hz: tuple[int, int]
    level_dbm0: float
    samples: int
    am_hz: int = 0
    am_percent: int = 0
    turned: bool = False


class ToneGenerator:
    """Silence until a tone is started; A-law or linear sound out."""

    def __init__(self) -> None:
        self._memory, self._tone = new_state("tone")
        check(lib.bl_tone_init(self._tone), "tone: not initialised")

    @property
    def active(self) -> bool:
        """A tone plays, pauses of its cadence included."""
        return bool(lib.bl_tone_active(self._tone))

    def start(self, zone: str, kind: Kind) -> None:
        """Play a zone's tone for ever, from its beginning. Raises: ValueError when there is no such zone."""
        index = check(lib.bl_tone_zone(zone.encode()), f"tone: no zone {zone!r}")
        check(lib.bl_tone_start(self._tone, index, kind), f"tone: zone {zone} has no tone {kind}")

    def play(self, steps: Sequence[Step], rounds: int = 0) -> None:
        """Play own steps, `rounds` times or for ever (0). Raises: ValueError on what C would not play."""
        cells = ffi.new("struct bl_tone_step[]", [msgspec.structs.astuple(step) for step in steps])
        code = lib.bl_tone_play(self._tone, cells, len(steps), rounds)
        check(code, "tone: 1 to 12 steps, below 4000 Hz, -100 to 0 dBm0, modulated by at most 200 Hz and 100 %")

    def stop(self) -> None:
        """Silence from the next sample on."""
        lib.bl_tone_stop(self._tone)

    def process(self, n: int) -> "array[int]":
        """The next n linear samples."""
        sound = array("h", bytes(2 * n))
        lib.bl_tone_process(self._tone, ffi.from_buffer("int16_t[]", sound), n)
        return sound

    def process_alaw(self, n: int) -> bytes:
        """The next n A-law codes."""
        codes = bytearray(n)
        lib.bl_tone_process_alaw(self._tone, ffi.from_buffer("uint8_t[]", codes), n)
        return bytes(codes)

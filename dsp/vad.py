# SPDX-License-Identifier: GPL-2.0-only
"""Voice activity. What it does is told in dsp/include/vad.h."""

from dsp._core import lib
from dsp.measure import TICK, measures
from dsp.state import Samples, check, configure, new_state

FRAME = int(lib.BL_VAD_FRAME)
HANGOVER_MS = int(lib.BL_VAD_HANGOVER_MS)


class Vad:
    """Linear sound in, a flag for every 5 ms out: that of the last whole 20 ms."""

    def __init__(self, hangover_ms: int = HANGOVER_MS, margin_db: float = 0.0) -> None:
        """Raises: ValueError when the hangover is not 0 to 2000 ms or the margin not -6 to 12 dB."""
        self._memory, self._vad = new_state("vad")
        code = lib.bl_vad_init(self._vad, configure("vad", hangover_ms=hangover_ms, margin_db=margin_db))
        check(code, f"vad: hangover {hangover_ms} ms (0 to 2000), margin {margin_db} dB (-6 to 12)")

    def process(self, linear: Samples) -> list[bool]:
        """One flag for each whole tick of 40 samples; a rest is not heard."""
        seen = measures(linear)
        return [bool(lib.bl_vad_process(self._vad, seen + tick)) for tick in range(len(seen))]

    def frames(self, linear: Samples) -> list[bool]:
        """One flag for each whole frame of 160 samples, when frames begin where the sound does."""
        per_frame = FRAME // TICK
        return self.process(linear)[per_frame - 1 :: per_frame]

    def reset(self) -> None:
        """Forget all."""
        lib.bl_vad_reset(self._vad)

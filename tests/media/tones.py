# SPDX-License-Identifier: GPL-2.0-only
"""A tone as a judge of a path: what its level, its phase and its rest say of slips, clicks and clocks."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from tests.sound import alaw

RATE = 8000
BLOCK = 160
"""20 ms: short enough that a clock 300 ppm off is still a sine."""


class Tone(msgspec.Struct, frozen=True):
    """A tone heard, block by block."""

    level_db: npt.NDArray[np.float64]
    """Against what was said."""
    delay_ms: npt.NDArray[np.float64]
    """How the delay moved since the first block, from the phase."""
    rest_db: npt.NDArray[np.float64]
    """What is no such sine, against what is."""

    @property
    def pace_ppm(self) -> float:
        """The fastest that the delay moved from one block to the next."""
        return float(np.abs(np.diff(self.delay_ms)).max() / (1000 * BLOCK / RATE) * 1e6)


def sine(hz: float, samples: int, peak: float = 8000.0) -> bytes:
    """A-law."""
    return alaw.encode(np.rint(peak * np.sin(2 * np.pi * hz / RATE * np.arange(samples))).astype(np.int16))


def judge(octets: bytes, hz: float, peak: float = 8000.0) -> Tone:
    """Fit a sine of that frequency to every block of what was heard."""
    heard = alaw.decode(octets).astype(float)
    blocks = heard[: len(heard) // BLOCK * BLOCK].reshape(-1, BLOCK)
    angle = 2 * np.pi * hz / RATE * np.arange(blocks.size).reshape(blocks.shape)
    base = np.stack([np.cos(angle), np.sin(angle)], axis=2)
    fit = np.linalg.solve(base.swapaxes(1, 2) @ base, base.swapaxes(1, 2) @ blocks[..., None])
    rest = (blocks[..., None] - base @ fit)[..., 0]
    x, y = fit[:, 0, 0], fit[:, 1, 0]
    level = np.hypot(x, y)
    phase = np.unwrap(np.arctan2(x, y))
    return Tone(
        level_db=20 * np.log10(level / peak + 1e-9),
        delay_ms=-(phase - phase[0]) / (2 * np.pi * hz) * 1000,
        rest_db=10 * np.log10((np.mean(rest**2, axis=1) + 1e-9) / (level**2 / 2 + 1e-9)),
    )

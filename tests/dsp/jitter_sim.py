# SPDX-License-Identifier: GPL-2.0-only
"""A talker for jitter_sim.c, and its figures."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.dsp.simulator import FOLDER, figures

KINDS = {"alone": 0, "queue": 1, "exponential": 2, "spikes": 3}
SOURCE_S = 30


def voiced() -> NDArray[np.int16]:
    """Half a minute that loops: a voice of 90 to 240 Hz with pauses, hardly anything above 1 kHz."""
    n = SOURCE_S * 8000
    t = np.arange(n) / 8000
    hz = 160 + 70 * np.sin(2 * np.pi * t / 6) + 5 * np.sin(2 * np.pi * 4 * t)
    phase = 2 * np.pi * np.cumsum(hz) / 8000
    phase *= np.round(phase[-1] / (2 * np.pi)) * 2 * np.pi / phase[-1]
    voice = sum((np.sin(k * phase + k) / k * np.clip((900 - k * hz) / 100, 0, 1) for k in range(1, 10)), np.zeros(n))
    envelope = np.clip(0.7 + np.sin(2 * np.pi * t / 5) + 0.4 * np.sin(2 * np.pi * 3 * t), 0, 1.6)
    noise = np.fft.irfft(
        np.fft.rfft(np.random.default_rng(1).normal(size=n)) * (np.arange(n // 2 + 1) < 900 * SOURCE_S)
    )
    return np.round(voice * envelope * 5000 + noise * 30).astype(np.int16)


@cache
def source() -> Path:
    """The voice in a file, made once a process."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / "voiced.raw"
    path.write_bytes(voiced().tobytes())
    return path


def simulate(
    kind: str = "alone", heard: Path | None = None, sound: Path | None = None, **values: float
) -> dict[str, float]:
    """Figures of one call; `heard` gets what came out, linear. Keys and values: jitter_sim.c."""
    return figures("jitter_sim", sound or source(), heard or "-", kind=KINDS[kind], **values)

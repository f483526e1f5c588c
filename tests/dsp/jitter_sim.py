# SPDX-License-Identifier: GPL-2.0-only
"""Builds jitter_sim.c and runs it: hours of a call in seconds."""

import subprocess
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.build_ffi import CC, ROOT, STRICT, compile_program, sources
from rootfs.setup.paths import BUILD

FOLDER = BUILD / "jitter"
KINDS = {"alone": 0, "queue": 1, "exponential": 2, "spikes": 3}
SOURCE_S = 60


def voiced() -> NDArray[np.int16]:
    """A minute that loops: a voice of 90 to 240 Hz without anything above 1 kHz, with pauses, each of its own noise."""
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
def program() -> Path:
    """The simulator, built once a process. Raises subprocess.CalledProcessError when the compiler refuses."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "voiced.raw").write_bytes(voiced().tobytes())
    blocks = [path for path in sources() if path.parent.name in {"src", "vector"}]
    made = FOLDER / "sim"
    compile_program(CC, [*STRICT, "-O2"], [ROOT / "tests" / "dsp" / "jitter_sim.c", *blocks], made)
    return made


def simulate(
    kind: str = "alone", heard: Path | None = None, source: Path | None = None, **values: float
) -> dict[str, float]:
    """Figures of one call; `heard` gets what came out, linear. Keys and values: jitter_sim.c."""
    arguments = [f"{name}={value}" for name, value in {"kind": KINDS[kind], **values}.items()]
    command = [program(), source or FOLDER / "voiced.raw", heard or "-", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name: float(value) for name, value in (line.split() for line in ran.stdout.splitlines())}

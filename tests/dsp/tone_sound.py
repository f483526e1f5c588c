# SPDX-License-Identifier: GPL-2.0-only
"""Sound for the tone receivers, by numpy and through an A-law line."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from dsp.bank import Bank, Heard, Kind
from dsp.g711 import alaw_decode, alaw_encode
from dsp.tools.tone_zones import parsed

RATE_HZ = 8000
PEAK_0_DBM0 = 32768 * 10 ** (-3.14 / 20)  # G.711: full-scale sine is +3.14 dBm0
MF_HZ = (700, 900, 1100, 1300, 1500, 1700)
FORWARD_HZ = (1380, 1500, 1620, 1740, 1860, 1980)
BACKWARD_HZ = (1140, 1020, 900, 780, 660, 540)
PAIRS = [(low, high) for high in range(6) for low in range(high)]

Sound = npt.NDArray[np.float64]


def sine(hz: float, level_dbm0: float, ms: float, phase: float = 0.0) -> Sound:
    at = np.arange(round(ms * RATE_HZ / 1000))
    return PEAK_0_DBM0 * 10 ** (level_dbm0 / 20) * np.sin(2 * np.pi * hz * at / RATE_HZ + phase)


def silence(ms: float) -> Sound:
    return np.zeros(round(ms * RATE_HZ / 1000))


def answer(
    ms: float,
    *,
    hz: float = 2100,
    level_dbm0: float = -12,
    every_ms: float = 0,
    turn_degrees: float = 180,
    am_hz: float = 15,
    depth: float = 0,
) -> Sound:
    """ANS, turned every so often, modulated."""
    at = np.arange(round(ms * RATE_HZ / 1000)) / RATE_HZ
    turns = np.floor(at * 1000 / every_ms) * np.radians(turn_degrees) if every_ms else np.zeros(len(at))
    envelope = 1 + depth * np.sin(2 * np.pi * am_hz * at)
    return envelope * np.sin(2 * np.pi * hz * at + turns) * np.abs(sine(0, level_dbm0, 0.125, np.pi / 2))


def flags(ms: float, level_dbm0: float = -12, hz: tuple[float, float] = (1650, 1850), bits: str = "01111110") -> Sound:
    """Bits at 300 bit/s, again and again; hz of 1 and of 0."""
    at = np.arange(round(ms * RATE_HZ / 1000))
    which = np.array([hz[0] if bit == "1" else hz[1] for bit in bits])
    turns = np.cumsum(which[(at * 300 // RATE_HZ) % len(bits)]) / RATE_HZ
    return np.sin(2 * np.pi * turns) * np.abs(sine(0, level_dbm0, 0.125, np.pi / 2))


def noise(level_dbm0: float, ms: float, seed: int = 1) -> Sound:
    """White noise of 4 kHz."""
    sigma = PEAK_0_DBM0 / np.sqrt(2) * 10 ** (level_dbm0 / 20)
    return np.random.default_rng(seed).normal(0, sigma, round(ms * RATE_HZ / 1000))


def linear(sound: Sound) -> bytes:
    """The samples as they are."""
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16).tobytes()


def line(sound: Sound) -> bytes:
    """The samples after one A-law line."""
    return alaw_decode(alaw_encode(linear(sound))).tobytes()


def heard(wants: Iterable[Kind], *parts: Sound, bank: Bank | None = None) -> list[Heard]:
    """Events of these parts one after another, with silence behind them."""
    return (bank or Bank(wants)).process(line(np.concatenate([*parts, silence(200)])))


def cadence(tone: str, ms: float, *, level_dbm0: float = -10.0, off: float = 0.0, drift_hz: float = 0.0) -> Sound:
    """A tone of tone_zones.toml, its level that of each line; off: share by which it is wrong, drifting so often."""
    steps = parsed(tone)[0]
    parts: list[Sound] = []
    while sum(map(len, parts)) < ms * RATE_HZ / 1000:
        for pitch, length in steps:
            at = np.arange(round((length or ms) * RATE_HZ / 1000))
            begin = sum(map(len, parts))
            wrong = off * np.cos(2 * np.pi * drift_hz * (begin + at) / RATE_HZ)
            turns = 2 * np.pi * np.cumsum(1 + wrong) / RATE_HZ
            sound = sum((np.sin(hz * turns) for hz in (pitch.low_hz, pitch.high_hz) if hz), start=np.zeros(len(at)))
            if pitch.am_hz:
                sound *= 1 + np.sin(pitch.am_hz * turns)
            parts.append(PEAK_0_DBM0 * 10 ** (level_dbm0 / 20) * sound)
    return np.concatenate(parts)[: round(ms * RATE_HZ / 1000)]

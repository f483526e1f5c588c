# SPDX-License-Identifier: GPL-2.0-only
"""Sound for the tone receivers, by numpy and through an A-law line."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from dsp.bank import Bank, Heard, Kind
from dsp.g711 import alaw_decode, alaw_encode

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

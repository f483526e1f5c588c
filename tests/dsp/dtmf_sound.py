# SPDX-License-Identifier: GPL-2.0-only
"""DTMF sound as Q.24's tests want it, by numpy and through A-law, and what the receiver made of it."""

import numpy as np
import numpy.typing as npt

from dsp.dtmf import DtmfEvent, DtmfReceiver
from dsp.g711 import alaw_decode, alaw_encode

RATE_HZ = 8000
DIGITS = "123A456B789C*0#D"
LOW_HZ = (697, 770, 852, 941)
HIGH_HZ = (1209, 1336, 1477, 1633)
PEAK_0_DBM0 = 32768 * 10 ** (-3.14 / 20)  # G.711: full-scale sine is +3.14 dBm0

Sound = npt.NDArray[np.float64]


def sine(hz: float, level_dbm0: float, ms: float, phase: float = 0.0) -> Sound:
    at = np.arange(round(ms * RATE_HZ / 1000))
    return PEAK_0_DBM0 * 10 ** (level_dbm0 / 20) * np.sin(2 * np.pi * hz * at / RATE_HZ + phase)


def silence(ms: float) -> Sound:
    return np.zeros(round(ms * RATE_HZ / 1000))


def digit(
    which: str,
    ms: float,
    *,
    low_dbm0: float = -10,
    high_dbm0: float = -10,
    low_off: float = 0.0,
    high_off: float = 0.0,
    phase: tuple[float, float] = (0.0, 0.0),
) -> Sound:
    """One digit; off: share by which a frequency is wrong."""
    row, column = divmod(DIGITS.index(which), 4)
    low = sine(LOW_HZ[row] * (1 + low_off), low_dbm0, ms, phase[0])
    return low + sine(HIGH_HZ[column] * (1 + high_off), high_dbm0, ms, phase[1])


def with_noise(sound: Sound, snr_db: float, seed: int) -> Sound:
    """White noise of 4 kHz, that far below the power of what is not silence."""
    power = np.mean(sound[sound != 0] ** 2) / 10 ** (snr_db / 10)
    return sound + np.random.default_rng(seed).normal(0, np.sqrt(power), len(sound))


def line(sound: Sound) -> bytes:
    """The samples after one A-law line."""
    linear = np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
    return alaw_decode(alaw_encode(linear.tobytes())).tobytes()


def events(*parts: Sound, receiver: DtmfReceiver | None = None) -> list[DtmfEvent]:
    """Events of these parts one after another, with silence behind them."""
    return (receiver or DtmfReceiver()).process(line(np.concatenate([*parts, silence(100)])))


def heard(*parts: Sound, receiver: DtmfReceiver | None = None) -> str:
    """Digits of these parts."""
    return "".join(event.digit for event in events(*parts, receiver=receiver) if event.on)

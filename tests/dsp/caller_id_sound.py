# SPDX-License-Identifier: GPL-2.0-only
"""Caller ID on a line: an FSK modulator by its definition, independent of the product's, and what a line does to it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp.caller_id import Message, Standard
from tests.sound.alaw import ideal_pass

Sound = npt.NDArray[np.float64]
Pcm = npt.NDArray[np.int16]

RATE_HZ = 8000
PEAK_0_DBM0 = 22827.06
TONES_HZ = {Standard.BELL202: (1200.0, 2200.0), Standard.V23: (1300.0, 2100.0), Standard.V23_JP: (1300.0, 2100.0)}
"""Mark and space."""
_ALAW = ideal_pass(np.arange(-32768, 32768).astype(np.int16))


def burst_bits(octets: bytes, seizure: int = 300, mark: int = 180, stop: int = 1, tail: int = 10) -> list[int]:
    """Channel seizure, mark, start-stop characters, mark."""
    bits = [at & 1 for at in range(seizure)] + [1] * mark
    for octet in octets:
        bits += [0, *(octet >> at & 1 for at in range(8)), *[1] * stop]
    return bits + [1] * tail


def modulated(
    bits: list[int], standard: Standard, *, level_dbm0: float = -15.0, pitch: float = 1.0, pace: float = 1.0,
    phase: float = 0.0, lead_ms: int = 30, trail_ms: int = 30,
) -> Sound:  # fmt: skip
    """Continuous-phase FSK with edges between samples; `pitch` and `pace` scale the tones and the bit rate."""
    tones = np.where(np.array(bits), *TONES_HZ[standard]) * pitch
    bit_samples = RATE_HZ / (1200.0 * pace)
    at = np.arange(int(len(bits) * bit_samples)) / bit_samples
    which = np.minimum(at.astype(int), len(bits) - 1)
    turns = np.concatenate([[0.0], np.cumsum(tones)]) * bit_samples / RATE_HZ
    turn = turns[which] + (at - which) * tones[which] * bit_samples / RATE_HZ
    sound = PEAK_0_DBM0 * 10 ** (level_dbm0 / 20) * np.sin(2 * np.pi * turn + phase)
    return np.concatenate([np.zeros(8 * lead_ms), sound, np.zeros(8 * trail_ms)])


@dataclass(frozen=True)
class Line:
    """What lies between exchange and receiver. Levels in dB relative to the message, where they are not dBm0."""

    snr_db: float = 60.0
    """Of white noise from 0 to 4 kHz."""
    twist_db: float = 0.0
    """Space above mark: a tilt, straight in dB over the frequency."""
    loaded: bool = False
    """Loading coils: flat, then 3 dB down at 2800 Hz and steeply on, with the group delay of such a filter."""
    hum_db: float = -90.0
    hum_hz: float = 50.0
    echo_db: float = -90.0
    echo_ms: float = 4.0
    clicks: int = 0
    """In the silence and in the mark before the message, not in its characters."""
    alaw: bool = True

    def passed(self, sound: Sound, random: np.random.Generator, standard: Standard) -> Pcm:
        """The sound at the receiver."""
        power = float(np.mean(sound[sound != 0] ** 2)) if sound.any() else 1.0
        heard = self._filtered(sound, standard)
        if self.echo_db > -60:
            delay = round(8 * self.echo_ms)
            heard[delay:] += 10 ** (self.echo_db / 20) * heard[:-delay]
        scale = np.sqrt(power)
        heard += random.normal(0.0, scale * 10 ** (-self.snr_db / 20), len(heard))
        if self.hum_db > -60:
            turn = 2 * np.pi * self.hum_hz * np.arange(len(heard)) / RATE_HZ
            hum = np.sin(turn + 1) + 0.3 * np.sin(3 * turn) + 0.1 * np.sin(5 * turn)
            heard += np.sqrt(2) * scale * 10 ** (self.hum_db / 20) * hum
        for _ in range(self.clicks):
            heard[random.integers(0, 1600)] += random.choice([-1, 1]) * 12000
        pcm = np.clip(np.round(heard), -32768, 32767).astype(np.int16)
        return _ALAW[pcm.astype(np.int32) + 32768] if self.alaw else pcm

    def _filtered(self, sound: Sound, standard: Standard) -> Sound:
        if not self.twist_db and not self.loaded:
            return sound.copy()
        mark, space = TONES_HZ[standard]
        padded = np.concatenate([sound, np.zeros(256)])
        hz = np.fft.rfftfreq(len(padded), 1 / RATE_HZ)
        gain = 10 ** (np.clip((hz - (mark + space) / 2) / (space - mark), -1.0, 1.0) * self.twist_db / 20)
        spectrum = np.fft.rfft(padded) * gain
        if self.loaded:
            s = 1j * hz / 2800
            spectrum /= (1 + s) * (1 + s + s * s)
        filtered: Sound = np.fft.irfft(spectrum, len(padded))[: len(sound)]
        return filtered


NAMES = ("JOHN Q SMITH", "MARY-ANN O'NEIL", "TAXI", "CALL CENTER LTD, BERLIN", "")


def any_message(random: np.random.Generator) -> Message:
    """A call with a number of 3 to 16 digits or the reason why there is none, mostly with date and name."""
    digits = "".join(map(str, random.integers(0, 10, random.integers(3, 17))))
    absent = bool(random.random() < 0.1)
    month = int(random.integers(0, 13))
    return Message(
        number="" if absent else digits,
        number_absent=str(random.choice(["O", "P"])) if absent else "",
        name=NAMES[random.integers(0, len(NAMES))],
        month=month,
        day=int(random.integers(1, 32)) if month else 0,
        hour=int(random.integers(0, 24)) if month else 0,
        minute=int(random.integers(0, 60)) if month else 0,
    )


def burst(octets: bytes, standard: Standard, random: np.random.Generator, **how: float) -> Sound:
    """A whole burst of any phase, as the standard begins it."""
    ntt = standard is Standard.V23_JP
    bits = burst_bits(octets, seizure=0 if ntt else 300, mark=80 if ntt else 180, stop=4 if ntt else 1)
    phase = random.uniform(0, 2 * np.pi)
    return modulated(bits, standard, phase=phase, lead_ms=int(random.integers(10, 60)), **how)  # type: ignore[arg-type]


def has_doubled_dle(octets: bytes) -> bool:
    """NTT's content holds a DLE, as the length of a number of 16 digits is one."""
    return b"\x10\x10" in bytes(octet & 0x7F for octet in octets)

# SPDX-License-Identifier: GPL-2.0-only
"""The laboratory of G.168: hybrids, signals, levels, and a line with A-law both ways around a canceller.

Law: the far signal is A-law before it reaches hybrid and canceller; echo and near end are added in the analogue line
and coded once more (figure 5/G.168 with codecs). Hybrids are scaled so that white noise has the asked ERL. Signals are
floats on the 16-bit scale until they are coded.
"""

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dsp.echo import BLOCK, EchoCanceller, EchoMode, process_many
from tests.sound.alaw import Linear, ideal_pass, level_dbm0
from tests.sound.speech import speech

Signal = npt.NDArray[np.float64]

RATE = 8000
MODELS = Path(__file__).parent.parent / "vectors" / "g168" / "models.toml"
HYBRIDS = ("d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9")


@functools.cache
def models() -> dict[str, Signal]:
    """The published figures by name."""
    loaded = tomllib.loads(MODELS.read_text(encoding="utf-8"))
    return {name: np.array(values, dtype=float) for name, values in loaded.items()}


def path(hybrid: str, erl_db: float = 10.0, delay_ms: float = 0.0) -> Signal:
    """Impulse response of a hybrid behind a bulk delay."""
    taps = models()[hybrid]
    scaled = taps / np.sqrt(taps @ taps) * 10 ** (-erl_db / 20)
    return np.concatenate([np.zeros(round(delay_ms * RATE / 1000)), scaled])


def at_level(signal: Signal, dbm0: float) -> Signal:
    """The signal with this RMS level."""
    return signal * float(32256 / np.sqrt(2) * 10 ** ((dbm0 - 3.14) / 20) / np.sqrt(np.mean(signal**2)))


def noise(seconds: float, dbm0: float, seed: int = 1) -> Signal:
    """White noise."""
    return at_level(np.random.default_rng(seed).standard_normal(round(RATE * seconds)), dbm0)


def hoth(seconds: float, dbm0: float, seed: int = 2) -> Signal:
    """Room noise: falling 5 dB an octave (near figure of P.800's Hoth spectrum)."""
    n = round(RATE * seconds)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    hz = np.fft.rfftfreq(n, 1 / RATE)
    spectrum *= (np.maximum(hz, 100) / 100) ** (-5 / 6.02) * (hz > 60) * (hz < 3700)
    return at_level(np.fft.irfft(spectrum, n), dbm0)


def tone(seconds: float, dbm0: float, *hz: float) -> Signal:
    """A sum of equal sines of this level together."""
    t = np.arange(round(RATE * seconds)) / RATE
    return at_level(np.sum([np.sin(2 * np.pi * f * t) for f in hz], axis=0), dbm0)


def talk(seconds: float, dbm0: float, voice: str = "caller", place: int = 0) -> Signal:
    """Recorded speech; the level is that of what is louder than 30 dB below the loudest 10 ms (P.56 in short)."""
    voiced = speech(seconds + 1, voice, place).astype(float)
    frames = np.sqrt(np.mean(voiced[: len(voiced) // 80 * 80].reshape(-1, 80) ** 2, axis=1))
    active = float(np.sqrt(np.mean(frames[frames > frames.max() / 31.6] ** 2)))
    wanted = float(32256 / np.sqrt(2) * 10 ** ((dbm0 - 3.14) / 20))
    return voiced[: round(RATE * seconds)] * (wanted / active)


def _band_limited(period: Signal, times: int) -> Signal:
    """A period of table C.1 or C.3, sampled at 44.1 kHz, repeated and brought to 8 kHz."""
    at_44k = np.tile(period, times)
    n = round(len(at_44k) * RATE / 44100)
    spectrum = np.fft.rfft(at_44k)[: n // 2 + 1]
    return np.fft.irfft(spectrum, n) * n / len(at_44k)


def css(seconds: float, dbm0: float, *, double_talk: bool = False, seed: int = 3) -> Signal:
    """Composite source signal of Annex C: voiced, pseudo noise, pause, inverted in turn. Level without pauses."""
    random = np.random.default_rng(seed)
    voiced = at_level(_band_limited(models()["css_c3" if double_talk else "css_c1"], 14 if double_talk else 16), 0.0)
    if double_talk:
        pseudo = random.standard_normal(round(0.2 * RATE))
    else:
        phases = np.exp(1j * np.pi * random.integers(0, 2, 801))
        pseudo = np.fft.irfft(phases * (np.arange(801) > 0), 1600)
    hz = np.fft.rfftfreq(1600, 1 / RATE)
    shaped = np.fft.rfft(pseudo) * ((hz > 200) & (hz < 3600))
    if double_talk:
        shaped *= (np.maximum(hz, 250) / 250) ** (-5 / 6.02)
    period = round((0.4 if double_talk else 0.35) * RATE)
    sounded = np.concatenate([voiced, at_level(np.fft.irfft(shaped, 1600), 0.0)])
    one = np.concatenate([at_level(sounded, dbm0), np.zeros(period - len(sounded))])
    count = round(seconds * RATE) // (2 * period) + 1
    return np.tile(np.concatenate([one, -one]), count)[: round(RATE * seconds)]


def silence(seconds: float) -> Signal:
    """Nothing."""
    return np.zeros(round(RATE * seconds))


def coded(signal: Signal) -> Linear:
    """As it comes out of an A-law line."""
    return ideal_pass(np.clip(np.rint(signal), -32768, 32767).astype(np.int16))


def echo_of(far: Signal | Linear, response: Signal) -> Signal:
    """What the hybrid sends back."""
    n = 1 << (len(far) + len(response)).bit_length()
    spectrum = np.fft.rfft(far.astype(float), n) * np.fft.rfft(response, n)
    return np.fft.irfft(spectrum, n)[: len(far)]


@dataclass(frozen=True, slots=True)
class Run:
    """One line, measured: all of one length."""

    far: Linear
    echo: Signal
    near: Linear
    near_end: Signal
    out: Linear

    def part(self, begin_s: float, end_s: float) -> slice:
        return slice(round(begin_s * RATE), round(end_s * RATE))

    def erle_db(self, begin_s: float, end_s: float) -> float:
        """Echo by what is left of it, the near end taken out of both."""
        at = self.part(begin_s, end_s)
        left = self.out[at] - self.near_end[at]
        return float(10 * np.log10(np.mean(self.echo[at] ** 2) / max(float(np.mean(left**2)), 1e-3)))

    def out_dbm0(self, begin_s: float, end_s: float) -> float:
        return level_dbm0(self.out[self.part(begin_s, end_s)])

    def loudest_dbm0(self, begin_s: float, end_s: float, window_s: float = 0.035) -> float:
        """The loudest 35 ms, as the measuring device of G.168 §6.4.1.2.1 would show."""
        sound = self.out[self.part(begin_s, end_s)].astype(float)
        window = round(window_s * RATE)
        sums = np.convolve(sound**2, np.ones(window) / window, "valid")
        return float(10 * np.log10(max(float(sums.max()), 1e-3) / (32256**2 / 2)) + 3.14)


@dataclass(frozen=True, slots=True)
class Line:
    """What a line is made of: the echo path in force from each second on, and what happens at the near end."""

    far: Signal
    paths: Sequence[tuple[float, Signal]]
    near_end: Signal | None = None


def _sound(line: Line) -> tuple[Linear, Signal, Linear, Signal]:
    far = coded(line.far)
    echo = np.zeros(len(far))
    for begin_s, response in line.paths:  # the last one that has begun
        begin = round(begin_s * RATE)
        echo[begin:] = echo_of(far, response)[begin:]
    near_end = np.zeros(len(far)) if line.near_end is None else line.near_end
    return far, echo, coded(echo + near_end), near_end


def cancel(
    lines: Sequence[Line],
    cancellers: Sequence[EchoCanceller] | None = None,
    *,
    mode: EchoMode = EchoMode.NLP_OFF,
    tail_ms: int = 64,
    disabler: bool = False,
) -> list[Run]:
    """Lines of one length through cancellers, in one call; new ones unless given."""
    sounds = [_sound(line) for line in lines]
    if cancellers is None:
        cancellers = [EchoCanceller(tail_ms, mode=mode, disabler=disabler) for _ in lines]
    n = len(sounds[0][0]) // BLOCK * BLOCK
    outs = process_many(
        cancellers, [far[:n].tobytes() for far, _, _, _ in sounds], [near[:n].tobytes() for _, _, near, _ in sounds]
    )
    return [
        Run(far[:n], echo[:n], near[:n], near_end[:n], np.array(out, dtype=np.int16))
        for (far, echo, near, near_end), out in zip(sounds, outs, strict=True)
    ]

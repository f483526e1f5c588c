# SPDX-License-Identifier: GPL-2.0-only
"""What is said and played while no digit is sent: espeak-ng in many languages and voices, music of ours and of bands.

Deterministic: the same seed gives the same sound. Every piece is at -15 dBm0 while it sounds, band-limited to 8 kHz;
bands are as they were recorded.
"""

import io
import subprocess
import wave
from pathlib import Path

import numpy as np
from scipy.signal import lfilter, resample_poly

from tests.dsp.dtmf_sound import PEAK_0_DBM0, RATE_HZ, Sound

LEVEL_DBM0 = -15.0
BANDS = Path("/usr/share/asterisk/moh")  # Debian: asterisk-moh-opsound-wav
HANZI = (
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还"
    "发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工"
)
ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "tr", "sh", "st", "kr", "")
VOWELS = ("a", "e", "i", "o", "u", "ai", "ou", "ie", "ua", "eo")
ENDS = ("", "", "n", "l", "s", "r", "m", "t")
TALKERS = (
    ("cmn", ""), ("cmn", "f2"), ("cmn", "m3"), ("cmn", "f5"), ("yue", "f1"), ("en-us", ""), ("en-us", "f3"),
    ("en-gb", "m7"), ("de", "f4"), ("de", "m1"), ("fr-fr", "f1"), ("es", "m2"), ("it", "f5"), ("ru", "m4"),
    ("pt-br", "f2"), ("tr", "m5"), ("ar", "m6"), ("hi", "f3"), ("vi", "f4"), ("pl", "m8"), ("ja", "f1"),
    ("id", "m3"), ("sv", "f5"), ("sw", "m1"),
)  # fmt: skip
"""Language and variant of espeak-ng; Mandarin first."""


def at_level(sound: Sound, level_dbm0: float = LEVEL_DBM0) -> Sound:
    """Scaled so that its 20 ms pieces above -30 dB of the loudest have this mean level."""
    power = np.mean(sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2, axis=1)
    active = np.mean(power[power > 1e-3 * power.max()])
    return sound * float(np.sqrt(PEAK_0_DBM0**2 / 2 / active) * 10 ** (level_dbm0 / 20))


def _text(language: str, rng: np.random.Generator, words: int) -> str:
    if language in {"cmn", "yue"}:
        return "，".join("".join(rng.choice(list(HANZI), int(rng.integers(4, 12)))) for _ in range(words // 4))
    made = []
    for _ in range(words):
        syllables = ("".join(rng.choice(part) for part in (ONSETS, VOWELS, ENDS)) for _ in range(rng.integers(1, 4)))
        made.append("".join(syllables) if rng.random() < 0.8 else str(rng.integers(0, 10000)))
    return " ".join(word + (", " if rng.random() < 0.15 else "") for word in made)


def spoken(language: str, variant: str, seconds: float, seed: int) -> Sound:
    """At least so much of random words of a language, at random speed and pitch."""
    rng = np.random.default_rng(seed)
    pieces: list[Sound] = []
    while sum(map(len, pieces)) < seconds * RATE_HZ:
        voice = f"{language}+{variant}" if variant else language
        how = ["-s", str(rng.integers(120, 220)), "-p", str(rng.integers(20, 80))]
        command = ["espeak-ng", "-v", voice, *how, "--stdout", _text(language, rng, 80)]
        made = subprocess.run(command, check=True, capture_output=True).stdout
        with wave.open(io.BytesIO(made)) as file:
            rate = file.getframerate()
            sound = np.frombuffer(made[44:], "<i2").astype(float)
        pieces.append(resample_poly(sound, RATE_HZ // 50, rate // 50))
    return at_level(np.concatenate(pieces))


BOWED = ((1, 1.0), (2, 0.7), (3, 0.5), (4, 0.4), (5, 0.3), (6, 0.2), (7, 0.15))
FLUTE = ((1, 1.0), (2, 0.45), (3, 0.25), (4, 0.1))
BELL = ((1, 1.0), (2.76, 0.5), (5.4, 0.25), (0.5, 0.3))
REED = ((1, 1.0), (3, 0.7), (5, 0.45), (7, 0.25), (2, 0.1))


def _pluck(hz: float, length: int, rng: np.random.Generator) -> Sound:
    """A string after Karplus and Strong: noise that runs round a loop."""
    period = max(2, round(RATE_HZ / hz))
    burst = np.zeros(length)
    burst[:period] = rng.uniform(-1, 1, min(period, length))
    loop = np.zeros(period + 2)
    loop[0], loop[period], loop[period + 1] = 1.0, -0.497, -0.497
    plucked: Sound = lfilter([1.0], loop, burst)
    return plucked


def _note(kind: int, hz: float, seconds: float, rng: np.random.Generator) -> Sound:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    if kind == 0:
        return _pluck(hz, len(at), rng)
    partials = (BOWED, FLUTE, BELL, REED)[kind - 1]
    depth = 0.004 if kind < 3 else 0.0
    phase = 2 * np.pi * np.cumsum(hz * (1 + depth * np.sin(2 * np.pi * 5.5 * at))) / RATE_HZ
    shape = np.exp(-2 * at) if kind == 3 else np.minimum(1, np.minimum(at / 0.03, (at[-1] - at) / 0.05))
    sound = np.zeros(len(at))
    for multiple, share in partials:
        if multiple * hz < 3800:
            sound += share * rng.uniform(0.5, 1.2) * np.sin(multiple * phase + rng.uniform(0, 6))
    return sound * shape


def music(seconds: float, seed: int) -> Sound:
    """Chords and tunes of plucked and bowed strings, flutes, bells and reeds, at times with drums."""
    rng = np.random.default_rng(seed)
    mix = np.zeros(round(seconds * RATE_HZ) + 4 * RATE_HZ)
    beat = rng.uniform(0.12, 0.4)
    voices = [(int(rng.integers(0, 5)), int(rng.integers(40, 85)), int(rng.choice([1, 1, 2, 4]))) for _ in range(4)]
    scale = np.array([0, 2, 4, 5, 7, 9, 11]) + rng.uniform(-0.3, 0.3)
    drums = rng.random() < 0.4
    for step in range(int(seconds / beat)):
        start = round(step * beat * RATE_HZ)
        for kind, base, every in voices:
            if step % every or rng.random() < 0.25:
                continue
            pitch = base + rng.choice(scale) + 12 * rng.integers(0, 2)
            note = _note(kind, 440 * 2 ** ((pitch - 69) / 12), beat * every * rng.uniform(0.8, 1.6), rng)
            mix[start : start + len(note)] += rng.uniform(0.3, 1) * note[: len(mix) - start]
        if drums and step % 2:
            hit = rng.normal(0, 1, 1200) * np.exp(-np.arange(1200) / 250)
            mix[start : start + 1200] += hit
    return at_level(mix[: round(seconds * RATE_HZ)])


def bands(speed: float = 1.0) -> list[Sound]:
    """Eighteen minutes of music of five bands; `speed` moves its pitch too."""
    pieces = []
    for path in sorted(BANDS.glob("*.wav")):
        with wave.open(str(path)) as file:
            piece = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(float)
        pieces.append(np.interp(np.arange(0, len(piece) - 1, speed), np.arange(len(piece)), piece))
    return pieces

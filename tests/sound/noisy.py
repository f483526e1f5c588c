# SPDX-License-Identifier: GPL-2.0-only
"""Speech in noise with the truth beside it: what a voice activity detector is judged by.

The truth is decided from the clean sound alone. A frame of 20 ms is speech when its energy is within 30 dB of the
loudest frame's. The 100 ms behind speech are not judged: there a hangover is neither right nor wrong. Every other
frame counts. Noise is mixed at an SNR of the speech frames' power to the noise's.
"""

import io
import subprocess
import wave

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter, resample_poly

from tests.sound.alaw import Linear
from tests.sound.speech import FOLDER, read_wav

FRAME = 160
ACTIVE_DB = 30.0
UNJUDGED_FRAMES = 5
KINDS = ("white", "pink", "car", "babble")
SNRS_DB = (5, 10, 15, 20)
VOICES = {
    "en-us+m1": "Good morning, I am calling about the invoice that came last week. It says forty seven pounds.",
    "cmn": "您好，欢迎致电客户服务中心。请稍等，我们马上为您转接。您的来电对我们非常重要。",
    "de+m2": "Guten Tag, Sie sind mit dem Kundendienst verbunden. Bitte warten Sie einen Augenblick.",
    "ru": "Здравствуйте, вы позвонили в центр поддержки. Пожалуйста, оставайтесь на линии.",
}
"""Voices of espeak-ng beside the one of the prompts, three of them male, in four languages."""

Wide = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Talk(msgspec.Struct, frozen=True):
    """Clean speech with pauses, and its truth, frame by frame."""

    sound: Wide
    speech: Flags
    judged: Flags


def prompts() -> list[Wide]:
    """All prompts longer than 1.2 s that are speech."""
    paths = sorted(path for path in FOLDER.glob("*.wav") if not path.is_symlink() and path.stat().st_size > 1.2 * 16000)
    return [read_wav(path).astype(float) for path in paths if "tone" not in path.stem and "monkeys" not in path.stem]


def synthetic(voice: str) -> Wide:
    """What espeak-ng makes of a voice's sentence, at 8 kHz."""
    command = ["espeak-ng", "-v", voice, "--stdout", VOICES[voice]]
    made = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(made)) as file:
        sound = np.frombuffer(file.readframes(1 << 24), "<i2").astype(float)
        rate = file.getframerate()
    return np.asarray(resample_poly(sound, 160, round(160 * rate / 8000)), dtype=float)


def talk(pieces: list[Wide], seed: int, seconds: int) -> Talk:
    """Pieces in random order with pauses of 0.4 to 1.6 s; half of the talks begin with a second of silence."""
    random = np.random.default_rng(seed)
    parts = [np.zeros(8000 * int(random.integers(2)))]
    while sum(map(len, parts)) < 8000 * seconds:
        piece = pieces[random.integers(len(pieces))]
        start = int(random.integers(max(1, len(piece) - 12000)))
        parts += [piece[start : start + 64000], np.zeros(int(8000 * random.uniform(0.4, 1.6)))]
    sound = np.concatenate(parts)[: 8000 * seconds]
    return Talk(sound, *truth(sound))


def truth(sound: Wide) -> tuple[Flags, Flags]:
    """Which frames are speech, and which are judged."""
    energy = np.square(sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)).sum(axis=1)
    speech = energy > energy.max() * 10 ** (-ACTIVE_DB / 10)
    recent = np.convolve(speech, np.ones(UNJUDGED_FRAMES + 1))[: len(speech)] > 0
    return speech, speech | ~recent


def noise(kind: str, samples: int, pieces: list[Wide], seed: int) -> Wide:
    """White; pink (-3 dB an octave); car (steep below 100 Hz, with hiss); babble of six voices of the prompts."""
    random = np.random.default_rng(seed)
    white = random.standard_normal(samples)
    if kind == "pink":
        b, a = [0.049922, -0.095994, 0.050613, -0.004409], [1, -2.494956, 2.017266, -0.522189]
        return np.asarray(lfilter(b, a, white), dtype=float)
    if kind == "car":
        return np.asarray(lfilter([1], [1, -1.8, 0.81], white) + 0.5 * white, dtype=float)
    return white if kind == "white" else sum((_voice(samples, pieces, random) for _ in range(6)), np.zeros(samples))


def _voice(samples: int, pieces: list[Wide], random: np.random.Generator) -> Wide:
    parts: list[Wide] = []
    while sum(map(len, parts)) < samples + 40000:
        parts.append(pieces[random.integers(len(pieces))])
    joined, start = np.concatenate(parts), int(random.integers(40000))
    return np.asarray(joined[start : start + samples] / np.sqrt(np.mean(np.square(joined))), dtype=float)


def mixed(clean: Talk, disturbance: Wide, snr_db: float, level_dbm0: float) -> Linear:
    """The talk in this noise, its speech frames at this level."""
    rms = 16141.17 * 10 ** (level_dbm0 / 20)
    speech = clean.sound * (rms / np.sqrt(np.mean(np.square(clean.sound[np.repeat(clean.speech, FRAME).nonzero()[0]]))))
    disturbance = disturbance * (rms * 10 ** (-snr_db / 20) / np.sqrt(np.mean(np.square(disturbance))))
    return np.asarray(np.clip(np.rint(speech + disturbance), -32768, 32767), dtype=np.int16)

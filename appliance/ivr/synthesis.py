# SPDX-License-Identifier: GPL-2.0-only
"""Speaks the prompts of words.py into a folder, as 8 kHz WAV: `python -m appliance.ivr.synthesis FOLDER`.

At set-up, never during a call. What is in the folder already stays: it may have been recorded. The folder then stands
in branch.yaml before Debian's: `prompts: {directories: [prompts, /usr/share/asterisk/sounds/en_US_f_Allison]}`.
"""

from __future__ import annotations

import array
import io
import math
import subprocess
import sys
import wave
from collections.abc import Sequence
from operator import mul
from pathlib import Path

from appliance.ivr.words import WORDS

VOICES = {"zh": "cmn-latn-pinyin", "en": "en-us"}
RATE_HZ = 8000
CUT_HZ = 3600
REACH = 24  # input samples on each side of the filter
QUIET = 150  # of 32767
MARGIN_SAMPLES = RATE_HZ // 50
LOUD = 4000
"""Root mean square of what is not quiet: −14 dBm0, as loud as Debian's recordings are on the whole."""
PEAK = 30000


def speak(folder: Path) -> int:
    """How many prompts were made. Raises OSError, subprocess.CalledProcessError: espeak-ng is missing or fails."""
    made = 0
    for language, words in WORDS.items():
        for name, word in words.items():
            path = folder / language / f"{name}.wav"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(spoken(word.read, VOICES[language]))
                made += 1
    return made


def spoken(text: str, voice: str) -> bytes:
    """WAV, 8 kHz 16-bit mono, without the silence around it.

    One word is as loud as another, else 二 is heard twice as loud as 四. At its usual volume (`-a`) espeak-ng clips.
    """
    command = ["espeak-ng", "-v", voice, "-s", "200", "-a", "50", "--stdout", text]
    said = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(said)) as file:
        rate_hz = file.getframerate()
    samples = array.array("h", said[44 : 44 + (len(said) - 44) // 2 * 2])  # its header tells no length
    return _wav(_levelled(_trimmed(_at_8_khz(samples, rate_hz))))


def _at_8_khz(samples: Sequence[int], rate_hz: int) -> array.array[int]:
    """By a windowed sinc, a filter for each phase of the two rates."""
    step = rate_hz // math.gcd(rate_hz, RATE_HZ)
    phases = RATE_HZ // math.gcd(rate_hz, RATE_HZ)
    filters = [_filter(phase / phases, rate_hz) for phase in range(phases)]
    silence = [0] * REACH
    padded = [*silence, *samples, *silence]
    after = array.array("h")
    for number in range(len(samples) * phases // step):
        whole, phase = divmod(number * step, phases)
        value = sum(map(mul, filters[phase], padded[whole + 1 : whole + 1 + 2 * REACH]))
        after.append(max(-32768, min(32767, round(value))))
    return after


def _filter(shift: float, rate_hz: int) -> list[float]:
    cut = 2 * CUT_HZ / rate_hz
    taps = []
    for tap in range(1 - REACH, REACH + 1):
        at = tap - shift
        window = 0.5 + 0.5 * math.cos(math.pi * at / (REACH + 1))
        taps.append(window * (cut if at == 0 else math.sin(math.pi * cut * at) / (math.pi * at)))
    total = sum(taps)
    return [tap / total for tap in taps]


def _trimmed(samples: array.array[int]) -> array.array[int]:
    loud = [place for place, sample in enumerate(samples) if abs(sample) > QUIET]
    if not loud:
        raise ValueError("nothing was spoken")
    return samples[max(0, loud[0] - MARGIN_SAMPLES) : loud[-1] + MARGIN_SAMPLES]


def _levelled(samples: array.array[int]) -> array.array[int]:
    loud = [sample * sample for sample in samples if abs(sample) > QUIET]
    gain = min(LOUD / math.sqrt(sum(loud) / len(loud)), PEAK / max(map(abs, samples)))
    return array.array("h", (round(sample * gain) for sample in samples))


def _wav(samples: array.array[int]) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return out.getvalue()


def main(words: Sequence[str]) -> int:
    """0: well."""
    if len(words) != 1:
        sys.stderr.write("python -m appliance.ivr.synthesis FOLDER\n")
        return 2
    try:
        made = speak(Path(words[0]))
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{error}; apt-get install espeak-ng\n")
        return 1
    sys.stdout.write(f"{made} prompts were spoken into {words[0]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: GPL-2.0-only
"""Speech to measure with: Debian's English prompts (asterisk-core-sounds-en-wav), joined the same way each time."""

import wave
from pathlib import Path

import numpy as np

from tests.sound.alaw import Linear

FOLDER = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
_CALLER = ("dir-intro", "conf-usermenu", "vm-msginstruct", "demo-moreinfo", "conf-adminmenu", "demo-congrats")
_AGENT = ("demo-abouttotry", "screen-callee-options", "vm-options", "demo-echotest", "demo-nogo", "priv-callee-options")
VOICES = {"caller": _CALLER, "agent": _AGENT}


def read_wav(path: Path) -> Linear:
    """Samples of an 8 kHz 16-bit mono WAV. Raises ValueError for another form."""
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (8000, 2, 1):
            raise ValueError(f"{path}: not 8 kHz 16-bit mono")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


def write_wav(path: Path, linear: Linear) -> Path:
    """Write 8 kHz 16-bit mono WAV; returns the path."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(linear.astype("<i2").tobytes())
    return path


def speech(seconds: float, voice: str = "caller", place: int = 0) -> Linear:
    """Exactly `seconds` of speech. `voice`: caller or agent, no prompt in common; `place` 0 to 5 begins elsewhere."""
    names = VOICES[voice]
    pieces: list[Linear] = []
    wanted, had = round(8000 * seconds), 0
    while had < wanted:
        piece = read_wav(FOLDER / f"{names[(place + len(pieces)) % len(names)]}.wav")
        pieces.append(piece)
        had += len(piece)
    return np.concatenate(pieces)[:wanted]

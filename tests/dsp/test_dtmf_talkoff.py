# SPDX-License-Identifier: GPL-2.0-only
"""Talk-off: no digit in 25 minutes of speech, loud and soft, nor with limits wider than anybody needs."""

import wave
from pathlib import Path

import numpy as np
import pytest

from dsp.dtmf import DtmfReceiver
from tests.dsp.dtmf_sound import line

pytestmark = pytest.mark.unit

SOUNDS = Path("/usr/share/asterisk/sounds")  # Debian: asterisk-core-sounds-en-wav


def speech() -> list[tuple[str, np.ndarray]]:
    result = []
    for path in sorted(SOUNDS.rglob("*.wav")):
        if path.is_symlink() or path.parent.is_symlink():
            continue
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
            result.append((path.name, np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(float)))
    return result


@pytest.mark.parametrize("gain", [1.0, 0.25])
@pytest.mark.parametrize("limits", [{}, {"min_level_dbm0": -45, "max_high_twist_db": 8, "max_low_twist_db": 12}])
def test_q24_talk_off_no_digit_in_speech(gain: float, limits: dict[str, float]) -> None:
    files = speech()
    assert sum(len(sound) for _, sound in files) > 20 * 60 * 8000
    false = {}
    for name, sound in files:
        digits = [event.digit for event in DtmfReceiver(**limits).process(line(sound * gain)) if event.on]  # type: ignore[arg-type]
        if digits:
            false[name] = digits
    assert false == {}

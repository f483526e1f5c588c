# SPDX-License-Identifier: GPL-2.0-only
"""Talk-off: no digit in speech, loud and soft, in Mandarin and other languages, nor in music; soak: hours of each."""

import wave
from pathlib import Path

import numpy as np
import pytest

from dsp.dtmf import DtmfReceiver
from tests.dsp.dtmf_sound import RATE_HZ, Sound, line
from tests.dsp.talk_sound import TALKERS, at_level, bands, music, spoken

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


def digits_in(sound: Sound, **limits: float) -> str:
    return "".join(event.digit for event in DtmfReceiver(**limits).process(line(sound)) if event.on)  # type: ignore[arg-type]


WIDE = {"min_level_dbm0": -45.0, "max_high_twist_db": 8.0, "max_low_twist_db": 12.0}


@pytest.mark.parametrize("talker", TALKERS[::4])
def test_q24_talk_off_no_digit_in_mandarin_nor_other_languages(talker: tuple[str, str]) -> None:
    sound = spoken(*talker, seconds=20, seed=1)
    assert digits_in(sound) == ""
    assert digits_in(at_level(sound, -30), **WIDE) == ""


def test_a_vowel_with_harmonics_on_two_tones_is_no_digit() -> None:
    at = np.arange(8000) / 8000
    for pitch in np.arange(225, 250, 1.0):
        shares = {1: 0.18, 2: 0.16, 3: 0.33, 4: 1.0, 5: 0.7, 6: 0.22, 14: 0.12, 15: 0.1, 16: 0.2}
        vowel = sum((share * np.sin(2 * np.pi * pitch * k * at + k) for k, share in shares.items()), np.zeros(8000))
        assert digits_in(at_level(vowel)) == ""


@pytest.mark.parametrize("seed", [0, 5, 8])
def test_no_digit_in_a_minute_of_music(seed: int) -> None:
    assert digits_in(music(60, seed)) == ""


def test_q24_talk_off_no_digit_in_an_hour_and_a_half_of_bands() -> None:
    seconds = 0.0
    for speed in (0.9, 0.95, 1.0, 1.05, 1.1):
        pieces = bands(speed)
        seconds += sum(map(len, pieces)) / RATE_HZ
        assert "".join(map(digits_in, pieces)) == "", speed
        assert "".join(digits_in(at_level(piece, -30)) for piece in pieces) == "", speed
    assert seconds > 5400


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_q24_talk_off_no_digit_in_two_hours_of_twenty_four_voices() -> None:
    false, seconds = {}, 0.0
    for seed, (language, variant) in enumerate(TALKERS):
        sound = spoken(language, variant, seconds=300, seed=100 + seed)
        seconds += len(sound) / 8000
        for how, limits in (("", {}), ("wide", WIDE)):
            digits = digits_in(sound, **limits)
            if digits:
                false[language + variant + how] = digits
    assert seconds > 7200
    assert false == {}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_talk_off_in_an_hour_of_music() -> None:
    """The aim is none; two notes on two tones that begin within 10 ms, with little beside them, are a digit."""
    digits = [digits_in(music(150, seed)) for seed in range(24)]
    assert len("".join(digits)) <= 1

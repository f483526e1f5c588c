# SPDX-License-Identifier: GPL-2.0-only
"""The robot's ear: sample-exact record, beginning and end of sound."""

import numpy as np
import pytest

from appliance.simulator.ear import IDLE, Ear
from tests.sound.alaw import encode

pytestmark = pytest.mark.unit

TONE = encode((3000 * np.sin(np.arange(160) * 2 * np.pi * 425 / 8000)).astype(np.int16))  # about −17 dBm0
FAINT = encode((60 * np.sin(np.arange(160) * 2 * np.pi * 425 / 8000)).astype(np.int16))  # about −51 dBm0
SILENCE = bytes([IDLE]) * 160


def listening(*, loud: bool, lasting_ms: int) -> tuple[Ear, list[str]]:
    ear, told = Ear(keep=True), []
    ear.listen(loud=loud, lasting_ms=lasting_ms, then=lambda: told.append("now"))
    return ear, told


def test_each_octet_stands_at_its_sample_and_a_gap_is_idle() -> None:
    ear = Ear(keep=True)
    ear.take(1000, TONE, 5_000)
    ear.take(1240, FAINT, 9_000)
    heard = ear.heard()
    assert heard is not None
    assert (heard.from_sample, heard.from_ns, heard.lost) == (1000, 5_000, 80)
    assert heard.octets == TONE + bytes([IDLE]) * 80 + FAINT


def test_sound_is_told_once_after_60_ms_of_it() -> None:
    ear, told = listening(loud=True, lasting_ms=60)
    for place in range(2):
        ear.take(160 * place, TONE, 0)
    assert told == []
    ear.take(320, TONE, 0)
    ear.take(480, TONE, 0)
    assert told == ["now"]


def test_idle_and_faint_noise_are_no_sound() -> None:
    ear, told = listening(loud=True, lasting_ms=20)
    for place in range(50):
        ear.take(160 * place, FAINT if place % 2 else SILENCE, 0)
    assert told == []


def test_quiet_must_last_without_a_break() -> None:
    ear, told = listening(loud=False, lasting_ms=60)
    for place, sound in enumerate((SILENCE, SILENCE, TONE, SILENCE, SILENCE)):
        ear.take(160 * place, sound, 0)
    assert told == []
    ear.take(800, SILENCE, 0)
    assert told == ["now"]


def test_an_ear_that_keeps_nothing_still_listens() -> None:
    ear, told = Ear(keep=False), []
    ear.listen(loud=True, lasting_ms=20, then=lambda: told.append("now"))
    ear.take(0, TONE[:100], 0)
    ear.take(100, TONE[100:], 0)
    assert told == ["now"]
    assert ear.heard() is None

# SPDX-License-Identifier: GPL-2.0-only
"""Busy tones by cadence alone: of any pitch, in noise, under our own prompt's echo; speech and music have none."""

import numpy as np
import pytest

from appliance.signalling.fxo import events
from appliance.signalling.fxo.cadence import Bursts, BusyEar, Cadence
from appliance.signalling.fxo.settings import HangUp, Settings
from tests.dsp.talk_sound import bands, music
from tests.dsp.test_dtmf_talkoff import speech
from tests.dsp.tone_sound import Sound, cadence, line, noise
from tests.dsp.tone_sound import silence as nothing
from tests.signalling.fxo.sound import Sounding

pytestmark = pytest.mark.unit

BLOCK = 320


def found(sound: Sound, sent: Sound | None = None) -> set[Cadence]:
    bursts, cadences = Bursts(), set()
    heard, ours = line(sound), line(np.zeros(len(sound)) if sent is None else sent)
    for at in range(0, len(heard) - BLOCK + 1, BLOCK):
        bursts.hear(at / 16000, heard[at : at + BLOCK], ours[at : at + BLOCK])
        if bursts.cadence is not None:
            cadences.add(bursts.cadence)
    return cadences


@pytest.mark.parametrize(
    "tone", ["610/270,0/330", "350/120,0/180", "480+620/500,0/500", "400/750,0/750", "425/100,0/100"]
)
@pytest.mark.parametrize("level_dbm0", [-10, -33])
def test_a_tone_is_measured_within_10_ms_whatever_its_pitch(tone: str, level_dbm0: float) -> None:
    on, off = (int(step.partition("/")[2]) for step in tone.split(","))
    sound = np.concatenate([nothing(1000), cadence(tone, 6000, level_dbm0=level_dbm0)])
    heard = found(sound + noise(level_dbm0 - 20, len(sound) / 8))
    assert heard
    for measured in heard:
        assert measured.on_ms == pytest.approx(on, abs=10)
        assert measured.off_ms == pytest.approx(off, abs=10)


def test_it_is_known_at_the_end_of_the_third_burst() -> None:
    tone = np.concatenate([nothing(500), cadence("500/300,0/200", 1300), nothing(80)])
    assert found(tone[: -8 * 180]) == set()
    assert len(found(tone)) == 1


def test_speech_and_music_have_no_cadence() -> None:
    voices = np.concatenate([sound for _, sound in speech()[::12]])
    assert len(voices) > 100 * 8000
    assert found(voices) == set()
    assert found(music(60, 3)) == set()
    assert found(np.concatenate(bands())) == set()


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_hours_of_speech_and_music_have_no_cadence() -> None:
    voices = np.concatenate([sound for _, sound in speech()])
    assert found(voices) | found(voices * 0.1) == set()
    for seed in range(100, 220):
        assert found(music(60, seed)) == set(), seed


def test_our_own_prompts_echo_is_no_sound_of_the_line() -> None:
    prompt = np.concatenate([nothing(500), cadence("500/300,0/200", 4000)])
    assert found(0.4 * prompt, sent=prompt) == set()
    assert found(prompt, sent=0.4 * np.roll(prompt, 800)) != set()


def test_a_pbx_busy_tone_that_no_zone_has_ends_a_call_within_three_cadences() -> None:
    busy = cadence("610/270,0/330", 3000)
    rig = Sounding(Settings(hang_up=(HangUp.TONE,)))
    rig.answered()
    rig.hear(line(busy))
    assert rig.every(events.CallDisconnected) == [], "the zone has another"
    rig.line.change(Settings(hang_up=(HangUp.TONE,), busy_ms=(270, 330)))
    rig.hear(line(nothing(1000)))
    begun = rig.now
    rig.hear(line(busy))
    assert rig.every(events.CallDisconnected) == [events.CallDisconnected(16)]
    assert rig.at(events.CallDisconnected) - begun <= 3 * 0.6


def test_a_busy_tone_that_has_ended_is_heard_no_more() -> None:
    ear, quiet = BusyEar((270, 330)), bytes(BLOCK)
    sound = line(np.concatenate([nothing(500), cadence("610/270,0/330", 3000), nothing(4000)]))
    told = [ear.hear(sound[at : at + BLOCK], quiet) for at in range(0, len(sound) - BLOCK, BLOCK)]
    assert any(told)
    assert not told[-1]


def test_a_sound_without_a_pause_is_kept_in_bounds_and_is_a_voice_unless_it_is_steady() -> None:
    quiet = bytes(BLOCK)
    swelling = noise(-10, 30000) * (1.2 + np.sin(np.arange(240000) * 2 * np.pi / 1600))
    for sound, voiced in ((swelling, True), (cadence("425", 8000), False)):
        bursts, heard = Bursts(), line(np.concatenate([nothing(500), sound]))
        for at in range(0, len(heard) - BLOCK, BLOCK):
            bursts.hear(at / 16000, heard[at : at + BLOCK], quiet)
            assert len(bursts._levels) <= 480
        assert (bursts.voice_s > 0) is voiced


def test_another_cadence_is_not_the_busy_tone() -> None:
    ear, sound = BusyEar((270, 330)), line(cadence("610/500,0/500", 6000))
    quiet = bytes(BLOCK)
    assert not any(ear.hear(sound[at : at + BLOCK], quiet) for at in range(0, len(sound) - BLOCK, BLOCK))

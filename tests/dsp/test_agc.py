# SPDX-License-Identifier: GPL-2.0-only
"""Automatic gain: reaches its target, holds in pauses, never cuts off, changes nothing at 0 dB."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from dsp.agc import LIMIT, Agc
from dsp.isa import Isa, at_most
from tests.dsp.dtmf_sound import PEAK_0_DBM0, sine
from tests.sound.alaw import level_dbm0
from tests.sound.noisy import FRAME, VOICES, Talk, prompts, synthetic, talk

pytestmark = pytest.mark.unit

Wide = npt.NDArray[np.float64]
RMS_0_DBM0 = PEAK_0_DBM0 / np.sqrt(2)


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def linear(sound: Wide) -> npt.NDArray[np.int16]:
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def controlled(agc: Agc, sound: Wide) -> Wide:
    return np.array(agc.process(linear(sound).tobytes()), dtype=float)


def of_speech(clean: Talk, sound: Wide, begin: float, end: float) -> float:
    """Level in dBm0 of the frames that are speech, between two times in seconds."""
    frames = sound.reshape(-1, FRAME)[round(50 * begin) : round(50 * end)]
    return level_dbm0(frames[clean.speech[round(50 * begin) : round(50 * end)]].ravel())


def at_level(clean: Talk, dbm0: float) -> Wide:
    rms = np.sqrt(np.mean(np.square(clean.sound.reshape(-1, FRAME)[clean.speech])))
    return np.asarray(clean.sound * (RMS_0_DBM0 * 10 ** (dbm0 / 20) / rms), dtype=float)


def hiss(samples: int, dbm0: float) -> Wide:
    return np.random.default_rng(1).normal(0, RMS_0_DBM0 * 10 ** (dbm0 / 20), samples)


@pytest.mark.parametrize("voice", ["prompts", *VOICES])
@pytest.mark.parametrize("level", [-40, -25, -10])
def test_target_is_reached_within_two_seconds_of_speech(voice: str, level: float) -> None:
    clean = talk(prompts() if voice == "prompts" else [synthetic(voice)], 2, 16)
    heard = controlled(Agc(), at_level(clean, level) + hiss(len(clean.sound), level - 40))
    spoken = np.cumsum(clean.speech) / 50
    begin = float(np.searchsorted(spoken, 2.0)) / 50
    assert of_speech(clean, heard, begin, 16) == pytest.approx(-18, abs=2)


@pytest.mark.parametrize("step", [20, -20])
def test_step_of_20_db_is_followed_within_two_seconds_of_speech(step: float) -> None:
    clean = talk(prompts(), 7, 30)
    sound = at_level(clean, -20 - step / 2)
    sound[15 * 8000 :] *= 10 ** (step / 20)
    heard = controlled(Agc(), sound + hiss(len(sound), -65))
    spoken = np.cumsum(clean.speech[750:]) / 50
    begin = 15 + float(np.searchsorted(spoken, 2.0)) / 50
    assert of_speech(clean, heard, begin, 30) == pytest.approx(-18, abs=2)


def test_gain_holds_in_a_pause_and_noise_is_not_pumped() -> None:
    agc = Agc()
    clean = talk(prompts(), 3, 12)
    controlled(agc, at_level(clean, -28) + hiss(len(clean.sound), -65))
    controlled(agc, hiss(8000, -65))
    before = agc.gain_db
    heard = controlled(agc, hiss(30 * 8000, -65))
    assert agc.gain_db == before == pytest.approx(10, abs=2.5)
    assert level_dbm0(heard) == pytest.approx(-65 + before, abs=0.3)


def test_noise_alone_is_never_raised() -> None:
    agc = Agc()
    controlled(agc, np.concatenate([hiss(80000, -60), hiss(80000, -45), hiss(80000, -30)]))
    assert agc.gain_db <= 0


@pytest.mark.parametrize("place", range(0, 40, 7))
def test_step_of_20_db_up_is_not_cut_off(place: int) -> None:
    agc = Agc()
    clean = talk(prompts(), 5, 8)
    controlled(agc, at_level(clean, -38))
    assert agc.gain_db > 15
    loud = linear(at_level(clean, -18)[place:])
    heard = np.array(agc.process(loud.tobytes()), dtype=np.int64)
    assert np.abs(heard).max() <= max(LIMIT + 16, int(np.abs(loud.astype(int)).max()))


def test_full_scale_into_full_gain_is_not_cut_off_anywhere() -> None:
    agc = Agc(most_db=30)
    clean = talk(prompts(), 5, 8)
    controlled(agc, at_level(clean, -48))
    tone = sine(440, 3.0, 500)
    heard = controlled(agc, tone)
    assert np.abs(heard).max() <= np.abs(linear(tone).astype(int)).max()
    assert np.mean(np.abs(heard) >= 32000) <= np.mean(np.abs(tone) >= 32000)


def test_no_gain_changes_no_sample() -> None:
    sound = np.random.default_rng(3).integers(-32768, 32768, 80000).astype(np.int16)
    assert np.array_equal(np.array(Agc(least_db=0, most_db=0).process(sound.tobytes())), sound)


def test_both_forms_and_any_pieces_give_the_same() -> None:
    sound = linear(at_level(talk(prompts(), 6, 10), -35)).tobytes()
    with at_most(Isa.PORTABLE):
        whole = Agc().process(sound)
    agc = Agc()
    assert [x for at in range(0, len(sound), 800) for x in agc.process(sound[at : at + 800])] == list(whole)


@pytest.mark.parametrize(
    "settings", [{"target_dbm0": 0}, {"target_dbm0": float("nan")}, {"least_db": 1}, {"most_db": 31}, {"most_db": -1}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="agc"):
        Agc(**settings)

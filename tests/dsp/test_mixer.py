# SPDX-License-Identifier: GPL-2.0-only
"""The conference mixer: exact sums, mutes and listeners, who is dominant."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from dsp.isa import Isa, at_most
from dsp.mixer import PARTIES, Mixer
from tests.sound.speech import speech

pytestmark = pytest.mark.unit

TICK = 40


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def conference(parties: int) -> Mixer:
    mixer = Mixer()
    for party in range(parties):
        mixer.set(party, speaks=True, hears=True)
    return mixer


@pytest.mark.parametrize("parties", [1, 2, 3, 17, PARTIES])
@pytest.mark.parametrize("samples", [8, TICK, 160])
def test_every_party_hears_the_saturated_sum_of_all_others(parties: int, samples: int) -> None:
    random = np.random.default_rng(parties)
    sound = random.integers(-32768, 32768, (parties, samples)).astype(np.int16)
    sound[:, :2] = (-32768, 32767)
    heard = conference(parties).process({party: sound[party].tobytes() for party in range(parties)})
    total = sound.astype(np.int64).sum(axis=0)
    for party in range(parties):
        expected = np.clip(total - sound[party], -32768, 32767)
        assert np.array_equal(np.array(heard[party]), expected)


def test_muted_party_is_not_heard_and_its_sound_not_needed() -> None:
    mixer = conference(3)
    mixer.set(1, speaks=False, hears=True)
    one, three = np.full(TICK, 100, np.int16), np.full(TICK, 7, np.int16)
    heard = mixer.process({0: one.tobytes(), 2: three.tobytes()})
    assert set(heard[0]) == {7}
    assert set(heard[1]) == {107}
    assert set(heard[2]) == {100}


def test_party_that_left_hears_nothing() -> None:
    mixer = conference(3)
    mixer.set(2, speaks=False, hears=False)
    heard = mixer.process({party: np.full(TICK, 5, np.int16).tobytes() for party in (0, 1)})
    assert set(heard) == {0, 1}


def talk(mixer: Mixer, seconds: float, gains: dict[int, float]) -> list[int | None]:
    """Who is dominant, tick by tick, while these parties speak at these gains."""
    voices = {party: (speech(seconds, place=party) * gain).astype(np.int16) for party, gain in gains.items()}
    dominant = []
    for at in range(0, round(8000 * seconds), TICK):
        mixer.process({party: voice[at : at + TICK].tobytes() for party, voice in voices.items()})
        dominant.append(mixer.dominant)
    return dominant


def test_dominant_is_who_speaks_and_stays_in_the_pause() -> None:
    mixer = conference(3)
    assert mixer.dominant is None
    assert talk(mixer, 2.0, {0: 0.0, 1: 1.0, 2: 0.0})[-1] == 1
    assert set(talk(mixer, 2.0, {0: 0.0, 1: 0.0, 2: 0.0})) == {1}
    assert talk(mixer, 2.0, {0: 0.0, 1: 0.0, 2: 1.0})[-1] == 2


def test_dominance_does_not_flutter_between_equal_voices_nor_go_to_a_whisper() -> None:
    mixer = conference(2)
    told = talk(mixer, 6.0, {0: 1.0, 1: 0.02})
    assert set(told[200:]) == {0}
    changes = talk(mixer, 6.0, {0: 1.0, 1: 1.0})
    assert sum(before != after for before, after in itertools.pairwise(changes)) < 20


def test_muting_the_dominant_speaker_ends_his_dominance() -> None:
    mixer = conference(2)
    talk(mixer, 1.0, {0: 1.0, 1: 0.0})
    mixer.set(0, speaks=False, hears=True)
    assert mixer.dominant is None


@pytest.mark.parametrize("samples", [0, 7, 39, 168])
def test_pieces_of_another_length_are_refused(samples: int) -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        conference(2).process({party: bytes(2 * samples) for party in range(2)})


def test_speaker_without_sound_says_nothing() -> None:
    heard = conference(3).process({0: np.full(TICK, 5, np.int16).tobytes()})
    assert (set(heard[0]), set(heard[1]), set(heard[2])) == ({0}, {5}, {5})


def test_pieces_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="pieces of"):
        conference(2).process({0: bytes(2 * TICK), 1: bytes(TICK)})


@pytest.mark.parametrize("party", [-1, PARTIES])
def test_party_that_cannot_be_is_refused(party: int) -> None:
    with pytest.raises(ValueError, match="0 to 63"):
        Mixer().set(party, speaks=True, hears=True)

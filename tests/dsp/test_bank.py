# SPDX-License-Identifier: GPL-2.0-only
"""The bank: many channels are as one each, what is not wanted is not heard, and starting again is as new."""

from collections.abc import Iterator

import numpy as np
import pytest

from dsp.bank import TICK, Bank, Heard, Kind, process_many
from dsp.isa import Isa, at_most
from tests.dsp.tone_sound import Sound, answer, cadence, flags, linear, noise, silence, sine

pytestmark = pytest.mark.unit

SECONDS = 4


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def sounds() -> list[Sound]:
    """One for each receiver, and then some, of one length, in noise."""
    some = [
        np.tile(np.concatenate([sine(700, -7, 68) + sine(900, -7, 68), silence(68)]), 20),
        np.tile(np.concatenate([sine(1380, -12, 80) + sine(1620, -12, 80), silence(80)]), 20),
        np.tile(np.concatenate([sine(540, -12, 80) + sine(1140, -12, 80), silence(80)]), 20),
        cadence("480+620/500,0/500", 4000),
        answer(3300, every_ms=450, depth=0.2),
        flags(1000),
        np.tile(np.concatenate([sine(1100, -12, 500), silence(1000)]), 2),
        cadence("350+440", 4000),
        silence(4000),
    ]
    length = SECONDS * 8000
    return [
        np.concatenate([sound, np.zeros(length)])[:length] + noise(-55, SECONDS * 1000, at)
        for at, sound in enumerate(some)
    ]


def wanting() -> Bank:
    return Bank(Kind, zone="us")


def told(heard: list[Heard]) -> list[tuple[Kind, int, bool, int]]:
    return [(event.kind, event.code, event.on, event.at_sample) for event in heard]


@pytest.mark.parametrize("channels", [1, 8, 9, 17])
def test_many_channels_hear_what_each_would_alone(channels: int) -> None:
    voices = [linear(sounds()[at % 9]) for at in range(channels)]
    alone = [told(wanting().process(voice)) for voice in voices]
    banks, together = [wanting() for _ in voices], [[] for _ in voices]  # type: ignore[var-annotated]
    for at in range(0, SECONDS * 16000, 2 * TICK):
        for event in process_many(banks, [voice[at : at + 2 * TICK] for voice in voices]):
            together[event.channel].append(event)
    assert [told(heard) for heard in together] == alone
    assert sum(map(len, alone)) > channels


def test_channel_without_sound_hears_silence_and_one_out_of_step_what_it_would_alone() -> None:
    voice = linear(sounds()[1])
    banks = [wanting(), wanting(), wanting()]
    head = banks[1].process(voice[:26])
    heard: list[Heard] = list(head)
    for at in range(26, SECONDS * 16000 - 2 * TICK, 2 * TICK):
        events = process_many(banks, [None, voice[at : at + 2 * TICK], None])
        assert all(event.channel == 1 for event in events)
        heard += events
    expected = told(wanting().process(voice))
    assert told(heard) == expected[: len(heard)]
    assert len(heard) >= len(expected) - 1


@pytest.mark.parametrize("kind", Kind)
def test_only_what_is_wanted_is_heard(kind: Kind) -> None:
    heard = [event.kind for sound in sounds() for event in Bank([kind], zone="us").process(linear(sound))]
    assert set(heard) == {kind}
    assert [event for sound in sounds() for event in Bank([]).process(linear(sound))] == []


def test_reset_bank_is_as_new() -> None:
    bank = wanting()
    for sound in sounds():
        bank.process(linear(sound)[:40002])
        bank.reset()
        assert bank.process(linear(sound)) == wanting().process(linear(sound))


def test_tick_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a tick of 40 samples for each of 2"):
        process_many([wanting(), wanting()], [bytes(80), bytes(78)])
    with pytest.raises(ValueError, match="a tick of 40 samples for each of 1"):
        process_many([wanting()], [])

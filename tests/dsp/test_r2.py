# SPDX-License-Identifier: GPL-2.0-only
"""The MFC-R2 receivers by the clauses of Q.455."""

import itertools

import numpy as np
import pytest

from dsp.bank import Bank, Kind
from tests.dsp.test_dtmf_talkoff import speech
from tests.dsp.tone_sound import BACKWARD_HZ, FORWARD_HZ, PAIRS, Sound, heard, line, linear, noise, silence, sine

pytestmark = pytest.mark.unit

DIRECTIONS = {Kind.R2_FORWARD: FORWARD_HZ, Kind.R2_BACKWARD: BACKWARD_HZ}


def signal(
    kind: Kind, number: int, ms: float, levels: tuple[float, float] = (-11.5, -11.5), off: tuple[float, float] = (0, 0)
) -> Sound:
    low, high = PAIRS[number - 1]
    hz = DIRECTIONS[kind]
    return sine(hz[low] + off[0], levels[0], ms, 0.3 * number) + sine(hz[high] + off[1], levels[1], ms, 1.7 * number)


def told(kind: Kind, *parts: Sound) -> list[int]:
    return [event.code for event in heard([kind], *parts) if event.on]


def all_told(kind: Kind, **how: tuple[float, float]) -> list[int]:
    parts = [part for number in range(1, 16) for part in (signal(kind, number, 100, **how), silence(100))]
    return told(kind, *parts)


@pytest.mark.parametrize("kind", DIRECTIONS)
@pytest.mark.parametrize("level", [-5.0, -20.0, -35.0])
def test_q455_every_signal_at_every_level(kind: Kind, level: float) -> None:
    assert all_told(kind, levels=(level, level)) == list(range(1, 16))


@pytest.mark.parametrize("kind", DIRECTIONS)
@pytest.mark.parametrize("level", [-42.0, -50.0])
def test_q455_no_signal_below_42_dbm0(kind: Kind, level: float) -> None:
    assert all_told(kind, levels=(level, level)) == []


@pytest.mark.parametrize("kind", DIRECTIONS)
@pytest.mark.parametrize("off", [(-10, -10), (-10, 10), (10, -10), (10, 10)])
@pytest.mark.parametrize("twist", [-7, 7])
def test_q455_frequencies_10_hz_off_with_7_db_between_them(kind: Kind, off: tuple[int, int], twist: int) -> None:
    levels = (-13 + max(twist, 0), -13 - min(twist, 0))
    assert all_told(kind, off=off, levels=levels) == list(range(1, 16))


@pytest.mark.parametrize("kind", DIRECTIONS)
def test_q455_neither_20_db_between_them_nor_60_hz_off(kind: Kind) -> None:
    assert all_told(kind, levels=(-5, -25)) == []
    assert all_told(kind, levels=(-25, -5)) == []
    assert all_told(kind, off=(60, 0)) == []
    assert all_told(kind, off=(0, -60)) == []


@pytest.mark.parametrize("kind", DIRECTIONS)
def test_one_tone_or_three_are_no_signal(kind: Kind) -> None:
    hz = DIRECTIONS[kind]
    for tone in hz:
        assert told(kind, sine(tone, -10, 200)) == []
    for three in itertools.combinations(hz, 3):
        assert told(kind, sum((sine(tone, -12, 200, tone) for tone in three), start=silence(200))) == []


@pytest.mark.parametrize("kind", DIRECTIONS)
@pytest.mark.parametrize("start", range(0, 40, 7))
def test_q455_operate_and_release_within_80_ms_together(kind: Kind, start: int) -> None:
    """When the events come, not what they say: compelled signalling waits for them."""
    for number, level in itertools.product(range(1, 16), (-5, -35)):
        sound = np.concatenate([np.zeros(start), signal(kind, number, 150, (level, level)), silence(150)])
        bank = Bank([kind])
        when = {}
        for at in range(0, len(sound) - 40, 40):
            for event in bank.process(linear(sound[at : at + 40])):
                when[event.on] = (at + 40 - start) / 8
        operate, release = when[True], when[False] - 150
        assert operate + release <= 60
        assert 15 <= operate <= 35


@pytest.mark.parametrize("kind", DIRECTIONS)
@pytest.mark.parametrize("start", range(0, 40, 5))
def test_q455_neither_7_ms_of_signal_nor_7_ms_of_interruption(kind: Kind, start: int) -> None:
    lead = np.zeros(start)
    for number in range(1, 16):
        assert told(kind, lead, signal(kind, number, 7, (-5, -5))) == []
        interrupted = signal(kind, number, 127)
        interrupted[480:536] = 0
        assert told(kind, lead, interrupted) == [number]


@pytest.mark.parametrize("kind", DIRECTIONS)
def test_next_signal_without_a_pause_is_told(kind: Kind) -> None:
    parts = [signal(kind, number, 60) for number in range(1, 16)]
    assert told(kind, *parts) == list(range(1, 16))


@pytest.mark.parametrize("kind", DIRECTIONS)
@pytest.mark.parametrize("snr_db", [10, 13, 18])
def test_signals_in_noise(kind: Kind, snr_db: int) -> None:
    parts = [part for number in range(1, 16) for part in (signal(kind, number, 100), silence(60))]
    sound = np.concatenate(parts * 4)
    assert told(kind, sound + noise(-8.5 - snr_db, len(sound) / 8)) == [*range(1, 16)] * 4


@pytest.mark.parametrize("gain", [1.0, 0.25])
def test_no_signal_of_either_system_in_25_minutes_of_speech(gain: float) -> None:
    wants = [Kind.MF, Kind.R2_FORWARD, Kind.R2_BACKWARD]
    assert [event for _, voice in speech() for event in Bank(wants).process(line(voice * gain))] == []


def test_own_direction_is_not_heard_as_the_other() -> None:
    for kind, other in itertools.permutations(DIRECTIONS):
        parts = [part for number in range(1, 16) for part in (signal(other, number, 100, (-5, -5)), silence(60))]
        assert told(kind, *parts) == []


def test_event_says_when_how_long_and_how_loud() -> None:
    events = heard([Kind.R2_FORWARD], silence(100), signal(Kind.R2_FORWARD, 6, 200, (-10, -14)))
    assert [(event.kind, event.code, event.on) for event in events] == [(1, 6, True), (1, 6, False)]
    assert events[0].at_sample == pytest.approx(800, abs=60)
    assert events[1].at_sample == pytest.approx(2400, abs=60)
    assert events[1].duration_samples == pytest.approx(1600, abs=80)
    assert events[0].level_dbm0 == pytest.approx(-12, abs=0.5)

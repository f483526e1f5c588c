# SPDX-License-Identifier: GPL-2.0-only
"""The Bell MF receiver by the clauses of Q.323."""

import itertools

import numpy as np
import pytest

from dsp.bank import Bank, Kind
from dsp.mf import SIGNALS, MfSender
from tests.dsp.tone_sound import MF_HZ, PAIRS, Sound, heard, linear, noise, silence, sine

pytestmark = pytest.mark.unit


def signal(which: str, ms: float, levels: tuple[float, float] = (-7, -7), off: tuple[float, float] = (0, 0)) -> Sound:
    """off: -1 to 1 of what Q.323 allows, 1.5 % and 5 Hz."""
    low, high = (MF_HZ[tone] for tone in PAIRS[SIGNALS.index(which)])
    low_hz, high_hz = low + off[0] * (0.015 * low + 5), high + off[1] * (0.015 * high + 5)
    return sine(low_hz, levels[0], ms, ord(which)) + sine(high_hz, levels[1], ms, 2.0 * ord(which))


def told(*parts: Sound) -> str:
    return "".join(chr(event.code) for event in heard([Kind.MF], *parts) if event.on)


def all_told(ms: float = 68, pause_ms: float = 68, **how: tuple[float, float]) -> str:
    return told(*(part for which in SIGNALS for part in (signal(which, ms, **how), silence(pause_ms))))


@pytest.mark.parametrize("level", [0.0, -7.0, -25.0])
def test_q323_every_signal_at_every_level(level: float) -> None:
    assert all_told(levels=(level, level)) == SIGNALS


def test_q323_no_signal_at_35_dbm0_below() -> None:
    assert all_told(levels=(-35, -35)) == ""


@pytest.mark.parametrize("off", [(-1, -1), (-1, 1), (1, -1), (1, 1)])
@pytest.mark.parametrize("twist", [-6, 6])
def test_q323_frequencies_at_their_limits_with_6_db_between_them(off: tuple[int, int], twist: int) -> None:
    levels = (-10 + max(twist, 0), -10 - min(twist, 0))
    assert all_told(off=off, levels=levels) == SIGNALS


def test_neither_four_times_off_nor_12_db_between_them() -> None:
    assert all_told(off=(3, 0)) == ""
    assert all_told(off=(0, -3)) == ""
    assert all_told(levels=(0, -12)) == ""


@pytest.mark.parametrize("start", range(0, 40, 7))
def test_q323_signals_of_30_ms_with_pauses_of_25_ms(start: int) -> None:
    assert told(np.zeros(start), *(part for which in SIGNALS for part in (signal(which, 30), silence(25)))) == SIGNALS
    same = [part for _ in range(10) for part in (signal("7", 40), silence(25))]
    assert told(np.zeros(start), *same) == "7" * 10


@pytest.mark.parametrize("start", range(0, 40, 7))
def test_q323_neither_10_ms_of_signal_nor_10_ms_of_interruption(start: int) -> None:
    for which in SIGNALS:
        assert told(np.zeros(start), signal(which, 10, (0, 0))) == ""
        interrupted = signal(which, 90)
        interrupted[320:400] = 0
        assert told(np.zeros(start), interrupted) == which


def test_one_tone_or_three_are_no_signal() -> None:
    for tone in MF_HZ:
        assert told(sine(tone, -7, 200)) == ""
    for three in itertools.combinations(MF_HZ, 3):
        assert told(sum((sine(tone, -9, 200, tone) for tone in three), start=silence(200))) == ""


def test_q323_digits_in_noise_of_20_db_below() -> None:
    """Ten digits after KP at -23 dBm0, 50 ms on and off: fewer than one call in 2500 may fail; here 100 all pass."""
    call = "*1234567890#"
    parts = [
        part for which in call * 100 for part in (signal(which, 100 if which == "*" else 50, (-23, -23)), silence(50))
    ]
    sound = np.concatenate(parts)
    assert told(sound + noise(-20 - 20, len(sound) / 8)) == call * 100


@pytest.mark.parametrize("step", [1, 33, 40, 1000])
def test_what_is_sent_is_heard_in_whatever_pieces(step: int) -> None:
    sender, bank = MfSender(), Bank([Kind.MF])
    sender.send(SIGNALS)
    sound = linear(np.array(sender.process(20000)[0], dtype=float))
    whole = Bank([Kind.MF]).process(sound)
    pieces = [event for at in range(0, 40000, 2 * step) for event in bank.process(sound[at : at + 2 * step])]
    assert "".join(chr(event.code) for event in whole if event.on) == SIGNALS
    assert pieces == whole

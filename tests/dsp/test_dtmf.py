# SPDX-License-Identifier: GPL-2.0-only
"""The DTMF receiver against Q.24's limits; every sound has passed an A-law line."""

from itertools import product

import numpy as np
import pytest

from dsp.dtmf import DtmfReceiver
from tests.dsp.dtmf_sound import DIGITS, HIGH_HZ, LOW_HZ, Sound, digit, events, heard, line, silence, sine, with_noise

pytestmark = pytest.mark.unit

PHASES = np.random.default_rng(24).uniform(0, 2 * np.pi, (len(DIGITS), 2))
SHIFTS_MS = (50.0, 51.3, 52.6, 53.9)  # where in its 5 ms the receiver meets a digit


def one(which: str, ms: float, at: float = 50.0, **how: float) -> list[Sound]:
    phase = PHASES[DIGITS.index(which)]
    return [silence(at), digit(which, ms, phase=(phase[0], phase[1]), **how), silence(100)]


def all_heard(ms: float, *, snr_db: float | None = None, **how: float) -> str:
    """What is heard of every digit, each alone, at changing places."""
    result = ""
    for at, which in enumerate(DIGITS):
        parts = one(which, ms, SHIFTS_MS[at % 4], **how)
        sound = np.concatenate(parts)
        result += heard(sound if snr_db is None else with_noise(sound, snr_db, at))
    return result


@pytest.mark.parametrize("off", list(product((-0.015, 0.015), repeat=2)))
def test_q24_frequencies_within_1_5_percent_are_accepted(off: tuple[float, float]) -> None:
    assert all_heard(40, low_off=off[0], high_off=off[1]) == DIGITS


@pytest.mark.parametrize("off", list(product((-0.015, 0.015), repeat=2)))
def test_q24_frequencies_within_1_5_percent_are_accepted_in_noise(off: tuple[float, float]) -> None:
    assert all_heard(50, low_off=off[0], high_off=off[1], snr_db=10) == DIGITS


@pytest.mark.parametrize("off", [0.035, -0.035, 0.05, -0.05])
@pytest.mark.parametrize("group", ["low_off", "high_off"])
@pytest.mark.parametrize("ms", [60, 500])
def test_q24_frequencies_3_5_percent_off_are_rejected(group: str, off: float, ms: int) -> None:
    assert all_heard(ms, **{group: off}) == ""


@pytest.mark.parametrize("at", SHIFTS_MS)
def test_q24_40_ms_are_accepted_and_23_ms_rejected(at: float) -> None:
    for which in DIGITS:
        assert heard(*one(which, 40, at)) == which
        assert heard(*one(which, 23, at)) == ""


def test_q24_23_ms_are_rejected_at_every_level_in_noise() -> None:
    for level in (-3, -20, -35):
        assert all_heard(23, low_dbm0=level, high_dbm0=level, snr_db=20) == ""


@pytest.mark.parametrize("twist_db", [-8, -4, 0, 4])
@pytest.mark.parametrize("snr_db", [None, 15])
def test_q24_twist_of_high_over_low_from_minus_8_to_4_db(twist_db: float, snr_db: float | None) -> None:
    assert all_heard(45, low_dbm0=-15 - twist_db / 2, high_dbm0=-15 + twist_db / 2, snr_db=snr_db) == DIGITS


@pytest.mark.parametrize("twist_db", [-13, 9])
def test_twist_far_beyond_the_limits_is_rejected_unless_set(twist_db: float) -> None:
    levels = {"low_dbm0": -15 - twist_db / 2, "high_dbm0": -15 + twist_db / 2}
    assert all_heard(80, **levels) == ""
    wide = DtmfReceiver(max_high_twist_db=10, max_low_twist_db=14)
    assert heard(*one("5", 80, **levels), receiver=wide) == "5"


@pytest.mark.parametrize("level", [0, -3, -10, -25, -36])
def test_levels_from_0_to_minus_36_dbm0_are_accepted(level: float) -> None:
    assert all_heard(40, low_dbm0=level, high_dbm0=level) == DIGITS


def test_level_setting_parts_what_is_heard_from_what_is_not() -> None:
    for setting in (-41.0, -36.0, -30.0):
        for which in DIGITS:
            above = one(which, 50, low_dbm0=setting + 1, high_dbm0=setting + 1)
            below = one(which, 50, low_dbm0=setting - 2, high_dbm0=setting - 2)
            assert heard(*above, receiver=DtmfReceiver(min_level_dbm0=setting)) == which
            assert heard(*below, receiver=DtmfReceiver(min_level_dbm0=setting)) == ""


def test_ten_digits_a_second_and_more_in_noise_of_10_db() -> None:
    rng = np.random.default_rng(1)
    number = "".join(rng.choice(list(DIGITS), 300))
    parts = [np.concatenate([digit(which, 45, phase=tuple(rng.uniform(0, 6, 2))), silence(40)]) for which in number]
    assert heard(with_noise(np.concatenate([silence(21), *parts]), 10, 2)) == number


@pytest.mark.parametrize("gap_ms", [2, 5, 9.9])
@pytest.mark.parametrize("snr_db", [40, 10])
def test_q24_interruption_below_10_ms_does_not_split_a_digit(gap_ms: float, snr_db: float) -> None:
    for seed, which in enumerate(DIGITS):
        sound = [silence(SHIFTS_MS[seed % 4]), digit(which, 55), silence(gap_ms), digit(which, 55), silence(60)]
        assert heard(with_noise(np.concatenate(sound), snr_db, seed)) == which


@pytest.mark.parametrize("pause_ms", [30, 40, 70])
def test_pause_parts_two_equal_digits(pause_ms: float) -> None:
    for at, which in enumerate(DIGITS):
        pair = [silence(SHIFTS_MS[at % 4]), digit(which, 50), silence(pause_ms), digit(which, 50)]
        assert heard(*pair) == 2 * which


def test_digit_that_follows_without_a_pause_ends_the_one_before() -> None:
    assert [(event.digit, event.on) for event in events(silence(30), digit("1", 60), digit("9", 60))] == [
        ("1", True),
        ("1", False),
        ("9", True),
        ("9", False),
    ]


@pytest.mark.parametrize("dial_hz", [(450,), (350, 440), (425,), (350, 450)])
@pytest.mark.parametrize("level", [-3, -20, -36])
def test_dial_tone_at_minus_10_dbm0_may_sound(dial_hz: tuple[int, ...], level: float) -> None:
    for at, which in enumerate(DIGITS):
        sound = np.concatenate([silence(400 + at), digit(which, 50, low_dbm0=level, high_dbm0=level), silence(100)])
        share = -10 - 10 * np.log10(len(dial_hz))
        dial = sum(sine(hz, share, len(sound) / 8, phase=hz) for hz in dial_hz)
        assert heard(sound + dial) == which


@pytest.mark.parametrize("hz", [*LOW_HZ, *HIGH_HZ])
def test_one_tone_alone_is_no_digit(hz: float) -> None:
    assert heard(sine(hz, -5, 500)) == ""


def test_three_tones_are_no_digit() -> None:
    for extra in (1050, 2000, 3000):
        assert heard(silence(30), digit("5", 300) + sine(extra, -8, 300)) == ""


def test_noise_is_no_digit() -> None:
    rng = np.random.default_rng(3)
    for level in (300, 3000, 10000):
        assert heard(rng.normal(0, level, 60 * 8000)) == ""


def test_event_tells_where_how_long_and_how_loud() -> None:
    for at, which in enumerate(DIGITS):
        start_ms, length_ms = 100 + 1.7 * at, 60 + 3 * at
        on, off = events(silence(start_ms), digit(which, length_ms, low_dbm0=-16, high_dbm0=-14))
        assert (on.digit, on.on, on.duration_samples) == (which, True, 0)
        assert (off.digit, off.on) == (which, False)
        assert on.at_sample == pytest.approx(start_ms * 8, abs=40)
        assert off.at_sample == pytest.approx((start_ms + length_ms) * 8, abs=40)
        assert off.duration_samples == pytest.approx(length_ms * 8, abs=80)
        assert on.level_dbm0 == pytest.approx(-15, abs=0.3)


def test_digit_is_told_within_its_minimum_length() -> None:
    sound = line(np.concatenate([silence(53), digit("7", 400)]))
    receiver = DtmfReceiver()
    for at in range(0, len(sound), 80):
        if receiver.process(sound[at : at + 80]):
            assert at / 16 <= 53 + 45
            return
    pytest.fail("not heard")


@pytest.mark.parametrize("step", [1, 7, 40, 160, 1001])
def test_pieces_do_not_matter(step: int) -> None:
    sound = line(np.concatenate([silence(31), *(np.concatenate([digit(d, 50), silence(50)]) for d in DIGITS)]))
    receiver = DtmfReceiver()
    pieces = [event for at in range(0, len(sound), 2 * step) for event in receiver.process(sound[at : at + 2 * step])]
    assert pieces == DtmfReceiver().process(sound)
    assert "".join(event.digit for event in pieces if event.on) == DIGITS


def test_reset_starts_again_at_sample_0() -> None:
    receiver = DtmfReceiver()
    first = events(silence(40), digit("3", 50), receiver=receiver)
    receiver.reset()
    assert events(silence(40), digit("3", 50), receiver=receiver) == first


@pytest.mark.parametrize(
    "setting",
    [
        {"min_level_dbm0": -46},
        {"min_level_dbm0": float("nan")},
        {"max_high_twist_db": -1},
        {"max_low_twist_db": 21},
        {"min_on_ms": 29},
        {"min_pause_ms": 201},
        {"min_on_ms": 70000},
    ],
)
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="dtmf"):
        DtmfReceiver(**setting)  # type: ignore[arg-type]  # a wrong value is the point

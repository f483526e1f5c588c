# SPDX-License-Identifier: GPL-2.0-only
"""CNG, CED, ANS and ANSam by the clauses of T.30, V.25, V.8 and G.168; the preamble of T.30."""

import numpy as np
import pytest

from dsp.bank import AnswerTone, Bank, Kind
from dsp.tone import Step, ToneGenerator
from tests.dsp.tone_sound import Sound, answer, flags, heard, linear, noise, silence, sine

pytestmark = pytest.mark.unit

CNG, ANS, ANS_PR, ANSAM, ANSAM_PR = AnswerTone


def told(*parts: Sound) -> list[AnswerTone]:
    return [AnswerTone(event.code) for event in heard([Kind.ANSWER], *parts) if event.on]


@pytest.mark.parametrize("off", [-38, -20, 0, 20, 38])
@pytest.mark.parametrize("level", [-3, -31])
def test_t30_cng_38_hz_off(off: int, level: int) -> None:
    assert told(silence(500), sine(1100 + off, level, 500), silence(3000), sine(1100 + off, level, 500)) == [CNG] * 2


@pytest.mark.parametrize("off", [-60, 60])
def test_cng_60_hz_off_is_none(off: int) -> None:
    assert told(sine(1100 + off, -10, 500)) == []


@pytest.mark.parametrize("off", [-21, -15, 0, 15, 21])
@pytest.mark.parametrize("level", [-3, -31])
def test_g168_ans_21_hz_off(off: int, level: int) -> None:
    assert told(answer(2600, hz=2100 + off, level_dbm0=level)) == [ANS]


@pytest.mark.parametrize("off", [-40, 40])
def test_ans_40_hz_off_is_none(off: int) -> None:
    assert told(answer(2600, hz=2100 + off)) == []


def test_tones_below_the_level_are_none() -> None:
    assert told(answer(2600, level_dbm0=-42)) == []
    assert told(sine(1100, -42, 500)) == []


@pytest.mark.parametrize("every", [425, 450, 475])
@pytest.mark.parametrize("off", [-21, 0, 21])
def test_g168_reversals_at_450_ms(every: int, off: int) -> None:
    assert told(answer(3000, hz=2100 + off, every_ms=every)) == [ANS, ANS_PR]


@pytest.mark.parametrize("every", [300, 380, 520, 600])
def test_reversals_at_other_times_are_none(every: int) -> None:
    assert told(answer(3000, every_ms=every)) == [ANS]


@pytest.mark.parametrize(
    ("degrees", "expected"), [(155, [ANS, ANS_PR]), (205, [ANS, ANS_PR]), (110, [ANS]), (250, [ANS])]
)
def test_g168_turn_that_is_a_reversal_and_one_that_is_not(degrees: int, expected: list[AnswerTone]) -> None:
    assert told(answer(3000, every_ms=450, turn_degrees=degrees)) == expected


def test_g168_reversals_are_told_within_a_second() -> None:
    bank, sound = Bank([Kind.ANSWER]), linear(answer(2000, every_ms=450))
    when = [
        at / 16 + 5
        for at in range(0, len(sound), 80)
        for event in bank.process(sound[at : at + 80])
        if event.on and event.code == ANS_PR
    ]
    assert when
    assert when[0] < 1000


@pytest.mark.parametrize("depth", [0.15, 0.2, 0.25])
@pytest.mark.parametrize("am_hz", [14.9, 15.1])
def test_v8_ansam_is_told_from_ans(depth: float, am_hz: float) -> None:
    assert told(answer(3000, depth=depth, am_hz=am_hz)) == [ANSAM]
    assert told(answer(3000, depth=depth, am_hz=am_hz, every_ms=450)) == [ANSAM, ANSAM_PR]


def test_ans_that_is_hardly_modulated_is_ans() -> None:
    assert told(answer(3000, depth=0.05)) == [ANS]
    assert told(answer(3000, depth=0.2, am_hz=25)) == [ANS]


@pytest.mark.parametrize("snr_db", [15, 25])
def test_all_of_them_in_noise(snr_db: int) -> None:
    for seed, (expected, sound) in enumerate(
        [
            ([ANS], answer(3300)),
            ([ANS, ANS_PR], answer(3300, every_ms=450)),
            ([ANSAM], answer(3300, depth=0.2)),
            ([ANSAM, ANSAM_PR], answer(3300, depth=0.2, every_ms=450)),
            ([CNG], sine(1100, -12, 500)),
        ]
    ):
        assert told(sound + noise(-12 - snr_db, len(sound) / 8, seed)) == expected


def test_what_the_generator_plays_is_heard() -> None:
    tone = ToneGenerator()
    tone.play([Step((2100, 0), -12, 3600, am_hz=15, am_percent=20, turned=True)], rounds=8)
    assert told(np.array(tone.process(30000), dtype=float)) == [ANSAM, ANSAM_PR]


def test_end_is_told_once_with_the_last_code_and_the_length() -> None:
    events = heard([Kind.ANSWER], silence(200), answer(3300, every_ms=450))
    assert [(event.code, event.on) for event in events] == [(ANS, True), (ANS_PR, True), (ANS_PR, False)]
    assert events[0].at_sample == pytest.approx(1600, abs=120)
    assert events[-1].duration_samples == pytest.approx(3300 * 8, abs=160)
    assert events[-1].level_dbm0 == pytest.approx(-12, abs=0.5)


def preambles(*parts: Sound) -> int:
    return sum(event.on for event in heard([Kind.PREAMBLE], *parts))


@pytest.mark.parametrize("level", [-3, -12, -31])
@pytest.mark.parametrize("off", [-12, 0, 12])
def test_t30_preamble_is_told_once(level: int, off: int) -> None:
    sound = flags(1000, level, (1650 + off, 1850 + off))
    assert preambles(silence(75), sound) == 1
    assert preambles(silence(75), sound + noise(level - 15, 1000)) == 1


def test_t30_preamble_is_told_within_250_ms_and_its_end() -> None:
    events = heard([Kind.PREAMBLE], silence(100), flags(850), flags(500, bits="1100101000110101110100111"))
    assert [event.on for event in events] == [True, False]
    assert events[0].at_sample == pytest.approx(800, abs=240)
    assert events[1].duration_samples == pytest.approx(850 * 8, abs=900)
    bank, sound = Bank([Kind.PREAMBLE]), linear(flags(1000))
    assert next(at for at in range(0, len(sound), 80) if bank.process(sound[at : at + 80])) / 16 < 250


@pytest.mark.parametrize(
    "sound",
    [
        flags(2000, bits="1"),
        flags(2000, bits="0"),
        flags(2000, bits="10"),
        flags(2000, bits="1100101000110101110100111"),
        flags(2000, bits="0111111001010011"),
        flags(2000, hz=(980, 1180)),
        flags(2000, hz=(1300, 2100)),
    ],
    ids=["marks", "spaces", "alternating", "data", "flag and octet", "channel 1", "v23"],
)
def test_other_bits_and_channels_are_no_preamble(sound: Sound) -> None:
    assert preambles(sound) == 0

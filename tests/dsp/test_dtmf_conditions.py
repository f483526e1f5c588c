# SPDX-License-Identifier: GPL-2.0-only
"""The DTMF receiver in the network: Q.24's administrations, echoes, our own prompt, dial tones, the early flag."""

import tomllib
from collections.abc import Iterator
from inspect import signature
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from dsp.dtmf import HOP, NON_OPERATE, STANDARD, DtmfReceiver, limits
from dsp.tools.dtmf_columns import SOURCE
from tests.dsp.dtmf_sound import (
    DIGITS,
    HIGH_HZ,
    LOW_HZ,
    Sound,
    digit,
    events,
    heard,
    line,
    silence,
    sine,
    with_noise,
)
from tests.sound.speech import speech

pytestmark = pytest.mark.unit

COLUMNS: dict[str, dict[str, Any]] = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
OFFS_MS = (40.0, 41.3, 43.1, 44.4)


def several(receiver: str, ms: float, **how: float) -> str:
    """What this administration's receiver makes of every digit, 80 ms apart, each at another place in its hops."""
    rng = np.random.default_rng(24)
    parts = [silence(60)]
    for at, which in enumerate(DIGITS):
        phase = tuple(rng.uniform(0, 2 * np.pi, 2))
        parts += [digit(which, ms, phase=phase, **how), silence(80 + OFFS_MS[at % 4] % 5)]
    return heard(*parts, receiver=DtmfReceiver.of(receiver))


def off_shares(column: dict[str, Any]) -> Iterator[dict[str, float]]:
    """The corners of what must be accepted, with the hertz added where they are the largest share of a tone."""
    operate = column["operate"]
    low, high = (operate["off_percent"] / 100 + operate["off_hz"] / hz for hz in (LOW_HZ[0], HIGH_HZ[0]))
    for sign in product((-1, 1), repeat=2):
        yield {"low_off": sign[0] * low, "high_off": sign[1] * high}


@pytest.mark.parametrize("name", COLUMNS)
def test_q24_column_frequencies(name: str) -> None:
    for off in off_shares(COLUMNS[name]):
        assert several(name, 45, low_dbm0=-15, high_dbm0=-15, **off) == DIGITS
    limit = COLUMNS[name]["non_operate"].get("off_percent")
    for group, sign in product(("low_off", "high_off"), (-1, 1)):
        if limit:
            assert several(name, 100, low_dbm0=-15, high_dbm0=-15, **{group: sign * limit / 100}) == ""


@pytest.mark.parametrize("name", COLUMNS)
def test_q24_column_levels(name: str) -> None:
    for level in COLUMNS[name]["operate"]["level_dbm0"]:
        assert several(name, 45, low_dbm0=level, high_dbm0=level) == DIGITS
    level = COLUMNS[name]["non_operate"]["level_dbm0"]
    assert several(name, 100, low_dbm0=level, high_dbm0=level) == ""


@pytest.mark.parametrize("name", COLUMNS)
def test_q24_column_twist(name: str) -> None:
    high_over_low, low_over_high = COLUMNS[name]["operate"]["twist_db"]
    assert several(name, 45, low_dbm0=-15 - high_over_low / 2, high_dbm0=-15 + high_over_low / 2) == DIGITS
    assert several(name, 45, low_dbm0=-15 + low_over_high / 2, high_dbm0=-15 - low_over_high / 2) == DIGITS


@pytest.mark.parametrize("name", COLUMNS)
def test_q24_column_times(name: str) -> None:
    operate = COLUMNS[name]["operate"]
    for at, which in product(OFFS_MS, "1590D"):
        tone = digit(which, operate["on_ms"], low_dbm0=-15, high_dbm0=-15)
        pair = [silence(at), tone, silence(operate["pause_ms"]), tone]
        assert heard(*pair, receiver=DtmfReceiver.of(name)) == 2 * which
        gap = silence(operate["interruption_ms"] - 0.1)
        assert heard(silence(at), tone, gap, tone, receiver=DtmfReceiver.of(name)) == which
        short = digit(which, COLUMNS[name]["non_operate"]["on_ms"], low_dbm0=-15, high_dbm0=-15)
        assert heard(silence(at), short, receiver=DtmfReceiver.of(name)) == ""


def test_an_administration_that_q24_does_not_name_is_refused() -> None:
    with pytest.raises(ValueError, match="Atlantis"):
        DtmfReceiver.of("Atlantis")


def test_a_receiver_s_own_limits_are_the_standard_administration_s() -> None:
    own = {name: parameter.default for name, parameter in signature(DtmfReceiver).parameters.items()}
    assert own == pytest.approx(limits(STANDARD))


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("least", NON_OPERATE)
def test_a_non_operate_level_that_is_set_parts_what_is_heard_and_keeps_the_administration(
    name: str, least: float
) -> None:
    def receiver() -> DtmfReceiver:
        return DtmfReceiver.of(name, least)

    wanted = max(least + 1, COLUMNS[name]["operate"]["level_dbm0"][0])
    for which in DIGITS:
        assert heard(silence(61), digit(which, 100, low_dbm0=least, high_dbm0=least), receiver=receiver()) == ""
        for level in (least + 1, wanted):
            sound = silence(61), digit(which, 45, low_dbm0=level, high_dbm0=level)
            assert heard(*sound, receiver=receiver()) == which
    assert {**limits(name, least), "min_level_dbm0": 0} == {**limits(name), "min_level_dbm0": 0}


@pytest.mark.parametrize("least", [-45.1, -28.9, float("nan")])
def test_a_non_operate_level_that_would_lose_an_administration_s_digits_is_refused(least: float) -> None:
    with pytest.raises(ValueError, match="-45 to -29"):
        limits("NTT", least)


def number(count: int, ms: float, pause_ms: float, seed: int, **how: float) -> tuple[str, Sound]:
    rng = np.random.default_rng(seed)
    digits = "".join(rng.choice(list(DIGITS), count))
    parts = [silence(30)]
    for which in digits:
        parts += [digit(which, ms, phase=tuple(rng.uniform(0, 6, 2)), **how), silence(pause_ms + rng.uniform(0, 10))]
    return digits, np.concatenate(parts)


def test_minus_41_dbm0_is_heard_in_noise_of_10_db() -> None:
    digits, sound = number(200, 45, 50, 1, low_dbm0=-41, high_dbm0=-41)
    assert heard(with_noise(sound, 10, 1)) == digits


def test_q24_40_ms_in_noise_of_10_db_anywhere_within_twist_and_frequency() -> None:
    rng = np.random.default_rng(40)
    parts, digits = [silence(30)], "".join(rng.choice(list(DIGITS), 400))
    for which in digits:
        twist, off = rng.uniform(-8, 4), rng.uniform(-0.015, 0.015, 2)
        levels = {"low_dbm0": -12 - twist / 2, "high_dbm0": -12 + twist / 2}
        phase = tuple(rng.uniform(0, 6, 2))
        sound = np.concatenate([digit(which, 40, low_off=off[0], high_off=off[1], phase=phase, **levels), silence(50)])
        parts.append(with_noise(sound, 10, int(rng.integers(1 << 30))))
    answer = heard(*parts)
    assert is_part_of(answer, digits)
    assert len(answer) >= 0.995 * len(digits)


@pytest.mark.parametrize("off", [0.035, -0.035])
def test_q24_3_5_percent_off_is_rejected_in_noise_too(off: float) -> None:
    for group, snr_db in product(("low_off", "high_off"), (10, 15, 20)):
        _, sound = number(60, 100, 60, 2, **{group: off})
        assert heard(with_noise(sound, snr_db, 3)) == ""


@pytest.mark.parametrize("delay_ms", [5, 10, 15, 20])
def test_q24_echo_of_20_ms_10_db_down_does_no_harm(delay_ms: int) -> None:
    digits, sound = number(200, 45, 50, 3)
    late = np.concatenate([silence(delay_ms), sound])[: len(sound)]
    assert heard(sound + late * 10 ** (-10 / 20)) == digits


def prompt(level_dbm0: float, samples: int) -> Sound:
    """Our own voice at its active level, as it is where it is loud, over and over."""
    sound = speech(60, "agent").astype(float)
    power = np.mean(sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2, axis=1)
    active = np.mean(power[power > 1e-4 * power.max()])
    return np.resize(sound, samples) * float(np.sqrt(260537280.0 / active) * 10 ** (level_dbm0 / 20))


@pytest.mark.parametrize(("level", "ms", "share"), [(-7, 50, 0.99), (-10, 50, 0.98), (-13, 80, 0.98), (-16, 100, 0.95)])
def test_barge_in_under_our_own_prompt_at_erl_6_db(level: float, ms: float, share: float) -> None:
    digits, sound = number(200, ms, 120, 4, low_dbm0=level, high_dbm0=level)
    echo = np.convolve(prompt(-16 - 6, len(sound)), [0, 0.87, 0.43, -0.22])[: len(sound)]
    answer = heard(sound + echo)
    assert set(answer) <= set(DIGITS)
    assert len(answer) >= share * len(digits)
    assert is_part_of(answer, digits)


def is_part_of(answer: str, digits: str) -> bool:
    """Digits may be lost, none is wrong or doubled."""
    rest = iter(digits)
    return all(which in rest for which in answer)


@pytest.mark.parametrize("dial_hz", [(413, 438), (400, 425), (425,), (350, 440)])
def test_dial_tones_that_beat_may_sound(dial_hz: tuple[int, ...]) -> None:
    for at, which in enumerate(DIGITS):
        sound = np.concatenate([silence(800 + at), digit(which, 60, low_dbm0=-20, high_dbm0=-20), silence(100)])
        share = -10 - 10 * np.log10(len(dial_hz))
        assert heard(sound + sum(sine(hz, share, len(sound) / 8) for hz in dial_hz)) == which


def test_a_digit_may_follow_each_of_many_in_dial_tone_that_ends_with_the_first() -> None:
    first = np.concatenate([silence(600), digit("4", 60), silence(40)])
    dial = np.concatenate([first + sine(425, -10, len(first) / 8), silence(20)])
    assert heard(np.concatenate([dial, *(np.concatenate([digit(d, 60), silence(60)]) for d in "56789")])) == "456789"


def early_from(receiver: DtmfReceiver, sound: bytes) -> list[tuple[str | None, bool]]:
    """Of each hop the early flag, and whether a digit was told to begin with it."""
    found = []
    for at in range(0, len(sound) - 2 * HOP + 1, 2 * HOP):
        events = receiver.process(sound[at : at + 2 * HOP])
        found.append((receiver.early, any(event.on for event in events)))
    return found


def test_early_flag_is_there_after_20_ms_of_tone_and_goes_when_the_digit_is_heard() -> None:
    latest = 0.0
    for at, which in enumerate(DIGITS):
        start_ms = 50 + 1.3 * at
        flags = early_from(DtmfReceiver(), line(np.concatenate([silence(start_ms), digit(which, 80), silence(60)])))
        first = next(hop for hop, (early, _) in enumerate(flags) if early)
        on = next(hop for hop, (_, on) in enumerate(flags) if on)
        assert flags[first][0] == which
        assert first < on
        assert flags[on][0] is None
        latest = max(latest, (first + 1) * 5 - start_ms)
    # The hop at whose end the flag stands is muted itself: 16 ms have leaked at most.
    assert latest <= 21


def test_early_flag_goes_when_it_is_no_digit() -> None:
    flags = early_from(DtmfReceiver(), line(np.concatenate([silence(50), digit("5", 22), silence(100)])))
    assert any(early == "5" for early, _ in flags)
    assert flags[-1] == (None, False)
    assert sum(early is not None for early, _ in flags) <= 4


def test_early_flag_mutes_speech_less_than_once_a_minute() -> None:
    minutes = 3
    flags = [early for early, _ in early_from(DtmfReceiver(), line(speech(60.0 * minutes).astype(float)))]
    begun = sum(now is not None and before is None for before, now in pairwise(flags))
    assert begun <= minutes
    assert flags.count(None) >= len(flags) - 8 * minutes


def test_many_at_once_hear_what_each_hears_alone() -> None:
    sounds = []
    for channel in range(13):
        _, sound = number(6, 60, 50, channel)
        sounds.append(line(with_noise(np.roll(sound, channel), 20, channel))[: 2 * 5000])
    receivers = [DtmfReceiver() for _ in sounds]
    together: list[list[object]] = [[] for _ in sounds]
    for at in range(0, 2 * 5000 - 2 * HOP + 1, 2 * HOP):
        pieces = [sound[at : at + 2 * HOP] for sound in sounds]
        for heard_now, all_of in zip(DtmfReceiver.process_many(receivers, pieces), together, strict=True):
            all_of.extend(heard_now)
    alone = [DtmfReceiver().process(sound[: 2 * 5000 // (2 * HOP) * 2 * HOP]) for sound in sounds]
    assert together == alone
    assert sum(map(len, alone)) > 100


def test_a_piece_that_is_no_hop_is_refused() -> None:
    with pytest.raises(ValueError, match="40 samples"):
        DtmfReceiver.process_many([DtmfReceiver()], [bytes(2 * HOP - 2)])


def test_events_of_a_digit_that_speech_covers_are_one_pair() -> None:
    digits, sound = number(60, 150, 120, 9, low_dbm0=-16, high_dbm0=-16)
    heard_all = events(sound + prompt(-22, len(sound)))
    assert len(heard_all) % 2 == 0
    assert all(
        on.on and not off.on and on.digit == off.digit for on, off in zip(heard_all[::2], heard_all[1::2], strict=True)
    )
    assert is_part_of("".join(event.digit for event in heard_all[::2]), digits)

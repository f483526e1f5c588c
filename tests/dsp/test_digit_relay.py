# SPDX-License-Identifier: GPL-2.0-only
"""One digit for every key: tones, telephone events and SIP INFO in turn and at once."""

from collections.abc import Callable
from functools import partial

import pytest

from dsp.digit_relay import DigitChange, DigitRelay
from tests.dsp.simulator import figures

CLOCKS = [8000, 16000, 48000]
Action = Callable[[], object]


def timeline(relay: DigitRelay, actions: dict[int, Action], ticks: int = 400) -> list[DigitChange]:
    """Actions at their ticks; all that was told."""
    told = []
    for tick in range(ticks):
        if tick in actions:
            actions[tick]()
        told += relay.tick()
    return told


def begun(changes: list[DigitChange]) -> str:
    return "".join(change.digit for change in changes if change.on)


@pytest.mark.unit
def test_a_tone_beside_an_event_is_one_digit_that_lasts_until_both_have_ended() -> None:
    relay = DigitRelay()
    told = timeline(
        relay,
        {
            0: lambda: relay.event("5", 0, on=True),
            20: lambda: relay.tone("5", on=True),
            30: lambda: relay.event("5", 0, 1200, on=False),
            50: lambda: relay.tone("5", on=False),
        },
    )
    assert told == [
        DigitChange("5", on=True, source="event"),
        DigitChange("5", on=False, source="event", duration_ms=250),
    ]


@pytest.mark.unit
def test_the_same_key_twice_is_two_digits_for_all_sources() -> None:
    relay = DigitRelay()
    actions: dict[int, Action] = {}
    for at in (0, 20):
        actions[at] = partial(relay.event, "5", at * 40, on=True)
        actions[at + 10] = partial(relay.event, "5", at * 40, 400, on=False)
        actions[at + 13] = lambda: relay.tone("5", on=True)
        actions[at + 18] = lambda: relay.tone("5", on=False)
        actions[at + 45] = lambda: relay.info("5", 50)
    assert begun(timeline(relay, actions)) == "55"


@pytest.mark.unit
def test_a_tone_that_breaks_off_within_its_event_is_the_same_digit() -> None:
    relay = DigitRelay()
    told = timeline(
        relay,
        {
            0: lambda: relay.event("1", 0, on=True),
            12: lambda: relay.tone("1", on=True),
            30: lambda: relay.tone("1", on=False),
            35: lambda: relay.tone("1", on=True),
            60: lambda: relay.event("1", 0, 2400, on=False),
            64: lambda: relay.tone("1", on=False),
            68: lambda: relay.tone("1", on=True),
            70: lambda: relay.tone("1", on=False),
        },
    )
    assert begun(told) == "1"


@pytest.mark.unit
def test_the_same_key_by_another_source_after_a_change_is_a_new_digit() -> None:
    relay = DigitRelay()
    told = timeline(
        relay,
        {
            0: lambda: relay.tone("7", on=True),
            10: lambda: relay.tone("7", on=False),
            80: lambda: relay.event("7", 3200, on=True),
            90: lambda: relay.event("7", 3200, 400, on=False),
            220: lambda: relay.info("7"),
        },
    )
    assert [(change.source, change.on) for change in told if change.digit == "7"] == [
        (source, on) for source in ("tone", "event", "info") for on in (True, False)
    ]
    assert told[-1].duration_ms == 100


@pytest.mark.unit
def test_the_sound_of_an_event_is_muted_when_it_is_played_and_no_longer() -> None:
    relay = DigitRelay()
    relay.event("3", 1600, on=True)
    assert [relay.muted(play) for play in (1560, 1600, 90000)] == [False, True, True]
    relay.event("3", 1600, 800, on=False)
    assert [relay.muted(play) for play in (1560, 1600, 2360, 2400)] == [False, True, True, False]
    timeline(relay, {}, 300)
    assert not relay.muted(1600)


@pytest.mark.unit
def test_an_early_flag_that_was_nothing_mutes_no_longer_than_it_stands() -> None:
    relay = DigitRelay()
    relay.early(on=True)
    assert relay.muted(0)
    relay.early(on=False)
    assert not relay.muted(0)


def no_digit_doubled_or_lost(told: dict[str, float]) -> None:
    assert (told["lost"], told["doubled"], told["wrong"], told["unended"], told["long_wrong"]) == (0, 0, 0, 0, 0)
    assert told["heard"] == told["pressed"]
    assert told["leak_ms"] <= 20


@pytest.mark.system
@pytest.mark.parametrize("ends", [0, 1])
@pytest.mark.parametrize("clock", CLOCKS)
def test_ten_thousand_digits_by_changing_carriers(clock: int, ends: int) -> None:
    """Packets up to 60 ms late each by itself, 5 % twice, all with E lost or none, one digit of 200 a long one."""
    told = figures("digit_sim", digits=10000 / 3, clock=clock, ends=ends, long=200)
    assert told["longs"] > 5
    no_digit_doubled_or_lost(told)


@pytest.mark.system
@pytest.mark.parametrize("carriers", range(1, 8))
def test_every_set_of_carriers(carriers: int) -> None:
    no_digit_doubled_or_lost(figures("digit_sim", digits=2000, carriers=carriers, ends=0))


@pytest.mark.system
def test_rfc2198_brings_back_digits_whose_packets_were_all_lost() -> None:
    lost = figures("digit_sim", digits=5000, carriers=2, ends=0, loss=50)
    brought = figures("digit_sim", digits=5000, carriers=2, ends=0, loss=50, redundancy=2)
    assert lost["lost"] > 5
    assert brought["lost"] + brought["doubled"] + brought["wrong"] < lost["lost"] / 4


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_million_digits(clock: int) -> None:
    told = figures("digit_sim", digits=1_000_000, clock=clock, ends=0, long=2000, seed=clock)
    print(clock, told)
    no_digit_doubled_or_lost(told)

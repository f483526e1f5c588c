# SPDX-License-Identifier: GPL-2.0-only
"""Quarters of an hour and days: what they hold, what they admit to lack, and clocks that are set."""

from __future__ import annotations

import msgspec
import pytest

from appliance.line.performance.history import DAYS, QUARTERS, History, Kept
from appliance.line.performance.look import Look
from appliance.wire.performance import DAY_S, QUARTER_S, Figures, Interval
from drivers.model import Alarm, SpanCounters, SpanStatus

pytestmark = pytest.mark.unit

MIDNIGHT = 1_795_392_000  # UTC
assert MIDNIGHT % DAY_S == 0


class Bench:
    """A span, its history and both clocks. `quarters` and `days` are as people read them."""

    def __init__(self, utc_s: float = MIDNIGHT) -> None:
        self.utc_s, self.mono_s = float(utc_s), 1000.0
        self.counters: dict[str, int] = {}
        self.history = History(Kept("telco"))
        self.look()

    def look(self, alarms: Alarm = Alarm.NONE, ppm: float = 0.0) -> None:
        status = SpanStatus(0, open=True, alarms=alarms, counters=SpanCounters(**self.counters), buffer_ms=10,
                            clock_ppm=ppm, clock_locked=True)  # fmt: skip
        self.history.take(Look(status), self.utc_s, self.mono_s)

    def pass_s(self, seconds: int, alarms: Alarm = Alarm.NONE, lost: int = 0, ppm: float = 0.0) -> None:
        for _ in range(seconds):
            self.utc_s += 1
            self.mono_s += 1
            self.add("received", 0 if Alarm.LOS in alarms else 1000 - lost)
            self.add("lost", lost)
            self.look(alarms, ppm)

    def add(self, name: str, count: int) -> None:
        self.counters[name] = self.counters.get(name, 0) + count

    def asleep(self, seconds: float) -> None:
        """Nobody looks; packets go on."""
        self.utc_s += seconds
        self.mono_s += seconds
        self.add("received", int(seconds * 1000))

    def near(self, start_s: int) -> Figures:
        (found,) = [one.near for one in self.history.kept.quarters if one.start_s == start_s]
        return found


def test_g826_a_quarter_counts_es_ses_and_bbe_of_available_time() -> None:
    bench = Bench()
    bench.pass_s(100)
    bench.pass_s(3, lost=2)
    bench.pass_s(1, lost=400)
    bench.pass_s(796)
    assert bench.near(MIDNIGHT) == Figures(seconds=899, es=4, ses=1, bbe=6), "the last second ends in the next"
    assert bench.near(MIDNIGHT + QUARTER_S).seconds == 1


def test_g826_unavailable_seconds_are_no_errored_ones_across_a_quarter_s_end() -> None:
    bench = Bench(MIDNIGHT + QUARTER_S - 6)
    bench.pass_s(20, Alarm.LOS)
    bench.pass_s(12)
    assert bench.near(MIDNIGHT) == Figures(seconds=5, uas=5)
    assert bench.near(MIDNIGHT + QUARTER_S) == Figures(seconds=27, uas=15)


def test_the_far_end_has_sums_of_its_own() -> None:
    bench = Bench()
    bench.pass_s(5)
    bench.pass_s(3, Alarm.RAI)
    bench.pass_s(5, Alarm.AIS)
    bench.pass_s(5)
    (quarter,) = bench.history.kept.quarters
    assert quarter.far == Figures(seconds=13, es=3, ses=3)
    assert quarter.near == Figures(seconds=18, es=5, ses=5)


def test_seconds_that_nobody_saw_are_missing_and_break_a_row_of_severe_ones() -> None:
    bench = Bench()
    bench.pass_s(6, Alarm.LOS)
    bench.asleep(300)
    bench.pass_s(6, Alarm.LOS)
    bench.pass_s(1)
    figures = bench.near(MIDNIGHT)
    assert figures.seconds == 13
    assert (figures.uas, figures.ses) == (0, 12)


def test_a_restart_goes_on_with_what_was_kept_and_makes_nothing_up() -> None:
    bench = Bench()
    bench.pass_s(60)
    bench.pass_s(7, Alarm.LOS)
    octets = msgspec.json.encode(bench.history.kept)
    bench.asleep(100)
    bench.counters = {}
    bench.history = History(msgspec.json.decode(octets, type=Kept))
    bench.look()
    bench.pass_s(6, Alarm.LOS)
    bench.pass_s(54)
    figures = bench.near(MIDNIGHT)
    assert (figures.seconds, figures.ses, figures.uas) == (127, 13, 0), "no row of ten was seen"


def test_a_clock_set_forward_leaves_intervals_out() -> None:
    bench = Bench()
    bench.pass_s(60)
    bench.utc_s += 2 * QUARTER_S
    bench.pass_s(60)
    assert [one.start_s for one in bench.history.kept.quarters] == [MIDNIGHT, MIDNIGHT + 2 * QUARTER_S]
    assert sum(one.near.seconds for one in bench.history.kept.quarters) == 120, "no second is lost by it"


def test_a_clock_set_back_by_a_minute_says_so_by_more_seconds_than_there_are() -> None:
    bench = Bench()
    bench.pass_s(QUARTER_S - 10)
    bench.utc_s -= 60
    bench.pass_s(69)
    assert bench.near(MIDNIGHT).seconds == QUARTER_S + 59


def test_a_clock_set_back_by_years_drops_intervals_that_have_not_come() -> None:
    bench = Bench(MIDNIGHT + 3650 * DAY_S)
    bench.pass_s(5, Alarm.LOS)
    bench.utc_s = MIDNIGHT
    bench.pass_s(60)
    assert [one.start_s for one in bench.history.kept.quarters] == [MIDNIGHT]
    assert [one.start_s for one in bench.history.kept.days] == [MIDNIGHT]
    assert bench.near(MIDNIGHT).seconds == 65, "what waited for its verdict was not of the future"


def test_24_hours_of_quarters_and_a_month_of_days_are_kept() -> None:
    kept = Kept(
        "telco",
        quarters=[Interval(MIDNIGHT + n * QUARTER_S, Figures(seconds=QUARTER_S)) for n in range(200)],
        days=[Interval(MIDNIGHT - n * DAY_S) for n in reversed(range(50))],
    )
    bench = Bench(MIDNIGHT + 200 * QUARTER_S)
    bench.history = History(kept)
    bench.look()
    bench.pass_s(1)
    assert [one.start_s for one in kept.quarters] == [MIDNIGHT + n * QUARTER_S for n in range(104, 201)]
    assert len(kept.quarters) == QUARTERS
    assert kept.days[0].start_s == MIDNIGHT + 2 * DAY_S - (DAYS - 1) * DAY_S


def test_a_day_is_the_sum_of_its_quarters() -> None:
    bench = Bench()
    for _ in range(4):
        bench.pass_s(400, lost=1)
        bench.pass_s(QUARTER_S - 400)
    bench.pass_s(1)
    (day,) = bench.history.kept.days
    quarters = bench.history.kept.quarters
    assert day.near.es == sum(one.near.es for one in quarters) == 1600
    assert day.near.seconds == sum(one.near.seconds for one in quarters) == 4 * QUARTER_S + 1


def test_the_clock_s_offset_is_kept_while_it_is_followed() -> None:
    bench = Bench()
    bench.pass_s(10, ppm=20.0)
    bench.pass_s(10, ppm=30.0)
    bench.pass_s(10, Alarm.LOS, ppm=250.0)
    (quarter,) = bench.history.kept.quarters
    assert (quarter.clock_s, quarter.ppm_least, quarter.ppm_most) == (20, 20.0, 30.0)
    assert quarter.ppm_mean == pytest.approx(25.0)

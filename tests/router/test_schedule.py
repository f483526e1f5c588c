# SPDX-License-Identifier: GPL-2.0-only
"""A call type whose script depends on the day and the hour, by the clock of its own zone."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from appliance.config.calendars import Calendar
from appliance.config.schedule import Period
from appliance.router import schedule
from appliance.router.apply import apply
from appliance.router.events import Answer, LifeBegan, RouteAsked
from appliance.router.rules import CallType, Rules
from appliance.router.state import EMPTY
from appliance.script.nodes import Release, Requalify, Script, Text
from appliance.wire.routes import Release as Released
from appliance.wire.routes import RouteRequest

pytestmark = [pytest.mark.unit, pytest.mark.timeout(10)]

SHANGHAI = "Asia/Shanghai"
WEEK = (
    Period("spring", dates=("2027-02-05..2027-02-12", "2027-02-20")),
    Period("friday-night", days=("fri",), time="18:00-09:00"),
    Period("weekend", days=("sat", "sun")),
    Period("night", time="18:00-09:00"),
)


def at(text: str) -> int:
    """UTC nanoseconds of a time in Shanghai."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(SHANGHAI)).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("time", "script"),
    [
        ("2026-11-26T12:00", "day"),
        ("2026-11-26T17:59", "day"),
        ("2026-11-26T18:00", "night"),
        ("2026-11-27T08:59", "night"),
        ("2026-11-27T09:00", "day"),
        ("2026-11-27T18:00", "friday-night"),
        ("2026-11-28T02:00", "friday-night"),
        ("2026-11-28T09:00", "weekend"),
        ("2026-11-30T02:00", "night"),
        ("2027-02-05T00:00", "spring"),
        ("2027-02-12T23:59", "spring"),
        ("2027-02-20T10:00", "spring"),
        ("2027-02-22T10:00", "day"),
    ],
)
def test_the_first_period_that_fits_has_its_script_and_a_night_belongs_to_the_day_before(
    time: str, script: str
) -> None:
    assert schedule.script_at("day", WEEK, at(time), SHANGHAI) == script


@pytest.mark.parametrize(
    ("time", "script"),
    [
        ("2026-12-25T12:00", "closed"),
        ("2026-12-25T18:00", "closed-night"),
        ("2026-12-26T08:59", "closed-night"),
        ("2026-12-26T09:00", "day"),
        ("2026-12-25T08:59", "day"),
        ("2027-03-28T23:00", "closed-night"),
        ("2027-03-29T00:30", "closed-night"),  # its day was an hour shorter, in Berlin
    ],
)
def test_a_holiday_has_its_script_and_its_night_goes_on_until_the_morning(time: str, script: str) -> None:
    closed = Calendar("closed", {"12-25": "Christmas", "03-28": "Easter"}, "Europe/Berlin")
    periods = (
        Period("closed-night", time="18:00-09:00", holiday="closed"),
        Period("closed", time="09:00-18:00", holiday="closed"),
    )
    at_ns = int(dt.datetime.fromisoformat(time).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()) * 1_000_000_000
    kind = CallType("card", "1", "day", periods, "Europe/Berlin", calendars={"closed": closed})
    assert kind.script_at(at_ns) == script


def test_without_a_schedule_it_is_always_its_own() -> None:
    assert schedule.script_at("day", (), 0, "UTC") == "day"


@pytest.mark.parametrize(
    ("period", "keys", "words"),
    [
        (Period("x", dates=("2026-13-01",)), (0, "dates", 0), "is no day such as 2026-10-01"),
        (Period("x", dates=("2026-10-07..2026-10-01",)), (0, "dates", 0), "ends before it begins"),
        (Period("x", time="18:00"), (0, "time"), "'18:00' is not a span of time such as 18:00-09:00"),
        (Period("x", holiday="natonal"), (0, "holiday"), "calendar 'natonal' is unknown; did you mean 'national'?"),
        (Period("x"), (0, "script"), "'x' would always be taken"),
    ],
)
def test_a_mistake_is_told_with_its_place(period: Period, keys: tuple[str | int, ...], words: str) -> None:
    (fault,) = schedule.faults((), [period], ["national"])
    assert fault.keys == keys
    assert words in fault.sentence


def test_a_caller_at_night_meets_the_nights_script_also_when_another_type_sends_him_on() -> None:
    def script(name: str, node: Release | Requalify) -> Script:
        return Script(name, "1", Text(start="only", nodes={"only": node}))

    scripts = [script("day", Release(16)), script("night", Release(31)), script("on", Requalify("card"))]
    night = (Period("night", time="18:00-09:00"),)
    types = [CallType("card", "95588", "day", night, SHANGHAI), CallType("other", "95599", "on")]
    rules = Rules({one.dnis: one for one in types}, {}, {}, {one.name: one for one in scripts})
    state, _ = apply(EMPTY, LifeBegan(1, "e", rules))

    def cause(dnis: str, time: str) -> int:
        request = RouteRequest(request="r", contact="BR-0001.x.1", dnis=dnis)
        _, effects = apply(state, RouteAsked(2, "BR-0001", request, at(time)))
        (answer,) = (one for one in effects if isinstance(one, Answer))
        assert isinstance(answer.answer.action, Released)
        return answer.answer.action.cause

    assert [cause("95588", "2026-11-26T12:00"), cause("95588", "2026-11-26T20:00")] == [16, 31]
    assert [cause("95599", "2026-11-26T12:00"), cause("95599", "2026-11-26T20:00")] == [16, 31]

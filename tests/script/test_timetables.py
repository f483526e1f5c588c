# SPDX-License-Identifier: GPL-2.0-only
"""Callers by the hour, the day, the date and the holiday, as a supervisor writes them down."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import ConfigurationError, Headquarters
from appliance.config.calendars import Calendar
from appliance.config.files import load_role
from appliance.headquarters import rulebook
from appliance.script import moments
from appliance.script.knowledge import Contact
from appliance.script.loading import load
from appliance.script.nodes import Field
from appliance.script.walk import Walk

pytestmark = [pytest.mark.unit, pytest.mark.timeout(20)]

NATIONAL = Calendar(
    "national",
    {"2026-10-01..2026-10-07": "National Day", "01-01": "New Year", "2027-02-05..2027-02-11": "Spring Festival"},
    "Asia/Shanghai",
)
TEXT = """\
start: {start}
zone: {zone}
calendars: {{works: [2026-11-26]}}
nodes:
  {start}: {{do: switch, {switch}}}
  open: {{do: release, cause: 1}}
  shut: {{do: release, cause: 2}}
  third: {{do: release, cause: 3}}
  all: {{do: switch, on: ced, cases: {{"1": open, "2": shut, "3": third}}, otherwise: {start}}}
"""


def where(folder: Path, switch: str, moment: str, zone: str = "Asia/Shanghai", start: str = "all") -> str:
    """The node at which a caller of that local moment ends."""
    text = TEXT.format(start="when", switch=switch, zone=zone).replace("start: when", f"start: {start}")
    (folder / "one.yaml").write_text(text)
    script = load(folder / "one.yaml", [], {"national": NATIONAL})
    at = dt.datetime.fromisoformat(moment)
    at_ns = int(at.replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000_000
    walk = Walk(script, "", Contact(dnis="1", at_ns=at_ns))
    walk.go_on()
    return walk.path[-1]


DAYS = "on: day, cases: {mon..fri: open, sat: third}, otherwise: shut"
NIGHTS = "on: day, cases: {fri..mon: third, tue..thu: open}"
DATES = "on: date, cases: {2026-12-31: third, 12-24..12-26: shut, 12-30..12-30: shut}, otherwise: open"
YEARS = "on: date, cases: {12-27..01-02: shut}, otherwise: open"
HOLIDAYS = "on: holiday, cases: {national: shut, national/Spring Festival: third, works: third}, otherwise: open"
HOURS = "on: time, cases: {'08:30-18:00': open, '18:00-08:30': shut}"


@pytest.mark.parametrize(
    ("switch", "moment", "node"),
    [
        (DAYS, "2026-11-26T10:00", "open"),
        (DAYS, "2026-11-28T23:59", "third"),
        (DAYS, "2026-11-29T00:00", "shut"),
        (NIGHTS, "2026-11-29T12:00", "third"),
        (NIGHTS, "2026-11-26T12:00", "open"),
        (DATES, "2026-12-31T12:00", "third"),
        (DATES, "2027-12-31T12:00", "open"),
        (DATES, "2031-12-25T12:00", "shut"),
        (YEARS, "2026-12-31T23:59", "shut"),
        (YEARS, "2028-01-02T23:59", "shut"),
        (YEARS, "2028-01-03T00:00", "open"),
        (HOLIDAYS, "2026-09-30T23:59", "open"),
        (HOLIDAYS, "2026-10-01T00:00", "shut"),
        (HOLIDAYS, "2030-01-01T09:00", "shut"),
        (HOLIDAYS, "2027-02-06T09:00", "third"),
        (HOLIDAYS, "2026-11-26T09:00", "third"),
        (HOURS, "2026-11-26T18:00", "shut"),
        (HOURS, "2026-11-26T08:30", "open"),
    ],
)
def test_a_caller_meets_what_is_written_for_that_moment(tmp_path: Path, switch: str, moment: str, node: str) -> None:
    assert where(tmp_path, switch, moment) == node


def test_a_holiday_is_that_of_the_calendars_own_zone(tmp_path: Path) -> None:
    """In London it is still the evening before."""
    assert where(tmp_path, HOLIDAYS, "2026-09-30T18:00", "Europe/London") == "shut"
    assert where(tmp_path, HOLIDAYS, "2026-09-30T16:00", "Europe/London") == "open"


@pytest.mark.parametrize(
    ("utc", "node"),
    [
        ("2026-10-24T22:30", "open"),  # 00:30 CEST
        ("2026-10-25T00:30", "shut"),  # 02:30 CEST
        ("2026-10-25T01:30", "shut"),  # 02:30 once more, CET
        ("2026-10-25T02:00", "open"),  # 03:00 CET
        ("2026-03-29T00:59", "open"),  # 01:59 CET
        ("2026-03-29T01:00", "open"),  # 03:00 CEST: there is no 02:30
    ],
)
def test_the_hour_that_is_there_twice_is_shut_twice_and_the_missing_one_never(
    tmp_path: Path, utc: str, node: str
) -> None:
    (tmp_path / "one.yaml").write_text(
        TEXT.format(
            start="when", zone="Europe/Berlin", switch="on: time, cases: {'02:00-03:00': shut}, otherwise: open"
        ).replace("start: when", "start: all")
    )
    script = load(tmp_path / "one.yaml", [])
    at_ns = int(dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC).timestamp()) * 1_000_000_000
    walk = Walk(script, "", Contact(dnis="1", at_ns=at_ns))
    walk.go_on()
    assert walk.path[-1] == node


@pytest.mark.parametrize(
    ("switch", "told"),
    [
        ("on: day, cases: {mon..fry: open}, otherwise: shut", "did you mean 'fri'?"),
        ("on: day, cases: {mon..fri: open, fri: shut}, otherwise: shut", "'fri' and 'mon..fri' have something in"),
        ("on: day, cases: {mon..fri: open}", "key 'otherwise' is missing: no case holds sat"),
        ("on: time, cases: {'25:00-26:00': open}, otherwise: shut", "'25:00-26:00' is not a span of time such as"),
        ("on: time, cases: {'09:00-09:00': open}, otherwise: shut", "ends as it begins"),
        ("on: time, cases: {'22:00-06:00': open, '05:00-07:00': shut}, otherwise: shut", "have something in common"),
        ("on: time, cases: {'09:00-18:00': open, '18:00-08:30': shut}", "no case holds 08:30"),
        ("on: date, cases: {2026-02-30: open}, otherwise: shut", "'2026-02-30' is no day such as 2026-10-01"),
        ("on: date, cases: {13-01: open}, otherwise: shut", "'13-01' is no day such as 2026-10-01"),
        ("on: date, cases: {2026-12-20..2026-12-24: open, 12-24: shut}, otherwise: shut", "have something in common"),
        ("on: date, cases: {2026-12-20: open}", "no case holds 01-01"),
        ("on: holiday, cases: {natonal: open}, otherwise: shut", "did you mean 'national'?"),
        ("on: holiday, cases: {national/Spring: open}, otherwise: shut", "has no day 'Spring'"),
        ("on: holiday, cases: {national: open}", "key 'otherwise' is missing: other values of holiday"),
        ("on: ced, cases: {'1': open}", "key 'otherwise' is missing: other values of ced"),
        ("on: day, cases: {mon: opn}, otherwise: shut", "did you mean 'open'?"),
    ],
)
def test_what_is_written_wrongly_is_told_with_its_place(tmp_path: Path, switch: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        where(tmp_path, switch, "2026-11-26T10:00")
    (mistake,) = caught.value.mistakes
    assert told in mistake.sentence
    assert mistake.line == 5


HEADQUARTERS = """\
role: headquarters
box: HQ-0001
server: {listen: 127.0.0.1:4222, secret: secrets/nats}
web: {listen: 127.0.0.1:8095}
call_types: [{name: card, dnis: [95588], script: one}]
scripts: scripts
skill_groups: []
agents: []
calendars:
  - {name: national, zone: Asia/Shanghai, days: {2026-10-01..2026-10-07: National Day}}
"""
SCRIPT = """\
start: when
nodes:
  when: {do: switch, on: holiday, cases: {national: shut}, otherwise: more}
  more: {do: if, that: holiday('national'), then: shut, otherwise: open}
  open: {do: release}
  shut: {do: release}
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Asia/Shanghai", "Asia/Shangai", "10:28: time zone 'Asia/Shangai' is unknown; did you mean 'Asia/Shanghai'?"),
        ("2026-10-01..", "2026-10-32..", "'2026-10-32..2026-10-07' is no day such as 2026-10-01"),
        ("name: national", "name: bank", "one.yaml:3:53: calendar 'national' is unknown; known are: bank"),
    ],
)
def test_a_calendar_of_all_scripts_is_checked_where_it_stands(tmp_path: Path, old: str, new: str, told: str) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/one.yaml").write_text(SCRIPT)
    path = tmp_path / "headquarters.yaml"
    path.write_text(HEADQUARTERS)
    known = rulebook.rules_of(load_role(path, Headquarters, rulebook.faults))
    assert known.scripts["one"].calendar("national").zone == "Asia/Shanghai"
    path.write_text(HEADQUARTERS.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        rulebook.rules_of(load_role(path, Headquarters, rulebook.faults))
    assert told in str(caught.value)


clocks = st.integers(0, 23).flatmap(lambda hour: st.integers(0, 59).map(lambda minute: f"{hour:02}:{minute:02}"))


@given(st.lists(st.tuples(clocks, clocks).filter(lambda one: one[0] != one[1]), min_size=1, max_size=4), clocks)
def test_spans_without_overlap_hold_each_minute_once_and_what_none_holds_is_told(
    spans: list[tuple[str, str]], clock: str
) -> None:
    cases = list(dict.fromkeys(f"{begin}-{end}" for begin, end in spans))
    times = [dt.datetime(2026, 11, 26, minute // 60, minute % 60, tzinfo=dt.UTC) for minute in range(1440)]
    held = {
        at: [case for case in cases if moments.holds(moments.read(Field.TIME, case), Field.TIME, at)] for at in times
    }
    both = moments.overlap(Field.TIME, cases)
    assert (both is not None) == any(len(found) > 1 for found in held.values())
    left = [at.strftime("%H:%M") for at, found in held.items() if not found]
    assert moments.gap(Field.TIME, cases) == (left[0] if left else "")
    at = dt.datetime.combine(times[0].date(), dt.time.fromisoformat(clock), dt.UTC)
    assert (moments.chosen(Field.TIME, dict.fromkeys(cases, "x"), at) is not None) == bool(held[at])


@given(st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31)), st.dates(), st.dates(), st.integers(0, 500))
def test_a_date_and_each_years_days_overlap_when_some_day_is_in_both(
    day: dt.date, first: dt.date, last: dt.date, length: int
) -> None:
    dated = f"{day}..{day + dt.timedelta(length)}"
    yearly = f"{first:%m-%d}..{last:%m-%d}"
    days = [dt.datetime.combine(day + dt.timedelta(n), dt.time(12), dt.UTC) for n in range(length + 1)]
    both = any(moments.holds(moments.read(Field.DATE, yearly), Field.DATE, one) for one in days)
    assert (moments.overlap(Field.DATE, [dated, yearly]) is not None) == both

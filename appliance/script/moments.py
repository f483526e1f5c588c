# SPDX-License-Identifier: GPL-2.0-only
"""Cases of a switch by the clock on the wall and the calendar: how they are written, what they hold, what is left out.

A time is 09:00-18:00, a day mon or mon..fri, a date 2026-10-01, 2026-10-01..2026-10-07 or, of each year, 12-24..12-26;
a case of a time, of days and of each year may go over the end. All are compared with the wall's clock, so an hour that
is there twice in autumn is in the same case both times, and one that is missing in spring in none.

Inside, a case is ranges of whole numbers: minutes of the day, days of the week, dates, or days of a leap year.
"""

import datetime as dt
import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, get_args

from appliance.config import clock
from appliance.config.calendars import Calendar
from appliance.config.scalars import suggestion
from appliance.config.schedule import Weekday
from appliance.script import switch
from appliance.script.nodes import Field, Script, Switch

WEEKDAYS: Sequence[str] = get_args(Weekday)
_YEARLY = re.compile(r"(\d\d)-(\d\d)")
_LEAP = dt.date(2000, 1, 1).toordinal()
DAY = "/"
"""Between a calendar and the name of one of its days."""
_TOGETHER = ".."
_YEAR = 366


class Held(NamedTuple):
    """What a case holds: numbers of `cycle`, 0 where they are dates and have none."""

    cycle: int
    ranges: tuple[range, ...]


@functools.lru_cache(4096)
def read(field: Field, case: str) -> Held:
    """Raises ValueError with a sentence."""
    return _READERS[field](case)


def no_case(field: Field, case: str) -> str:
    """What is wrong with it, empty where nothing is."""
    try:
        read(field, case)
    except ValueError as error:
        return str(error)
    return ""


def chosen(field: Field, cases: Mapping[str, str], now: dt.datetime) -> str | None:
    """The target of the case that holds this local time, or None."""
    return next((target for case, target in cases.items() if holds(read(field, case), field, now)), None)


def holds(held: Held, field: Field, now: dt.datetime) -> bool:
    """Whether a case of that field does."""
    return any(_number(held.cycle, field, now) in one for one in held.ranges)


def turned(node: Switch, script: Script, at_ns: int) -> tuple[str, str | None] | None:
    """What a switch has compared and where it leads at UTC nanoseconds; None where it is not by the clock."""
    if node.on is Field.HOLIDAY:
        return _on_holiday(node, script, at_ns)
    if node.on not in BY_CLOCK:
        return None
    now = clock.local(at_ns, script.text.zone)
    return _shown(node.on, now), chosen(node.on, node.cases, now)


def name_of(calendar: Calendar, at_ns: int, before: int = 0) -> str | None:
    """The name of that day, UTC nanoseconds, or of so many days before; None where it is a day like others."""
    return chosen(Field.DATE, calendar.days, clock.local(at_ns, calendar.zone) - dt.timedelta(days=before))


def _on_holiday(node: Switch, script: Script, at_ns: int) -> tuple[str, str | None]:
    today = {case: name_of(script.calendar(case.partition(DAY)[0]), at_ns) for case in node.cases}
    for case in sorted(node.cases, key=lambda one: DAY not in one):
        calendar, _, name = case.partition(DAY)
        if today[case] is not None and name in ("", today[case]):
            return f"{calendar}{DAY}{today[case]}", node.cases[case]
    return "none", None


def _shown(field: Field, now: dt.datetime) -> str:
    match field:
        case Field.TIME:
            return now.strftime("%H:%M")
        case Field.DAY:
            return WEEKDAYS[now.weekday()]
    return now.date().isoformat()


def overlap(field: Field, cases: Iterable[str]) -> tuple[str, str] | None:
    """The first two of good cases that hold something in common."""
    before: list[tuple[str, Held]] = []
    for case in cases:
        held = read(field, case)
        for earlier, its in before:
            if _meet(its, held):
                return earlier, case
        before.append((case, held))
    return None


def gap(field: Field, cases: Iterable[str]) -> str:
    """The first thing that no case holds, in words; empty where together they hold all."""
    held = [read(field, case) for case in cases]
    cycle, word = _WHOLE[field]
    taken = {number for one in held if one.cycle == cycle for some in one.ranges for number in some}
    left = next((number for number in range(cycle) if number not in taken), None)
    return "" if left is None else word(left)


def _meet(one: Held, other: Held) -> bool:
    if one.cycle == other.cycle:
        return any(max(a.start, b.start) < min(a.stop, b.stop) for a in one.ranges for b in other.ranges)
    dates, yearly = (one, other) if one.cycle == 0 else (other, one)
    days = (_leap_day(dt.date.fromordinal(day)) for some in dates.ranges for day in some[:_YEAR])
    return any(day in some for day in days for some in yearly.ranges)


def _number(cycle: int, field: Field, now: dt.datetime) -> int:
    match field:
        case Field.TIME:
            return now.hour * 60 + now.minute
        case Field.DAY:
            return now.weekday()
    return _leap_day(now.date()) if cycle else now.toordinal()


def _leap_day(day: dt.date) -> int:
    return day.replace(year=2000).toordinal() - _LEAP


def _around(first: int, stop: int, cycle: int) -> Held:
    """From `first` up to `stop`, over the end where that is before it."""
    return Held(cycle, (range(first, stop),) if first < stop else (range(first, cycle), range(stop)))


def _time(case: str) -> Held:
    if not clock.is_span(case):
        raise ValueError(f"{case!r} is not a span of time such as 09:00-18:00")
    begin, end = clock.minutes(case)
    if begin == end:
        raise ValueError(f"{case!r} ends as it begins; a whole day is 00:00-24:00")
    return _around(begin, end, 1440)


def _days(case: str) -> Held:
    first, _, last = case.partition(_TOGETHER)
    for day in (first, last or first):
        if day not in WEEKDAYS:
            raise ValueError(f"{case!r} is no day such as mon, nor days such as mon..fri; {suggestion(day, WEEKDAYS)}")
    return _around(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1, 7)


def _dates(case: str) -> Held:
    first, _, last = case.partition(_TOGETHER)
    try:
        if _YEARLY.fullmatch(first):
            begun, ended = (_leap_day(dt.date.fromisoformat(f"2000-{day}")) for day in (first, last or first))
            return _around(begun, ended + 1, _YEAR)
        begin, end = switch.days(case)
    except ValueError as error:
        forms = "2026-10-01, nor days such as 2026-10-01..2026-10-07 or, of each year, 12-24..12-26"
        raise ValueError(f"{case!r} is no day such as {forms}: {error}") from error
    return Held(0, (range(begin.toordinal(), end.toordinal() + 1),))


_READERS: Mapping[Field, Callable[[str], Held]] = {Field.TIME: _time, Field.DAY: _days, Field.DATE: _dates}
BY_CLOCK: Sequence[Field] = tuple(_READERS)
_WHOLE: Mapping[Field, tuple[int, Callable[[int], str]]] = {
    Field.TIME: (1440, lambda minute: f"{minute // 60:02}:{minute % 60:02}"),
    Field.DAY: (7, lambda day: WEEKDAYS[day]),
    Field.DATE: (_YEAR, lambda day: dt.date.fromordinal(_LEAP + day).strftime("%m-%d")),
}

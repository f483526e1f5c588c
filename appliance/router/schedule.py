# SPDX-License-Identifier: GPL-2.0-only
"""Which script a call type has at a moment: that of the first period in which it falls, else its own."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import get_args

from appliance.config import Fault, Keys, clock
from appliance.config.calendars import Calendar
from appliance.config.scalars import suggestion
from appliance.config.schedule import Period, Weekday
from appliance.script import moments, switch

_DAYS = get_args(Weekday)


def script_at(
    own: str, schedule: Sequence[Period], at_ns: int, zone: str, calendars: Mapping[str, Calendar] = {}
) -> str:
    """At UTC nanoseconds, by the clock of `zone`; holidays by those of the calendars."""
    if not schedule:
        return own
    now = clock.local(at_ns, zone)
    return next((one.script for one in schedule if _holds(one, now, calendars.get(one.holiday), at_ns)), own)


def faults(keys: Keys, schedule: Sequence[Period], calendars: Collection[str] = ()) -> Iterator[Fault]:
    """Dates, times and calendars that are none, periods that are always or can never be."""
    for place, period in enumerate(schedule):
        for number, span in enumerate(period.dates):
            if wrong := switch.no_days(span):
                yield Fault((*keys, place, "dates", number), wrong)
        if period.time and not clock.is_span(period.time):
            yield Fault((*keys, place, "time"), f"{period.time!r} is not a span of time such as 18:00-09:00")
        if period.holiday and period.holiday not in calendars:
            sentence = f"calendar {period.holiday!r} is unknown; {suggestion(period.holiday, calendars)}"
            yield Fault((*keys, place, "holiday"), sentence)
        if not (period.dates or period.days or period.time or period.holiday):
            sentence = f"{period.script!r} would always be taken: dates, days, a time or a holiday have to be named"
            yield Fault((*keys, place, "script"), sentence)


def _holds(period: Period, now: dt.datetime, calendar: Calendar | None, at_ns: int) -> bool:
    day, before = now.date(), 0
    if period.time:
        minute = now.strftime("%H:%M")
        if not clock.inside(period.time, minute):
            return False
        if clock.begun_before(period.time, minute):
            before = 1
    day -= dt.timedelta(days=before)
    if calendar is not None and moments.name_of(calendar, at_ns, before) is None:
        return False
    on = not period.days or _DAYS[day.weekday()] in period.days
    return on and (not period.dates or any(first <= day <= last for first, last in map(switch.days, period.dates)))

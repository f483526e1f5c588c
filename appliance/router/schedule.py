# SPDX-License-Identifier: GPL-2.0-only
"""Which script a call type has at a moment: that of the first period in which it falls, else its own."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import get_args

from appliance.config import Fault, Keys
from appliance.config.schedule import Period, Weekday
from appliance.script import switch

_DAYS = get_args(Weekday)


def script_at(own: str, schedule: Sequence[Period], at_ns: int, zone: str) -> str:
    """At UTC nanoseconds, by the clock of `zone`."""
    if not schedule:
        return own
    now = switch.local(at_ns, zone)
    return next((period.script for period in schedule if _holds(period, now)), own)


def faults(keys: Keys, schedule: Sequence[Period]) -> Iterator[Fault]:
    """Dates and times that are none, periods that are always or can never be."""
    for place, period in enumerate(schedule):
        for number, span in enumerate(period.dates):
            if wrong := switch.no_days(span):
                yield Fault((*keys, place, "dates", number), wrong)
        if period.time and not switch.is_span(period.time):
            yield Fault((*keys, place, "time"), f"{period.time!r} is not a span of time such as 18:00-09:00")
        if not (period.dates or period.days or period.time):
            sentence = f"{period.script!r} would always be taken: dates, days or a time have to be named"
            yield Fault((*keys, place, "script"), sentence)


def _holds(period: Period, now: dt.datetime) -> bool:
    day = now.date()
    if period.time:
        clock = now.strftime("%H:%M")
        if not switch.inside(period.time, clock):
            return False
        if switch.begun_before(period.time, clock):
            day -= dt.timedelta(days=1)
    on = not period.days or _DAYS[day.weekday()] in period.days
    return on and (not period.dates or any(first <= day <= last for first, last in map(switch.days, period.dates)))

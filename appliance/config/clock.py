# SPDX-License-Identifier: GPL-2.0-only
"""Spans of the day and time zones as they are written, and the clock on the wall."""

import datetime as dt
import functools
import re
import zoneinfo

from appliance.config.scalars import suggestion

_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


def is_span(case: str) -> bool:
    """Whether `case` is a span of the day, `09:00-18:00`; the day ends at 24:00."""
    found = _SPAN.fullmatch(case)
    return found is not None and minutes(case)[1] <= 24 * 60


def inside(case: str, clock: str) -> bool:
    """Whether that span of the day holds `clock` (`HH:MM`)."""
    begin, end = minutes(case)
    now = _minute(clock)
    return begin <= now < end if begin <= end else now >= begin or now < end


def begun_before(case: str, clock: str) -> bool:
    """Whether `clock`, which the span holds, is of the day after that on which it began."""
    begin, end = minutes(case)
    return end < begin and _minute(clock) < end


def local(at_ns: int, zone: str) -> dt.datetime:
    """Of UTC nanoseconds."""
    return dt.datetime.fromtimestamp(at_ns // 1_000_000_000, zoneinfo.ZoneInfo(zone))


def seconds_until(clock: str, at_ns: int, zone: str) -> int:
    """From then to the next local `HH:MM`. Raises ValueError."""
    now = local(at_ns, zone)
    then = dt.datetime.combine(now.date(), dt.time.fromisoformat(clock), now.tzinfo)
    if then < now:
        then = dt.datetime.combine(now.date() + dt.timedelta(days=1), then.time(), now.tzinfo)
    return int(then.timestamp() - now.timestamp())


def no_zone(zone: str) -> str:
    """What is wrong with it, empty where it is known."""
    zones = _zones()
    return "" if zone in zones else f"time zone {zone!r} is unknown; {suggestion(zone, zones)}"


@functools.cache
def _zones() -> frozenset[str]:
    """Looking for them takes 30 ms, and there may be a hundred scripts."""
    return frozenset(zoneinfo.available_timezones())


def minutes(case: str) -> tuple[int, int]:
    """First of the day that the span holds, and the one after the last."""
    begin, end = case.split("-")
    return _minute(begin), _minute(end)


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])

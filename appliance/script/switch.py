# SPDX-License-Identifier: GPL-2.0-only
"""How a switch compares: exact case, longest prefix, time of day."""

import datetime as dt
import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


def chosen(cases: Mapping[str, str], value: str) -> str | None:
    """The target of the case that fits `value`, or None."""
    if value in cases:
        return cases[value]
    prefixes = [case for case in cases if case.endswith("*") and value.startswith(case[:-1])]
    return cases[max(prefixes, key=len)] if prefixes else None


def is_span(case: str) -> bool:
    """Whether `case` is a span of the day, `09:00-18:00`; the day ends at 24:00."""
    found = _SPAN.fullmatch(case)
    return found is not None and _minutes(case)[1] <= 24 * 60


def chosen_by_time(cases: Mapping[str, str], clock: str) -> str | None:
    """The target of the first span that holds `clock` (`HH:MM`), or None."""
    now = int(clock[:2]) * 60 + int(clock[3:])
    for case, target in cases.items():
        begin, end = _minutes(case)
        inside = begin <= now < end if begin <= end else now >= begin or now < end
        if inside:
            return target
    return None


def local(at_ns: int, zone: str) -> dt.datetime:
    """Of UTC nanoseconds."""
    return dt.datetime.fromtimestamp(at_ns // 1_000_000_000, ZoneInfo(zone))


def clock_of(at_ns: int, zone: str) -> str:
    """Local time of day as `HH:MM`, of UTC nanoseconds."""
    return local(at_ns, zone).strftime("%H:%M")


def seconds_until(clock: str, at_ns: int, zone: str) -> int:
    """From then to the next local `HH:MM`. Raises ValueError."""
    now = local(at_ns, zone)
    then = dt.datetime.combine(now.date(), dt.time.fromisoformat(clock), now.tzinfo)
    if then < now:
        then = dt.datetime.combine(now.date() + dt.timedelta(days=1), then.time(), now.tzinfo)
    return int(then.timestamp() - now.timestamp())


def days(span: str) -> tuple[dt.date, dt.date]:
    """First and last of a calendar's entry. Raises ValueError."""
    first, _, last = span.partition("..")
    begun = dt.date.fromisoformat(first)
    ended = dt.date.fromisoformat(last) if last else begun
    if ended < begun:
        raise ValueError(f"{span!r} ends before it begins")
    return begun, ended


def _minutes(case: str) -> tuple[int, int]:
    begin, end = case.split("-")
    return int(begin[:2]) * 60 + int(begin[3:]), int(end[:2]) * 60 + int(end[3:])

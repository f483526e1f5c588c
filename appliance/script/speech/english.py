# SPDX-License-Identifier: GPL-2.0-only
"""English, by the names of Debian's asterisk-core-sounds-en; `digits/point` and `currency/` are ours (ivr/words.py)."""

import datetime as dt

AGENTS, AGENT = "agents", "agent"
_SCALES = ((10**9, "digits/billion"), (10**6, "digits/million"), (1000, "digits/thousand"))


def whole(number: int) -> tuple[str, ...]:
    """0 to 999 999 999 999."""
    if number < 100:
        return _below_hundred(number)
    if number < 1000:
        rest = number % 100
        return (f"digits/{number // 100}", "digits/hundred", *(_below_hundred(rest) if rest else ()))
    scale, name = next(one for one in _SCALES if number >= one[0])
    rest = number % scale
    return (*whole(number // scale), name, *(whole(rest) if rest else ()))


def _below_hundred(number: int) -> tuple[str, ...]:
    if number <= 20 or number % 10 == 0:
        return (f"digits/{number}",)
    return f"digits/{number // 10 * 10}", f"digits/{number % 10}"


def count(number: int) -> tuple[str, ...]:
    """Before what is counted."""
    return whole(number)


def wait(minutes: int, *, half: bool) -> tuple[str, ...]:
    """One of 0 minutes is less than one."""
    less, seconds = () if minutes else ("queue-less-than",), ("digits/30", "seconds") if half else ()
    return (*less, *count(max(1, minutes)), "minutes" if minutes > 1 else "minute", *seconds)


def amount(yuan: int, fen: int) -> tuple[str, ...]:
    """Of yuan and fen, 0 to 99."""
    rest = ("vm-and", *whole(fen), "currency/fen") if fen else ()
    return (*whole(yuan), "currency/yuan", *rest) if yuan or not fen else rest[1:]


def date(day: dt.date) -> tuple[str, ...]:
    """Month, day, year."""
    ordinal = f"digits/h-{day.day}" if day.day <= 20 or day.day == 30 else f"digits/{day.day // 10 * 10}"
    rest = (f"digits/h-{day.day % 10}",) if day.day > 20 and day.day % 10 else ()
    return (f"digits/mon-{day.month - 1}", ordinal, *rest, *_year(day.year))


def _year(year: int) -> tuple[str, ...]:
    century, rest = divmod(year, 100)
    if year % 1000 < 10:
        return whole(year)
    if not rest:
        return (*whole(century), "digits/hundred")
    return (*whole(century), *(("digits/oh",) if rest < 10 else ()), *whole(rest))


def time(at: dt.time) -> tuple[str, ...]:
    """Of twelve hours."""
    hour, half = (at.hour - 1) % 12 + 1, "digits/a-m" if at.hour < 12 else "digits/p-m"
    if not at.minute:
        return f"digits/{hour}", "digits/oclock", half
    return (f"digits/{hour}", *(("digits/oh",) if at.minute < 10 else ()), *whole(at.minute), half)

# SPDX-License-Identifier: GPL-2.0-only
"""Standard Mandarin. The prompts are ours (appliance/ivr/words.py): no package of Debian has recorded ones.

Two is 二 in numbers and before 十 and 百, 两 before what is counted and where it opens a number before 千, 万 and 亿:
二百五十, 两千零五, 一万二千, 两分钟. One 零 stands for any run of noughts within a number, none at its end;
十 alone opens a number, 一十 goes on with one: 十五万, 一百一十.
"""

import datetime as dt

AGENTS, AGENT = "agents", "agents"
_PLACES = ((1000, "digits/thousand"), (100, "digits/hundred"), (10, "digits/10"))
_GROUPS = ((10**8, "digits/hundred-million"), (10**4, "digits/ten-thousand"), (1, ""))
_TWO, _ZERO, _ONE = "digits/two", "digits/0", "digits/1"


def whole(number: int) -> tuple[str, ...]:
    """0 to 999 999 999 999."""
    said: list[str] = []
    gap = False
    for size, name in _GROUPS:
        group, number = divmod(number, size)
        if group:
            gap = gap or (bool(said) and group < 1000)
            said += [*([_ZERO] if gap and said else []), *_group(group), *([name] if name else [])]
            gap = False
        else:
            gap = bool(said)
    if not said:
        return (_ZERO,)
    if said[:2] == [_ONE, "digits/10"]:
        del said[0]
    if said[0] == "digits/2" and said[1:2] in (
        ["digits/thousand"],
        ["digits/ten-thousand"],
        ["digits/hundred-million"],
    ):
        said[0] = _TWO
    return tuple(said)


def _group(number: int) -> list[str]:
    """1 to 9999, within a number."""
    said: list[str] = []
    gap = False
    for size, name in _PLACES:
        digit, number = divmod(number, size)
        if digit:
            said += [*([_ZERO] if gap else []), f"digits/{digit}", name]
        gap = bool(said) and not digit
    if number:
        said += [*([_ZERO] if gap else []), f"digits/{number}"]
    return said


def count(number: int) -> tuple[str, ...]:
    """Before what is counted."""
    return (_TWO,) if number == 2 else whole(number)


def wait(minutes: int, *, half: bool) -> tuple[str, ...]:
    """One of 0 minutes is less than one; 两分钟, 两分三十秒."""
    if half:
        return (*count(minutes), "date/minute", *whole(30), "seconds")
    return (*(() if minutes else ("queue-less-than",)), *count(max(1, minutes)), "minutes")


def amount(yuan: int, fen: int) -> tuple[str, ...]:
    """元, 角 and 分; 整 where there is nothing after the yuan."""
    jiao, rest = divmod(fen, 10)
    said = [*count(yuan), "currency/yuan"] if yuan or not fen else []
    if not fen:
        return (*said, "currency/whole")
    if jiao:
        said += [*count(jiao), "currency/jiao"]
    elif said:
        said.append(_ZERO)
    return (*said, *((*count(rest), "currency/fen") if rest else ()))


def date(day: dt.date) -> tuple[str, ...]:
    """Year digit by digit, month, day."""
    year = tuple(f"digits/{one}" for one in str(day.year))
    return (*year, "date/year", *whole(day.month), "date/month", *whole(day.day), "date/day")


def time(at: dt.time) -> tuple[str, ...]:
    """Of twelve hours, after its part of the day."""
    hour = (at.hour - 1) % 12 + 1
    said = ["digits/a-m" if at.hour < 12 else "digits/p-m", *count(hour), "digits/oclock"]
    if at.minute:
        said += [*([_ZERO] if at.minute < 10 else []), *whole(at.minute), "date/minute"]
    return tuple(said)

# SPDX-License-Identifier: GPL-2.0-only
"""What stands among prompts and is said: a form and an expression, `number(position())`, `amount(balance)`.

    form = read("duration(expected('card'))")     # None: a prompt's name
    spoken(Form.DURATION, Decimal(150), "zh")     # ("digits/3", "minutes")

| form | of | says |
|---|---|---|
| number | a number | it, with what stands behind its point |
| count | a whole number | how many there are of something |
| agents | a whole number | so many agents |
| digits | a text | each of its digits |
| amount | a number | yuan and fen |
| duration | a number | seconds, as minutes, below five as the nearest half; below one as less than one |
| date, time | a text | 2026-11-26, 09:30 |
"""

import datetime as dt
import enum
import functools
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from types import ModuleType
from typing import NamedTuple

from appliance.script.expression import Value
from appliance.script.speech import chinese, english

LARGEST = 10**12
_SAID = re.compile(r"(?P<form>[a-z]+)\((?P<expression>.*)\)")


class Form(enum.StrEnum):
    """How a value is said."""

    NUMBER = "number"
    COUNT = "count"
    AGENTS = "agents"
    DIGITS = "digits"
    AMOUNT = "amount"
    DURATION = "duration"
    DATE = "date"
    TIME = "time"


KINDS: Mapping[Form, type] = {
    Form.NUMBER: Decimal,
    Form.COUNT: Decimal,
    Form.AGENTS: Decimal,
    Form.DIGITS: str,
    Form.AMOUNT: Decimal,
    Form.DURATION: Decimal,
    Form.DATE: str,
    Form.TIME: str,
}


class Said(NamedTuple):
    """What stands among prompts."""

    form: str
    expression: str


@functools.lru_cache(4096)
def read(prompt: str) -> Said | None:
    """None: it is a prompt's name."""
    found = _SAID.fullmatch(prompt)
    return None if found is None else Said(found["form"], found["expression"])


def spoken(form: Form, value: Value, language: str) -> tuple[str, ...]:
    """The prompts, in a language that is not Chinese the English ones. Raises ValueError: it cannot be said so."""
    grammar = chinese if language.lower().startswith("zh") else english
    if isinstance(value, Decimal):
        if abs(value) >= LARGEST:
            raise ValueError(f"{form}({value}): that is too large to be said")
        return _number(form, value, grammar)
    text = str(value)
    match form:
        case Form.DATE:
            said: tuple[str, ...] = grammar.date(dt.date.fromisoformat(text))
        case Form.TIME:
            said = grammar.time(dt.time.fromisoformat(text))
        case _:
            said = tuple(map(_digit, text))
    return said


def heard_s(seconds: Decimal) -> int:
    """What is heard of a duration, in seconds: 0 is less than a minute.

    To the nearest minute a caller who waits 89 s would hear two thirds of it, rounded up one of 61 s twice.
    """
    if seconds < 60:
        return 0
    step = 30 if seconds < 300 else 60
    return int((seconds + step // 2) // step) * step


def _number(form: Form, value: Decimal, grammar: ModuleType) -> tuple[str, ...]:
    match form:
        case Form.COUNT | Form.AGENTS:
            if value % 1 or value < 0:
                raise ValueError(f"{form}({value}): that is no number of things")
            unit = (grammar.AGENT if value == 1 else grammar.AGENTS,) if form is Form.AGENTS else ()
            said: tuple[str, ...] = (*grammar.count(int(value)), *unit)
        case Form.AMOUNT:
            fen = int((abs(value) * 100).to_integral_value(ROUND_HALF_EVEN))
            said = (*_minus(value), *grammar.amount(*divmod(fen, 100)))
        case Form.DURATION:
            said = grammar.wait(heard_s(value) // 60, half=heard_s(value) % 60 > 0)
        case _:
            whole, _, behind = format(round(abs(value), 6).normalize(), "f").partition(".")
            point = ("digits/point", *map(_digit, behind)) if behind else ()
            said = (*_minus(value), *grammar.whole(int(whole)), *point)
    return said


def _minus(value: Decimal) -> tuple[str, ...]:
    return ("digits/minus",) if value < 0 else ()


def _digit(one: str) -> str:
    name = {"*": "star", "#": "pound"}.get(one, one)
    if name == one and not (one.isascii() and one.isdigit()):
        raise ValueError(f"{one!r} is no digit")
    return f"digits/{name}"

# SPDX-License-Identifier: GPL-2.0-only
"""How a switch compares: exact case, longest prefix. A calendar's days as they are written."""

import datetime as dt
from collections.abc import Mapping


def chosen(cases: Mapping[str, str], value: str) -> str | None:
    """The target of the case that fits `value`, or None."""
    if value in cases:
        return cases[value]
    prefixes = [case for case in cases if case.endswith("*") and value.startswith(case[:-1])]
    return cases[max(prefixes, key=len)] if prefixes else None


def days(span: str) -> tuple[dt.date, dt.date]:
    """First and last of a calendar's entry. Raises ValueError."""
    first, _, last = span.partition("..")
    begun = dt.date.fromisoformat(first)
    ended = dt.date.fromisoformat(last) if last else begun
    if ended < begun:
        raise ValueError(f"{span!r} ends before it begins")
    return begun, ended


def no_days(span: str) -> str:
    """What is wrong with a calendar's entry, empty where nothing is."""
    try:
        days(span)
    except ValueError as error:
        return f"{span!r} is no day such as 2026-10-01, nor a span such as 2026-10-01..2026-10-07: {error}"
    return ""

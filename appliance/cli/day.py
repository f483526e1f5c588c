# SPDX-License-Identifier: GPL-2.0-only
"""A day of whoever sits at the terminal: as it is typed, when it begins and ends, and its times."""

import argparse
import datetime as dt


def add_day(parser: argparse.ArgumentParser, days_ago: int, otherwise: str) -> None:
    """A day, else the one so many days ago, which is `otherwise`."""
    default = dt.date.today() - dt.timedelta(days=days_ago)  # noqa: DTZ011 - the terminal's
    help_ = f"such as 2026-11-26, else {otherwise}"
    parser.add_argument("day", nargs="?", type=dt.date.fromisoformat, default=default, metavar="DAY", help=help_)


def span(day: dt.date) -> tuple[int, int]:
    """From its first nanosecond, UTC, to that of the next day."""
    begun = dt.datetime.combine(day, dt.time())
    return _ns(begun), _ns(begun + dt.timedelta(days=1))


def clock(at_ns: int) -> str:
    """The time of day."""
    return dt.datetime.fromtimestamp(at_ns / 1e9).strftime("%H:%M:%S")  # noqa: DTZ006 - the terminal's


def _ns(at: dt.datetime) -> int:
    return round(at.astimezone().timestamp()) * 1_000_000_000

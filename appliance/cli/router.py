# SPDX-License-Identifier: GPL-2.0-only
"""`router verify`: a day's events decided once more, from headquarters' journal."""

import argparse
import datetime as dt
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.cli import terminal
from appliance.router.journal import Journal, path_of
from appliance.router.verify import Verified, verify

SAME = (
    "{day}: {entries} events from {first} to {last}, all decided the same once more",
    "{day}：{first}至{last}共{entries}个事件，重新决策结果全部一致",
)
OTHER = (
    "{count} of them by another version of the router, not compared",
    "其中{count}个由其他版本的路由器决策，未作比较",
)
DIFFERS = (
    "{day}: event {seq} at {at} was decided otherwise than now: altered, or its disk has failed; keep {path}",
    "{day}：{at}的第{seq}个事件与当时的决策不一致：日志被改动或磁盘故障。请保留{path}",
)
NOTHING = ("{day}: the journal has no event of this day", "{day}：日志中没有当天的事件")


def main(words: Sequence[str]) -> int:
    """Exit status 0: the same; 1: not the same, or nothing to compare; 2: it was asked for wrongly."""
    told = _read(words)
    path = path_of(Path(told.state))
    begun = dt.datetime.combine(told.day, dt.time()).astimezone()
    try:
        journal = Journal(path, reads=True)
        verified = verify(journal, _ns(begun), _ns(begun + dt.timedelta(days=1)))
        journal.close()
    except sqlite3.Error as error:
        sys.stderr.write(f"{path} cannot be read ({error}); only headquarters has a router\n")
        return terminal.UNASKED
    print(_page(verified, str(told.day), path, chinese=told.language == "zh"))
    return int(bool(verified.differs or not verified.entries))


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="router", description="Decide a day's events once more, and compare.")
    parser.add_argument("what", choices=("verify",), metavar="verify")
    today = dt.date.today()  # noqa: DTZ011 - the technician's
    parser.add_argument(
        "day",
        nargs="?",
        type=dt.date.fromisoformat,
        default=today,
        metavar="DAY",
        help="such as 2026-11-26, else today",
    )
    terminal.add_language(parser)
    return terminal.read(parser, words)


def _page(told: Verified, day: str, path: Path, *, chinese: bool) -> str:
    if told.differs:
        return DIFFERS[chinese].format(day=day, seq=told.differs, at=_clock(told.differs_ns), path=path)
    if not told.entries:
        return NOTHING[chinese].format(day=day)
    first, last = _clock(told.first_ns), _clock(told.last_ns)
    lines = [SAME[chinese].format(day=day, entries=f"{told.entries:,}", first=first, last=last)]
    if told.other_engine:
        lines.append(OTHER[chinese].format(count=f"{told.other_engine:,}"))
    return "\n".join(lines)


def _clock(at_ns: int) -> str:
    return dt.datetime.fromtimestamp(at_ns / 1e9).strftime("%H:%M:%S")  # noqa: DTZ006 - the technician's


def _ns(at: dt.datetime) -> int:
    return round(at.timestamp()) * 1_000_000_000

# SPDX-License-Identifier: GPL-2.0-only
"""`router verify`: a day's events decided once more, from headquarters' journal. `router replay` is in `replay.py`."""

import argparse
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.cli import day, replay, terminal
from appliance.router.journal import Journal, path_of
from appliance.router.verify import Verified, verify

REPLAY = "replay"
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
    if words[:1] == [REPLAY]:
        return replay.main(words[1:])
    told = _read(words)
    path = path_of(Path(told.state))
    try:
        journal = Journal(path, reads=True)
        verified = verify(journal, *day.span(told.day))
        journal.close()
    except sqlite3.Error as error:
        sys.stderr.write(f"{path} cannot be read ({error}); only headquarters has a router\n")
        return terminal.UNASKED
    print(_page(verified, str(told.day), path, chinese=told.language == "zh"))
    return int(bool(verified.differs or not verified.entries))


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="router", description="Decide a day's events once more, and compare.")
    parser.add_argument("what", choices=("verify", REPLAY), help="what replay takes: router replay -h")
    day.add_day(parser, 0, "today")
    terminal.add_language(parser)
    return terminal.read(parser, words)


def _page(told: Verified, date: str, path: Path, *, chinese: bool) -> str:
    if told.differs:
        return DIFFERS[chinese].format(day=date, seq=told.differs, at=day.clock(told.differs_ns), path=path)
    if not told.entries:
        return NOTHING[chinese].format(day=date)
    first, last = day.clock(told.first_ns), day.clock(told.last_ns)
    lines = [SAME[chinese].format(day=date, entries=f"{told.entries:,}", first=first, last=last)]
    if told.other_engine:
        lines.append(OTHER[chinese].format(count=f"{told.other_engine:,}"))
    return "\n".join(lines)

# SPDX-License-Identifier: GPL-2.0-only
"""`show callbacks`, `callback add NUMBER QUEUE`, `callback cancel ID`: who is called back, at headquarters."""

import argparse
import getpass
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from appliance.cli import headquarters, terminal
from appliance.cli.agent import length
from appliance.wire.callbacks import AddCallback, CallbackNow, CancelCallback
from appliance.wire.service_messages import Refused
from appliance.wire.talk import UnreachableError

HEADS = (
    ("callback", "number", "queues", "state", "waits", "tries", "left", "last"),
    ("回呼", "号码", "队列", "状态", "等待", "次数", "剩余", "结果"),
)
STATES: dict[str, tuple[str, str]] = {
    "waiting": ("waiting", "排队"),
    "reserved": ("agent reserved", "已预占坐席"),
    "ringing": ("agent rung", "振铃坐席"),
    "dialling": ("dialling", "外呼客户"),
    "talking": ("talking", "通话"),
    "paused": ("paused", "暂停"),
    "over": ("over", "结束"),
}
OUTCOMES: dict[str, str] = {
    "reached": "已接通",
    "busy": "忙",
    "no answer": "无应答",
    "refused": "拒接",
    "agent gone": "坐席挂断",
    "lost": "失去联系",
    "expired": "已过期",
    "cancelled": "已取消",
}
NONE = ("no callbacks", "没有回呼")
TRIES, PAUSE_S, WINDOW_S = 3, 300, 7200
DAY_S, WEEK_S = 86_400, 604_800


def main(words: Sequence[str]) -> int:
    """Exit status 0: it is so; 1: refused; 2: it could not be asked."""
    told = _read(words)
    by, chinese = getpass.getuser(), told.language == "zh"
    asked: AddCallback | CancelCallback
    if told.do == "add":
        asked = AddCallback(
            number=told.whom, queue=told.queue, tries=told.tries, pause_s=told.pause, window_s=told.window, by=by
        )
    else:
        asked = CancelCallback(callback=told.whom, by=by)
    try:
        answer = headquarters.command(Path(told.state), asked)
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    if isinstance(answer, Refused):
        sys.stderr.write(f"{answer.sentence}\n")
        return 1
    print(f"{answer.now.callback} {answer.now.number}{'：' if chinese else ': '}{_state(answer.now, chinese=chinese)}")
    return 0


def show(box: Path, *, chinese: bool) -> int:
    """The table of callbacks, open ones first. Exit status 2: headquarters cannot be asked."""
    try:
        told = headquarters.state(box)
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    now_ns = time.time_ns()
    ordered = sorted(told.callbacks, key=lambda one: (one.state == "over", one.priority, one.queued_ns))
    rows = [HEADS[chinese], *(tuple(_row(one, now_ns, chinese=chinese)) for one in ordered)]
    lines = terminal.table(rows) if len(rows) > 1 else [NONE[chinese]]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _row(one: CallbackNow, now_ns: int, *, chinese: bool) -> Iterator[str]:
    over = one.state == "over"
    yield from (one.callback, one.number, " ".join(one.queues))
    yield _state(one, chinese=chinese)
    yield "-" if over else length(now_ns - one.queued_ns)
    yield f"{one.tries}/{one.most}"
    yield "-" if over else length(one.due_ns - now_ns)
    yield (OUTCOMES.get(one.outcome, one.outcome) if chinese else one.outcome) or "-"


def _state(one: CallbackNow, *, chinese: bool) -> str:
    return STATES[one.state][chinese] if one.state in STATES else one.state


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="callback", description="Headquarters: have a customer called, or not.")
    parser.add_argument("do", choices=("add", "cancel"), metavar="add|cancel")
    parser.add_argument("whom", metavar="NUMBER|ID", help="whom to call; which one to cancel, as show callbacks has it")
    parser.add_argument("queue", nargs="?", default="", metavar="QUEUE", help="whose agent calls, when one is free")
    parser.add_argument("--tries", type=int, default=TRIES, choices=range(1, 11), metavar="N", help="1 to 10")
    parser.add_argument("--pause", type=int, default=PAUSE_S, metavar="SECONDS", help="between two tries")
    parser.add_argument("--window", type=int, default=WINDOW_S, metavar="SECONDS", help="no try begins later")
    terminal.add_language(parser)
    return terminal.read(parser, words, _unreasonable)


def _unreasonable(told: argparse.Namespace) -> str:
    if told.do == "cancel":
        return "cancel takes an ID alone" if told.queue else ""
    if not told.queue:
        return "add takes a NUMBER and a QUEUE"
    return (
        "" if 1 <= told.pause <= DAY_S and 1 <= told.window <= WEEK_S else "--pause is a day, --window a week at most"
    )

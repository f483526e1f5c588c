# SPDX-License-Identifier: GPL-2.0-only
"""`show agents`, `show queues`, and `agent ID ready` and so on: agents' states, seen and changed at headquarters."""

import argparse
import getpass
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from appliance.cli import headquarters, terminal
from appliance.cli.talk import UnreachableError
from appliance.wire.agents import AgentAsked, AgentNow, AgentTold, AgentWish, QueueNow
from appliance.wire.service_messages import Refused

STATES: dict[str, tuple[str, str]] = {
    "logged-out": ("logged out", "未签入"),
    "not-ready": ("not ready", "未就绪"),
    "available": ("available", "就绪"),
    "reserved": ("reserved", "已预占"),
    "busy": ("busy", "忙"),
    "wrap-up": ("wrap-up", "话后处理"),
}
AGENT_HEADS = (
    ("agent", "name", "branch", "extension", "state", "for", "then", "queues"),
    ("坐席", "姓名", "分支", "分机", "状态", "时长", "随后", "队列"),
)
QUEUE_HEADS = (
    ("queue", "waiting", "longest", "staffed", "free", "busy", "expected"),
    ("队列", "排队", "最长等待", "签入", "空闲", "忙", "预计等待"),
)
WORDS: dict[str, tuple[str, str]] = {
    "now": ("{agent} {name}: {state}", "{agent} {name}：{state}"),
    "then": ("; after the call {state}", "；通话后{state}"),
    "agents": ("no agents are configured", "没有配置坐席"),
    "queues": ("no queues are configured", "没有配置队列"),
}


def main(words: Sequence[str]) -> int:
    """Exit status 0: it is so, or will be after the call; 1: refused, or no such agent; 2: it could not be asked."""
    told = _read(words)
    box, chinese = Path(told.state), told.language == "zh"
    asked = AgentAsked(agent=told.id, to=AgentWish(told.to), reason=" ".join(told.reason), by=getpass.getuser())
    try:
        answer = headquarters.command(box, asked, AgentTold)
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    if isinstance(answer, Refused):
        sys.stderr.write(f"{answer.sentence}\n")
        return 1
    now = answer.now
    state = _state(now.state, now.reason, chinese=chinese)
    line = WORDS["now"][chinese].format(agent=now.agent, name=now.name, state=state)
    print(line + (WORDS["then"][chinese].format(state=_then(now.then, chinese=chinese)) if now.then else ""))
    return 0


def show(what: str, box: Path, *, chinese: bool) -> int:
    """The table of `agents` or `queues`. Exit status 2: headquarters cannot be asked."""
    try:
        told = headquarters.state(box)
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    now_ns = time.time_ns()
    if what == "agents":
        rows = [AGENT_HEADS[chinese], *(tuple(_agent(one, now_ns, chinese=chinese)) for one in told.agents)]
    else:
        rows = [QUEUE_HEADS[chinese], *(tuple(_queue(one, now_ns)) for one in told.queues)]
    lines = table(rows) if len(rows) > 1 else [WORDS[what][chinese]]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agent", description="Headquarters: change an agent's state.")
    parser.add_argument("id", metavar="ID")
    parser.add_argument("to", choices=tuple(AgentWish), metavar="ready|not-ready|log-in|log-out")
    parser.add_argument("reason", nargs="*", metavar="REASON", help="why not ready")
    terminal.add_language(parser)
    return terminal.read(parser, words, _unreasonable)


def _unreasonable(told: argparse.Namespace) -> str:
    return "only not-ready has a reason" if told.reason and told.to != AgentWish.NOT_READY else ""


def _agent(one: AgentNow, now_ns: int, *, chinese: bool) -> Iterator[str]:
    yield from (one.agent, one.name, one.box, one.extension)
    yield _state(one.state, one.reason, chinese=chinese)
    yield length(now_ns - one.since_ns) if one.since_ns else "-"
    yield _then(one.then, chinese=chinese) or "-"
    yield " ".join(one.queues) or "-"


def _queue(one: QueueNow, now_ns: int) -> Iterator[str]:
    yield one.name
    yield str(one.waiting)
    yield "-" if one.oldest_ns is None else length(now_ns - one.oldest_ns)
    yield from map(str, (one.staffed, one.free, one.busy))
    yield "-" if one.expected_s is None else length(one.expected_s * 1_000_000_000)


def _state(state: str, reason: str, *, chinese: bool) -> str:
    word = STATES[state][chinese] if state in STATES else state
    return f"{word}{'：' if chinese else ': '}{reason}" if reason else word


def _then(then: str, *, chinese: bool) -> str:
    state, _, reason = then.partition(": ")
    return _state(state, reason, chinese=chinese)


def length(ns: int) -> str:
    """Minutes and seconds, and hours where there are any."""
    seconds = max(0, ns) // 1_000_000_000
    minutes, hours = seconds // 60 % 60, seconds // 3600
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Its lines, the columns as wide as they need be."""
    widths = [max(map(terminal.columns, column)) for column in zip(*rows, strict=True)]
    return (terminal.left(row, widths) for row in rows)

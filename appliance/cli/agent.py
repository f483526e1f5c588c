# SPDX-License-Identifier: GPL-2.0-only
"""`show agents`, `show queues`, and `agent ID ready` and so on: agents, seen and commanded."""

import argparse
import getpass
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from appliance.cli import floor, terminal
from appliance.wire.agents import (
    AgentAsked,
    AgentNoted,
    AgentNow,
    AgentTold,
    AgentWish,
    CallAsked,
    CallWish,
    ChannelNow,
    ContactAsked,
    ContactTold,
    QueueNow,
)
from appliance.wire.service_messages import Refused
from appliance.wire.talk import UnreachableError

VOICE = "voice"
STATES: dict[str, tuple[str, str]] = {
    "logged-out": ("logged out", "未签入"),
    "not-ready": ("not ready", "未就绪"),
    "available": ("available", "就绪"),
    "reserved": ("reserved", "已预占"),
    "busy": ("busy", "忙"),
    "wrap-up": ("wrap-up", "话后处理"),
    "interrupted": ("interrupted", "被打断"),
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
    "next": ("; afterwards {state}", "；随后{state}"),
    "agents": ("no agents are configured", "没有配置坐席"),
    "queues": ("no queues are configured", "没有配置队列"),
    "unheard": (
        "{box} decides by itself now, and hears of it when it is back",
        "{box}目前自行决定，恢复联系后才会得知",
    ),
    "no-contact": ("{agent} has no contact now", "{agent}当前没有来话"),
}
CONTACT: dict[str, tuple[str, str]] = {
    "contact": ("contact", "联络"),
    "caller": ("caller", "主叫"),
    "called": ("called", "被叫"),
    "call-type": ("call type", "呼叫类型"),
    "digits": ("digits", "按键"),
    "by": ("handed on by", "转接人"),
    "note": ("note of {agent}", "{agent}的备注"),
}


def main(words: Sequence[str]) -> int:
    """Exit status 0: it is so, or will be after the call; 1: refused, or no such agent; 2: it could not be asked."""
    told = _read(words)
    box, chinese = Path(told.state), told.language == "zh"
    try:
        answer, who = floor.command(box, _asked(told.id, told.to, " ".join(told.more)))
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    decides = [line for line in (floor.decides(who, chinese=chinese),) if line]
    if isinstance(answer, Refused):
        sys.stderr.write("".join(f"{line}\n" for line in (answer.sentence, *decides)))
        return 1
    lines = decides
    if isinstance(answer, ContactTold):
        lines = [*_contact(answer, chinese=chinese), *decides]
    elif isinstance(answer, AgentTold):
        unheard = WORDS["unheard"][chinese].format(box=answer.unheard)
        lines = [*_lines(answer.now, told.id.partition("/")[2], chinese=chinese), *decides]
        lines += [unheard] if answer.unheard else []
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _asked(agent: str, to: str, more: str) -> AgentAsked | CallAsked | AgentNoted | ContactAsked:
    by = getpass.getuser()
    if to == "contact":
        return ContactAsked(agent=agent)
    if to == "note":
        return AgentNoted(agent=agent, text=more, by=by)
    if to in tuple(CallWish):
        return CallAsked(agent=agent, to=CallWish(to), number=more, by=by)
    return AgentAsked(agent=agent, to=AgentWish(to), reason=more, by=by)


def _contact(told: ContactTold, *, chinese: bool) -> Iterator[str]:
    """What the agent has before them, a line a fact."""
    now = told.now
    if now is None:
        yield WORDS["no-contact"][chinese].format(agent=told.agent)
        return
    facts = {"contact": now.contact, "caller": now.clid, "called": now.dnis, "call-type": now.call_type}
    rows = [(CONTACT[name][chinese], value) for name, value in {**facts, "digits": now.ced}.items() if value]
    rows += [(name, value) for name, value in now.fields.items()]
    rows += [(CONTACT["by"][chinese], agent) for agent in now.transfers]
    rows += [(CONTACT["note"][chinese].format(agent=note.agent), note.text) for note in now.notes]
    width = max(terminal.columns(name) for name, _ in rows)
    for name, value in rows:
        yield terminal.left((name, value), (width + 1, terminal.columns(value)))


def _lines(now: AgentNow, channel: str, *, chinese: bool) -> Iterator[str]:
    """Of each channel, or of that one."""
    shown: list[tuple[str, AgentNow | ChannelNow]] = [(f"{now.agent}/{one.channel}", one) for one in now.channels]
    for key, one in [(now.agent, now), *shown]:
        if channel and channel != (key.partition("/")[2] or VOICE):
            continue
        state = _state(one.state, one.reason, chinese=chinese)
        line = WORDS["now"][chinese].format(agent=key, name=now.name, state=state)
        after = WORDS["then" if one is now else "next"][chinese].format(state=_then(one.then, chinese=chinese))
        yield line + (after if one.then else "")


def show(what: str, box: Path, *, chinese: bool) -> int:
    """The table of `agents` or `queues`. Exit status 2: it cannot be asked."""
    try:
        told, queues, who = floor.look(box)
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    now_ns = time.time_ns()
    if what == "agents":
        rows: list[tuple[str, ...]] = [AGENT_HEADS[chinese]]
        for one in told:
            rows.append(tuple(_agent(one, now_ns, chinese=chinese)))
            rows += (tuple(_channel(one.agent, each, now_ns, chinese=chinese)) for each in one.channels)
    else:
        rows = [QUEUE_HEADS[chinese], *(tuple(_queue(one, now_ns)) for one in queues)]
    lines = [*terminal.table(rows)] if len(rows) > 1 else [WORDS[what][chinese]]
    lines += [floor.decides(who, chinese=chinese)] if who is not None else []
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agent", description="An agent's state, call and contact.")
    parser.add_argument("id", metavar="ID[/CHANNEL]", help="1001: in all channels; 1001/chat: in that one")
    verbs = (*map(str, AgentWish), *map(str, CallWish), "contact", "note")
    parser.add_argument("to", choices=verbs, metavar="|".join(verbs))
    parser.add_argument("more", nargs="*", metavar="MORE", help="why not ready, the number to transfer to, the note")
    terminal.add_language(parser)
    return terminal.read(parser, words, _unreasonable)


def _unreasonable(told: argparse.Namespace) -> str:
    if told.to in (CallWish.TRANSFER, CallWish.CONSULT) and len(told.more) != 1:
        return f"{told.to} takes one number"
    if told.to == "note" and not told.more:
        return "what is to be noted?"
    takes = (AgentWish.NOT_READY, CallWish.TRANSFER, CallWish.CONSULT, "note")
    return "" if not told.more or told.to in takes else f"{told.to} takes no more words; only not-ready has a reason"


def _agent(one: AgentNow, now_ns: int, *, chinese: bool) -> Iterator[str]:
    yield from (one.agent, one.name, one.box, one.extension)
    yield _state(one.state, one.reason, chinese=chinese)
    yield length(now_ns - one.since_ns) if one.since_ns else "-"
    yield _then(one.then, chinese=chinese) or "-"
    yield " ".join(one.queues) or "-"


def _channel(agent: str, one: ChannelNow, now_ns: int, *, chinese: bool) -> Iterator[str]:
    yield from (f"{agent}/{one.channel}", "", "", "")
    yield f"{one.at_work}/{one.slots} {_state(one.state, one.reason, chinese=chinese)}"
    yield length(now_ns - one.since_ns) if one.since_ns else "-"
    yield _then(one.then, chinese=chinese) or "-"
    yield ""


def _queue(one: QueueNow, now_ns: int) -> Iterator[str]:
    yield one.name if one.channel == VOICE else f"{one.name} ({one.channel})"
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

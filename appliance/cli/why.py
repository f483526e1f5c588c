# SPDX-License-Identifier: GPL-2.0-only
"""`why CALL`: each decision of a call from headquarters' record, with its reason, what was compared, what followed."""

import argparse
import datetime as dt
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from appliance.cli import record, terminal
from appliance.cli.agent import STATES
from appliance.headquarters.reports.reading import Record, Row
from appliance.headquarters.why import UnknownCallError, why
from appliance.signalling.q850 import NAMES

_AVAILABLE = re.compile(r"available for (\d+) s")
_BESIDE = re.compile(r"no (\S+) beside (\S+)")
WIDTH = 100
INDENT = 14
WORDS: dict[str, tuple[str, str]] = {
    "call": ("{began}  {clid} called {dnis}, {channel}", "{began}  {clid}呼叫{dnis}，{channel}"),
    "about": ("call type {call_type}, ended {ended}", "呼叫类型{call_type}，{ended}结束"),
    "open": ("call type {call_type}, still going on", "呼叫类型{call_type}，仍在进行"),
    "origin": ("calls back {origin} (callback {callback})", "回呼{origin}（回呼标识{callback}）"),
    "asked-for": ("callback {callback}, asked for at headquarters", "回呼标识{callback}，由总部提出"),
    "tried": ("called back at {began} as {contact}: {how}", "{began}回呼，通话标识{contact}：{how}"),
    "reached": ("they talked", "已通话"),
    "undecided": ("no decision is in the record", "记录中没有路由判定"),
    "reason": ("reason", "理由"),
    "by": ("decided by", "判定者"),
    "path": ("path", "路径"),
    "compared": ("compared", "比较"),
    "queues": ("waits in", "排队于"),
    "agents": ("agents", "坐席"),
    "followed": ("then", "随后"),
    "available": ("available for {seconds} s", "就绪{seconds}秒"),
    "chosen": ("chosen", "选中"),
    "beside": ("no {channel} beside {other}", "有{other}时不派{channel}"),
    "headquarters": ("headquarters in {ms:.1f} ms", "总部，用时{ms:.1f}毫秒"),
    "branch": ("the branch itself, after {ms:.1f} ms", "分支自行判定，用时{ms:.1f}毫秒"),
    "script": ("script {script}, version {version}", "脚本{script}，版本{version}"),
    "wait": ("wait for an agent ({verbs})", "等待坐席（{verbs}）"),
    "treat": ("treat in the IVR ({verbs})", "语音处理（{verbs}）"),
    "ring-agent": ("ring agent {agent}, extension {extension}", "振铃坐席{agent}，分机{extension}"),
    "offer-agent": ("offer to agent {agent}", "派给坐席{agent}"),
    "ring-extension": ("ring extension {extension}", "振铃分机{extension}"),
    "label": ("send to {label}", "转往{label}"),
    "label-agent": ("send to {label}, where agent {agent} is reserved", "转往{label}，已在彼处预占坐席{agent}"),
    "release": ("release, {cause}", "释放，{cause}"),
    "dial": ("dial {number}", "外呼{number}"),
    "tandem": ("tandem to trunk {trunk}", "汇接至中继{trunk}"),
    "rang": ("{at} {channel} is rung", "{at} 振铃{channel}"),
    "answered": ("{at} answered", "{at} 应答"),
    "released": ("{at} released by {by}, {cause}", "{at} {by}释放，{cause}"),
    "asked": ("{at} next question: {outcome}", "{at} 下一次询问：{outcome}"),
    "ended": ("{at} call ended by {by}, {cause}", "{at} {by}结束通话，{cause}"),
    "blind": ("{by} transfers to {to}", "{by}直接转接至{to}"),
    "consulted": ("{by} consults {to}", "{by}咨询{to}"),
    "completed": ("handed on", "已转接"),
    "reconnected": ("took the caller back", "已接回主叫"),
    "abandoned": ("ended in between", "中途结束"),
    "under-way": ("under way", "进行中"),
    "with": ("answers", "应答者"),
    "cause": ("cause {number}", "原因{number}"),
    "named": ("cause {number} ({name})", "原因{number}（{name}）"),
    "play": ("play", "播放"),
    "collect": ("collect", "收键"),
    "music": ("hold music", "等待音乐"),
    "ringing": ("ringing tone", "回铃音"),
    "voicemail": ("message for", "留言至"),
}
VERDICTS: dict[str, tuple[str, str]] = {
    "refused this contact": ("did not take this call", "未接此来话"),
    "available since the start": ("available since the start", "启动以来就绪"),
    "branch not heard": ("branch not heard", "分支无心跳"),
    "no room for more": ("no room for more", "已满"),
    "no translation number free": ("no translation number free", "没有空闲的翻译号码"),
    "at another branch": ("at a branch that is not reached", "在不可达的分支"),
}
OUTCOMES: dict[str, tuple[str, str]] = {
    "offered": ("call offered", "来话"),
    "digits": ("digits entered", "收到按键"),
    "no-digits": ("no digits", "无按键"),
    "played": ("prompts played", "播放完毕"),
    "recorded": ("a message was left", "已留言"),
    "silent": ("no message was left", "未留言"),
    "failed": ("treatment failed", "语音处理失败"),
    "waiting": ("waited, an agent is free", "排队中，有坐席空闲"),
    "no-answer": ("nobody answered", "无人应答"),
    "busy": ("busy", "被叫忙"),
    "unreachable": ("nobody could be reached", "无法接通"),
    "congestion": ("no trunk had room", "中继拥塞"),
    "transferred": ("an agent transfers the caller", "坐席直接转接"),
    "consulting": ("an agent consults, the caller is held", "坐席咨询，主叫保持"),
    "not-transferred": ("there was no way to that number", "转接号码不可达"),
    "callback": ("an agent is free for a callback", "回呼有坐席空闲"),
    "agent-answered": ("agent answered", "坐席应答"),
    "agent-gone": ("agent lost during the talk", "通话中坐席断开"),
}
PARTIES: dict[str, tuple[str, str]] = {
    "caller": ("the caller", "主叫"),
    "agent": ("the agent", "坐席"),
    "called": ("the called party", "被叫"),
    "us": ("the system", "系统"),
    "peer": ("the other side", "对端"),
    "fault": ("a fault", "故障"),
}


def main(words: Sequence[str]) -> int:
    """Exit status 1: there is no such call; 2: the record cannot be read."""
    told = _read(words)
    found = record.opened(told)
    if found is None:
        return terminal.UNASKED
    place, engine, _ = found
    try:
        call = why(Record(engine), told.call, told.number)
    except UnknownCallError as error:
        sys.stderr.write(f"{_unknown(error) if told.language == 'zh' else error}\n")
        return 1
    except SQLAlchemyError:
        sys.stderr.write(f"{place} cannot be read; only headquarters has the record\n")
        return terminal.UNASKED
    width = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    for line in Page(chinese=told.language == "zh").lines(call):
        print(terminal.wrapped(line, INDENT, width))
    return 0


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="why", description="Headquarters: why a call went where it went.")
    parser.add_argument("call", metavar="CALL", help="a contact, a leg, or a caller's number (the last call)")
    parser.add_argument("--number", type=int, default=1, metavar="N", help="of a caller: 2 is the call before the last")
    terminal.add_language(parser)
    record.add_config(parser)
    return terminal.read(parser, words)


def _unknown(error: UnknownCallError) -> str:
    if error.calls:
        return f"{error.asked}共有{error.calls}次通话；--number取1（最近一次）至{error.calls}"
    end = f"是否指{error.near}？" if error.near else "应为通话标识、通话段标识或主叫号码"
    return f"记录中没有{error.asked}；{end}"


class Page:
    """A call in one language, a line a fact."""

    def __init__(self, *, chinese: bool) -> None:
        self._chinese = chinese

    def lines(self, call: Row) -> Iterator[str]:
        """Unbroken; what a line is about stands before column INDENT."""
        shown = {name: "–" if value is None else value for name, value in call.items()}
        yield call["contact"]
        yield self._word("call", **{**shown, "began": _clock(call["began_ns"], "%Y-%m-%d %H:%M:%S")})
        yield self._word("about" if call["ended_ns"] else "open", **shown, ended=_clock(call["ended_ns"]))
        if call["callback"]:
            yield self._word("origin" if call["origin"] else "asked-for", **shown)
        for number, one in enumerate(call["decisions"], 1):
            yield ""
            yield from self._decision(number, one)
        if not call["decisions"]:
            yield self._word("undecided")
        for one in call["transfers"]:
            yield ""
            yield from self._transfer(one)
        for one in call["tries"]:
            ended = self._cause(one["cause"]) if one["ended_ns"] else self._word("under-way")
            how = self._word("reached") if one["talk_ns"] else ended
            yield ""
            yield self._word("tried", began=_clock(one["began_ns"]), contact=one["contact"], how=how)

    def _transfer(self, one: Row) -> Iterator[str]:
        how = "blind" if one["blind"] else "consulted"
        yield f"{_clock(one['at_ns'])} {self._word(how, **one)} → {self._word(one['outcome'] or 'under-way')}"
        if one["agent"]:
            yield self._fact("with", one["agent"])
        if one["reason"]:
            yield self._fact("reason", one["reason"])

    def _decision(self, number: int, one: Row) -> Iterator[str]:
        at = f"{_clock(one['at_ns'])}.{one['at_ns'] // 1_000_000 % 1000:03}"
        yield f"{number}. {at} {self._named(OUTCOMES, one['outcome'])} → {self._action(one['action'])}"
        yield self._fact("reason", one["reason"])
        decided = [self._word(one["by"], ms=one["latency_ms"])]
        if one["script"]:
            decided.append(self._word("script", **one))
        yield self._fact("by", self._list(decided))
        if one["path"]:
            yield self._fact("path", " → ".join(one["path"]))
        if one["compared"]:
            yield self._fact(
                "compared", self._list(f"{name} = {value or '∅'}" for name, value in one["compared"].items())
            )
        if one["queues"]:
            yield self._fact("queues", self._list(one["queues"]))
        if one["candidates"]:
            for place, queue in enumerate(groupby(one["candidates"], key=itemgetter("queue"))):
                yield self._fact("" if place else "agents", self._candidates(*queue))
        if one["followed"]:
            yield self._fact("followed", self._list(map(self._step, one["followed"])))

    def _action(self, action: dict[str, Any]) -> str:
        verbs = self._list(map(self._verb, action.get("verbs", ())))
        cause = self._cause(action.get("cause"))
        return self._word(_kind(action), **{**action, "verbs": verbs, "cause": cause})

    def _verb(self, verb: dict[str, Any]) -> str:
        """With what it plays, or the mailbox; a ringing tone has neither."""
        told = (*verb.get("prompts", ()), *filter(None, [verb.get("mailbox")]))
        return " ".join((self._word(verb["verb"]), *told))

    def _candidates(self, queue: str, seen: Iterable[Row]) -> str:
        chosen = f" ✓ {self._word('chosen')}"
        told = (f"{one['agent']} {self._verdict(one['verdict'])}{chosen * one['chosen']}" for one in seen)
        return f"{queue}: {self._list(told)}"

    def _verdict(self, verdict: str) -> str:
        if waited := _AVAILABLE.fullmatch(verdict):
            return self._word("available", seconds=waited[1])
        if beside := _BESIDE.fullmatch(verdict):
            return self._word("beside", channel=beside[1], other=beside[2])
        kind, opening, reason = verdict.partition(" (")
        return f"{self._named({**STATES, **VERDICTS}, kind)}{opening}{reason}"

    def _step(self, step: Row) -> str:
        by, outcome = self._named(PARTIES, step.get("by")), self._named(OUTCOMES, step.get("outcome"))
        at = f"+{step['after_ns'] / 1e9:.1f} s"
        cause = self._cause(step.get("cause"))
        return self._word(step["what"], at=at, channel=step.get("channel"), by=by, outcome=outcome, cause=cause)

    def _cause(self, number: int | None) -> str:
        if number not in NAMES:
            return self._word("cause", number=number)
        return self._word("named", number=number, name=NAMES[number][self._chinese])

    def _fact(self, name: str, text: str) -> str:
        head = f"   {self._word(name)}"
        return head + " " * (INDENT - terminal.columns(head)) + text

    def _list(self, parts: Iterable[str]) -> str:
        return ("；" if self._chinese else "; ").join(parts)

    def _word(self, name: str, /, **values: Any) -> str:
        return WORDS[name][self._chinese].format(**values) if name in WORDS else name

    def _named(self, names: dict[str, tuple[str, str]], name: str | None) -> str:
        return names[name][self._chinese] if name in names else name or "–"


def _kind(action: dict[str, Any]) -> str:
    """A branch's default rings whoever is at an extension; a chat's agent has none; a label may lead to an agent."""
    match action:
        case {"do": "label", "agent": str(agent)} if agent:
            return "label-agent"
        case {"do": "ring-agent", "agent": ""}:
            return "ring-extension"
        case {"do": "ring-agent", "extension": ""}:
            return "offer-agent"
        case {"do": "treat", "verbs": verbs} if verbs and all(verb["verb"] == "music" for verb in verbs):
            return "wait"
    return str(action["do"])


def _clock(at_ns: int | None, form: str = "%H:%M:%S") -> str:
    return "–" if at_ns is None else dt.datetime.fromtimestamp(at_ns / 1e9).strftime(form)  # noqa: DTZ006 - the technician's

# SPDX-License-Identifier: GPL-2.0-only
"""`show calls`, `clear call`: what call control has in hand. `test call 8001`: a call that is made to see.

`show test-calls`: those that the box makes by itself.
"""

import asyncio
import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path

from appliance.cli import terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.line import MARKS
from appliance.cli.session import Session
from appliance.wire.call_control import (
    CallNow,
    CallsNow,
    CallTested,
    ClearCall,
    TestCall,
    TestCallNow,
    TestCallsNow,
)
from appliance.wire.line_tests import LineStep, Result
from appliance.wire.service_messages import Accepted, Refused
from appliance.wire.talk import UnreachableError, snapshot, talk

HEADS = (
    ("call", "from", "to", "state", "agent", "talk", "legs"),
    ("呼叫", "主叫", "被叫", "状态", "坐席", "通话", "话路"),
)
TEST_HEADS = (
    ("test call", "number", "trunk", "last", "result", "how it went"),
    ("测试呼叫", "号码", "中继", "最近", "结果", "情况"),
)
STATES = {
    "routing": "选路",
    "answering": "应答中",
    "treating": "播音",
    "ringing": "振铃",
    "calling": "呼叫坐席",
    "asking": "询问",
    "dialling": "外呼",
    "joining": "接续",
    "talking": "通话",
    "passing": "转接中",
    "through": "汇接通话",
    "releasing": "释放",
}
STEPS = {"placed": "呼出", "rings": "振铃", "answer": "应答", "sound": "声音", "end": "结束"}
TAKEN = ("somebody else makes a test call here: wait for its end", "有人正在测试呼叫，请等待结束")


def show(session: Session, _matched: Matched) -> int:
    """All that there are."""
    try:
        told = asyncio.run(snapshot(session.state / "run" / "call.sock"))
    except UnreachableError as error:
        return _unasked(error)
    calls = [call for body in told if isinstance(body, CallsNow) for call in body.calls]
    rows = [HEADS[session.chinese], *(_row(call, chinese=session.chinese) for call in calls)]
    lines = terminal.table(rows) if calls else [session.told("no calls", "没有呼叫")]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _row(call: CallNow, *, chinese: bool) -> tuple[str, ...]:
    talk_s = call.talk_s
    return (
        call.contact,
        call.clid,
        call.dnis,
        STATES.get(call.state, call.state) if chinese else call.state,
        call.agent,
        "" if talk_s is None else f"{talk_s // 60}:{talk_s % 60:02}",
        " ".join(_leg(trunk, answered=answered, chinese=chinese) for _, trunk, answered in call.legs),
    )


def _leg(trunk: str, *, answered: bool, chinese: bool) -> str:
    return (trunk or ("话机" if chinese else "phone")) + ("" if answered else "?")


def show_tests(session: Session, _matched: Matched) -> int:
    """Exit status 1: the last one of some number failed."""
    try:
        told = asyncio.run(snapshot(session.state / "run" / "health.call.sock"))
    except UnreachableError as error:
        return _unasked(error)
    tests = [one for body in told if isinstance(body, TestCallsNow) for one in body.calls]
    none = session.told("no test calls are configured: set test_calls", "没有配置测试呼叫：set test_calls")
    rows = [TEST_HEADS[session.chinese], *(_test_row(one, chinese=session.chinese) for one in tests)]
    _say(terminal.table(rows) if tests else [none])
    return int(any(one.result is Result.FAIL for one in tests))


def _test_row(one: TestCallNow, *, chinese: bool) -> tuple[str, ...]:
    ended = dt.datetime.fromtimestamp(one.ended_ns / 1e9).astimezone()
    said = one.chinese if chinese else one.sentence
    return (
        one.name,
        one.number,
        one.trunk,
        f"{ended:%Y-%m-%d %H:%M:%S}" if one.result else "-",
        MARKS[one.result][chinese] if one.result else "-",
        said or ("尚未拨打" if chinese else "not made yet"),
    )


def clear(session: Session, matched: Matched) -> int:
    """A call that hangs; what its workers do not let go is forgotten."""
    order = ClearCall(call=matched.arguments["call"], by=session.author)
    try:
        return asyncio.run(_cleared(session, order))
    except UnreachableError as error:
        return _unasked(error)


async def _cleared(session: Session, order: ClearCall) -> int:
    async for body in talk(session.state / "run" / "call.sock", order):
        if isinstance(body, Refused):
            sys.stderr.write(f"{body.sentence}\n")
            return 1
        if isinstance(body, Accepted):
            sys.stdout.write(session.told("its legs are let go\n", "话路已释放\n"))
            return 0
    raise UnreachableError("call control ended while it was asked")


def test(session: Session, matched: Matched) -> int:
    """Step by step. Exit status 0: passed; 1: failed, or nothing was heard; 2: it could not be made."""
    given = matched.arguments
    phones = {str(one["number"]) for one in session.running().data.get("extensions", ())}
    order = TestCall(
        to=given["number"],
        by=session.author,
        trunk=given.get("trunk-name", ""),
        phone=given["number"] in phones and "trunk-name" not in given,
        ring_s=int(given.get("ring-seconds", 30)),
    )
    try:
        return asyncio.run(_tested(session.state / "run" / "test.call.sock", order, chinese=session.chinese))
    except UnreachableError as error:
        return _unasked(error)


async def _tested(socket: Path, order: TestCall, *, chinese: bool) -> int:
    async for body in talk(socket, order):
        match body:
            case LineStep():
                _say(_steps(body, chinese=chinese))
            case CallTested(result=result):
                _say([MARKS[result][chinese].upper()])
                return int(result is not Result.PASS)
            case Refused(code=code, sentence=sentence):
                sys.stderr.write(f"{TAKEN[chinese] if code == 'service.not-controller' else sentence}\n")
                return terminal.UNASKED
    raise UnreachableError("call control ended before the test did")


def _steps(step: LineStep, *, chinese: bool) -> Iterator[str]:
    mark = MARKS[step.result][chinese]
    named = f"{STEPS.get(step.step, step.step)}：{step.chinese}" if chinese else f"{step.step}: {step.sentence}"
    yield terminal.broken(f"{mark}  {named}", len(f"{mark}  "))


def _say(lines: "list[str] | Iterator[str]") -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _unasked(error: UnreachableError) -> int:
    sys.stderr.write(f"{error}\n")
    return terminal.UNASKED

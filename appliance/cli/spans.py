# SPDX-License-Identifier: GPL-2.0-only
"""`show spans 1`: one span, its counters and whose fault it is. `show timeslots`: every bearer with its call.

`clear counters` notes what they are now; from then on what came since is shown.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from appliance.cli import show as box
from appliance.cli import terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.wire.envelope import Body
from appliance.wire.legs import Leg, LegSnapshot
from appliance.wire.performance import SpanPerformance
from appliance.wire.spans import ChannelState, Span, SpanChanged
from appliance.wire.talk import UnreachableError, snapshot

TIMESLOTS = 32
CLEARED = "cleared-counters.json"
HEADS = (
    ("span", "timeslot", "state", "way", "from", "to", "since"),
    ("接口", "时隙", "状态", "方向", "主叫", "被叫", "时长"),
)
STATES = {ChannelState.IDLE: "空闲", ChannelState.BUSY: "占用", ChannelState.BLOCKED: "闭塞"}
WAYS = {"incoming": ("in", "呼入"), "outgoing": ("out", "呼出")}


class Cleared(msgspec.Struct, frozen=True):
    """What a span's counters were, and when (UTC, ns)."""

    at_ns: int
    counters: dict[str, int]


def show(session: Session, matched: Matched) -> int:
    """All spans in a table, or one in full. Exit status 1: it has an alarm."""
    if "span" not in matched.arguments:
        language = "zh" if session.chinese else "en"
        return box.main(["spans", "--state", str(session.state), "--language", language])
    told = _told(session, int(matched.arguments["span"]))
    if told is None:
        return terminal.UNASKED
    span, bodies = told
    judged = next((one for one in bodies if isinstance(one, SpanPerformance) and one.span == span.span), None)
    return _say(_facts(session, span, judged)) or int(bool(span.alarms))


def timeslots(session: Session, matched: Matched) -> int:
    """Of one span, or of all."""
    wanted = int(matched.arguments["span"]) if "span" in matched.arguments else None
    told = _told(session, wanted)
    if told is None:
        return terminal.UNASKED
    legs = {leg.port: leg for body in told[1] if isinstance(body, LegSnapshot) for leg in body.legs}
    rows: list[tuple[str, ...]] = [HEADS[session.chinese]]
    for span in _spans(told[1]):
        if wanted in (None, span.span):
            rows += [
                _bearer(span.span, number, state, legs.get((span.span - 1) * TIMESLOTS + number), session.chinese)
                for number, state in sorted(span.channels.items())
            ]
    return _say(terminal.table(rows))


def clear_counters(session: Session, matched: Matched) -> int:
    """Of one span, or of all."""
    wanted = int(matched.arguments["span"]) if "span" in matched.arguments else None
    told = _told(session, wanted)
    if told is None:
        return terminal.UNASKED
    now = {
        str(span.span): Cleared(time.time_ns(), span.counters)
        for span in _spans(told[1])
        if wanted in (None, span.span)
    }
    file = session.state / CLEARED
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.encode({**_cleared(session.state), **now}))
    new.replace(file)
    return _say([session.told("counters begin anew", "计数器重新开始")])


def _told(session: Session, wanted: int | None) -> tuple[Span, list[Body]] | None:
    """The span that is wanted, or the first, and all that line workers tell. None: there is none, which was said."""
    bodies = asyncio.run(_asked(sorted((session.state / "run").glob("leg.line*.sock"))))
    spans = {span.span: span for span in _spans(bodies)}
    if not spans or (wanted is not None and wanted not in spans):
        there = ", ".join(map(str, sorted(spans))) or session.told("none", "无")
        what = session.told(f"span {wanted}" if wanted else "span", f"接口{wanted or ''}")
        sys.stderr.write(session.told(f"there is no {what}; there is {there}\n", f"没有{what}；现有：{there}\n"))
        return None
    return spans[wanted or min(spans)], bodies


async def _asked(sockets: list[Path]) -> list[Body]:
    told: list[Body] = []
    for path in sockets:
        try:
            told += await snapshot(path)
        except UnreachableError:
            continue  # the supervisor has an alarm of it
    return told


def _spans(bodies: list[Body]) -> list[Span]:
    return [body.span for body in bodies if isinstance(body, SpanChanged)]


def _facts(session: Session, span: Span, judged: SpanPerformance | None) -> Iterator[str]:
    chinese = session.chinese
    states = list(span.channels.values())
    yield f"{'接口' if chinese else 'span'} {span.span} · {span.name}"
    yield _fact("信号" if chinese else "signal", " ".join(span.alarms) or box.GOOD[chinese])
    yield _fact("信令" if chinese else "signalling", (box.UP if span.d_channel_up else box.DOWN)[chinese])
    counts = ((state, states.count(state)) for state in ChannelState)
    said = ", ".join(f"{count} {STATES[state] if chinese else state}" for state, count in counts)
    yield _fact("信道" if chinese else "channels", said)
    if judged is not None and judged.window_s:
        yield _fact("判定" if chinese else "verdict", judged.chinese if chinese else judged.sentence)
    cleared = _cleared(session.state).get(str(span.span))
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(cleared.at_ns / 1e9)) if cleared else ""
    since = since or session.told("the start", "启动")
    yield session.told(f"counters since {since}", f"计数（自{since}起）")
    for name, count in since_cleared(span.counters, cleared.counters if cleared else {}).items():
        yield f"  {name.replace('_', ' '):<24}{count:>12}"


def _fact(name: str, said: str) -> str:
    head = name + " " * (12 - terminal.columns(name))
    return terminal.broken(f"{head}{said}", 12)


def since_cleared(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """What came since. A counter that is less than it was began anew by itself."""
    return {name: count - before.get(name, 0) if count >= before.get(name, 0) else count for name, count in now.items()}


def _cleared(state: Path) -> dict[str, Cleared]:
    try:
        return msgspec.json.decode((state / CLEARED).read_bytes(), type=dict[str, Cleared])
    except (OSError, msgspec.DecodeError):
        return {}


def _bearer(span: int, number: int, state: ChannelState, leg: Leg | None, chinese: bool) -> tuple[str, ...]:  # noqa: FBT001
    seconds = max(0, time.time_ns() - leg.began_ns) // 1_000_000_000 if leg and leg.began_ns else None
    return (
        str(span),
        str(number),
        STATES[state] if chinese else str(state),
        WAYS[leg.direction][chinese] if leg else "",
        (leg.clid or "") if leg else "",
        (leg.dnis or leg.to or "") if leg else "",
        "" if seconds is None else f"{seconds // 60}:{seconds % 60:02}",
    )


def _say(lines: "list[str] | Iterator[str]") -> int:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0

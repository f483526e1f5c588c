# SPDX-License-Identifier: GPL-2.0-only
"""`show alarms`: what is wrong on this box and what to do. `show spans`: the lines, their signal and channels.

`show trunks`: groups of them, and their calls.
`show agents` and `show queues` are a branch's and headquarters', `show callbacks` and `show voicemail [MAILBOX]` the
latter's alone.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from appliance.cli import agent, callback, terminal, trunks, voicemail
from appliance.line.testing.steps import NAMES
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.envelope import Body
from appliance.wire.performance import SpanPerformance
from appliance.wire.spans import ChannelState, Span, SpanChanged
from appliance.wire.talk import UnreachableError, snapshot

SOURCES = (
    "leg.*.sock",
    "health.call.sock",
    "ivr.sock",
    "recorder.sock",
    "uplink.sock",
    "update.sock",
    "diagnostics.sock",
)
"""Of a branch; the supervisor, which every box has, tells of those that do not answer."""
HEADS = (
    ("span", "name", "signal", "signalling", "busy", "idle", "blocked", "verdict"),
    ("接口", "名称", "信号", "信令", "占用", "空闲", "闭塞", "判定"),
)
WIDTHS = (4, 16, 12, 10, 4, 4, 7, 13)
GOOD, UP, DOWN = ("good", "良好"), ("up", "正常"), ("down", "中断")


def main(words: Sequence[str]) -> int:
    """Exit status 0: nothing is wrong; 1: something is; 2: it could not be asked."""
    if words and words[0] == "voicemail":
        return voicemail.show(words[1:])
    options = _read(words)
    if options.what == "callbacks":
        return callback.show(Path(options.state), chinese=options.language == "zh")
    if options.what == "trunks":
        return trunks.show(Path(options.state), chinese=options.language == "zh")
    if options.what in ("agents", "queues"):
        return agent.show(options.what, Path(options.state), chinese=options.language == "zh")
    try:
        told = asyncio.run(_told(Path(options.state) / "run"))
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    chinese, standing = options.language == "zh", _standing(told)
    lines = _alarms(standing, chinese=chinese) if options.what == "alarms" else _spans(told, chinese=chinese)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return int(bool(standing))


async def _told(run: Path) -> list[Body]:
    """What every process of the box tells of itself. Raises: UnreachableError without a supervisor."""
    told = await snapshot(run / "supervisor.sock")
    for path in _sources(run):
        try:
            told += await snapshot(path)
        except UnreachableError:
            continue  # the supervisor has an alarm of it
    return told


def _sources(run: Path) -> list[Path]:
    return sorted(path for pattern in SOURCES for path in run.glob(pattern))


def _standing(told: Sequence[Body]) -> list[AlarmRaised]:
    alarms: dict[tuple[str, str], AlarmRaised] = {}
    for body in told:
        if isinstance(body, AlarmRaised):
            alarms[body.address, body.code] = body
        elif isinstance(body, AlarmCleared):
            alarms.pop((body.address, body.code), None)
    return [alarm for _, alarm in sorted(alarms.items())]


def _alarms(standing: Sequence[AlarmRaised], *, chinese: bool) -> Iterator[str]:
    for alarm in standing:
        yield terminal.broken(f"{alarm.address}: {alarm.sentence} ({alarm.code})", len(f"{alarm.address}: "))
    if not standing:
        yield "没有告警" if chinese else "no alarms"


def _spans(told: Sequence[Body], *, chinese: bool) -> Iterator[str]:
    judged = {body.span: body for body in told if isinstance(body, SpanPerformance) and body.window_s}
    spans = {body.span.span: body.span for body in told if isinstance(body, SpanChanged)}
    yield terminal.left(HEADS[chinese], WIDTHS)
    for number, span in sorted(spans.items()):
        yield terminal.left(_cells(span, judged.get(number), chinese=chinese), WIDTHS)


def _cells(span: Span, judged: SpanPerformance | None, *, chinese: bool) -> Iterator[str]:
    yield str(span.span)
    yield span.name
    yield " ".join(span.alarms) or GOOD[chinese]
    yield (UP if span.d_channel_up else DOWN)[chinese]
    states = Counter(span.channels.values())
    yield from (str(states[state]) for state in (ChannelState.BUSY, ChannelState.IDLE, ChannelState.BLOCKED))
    if judged is None:
        yield "-"
    else:
        yield NAMES[judged.verdict] if chinese else judged.verdict


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="show", description="What is so on this box now.")
    parser.add_argument("what", choices=("agents", "alarms", "callbacks", "queues", "spans", "trunks", "voicemail"))
    terminal.add_language(parser)
    return terminal.read(parser, words)

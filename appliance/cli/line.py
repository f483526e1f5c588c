# SPDX-License-Identifier: GPL-2.0-only
"""`line test span 1`: one page with each step, passed or failed, why and what to do. `line loop span 1`: its far end.

`line history span 1`: the last 24 hours, and whose fault it is. In Chinese where the terminal speaks it.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.cli import history
from appliance.cli.talk import UnreachableError, talk
from appliance.wire.line_tests import (
    SECONDS_LEAST,
    SECONDS_MOST,
    CheckLine,
    LineChecked,
    LineStep,
    LoopLine,
    Result,
)
from appliance.wire.performance import SpanPerformance
from appliance.wire.service_messages import Refused
from appliance.wire.spans import SpanChanged

UNASKED = 2
"""Exit status."""
MARKS = {Result.PASS: ("pass", "通过"), Result.FAIL: ("FAIL", "失败"), Result.OPEN: ("open", "未判")}
TAKEN = "somebody else tests or loops a line here: wait for its end"
OPENING = "span {span}, {seconds} s; calls go on"
OPENING_CHINESE = "接口{span}，{seconds}秒；通话不受影响"
STEPS = {
    "signal": "信号",
    "loop": "环回",
    "looped": "环回",
    "bit-errors": "误码",
    "d-channel": "D信道",
    "seconds": "误码秒",
    "clock": "时钟",
    "host": "主机",
    "verdict": "判定",
    "engine": "引擎",
}


def main(words: Sequence[str]) -> int:
    """Run one. Exit status 0: passed; 1: failed, or nothing could be judged; 2: it could not be asked."""
    options = _read(words)
    if not options.state:
        sys.stderr.write("no state directory: set BRANCHLINE_STATE, or say --state DIRECTORY\n")
        return UNASKED
    run = Path(options.state) / "run"
    try:
        asked = _history if options.verb == "history" else _test
        return asyncio.run(asked(run, _workers(run, options.span), options))
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return UNASKED


def _workers(run: Path, span: int) -> list[str]:
    """Who may serve a span. Those that share a D-channel (NFAS) have one worker, named by the first."""
    workers = [path.name.removeprefix("leg.").removesuffix(".sock") for path in run.glob("leg.line*.sock")]
    named = f"line{span}"
    return [named] if named in workers or not workers else workers


async def _found(run: Path, workers: Sequence[str], span: int) -> tuple[str, SpanPerformance]:
    """Which of the workers serves the span, and what it tells of it. Raises: UnreachableError."""
    answers = await asyncio.gather(*(_told(run / f"leg.{worker}.sock", span) for worker in workers))
    there = {told.span: (worker, told) for worker, spans in zip(workers, answers, strict=True) for told in spans}
    if span not in there:
        raise UnreachableError(f"there is no span {span}; there is {', '.join(map(str, sorted(there))) or 'none'}")
    return there[span]


async def _told(socket: Path, wanted: int) -> list[SpanPerformance]:
    """What a worker tells of its spans, as far as the one that is wanted."""
    told: dict[int, SpanPerformance] = {}
    async for body in talk(socket, None):
        match body:
            case SpanPerformance(span=span):
                told[span] = body
                if span == wanted:
                    break
            case SpanChanged(span=changed) if changed.span in told:
                break  # the snapshot has been said
    return list(told.values())


async def _test(run: Path, workers: Sequence[str], options: argparse.Namespace) -> int:
    worker, _ = await _found(run, workers, options.span)
    order: CheckLine | LoopLine = LoopLine(span=options.span, seconds=options.seconds, timeslots=options.timeslots)
    if options.verb == "test":
        order = CheckLine(span=options.span, seconds=options.seconds, timeslots=options.timeslots)
    _print((OPENING_CHINESE if options.chinese else OPENING).format(span=options.span, seconds=options.seconds))
    async for body in talk(run / f"test.{worker}.sock", order):
        match body:
            case LineStep():
                _print(_step(body, chinese=options.chinese))
            case LineChecked(result=result):
                _print(MARKS[result][options.chinese].upper())
                return int(result is not Result.PASS)
            case Refused(code=code, sentence=sentence):
                sys.stderr.write(f"{TAKEN if code == 'service.not-controller' else sentence}\n")
                return UNASKED
    raise UnreachableError("the line worker ended before the test did")


async def _history(run: Path, workers: Sequence[str], options: argparse.Namespace) -> int:
    _, told = await _found(run, workers, options.span)
    _print(history.page(told, chinese=options.chinese))
    return 0


def _step(step: LineStep, *, chinese: bool) -> str:
    mark = MARKS[step.result][chinese]
    if chinese:
        return f"{mark}  {STEPS.get(step.step, step.step)}：{step.chinese}"
    return f"{mark}  {step.step}: {step.sentence}"


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="line", description="Test, loop or look at a span.")
    parser.add_argument("verb", choices=("test", "loop", "history"))
    parser.add_argument("what", choices=("span",), metavar="span")
    parser.add_argument("span", type=_number, metavar="N", help="its number, from 1")
    seconds = f"{SECONDS_LEAST} to {SECONDS_MOST}, else 60"
    parser.add_argument("--seconds", type=_seconds, default=60, metavar="S", help=seconds)
    timeslots = "such as 1,5,9-12; else all that no call holds"
    parser.add_argument("--timeslots", type=_timeslots, default=(), metavar="LIST", help=timeslots)
    parser.add_argument("--language", choices=("en", "zh"), default=_spoken(), help="else the terminal's")
    state = "the box's state directory, else BRANCHLINE_STATE"
    parser.add_argument("--state", default=os.environ.get("BRANCHLINE_STATE", ""), metavar="DIRECTORY", help=state)
    options = parser.parse_args(words)
    options.chinese = options.language == "zh"
    return options


def _spoken() -> str:
    named = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, named), "").startswith("zh") else "en"


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: spans are numbered from 1")
    return int(text)


def _seconds(text: str) -> int:
    if not text.isdecimal() or not SECONDS_LEAST <= int(text) <= SECONDS_MOST:
        raise argparse.ArgumentTypeError(f"{text!r}: {SECONDS_LEAST} to {SECONDS_MOST}")
    return int(text)


def _timeslots(text: str) -> tuple[int, ...]:
    slots: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        ends = first, last or first
        if not all(end.isdecimal() and 1 <= int(end) <= 31 for end in ends):
            raise argparse.ArgumentTypeError(f"{part!r}: a timeslot is 1 to 31, several are 1,5,9-12")
        slots.extend(range(int(ends[0]), int(ends[1]) + 1))
    return tuple(sorted(set(slots)))

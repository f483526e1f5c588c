# SPDX-License-Identifier: GPL-2.0-only
"""`line test span 1`: one page with each step, passed or failed, why and what to do. `line loop span 1`: its far end.

`line history span 1`: the last 24 hours, and whose fault it is. `line learned span 1`: what its analogue lines have
learned, and why. In Chinese where the terminal speaks it.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.cli import history, learned, terminal
from appliance.wire.envelope import Body
from appliance.wire.learning import LinesLearned
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
from appliance.wire.talk import UnreachableError, snapshot, talk

PAGES: dict[str, tuple[type[SpanPerformance | LinesLearned], Callable[..., str]]] = {
    "history": (SpanPerformance, history.page),
    "learned": (LinesLearned, learned.page),
}
MARKS = {Result.PASS: ("pass", "通过"), Result.FAIL: ("FAIL", "失败"), Result.OPEN: ("open", "未判")}
TAKEN = "somebody else tests or loops a line here: wait for its end"
OPENING = "span {span}, {seconds} s; {calls}"
OPENING_CHINESE = "接口{span}，{seconds}秒；{calls}"
CALLS = {False: ("calls go on", "通话不受影响"), True: ("no call meanwhile", "其间不能通话")}
"""By whether the card is looped."""
STEPS = {
    "signal": "信号",
    "loop": "环回",
    "looped": "环回",
    "card": "板卡",
    "card-loop": "板卡环回",
    "frame-errors": "帧误码",
    "crc-errors": "CRC误码",
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
    run = Path(options.state) / "run"
    try:
        asked = _page if options.verb in PAGES else _test
        return asyncio.run(asked(run, _workers(run, options.span), options))
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED


def _workers(run: Path, span: int) -> list[str]:
    """Who may serve a span. Those that share a D-channel (NFAS) have one worker, named by the first."""
    workers = [path.name.removeprefix("leg.").removesuffix(".sock") for path in run.glob("leg.line*.sock")]
    named = f"line{span}"
    return [named] if named in workers or not workers else workers


async def _told(run: Path, workers: Sequence[str], span: int) -> tuple[str, list[Body]]:
    """Which of the workers serves the span, and all that it tells. Raises: UnreachableError."""
    answers = await asyncio.gather(*(snapshot(run / f"leg.{worker}.sock") for worker in workers))
    told = zip(workers, answers, strict=True)
    there = {body.span: one for one in told for body in one[1] if isinstance(body, SpanPerformance)}
    if span not in there:
        raise UnreachableError(f"there is no span {span}; there is {', '.join(map(str, sorted(there))) or 'none'}")
    return there[span]


async def _test(run: Path, workers: Sequence[str], options: argparse.Namespace) -> int:
    worker, _ = await _told(run, workers, options.span)
    which = {"span": options.span, "seconds": options.seconds, "timeslots": options.timeslots}
    order: CheckLine | LoopLine = LoopLine(**which, at=options.at)
    if options.verb == "test":
        order = CheckLine(**which, card=options.card)
    calls = CALLS[options.card or options.at != "timeslots"][options.chinese]
    opening = OPENING_CHINESE if options.chinese else OPENING
    _print(opening.format(span=options.span, seconds=options.seconds, calls=calls))
    async for body in talk(run / f"test.{worker}.sock", order):
        match body:
            case LineStep():
                _print(_step(body, chinese=options.chinese))
            case LineChecked(result=result):
                _print(MARKS[result][options.chinese].upper())
                return int(result is not Result.PASS)
            case Refused(code=code, sentence=sentence):
                sys.stderr.write(f"{TAKEN if code == 'service.not-controller' else sentence}\n")
                return terminal.UNASKED
    raise UnreachableError("the line worker ended before the test did")


async def _page(run: Path, workers: Sequence[str], options: argparse.Namespace) -> int:
    _, told = await _told(run, workers, options.span)
    kind, page = PAGES[options.verb]
    for body in told:
        if isinstance(body, kind) and body.span == options.span:
            _print(page(body, chinese=options.chinese))
            return 0
    raise UnreachableError(f"span {options.span} has no analogue lines that learn")


def _step(step: LineStep, *, chinese: bool) -> str:
    mark = MARKS[step.result][chinese]
    if chinese:
        return f"{mark}  {STEPS.get(step.step, step.step)}：{step.chinese}"
    return terminal.broken(f"{mark}  {step.step}: {step.sentence}", len(f"{mark}  "))


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="line", description="Test, loop or look at a span.")
    parser.add_argument("verb", choices=("test", "loop", *PAGES))
    parser.add_argument("what", choices=("span",), metavar="span")
    parser.add_argument("span", type=_number, metavar="N", help="its number, from 1")
    seconds = f"{SECONDS_LEAST} to {SECONDS_MOST}, else 60"
    parser.add_argument("--seconds", type=_seconds, default=60, metavar="S", help=seconds)
    timeslots = "such as 1,5,9-12; else all that no call holds"
    parser.add_argument("--timeslots", type=_timeslots, default=(), metavar="LIST", help=timeslots)
    card = "of test: the card itself, by a loop in it; no call may be up"
    parser.add_argument("--card", action="store_true", help=card)
    places = ("timeslots", "line", "payload")
    parser.add_argument("--at", choices=places, default="timeslots", help="of loop: where, the last two in the card")
    terminal.add_language(parser)
    options = terminal.read(parser, words, _wrong)
    options.chinese = options.language == "zh"
    return options


def _wrong(options: argparse.Namespace) -> str:
    if options.card and options.verb != "test":
        return f"--card is of line test, not of line {options.verb}"
    if options.at != "timeslots" and options.verb != "loop":
        return f"--at is of line loop, not of line {options.verb}"
    return ""


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

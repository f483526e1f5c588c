# SPDX-License-Identifier: GPL-2.0-only
"""`router replay`: a recorded day with other scripts or rules, side by side with what was."""

import argparse
import gc
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from appliance.cli import day, terminal
from appliance.config import ConfigurationError, Headquarters, Mistake
from appliance.config.files import load_role
from appliance.config.scalars import suggestion
from appliance.headquarters.rulebook import faults, rules_of
from appliance.router.journal import Journal, path_of
from appliance.router.replay.caller import Difference
from appliance.router.replay.figures import Row
from appliance.router.replay.recording import Recording, read
from appliance.router.replay.simulation import Draft, Outcome, simulate
from appliance.router.rules import Rules
from appliance.script.loading import load
from appliance.script.nodes import Script

DAY_S = 86_400
WIDTHS = (26, 12, 12, 12)
NOTHING = ("{day}: the journal has no event of this day", "{day}：日志中没有当天的事件")
HEAD = (
    "{day}: {contacts} contacts; decisions the same: {same} of {all} ({percent} %)",
    "{day}：{contacts}次来话；决策一致：{all}项中{same}项（{percent} %）",
)
UNTRUE = (
    "the rules are unchanged, so all should be the same: do not trust this replay, and keep {path}",
    "规则未变而决策不一致：本次重放不可信，请保留{path}",
)
ASSUMED = (
    (
        "assumed: whoever is told otherwise than recorded keeps their own digits, talk and patience, and an agent "
        "their own way of answering; what was not seen is drawn, always alike, from the day's calls of that call type, "
        "else from all; patience by Kaplan-Meier, answered callers censored; all others come when they came"
    ),
    (
        "假设：决策与记录不同的来话沿用其自身的按键、通话时长和耐心，坐席沿用其自身的应答习惯；未观测到的量按固定方式取自当天"
        "同一呼叫类型的来话，否则取自全部来话；耐心按Kaplan-Meier估计，已应答者视为删失；其余来电时刻不变"
    ),
)
QUEUES, CALL_TYPES = ("queue {}", "队列 {}"), ("call type {}", "呼叫类型 {}")
COLUMNS = (("recorded", "draft", "difference"), ("记录", "草案", "差值"))
BETTER, WORSE = ("better", "改善"), ("worse", "变差")
FIGURES: Sequence[tuple[str, str, Callable[[Row], float | None], int, int]] = (
    ("offered", "呼入", lambda row: row.offered, 0, 0),
    ("answered", "应答", lambda row: row.answered, 0, 0),
    ("abandoned", "放弃", lambda row: row.abandoned, 0, 0),
    ("abandoned, %", "放弃率 %", lambda row: 100 * row.abandoned / row.offered if row.offered else None, 1, -1),
    ("service level {} s, %", "服务水平{}秒 %", lambda row: row.service_level, 1, 1),
    ("ASA, s", "平均应答速度 秒", lambda row: row.asa_s, 1, -1),
    ("longest wait, s", "最长等待 秒", lambda row: row.longest_s, 1, -1),
    ("occupancy, %", "占用率 %", lambda row: row.occupancy, 1, 0),
)
"""In both languages, what it is of a row, decimal places, and whether more of it is better (1) or worse (-1)."""
OTHERWISE = ("{count} contacts went otherwise, the first:", "{count}次来话走向不同，最先的是：")
CONTACT = ("contact {}", "来话 {}")
THEN, NOW = ("recorded", "记录"), ("draft", "草案")
UNDECIDED = ("no decision", "无决策")
PHASES = (("reading the day", "deciding it by the draft"), ("读取当天记录", "按草案决策"))


def main(words: Sequence[str]) -> int:
    """Exit status 0: done; 1: nothing to replay, or it is not to be trusted; 2: it was asked for wrongly."""
    told = _read(words)
    with _uncollected():
        return _replayed(told)


def _replayed(told: argparse.Namespace) -> int:
    chinese, path = told.language == "zh", path_of(Path(told.state))
    from_ns, to_ns = day.span(told.day)
    try:
        rules = _rules(told.rules) if told.rules is not None else None
        journal = Journal(path, reads=True)
        recording = read(journal, from_ns, min(to_ns, time.time_ns()), partial(_progress, PHASES[chinese][0]))
        journal.close()
        if recording is None:
            print(NOTHING[chinese].format(day=told.day))
            return 1
        draft = Draft(rules, _scripts(told.script, rules, recording))
    except sqlite3.Error as error:
        sys.stderr.write(f"{path} cannot be read ({error}); only headquarters has a router\n")
        return terminal.UNASKED
    except ConfigurationError as error:
        sys.stderr.write("".join(f"{mistake}\n" for mistake in error.mistakes))
        return terminal.UNASKED
    except ValueError as error:
        sys.stderr.write(f"{path}: {error}\n")
        return 1
    outcome = simulate(recording, draft, partial(_progress, PHASES[chinese][1]))
    _progress("", 1, 1)
    print("\n".join(_page(str(told.day), recording, outcome, told.threshold, chinese=chinese)))
    if draft == Draft() and outcome.same != recording.decisions:
        print(UNTRUE[chinese].format(path=path))
        return 1
    return 0


def _read(words: Sequence[str]) -> argparse.Namespace:
    about = "What a recorded day would have been with other scripts or rules, side by side."
    parser = argparse.ArgumentParser(prog="router replay", description=about)
    day.add_day(parser, 1, "yesterday")
    script = "takes the place of the script of its name; may be given more than once"
    parser.add_argument("--script", action="append", type=Path, default=[], metavar="FILE", help=script)
    rules = "headquarters' file as it would be, for the whole day, else the rules of that day"
    parser.add_argument("--rules", type=Path, metavar="FILE", help=rules)
    threshold = "of the service level, in seconds, else 20"
    parser.add_argument("--threshold", type=int, default=20, metavar="SECONDS", help=threshold)
    terminal.add_language(parser)
    return terminal.read(parser, words, _wrong)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing here refers to itself in a circle, and a day is millions of objects to look through for one."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _wrong(told: argparse.Namespace) -> str:
    if not 0 <= told.threshold <= DAY_S:
        return f"--threshold {told.threshold} is out of range: 0 to {DAY_S}"
    missing = [str(file) for file in (*told.script, told.rules) if file is not None and not file.is_file()]
    return f"there is no file {missing[0]}" if missing else ""


def _rules(file: Path) -> Rules:
    return rules_of(load_role(file, Headquarters, faults))


def _scripts(files: Sequence[Path], rules: Rules | None, recording: Recording) -> dict[str, Script]:
    """Checked against the queues that are there whenever the script is. Raises ConfigurationError."""
    days = [rules] if rules is not None else recording.rules()
    known = {name for one in days for name in one.scripts}
    found = {}
    for file in files:
        if file.stem not in known:
            raise ConfigurationError([Mistake(file, 0, 0, f"no script {file.stem!r}; {suggestion(file.stem, known)}")])
        having = [one for one in days if file.stem in one.scripts]
        queues = set.intersection(*(set(one.queues) for one in having))
        found[file.stem] = load(file, queues, having[-1].scripts[file.stem].calendars)
    return found


def _page(date: str, recording: Recording, outcome: Outcome, threshold_s: int, *, chinese: bool) -> Iterator[str]:
    recorded, draft, to_ns = recording.count, outcome.count, recording.to_ns
    yield HEAD[chinese].format(
        day=date,
        contacts=f"{len(recorded.fates):,}",
        same=f"{outcome.same:,}",
        all=f"{recording.decisions:,}",
        percent=_percent(outcome.same, recording.decisions),
    )
    if outcome.otherwise:
        yield terminal.broken(ASSUMED[chinese], 2)
    pairs = (
        (QUEUES, recorded.queues(to_ns, threshold_s), draft.queues(to_ns, threshold_s)),
        (CALL_TYPES, recorded.call_types(threshold_s), draft.call_types(threshold_s)),
    )
    for title, before, after in pairs:
        for name in sorted(before.keys() | after.keys()):
            yield ""
            head = (title[chinese].format(name or "-"), *COLUMNS[chinese])
            yield from _table(head, before.get(name, Row()), after.get(name, Row()), threshold_s, chinese=chinese)
    if outcome.otherwise:
        yield ""
        yield OTHERWISE[chinese].format(count=f"{outcome.otherwise:,}")
        for one in outcome.first:
            yield from _difference(one, chinese=chinese)


def _table(head: Sequence[str], before: Row, after: Row, threshold_s: int, *, chinese: bool) -> Iterator[str]:
    name, *columns = head
    if terminal.columns(name) > WIDTHS[0]:
        yield name
        name = ""
    yield _row(name, columns)
    for english, word, figure, places, good in FIGURES:
        was, now = figure(before), figure(after)
        cells = ["-" if value is None else f"{value:,.{places}f}" for value in (was, now)]
        if cells != ["-", "-"]:
            change, verdict = _change(was, now, places, good, chinese=chinese)
            yield _row(f"  {(word if chinese else english).format(threshold_s)}", [*cells, change]) + verdict


def _change(was: float | None, now: float | None, places: int, good: int, *, chinese: bool) -> tuple[str, str]:
    """The difference as it is shown, and whether it is one for the better."""
    if was is None or now is None:
        return "-", ""
    change = round(now - was, places)
    verdict = "" if not good * change else f"  {(BETTER if good * change > 0 else WORSE)[chinese]}"
    return (f"{change:+,.{places}f}" if change else "="), verdict


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name}{' ' * (WIDTHS[0] - terminal.columns(name))} {terminal.right(cells, WIDTHS[1:])}"


def _difference(one: Difference, *, chinese: bool) -> Iterator[str]:
    yield f"  {CONTACT[chinese].format(one.contact)}"
    for title, at_ns, reason in ((THEN, one.recorded_ns, one.recorded), (NOW, one.draft_ns, one.draft)):
        said = f"{day.clock(at_ns)} {reason}" if at_ns else UNDECIDED[chinese]
        yield terminal.broken(f"    {title[chinese]}: {said}", 6)


def _percent(part: int, whole: int) -> str:
    """100 only where it is all."""
    tenths = 1000 * part // whole if whole else 1000
    return "100" if tenths == 1000 else f"{tenths / 10:.1f}"


def _progress(phase: str, done: int, whole: int) -> None:
    """On the terminal of whoever waits; an empty phase wipes the line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{phase} {100 * done // whole} %" if phase else "\r\x1b[K")
        sys.stderr.flush()

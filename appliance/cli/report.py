# SPDX-License-Identifier: GPL-2.0-only
"""`report queue` and so on: a day's statistics as a table. `report verify`: whether they are as counted anew.

`report agent-time`: where the agents' time went.
"""

import argparse
import datetime as dt
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from appliance.cli import record, terminal
from appliance.config import Headquarters
from appliance.headquarters.reports.intervals import counting
from appliance.headquarters.reports.intervals.agents import times
from appliance.headquarters.reports.intervals.levels import LEVELS, averages_ms, percent, rounded, service_levels
from appliance.headquarters.reports.intervals.reading import GROUPED, LEVELLED, WIDTHS, Row, grouped, rows
from appliance.headquarters.reports.intervals.story import Kind

KINDS = (*(kind.value for kind in Kind), *GROUPED)
OUTCOMES: dict[str, tuple[str, str]] = {
    "answered": ("answ", "接听"),
    "abandoned_ivr": ("ivr", "弃IVR"),
    "abandoned_queue": ("que", "弃排队"),
    "abandoned_ringing": ("rng", "弃振铃"),
    "short": ("shrt", "短呼"),
    "overflow": ("ovf", "溢出"),
    "redirected": ("red", "转移"),
    "callback": ("cbk", "回呼"),
    "released": ("rel", "释放"),
    "waiting": ("wait", "等待"),
}
"""What becomes of the offered, a column each: together they are all of them."""
BEFORE = (("from", "name", "offd"), ("起始", "名称", "呼入"))
AFTER = (("trf", "SL%", "ASAs", "AHTs"), ("转接", "水平%", "应答", "处理"))
SUM = (
    "offd: the sum of answ to wait; ivr, que, rng: abandoned there; cbk: called back",
    "呼入为接听至等待各列之和；弃IVR、弃排队、弃振铃：在该处放弃",
)
FORMS = {
    "ignored": ("answered in time, of all but who abandoned in time", "及时接听 ÷（全部－及时放弃）"),
    "negative": ("answered in time, of all", "及时接听 ÷ 全部"),
    "positive": ("answered or abandoned in time, of all", "（及时接听＋及时放弃）÷ 全部"),
    "handled": ("answered in time, of the answered", "及时接听 ÷ 接听"),
}
FORM = ("SL ({form}): {words}", "服务水平（{form}）：{words}")
AVERAGES = (
    "ASA: answer wait; AHT: talk, hold and wrap-up; in seconds",
    "应答：平均应答等待；处理：平均通话、保持与话后之和；单位为秒",
)
TIME_HEADS = (
    ("from", "agent", "login", "ready", "reserved", "talking", "wrap-up", "not rdy", "occ %"),
    ("起始", "坐席", "登录", "就绪", "预占", "通话", "话后", "未就绪", "占用率"),
)
TIME_WIDTHS = (5, 11, 8, 8, 8, 8, 8, 8, 6)
INTERRUPTED = ("interrupted", "被打断")
NO_REASON = ("no reason", "无原因")
SAME = (
    "{day}: {rows} rows of statistics, all the same as counted anew from the events",
    "{day}：{rows}行统计数据，与根据事件重新统计的结果完全一致",
)
DIFFERS = (
    "{day} {at} {kind} {name}: {figure} is stored as {stored}, counted as {counted}",
    "{day} {at} {kind} {name}：{figure}存储值为{stored}，重新统计为{counted}",
)
DIFFERENCES = (
    "{day}: {count} figures differ: the record was altered, or its disk has failed; keep {place}",
    "{day}：{count}个数据不一致：记录被改动或磁盘故障。请保留{place}",
)
ANEW = (
    "{day}: the record is being counted anew, as this version counts otherwise; {share} % is done, ask again then",
    "{day}：新版本的统计规则不同，正在重新统计，已完成{share}%，请稍后再查",
)
NOTHING = ("{day}: nobody was offered to any {kind}", "{day}：当天没有{kind}的呼入")
NOTHING_AT_ALL = ("{day}: there are no statistics of this day", "{day}：当天没有统计数据")
NOBODY = ("{day}: nobody was logged in", "{day}：当天没有坐席登录")
UNGROUPED = (
    "{kind}s stand in headquarters' file: name it by --config or BRANCHLINE_CONFIG\n",
    "{kind}定义在总部配置文件中：请用--config或BRANCHLINE_CONFIG指明\n",
)
NO_GROUPS = ("{file} has no {kind}s\n", "{file}中没有定义{kind}\n")
NAMES = {
    "call-type": ("call type", "呼叫类型"),
    "queue": ("queue", "队列"),
    "agent": ("agent", "坐席"),
    "trunk": ("trunk", "中继"),
    "service": ("service", "服务"),
    "team": ("team", "班组"),
    "site": ("site", "站点"),
}


def main(words: Sequence[str]) -> int:
    """Exit status 0: told, all the same; 1: not the same, or nothing of that day; 2: it was asked for wrongly."""
    told = _read(words)
    found = record.opened(told)
    if found is None:
        return terminal.UNASKED
    place, engine, config = found
    chinese = told.language == "zh"
    try:
        if told.what == "verify":
            return _verify(engine, told.day, str(place), chinese=chinese)
        if told.what == "agent-time":
            return _tell_times(engine, told, chinese=chinese)
        if told.what in GROUPED:
            return _tell_groups(engine, config, told, chinese=chinese)
        return _tell(rows(engine, told.what, *_bounds(told.day), WIDTHS[told.interval]), told, chinese=chinese)
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().splitlines()[0]
        sys.stderr.write(f"{place} cannot be read ({why}); only headquarters has a record\n")
        return terminal.UNASKED
    finally:
        engine.dispose()


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="report", description="A day's statistics, or whether they are right.")
    what = parser.add_subparsers(dest="what", required=True)
    today = dt.date.today()  # noqa: DTZ011 - the supervisor's
    verify = what.add_parser("verify", help="count a day's events anew, and compare")
    verify.add_argument(
        "day",
        nargs="?",
        type=dt.date.fromisoformat,
        default=today,
        metavar="DAY",
        help="such as 2026-11-26, else today",
    )
    for kind in KINDS:
        table = what.add_parser(kind, help=f"by {NAMES[kind][0]}")
        table.add_argument("--day", type=dt.date.fromisoformat, default=today, help="such as 2026-11-26, else today")
        table.add_argument("--interval", choices=tuple(WIDTHS), default="day", help="else the day")
        table.add_argument(
            "--level", choices=LEVELS, default=LEVELS[0], help="how the service level takes the abandoned"
        )
    spent = what.add_parser("agent-time", help="agents' states")
    spent.add_argument("--day", type=dt.date.fromisoformat, default=today, help="such as 2026-11-26, else today")
    spent.add_argument("--interval", choices=tuple(WIDTHS), default="day", help="else the day")
    for one in what.choices.values():
        terminal.add_language(one)
        record.add_config(one)
        one.add_argument("--state", default=argparse.SUPPRESS, metavar="DIRECTORY", help="else BRANCHLINE_STATE")
    return terminal.read(parser, words)


def _tell_groups(engine: Engine, config: Headquarters | None, told: argparse.Namespace, *, chinese: bool) -> int:
    words = {"kind": NAMES[told.what][chinese], "file": told.config}
    of = {} if config is None else getattr(config.groups(), told.what)
    if not of:
        sys.stderr.write((UNGROUPED if config is None else NO_GROUPS)[chinese].format(**words))
        return terminal.UNASKED
    found = grouped(engine, told.what, of, *_bounds(told.day), WIDTHS[told.interval])
    return _tell(found, told, chinese=chinese)


def _tell(found: list[Row], told: argparse.Namespace, *, chinese: bool) -> int:
    if not found:
        print(NOTHING[chinese].format(day=told.day, kind=NAMES[told.what][chinese]))
        return 1
    for line in _table(found, told.level, chinese=chinese):
        print(line)
    if told.what in LEVELLED:
        print(FORM[chinese].format(form=told.level, words=FORMS[told.level][chinese]))
    print(AVERAGES[chinese])
    print(SUM[chinese])
    return 0


def _table(found: list[Row], level: str, *, chinese: bool) -> Iterator[str]:
    heads = (*BEFORE[chinese], *(words[chinese] for words in OUTCOMES.values()), *AFTER[chinese])
    lines: list[tuple[str, ...]] = [heads]
    for row in found:
        one, averages = row.figures, averages_ms(row.figures)
        counts = (one.offered, *(getattr(one, name) for name in OUTCOMES), one.transferred)
        means = (_seconds(averages[name]) for name in ("answer_wait", "handle"))
        figures = (percent(service_levels(one)[level]), *means)
        cells = (_clock(row.start_ns), row.name or "-", *counts, *(figure or "-" for figure in figures))
        lines.append(tuple(map(str, cells)))
    return terminal.table(lines)


def _tell_times(engine: Engine, told: argparse.Namespace, *, chinese: bool) -> int:
    found = times(engine, *_bounds(told.day), WIDTHS[told.interval], time.time_ns())
    if not found:
        print(NOBODY[chinese].format(day=told.day))
        return 1
    print(terminal.right(TIME_HEADS[chinese], TIME_WIDTHS))
    for row in found:
        spent = (row.login_ns, *(row.of(state) for state in ("available", "reserved", "busy", "wrap-up", "not-ready")))
        cells = (_clock(row.start_ns), row.agent, *map(_span, spent), percent(row.occupancy) or "-")
        print(terminal.right(cells, TIME_WIDTHS))
        if interrupted := row.of("interrupted"):
            print(f"{_span(interrupted):>26} {INTERRUPTED[chinese]}")
        for reason, ns in row.reasons.items():
            print(f"{_span(ns):>26} {reason or NO_REASON[chinese]}")
    return 0


def _span(ns: int) -> str:
    seconds = ns // 10**9
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _verify(engine: Engine, day: dt.date, place: str, *, chinese: bool) -> int:
    with engine.connect() as record:
        done = counting.progress(record)
        if done is not None:
            print(ANEW[chinese].format(day=day, share=int(done * 100)))
            return 1
        count, found = counting.differences(record, *_bounds(day))
    if not count:
        print(NOTHING_AT_ALL[chinese].format(day=day))
        return 1
    for one in found:
        words = {"at": _clock(one.key.start_ns), "kind": NAMES[one.key.kind][chinese], "name": one.key.name or "-"}
        line = DIFFERS[chinese].format(day=day, **words, figure=one.figure, stored=one.stored, counted=one.counted)
        print(line)
    ending = DIFFERENCES[chinese].format(day=day, count=len(found), place=place)
    print(ending if found else SAME[chinese].format(day=day, rows=f"{count:,}"))
    return int(bool(found))


def _bounds(day: dt.date) -> tuple[int, int]:
    """The day as the terminal's clock has it."""
    return _midnight_ns(day), _midnight_ns(day + dt.timedelta(days=1))


def _midnight_ns(day: dt.date) -> int:
    return round(dt.datetime.combine(day, dt.time()).astimezone().timestamp()) * 1_000_000_000


def _seconds(average_ms: Fraction | None) -> str | None:
    tenths = rounded(None if average_ms is None else average_ms / 100)
    return None if tenths is None else f"{tenths // 10}.{tenths % 10}"


def _clock(at_ns: int) -> str:
    return dt.datetime.fromtimestamp(at_ns // 10**9).strftime("%H:%M")  # noqa: DTZ006 - the supervisor's

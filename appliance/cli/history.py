# SPDX-License-Identifier: GPL-2.0-only
"""A span's history as a page: the verdict, the quarters of an hour that were not clean, the days."""

import time
from collections.abc import Iterator

from appliance.cli import terminal
from appliance.line.testing.steps import NAMES
from appliance.wire.performance import Interval, SpanPerformance

HEADS = (
    ("from", "ES", "SES", "UAS", "BBE", "slips", "far ES", "seen s", "ppm"),
    ("起始", "误码秒", "严重误码", "不可用秒", "背景误块", "滑码", "远端误码秒", "观测秒", "ppm"),
)
WIDTHS = (14, 6, 8, 8, 8, 5, 10, 6, 6)
"""On a terminal; a Chinese character takes two of 80."""


def page(told: SpanPerformance, *, chinese: bool) -> str:
    """All of it."""
    return "\n".join(_lines(told, chinese=chinese))


def _lines(told: SpanPerformance, *, chinese: bool) -> Iterator[str]:
    yield f"span {told.span} · {told.name}"
    if told.window_s:
        yield f"{NAMES[told.verdict]}：{told.chinese}" if chinese else f"{told.verdict}: {told.sentence}"
    yield terminal.right(HEADS[chinese], WIDTHS)
    wrong = [one for one in told.quarters if not _clean(one)]
    for one in wrong:
        yield _row(one, "%m-%d %H:%M")
    clean = len(told.quarters) - len(wrong)
    yield f"无误码的15分钟：另有{clean}个" if chinese else f"quarters of an hour that were clean: {clean} more"
    for one in told.days:
        yield _row(one, "%Y-%m-%d UTC")


def _clean(one: Interval) -> bool:
    near = one.near
    return near.seconds > 0 and not (near.es or near.uas or near.slips or one.far.es or one.far.uas)


def _row(one: Interval, form: str) -> str:
    near = one.near
    clock = f"{one.ppm_mean:.1f}" if one.clock_s else "-"
    at = time.strftime(form, time.gmtime(one.start_s) if "%H" not in form else time.localtime(one.start_s))
    cells = (at, near.es, near.ses, near.uas, near.bbe, near.slips, one.far.es, near.seconds, clock)
    return terminal.right(map(str, cells), WIDTHS)

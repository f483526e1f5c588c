# SPDX-License-Identifier: GPL-2.0-only
"""`show trunks`: a branch's trunk groups, calls now, their limits, and how many there were in call control's life."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.call.trunks import GroupNow, read
from appliance.cli import terminal

HEADS = (
    ("group", "members", "in", "out", "both", "came in", "went out", "too many"),
    ("中继组", "成员", "呼入", "呼出", "合计", "累计呼入", "累计呼出", "超限"),
)
WIDTHS = (12, 20, 6, 6, 6, 8, 8, 8)
NONE = (
    "no trunks are known here ({error}): only a branch has them, from call control's start on\n",
    "此处没有中继信息（{error}）：只有网点有中继，呼叫控制启动后才有数据\n",
)


def show(state: Path, *, chinese: bool) -> int:
    """Exit status 0, or 2: it could not be asked."""
    try:
        told = read(state / "run")
    except (OSError, msgspec.DecodeError) as error:
        sys.stderr.write(NONE[chinese].format(error=error))
        return terminal.UNASKED
    lines = [terminal.left(HEADS[chinese], WIDTHS), *(terminal.left(_cells(one), WIDTHS) for one in told)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _cells(one: GroupNow) -> Iterator[str]:
    group = one.group
    yield group.name
    yield ",".join(group.members)
    yield _of(one.now_in, group.most_in)
    yield _of(one.now_out, group.most_out)
    yield _of(one.now_in + one.now_out, group.calls)
    yield from (str(count) for count in (one.came_in, one.went_out, one.too_many))


def _of(now: int, most: int | None) -> str:
    return str(now) if most is None else f"{now}/{most}"

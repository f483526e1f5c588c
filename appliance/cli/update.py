# SPDX-License-Identifier: GPL-2.0-only
"""`show update`, `update check`, `install`, `confirm`, `fall-back`: the box's own version, as the updater has it.

Who stops watching an installation stops nothing.
"""

import asyncio
import sys
import time
from pathlib import Path

from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.wire.envelope import Body
from appliance.wire.service_messages import Refused
from appliance.wire.talk import UnreachableError, snapshot, talk
from appliance.wire.update import BundleChecked, CheckBundle, ConfirmUpdate, FallBack, InstallBundle, UpdateTold

DONE, NOT_DONE, UNASKED = 0, 1, 2
STATES = {
    "idle": ("nothing is under way", "无升级任务"),
    "checking": ("looks at the bundle", "正在检查升级包"),
    "installing": ("writes it; calls go on", "正在写入，不影响通话"),
    "installed": ("is written", "已写入"),
    "draining": ("waits for the end of calls", "等待通话结束"),
    "switching": ("the box starts again", "正在重启"),
    "trial": ("on trial, not confirmed yet", "试运行，未确认"),
    "confirmed": ("confirmed", "已确认"),
    "fallen-back": ("given up", "已放弃并回退"),
}
OVER = ("idle", "switching", "confirmed", "fallen-back")
"""States at whose sight who watches has seen the end, or the box goes down."""
GONE = ("the box starts again; show update tells how it went on", "设备正在重启；之后用 show update 查看结果")
NOBODY = (
    "nobody updates this box: its updater does not run, or it has no slots",
    "本机无法升级：升级程序未运行或无双分区",
)


def show(session: Session, _matched: Matched) -> int:
    """`show update`. Exit status 1: something was given up."""
    try:
        told = next(body for body in asyncio.run(snapshot(_socket(session))) if isinstance(body, UpdateTold))
    except (UnreachableError, StopIteration):
        return _unasked(session)
    for name, said in _page(session, told):
        sys.stdout.write(f"{name}{session.told(': ', '：')}{said}\n")
    return NOT_DONE if told.state == "fallen-back" else DONE


def check(session: Session, matched: Matched) -> int:
    """`update check`."""
    return _asked(session, CheckBundle(*_bundle(matched)))


def install(session: Session, matched: Matched) -> int:
    """`update install`."""
    return _asked(session, InstallBundle(*_bundle(matched)))


def confirm(session: Session, _matched: Matched) -> int:
    """`update confirm`."""
    return _asked(session, ConfirmUpdate())


def fall_back(session: Session, _matched: Matched) -> int:
    """`update fall-back`."""
    return _asked(session, FallBack())


def _bundle(matched: Matched) -> tuple[str, bool]:
    source = matched.arguments["bundle"]
    return source if "://" in source else str(Path(source).absolute()), "allow-older" in matched.arguments


def _socket(session: Session) -> Path:
    return session.state / "run/update.sock"


def _asked(session: Session, order: Body) -> int:
    try:
        return asyncio.run(_watched(session, order))
    except UnreachableError:
        return _unasked(session)


async def _watched(session: Session, order: Body) -> int:
    """Say each step once, until it is over."""
    last, accepted = "", False
    async for body in talk(_socket(session), order):
        match body:
            case Refused(sentence=sentence):
                sys.stderr.write(f"{sentence}\n")
                return NOT_DONE
            case BundleChecked():
                return _checked(session, body)
            case UpdateTold() if accepted or body.doing:
                if (line := _line(session, body)) != last:
                    sys.stdout.write(f"{line}\n")
                    sys.stdout.flush()
                last = line
                if body.state in OVER and not isinstance(order, CheckBundle):
                    return _over(session, body, order)
            case UpdateTold():
                accepted = not isinstance(order, CheckBundle)  # the first is of before the order
    sys.stdout.write(f"{session.told(*GONE)}\n")
    return DONE


def _checked(session: Session, told: BundleChecked) -> int:
    if told.good:
        said = session.told(f"version {told.version} can be installed", f"版本 {told.version} 可以安装")
        sys.stdout.write(f"{said}\n")
        return DONE
    sys.stderr.write(f"{told.sentence}\n")
    return NOT_DONE


def _over(session: Session, told: UpdateTold, order: Body) -> int:
    if told.state == "switching":
        sys.stdout.write(f"{session.told(*GONE)}\n")
    return NOT_DONE if isinstance(order, InstallBundle) and told.why else DONE


def _line(session: Session, told: UpdateTold) -> str:
    """One step, without what changes every second but the percent by tens."""
    parts = [session.told(*STATES[told.state])]
    if told.version:
        parts.insert(0, session.told(f"version {told.version}", f"版本 {told.version}"))
    if told.doing:
        parts.append(told.doing if told.percent is None else f"{told.doing} {told.percent // 10 * 10} %")
    if told.waiting:
        parts.append(session.told(f"{told.waiting} calls", f"{told.waiting} 路通话"))
    return session.told(": ", "：").join(filter(None, (session.told(", ", "，").join(parts), told.why)))


def _page(session: Session, told: UpdateTold) -> list[tuple[str, str]]:
    rows = [
        (("runs", "运行版本"), f"{told.running} ({session.told('slot', '分区')} {told.slot})"),
        (("other slot", "另一分区"), told.before or session.told("no confirmed version", "无已确认版本")),
        (("update", "升级"), _line(session, told)),
    ]
    if told.until_s is not None:
        left = max(0, round(told.until_s - time.time()))
        rows.append((("time left", "剩余时间"), f"{left} s"))
    return [(session.told(*name), said) for name, said in rows]


def _unasked(session: Session) -> int:
    sys.stderr.write(f"{session.told(*NOBODY)}\n")
    return UNASKED

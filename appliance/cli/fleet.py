# SPDX-License-Identifier: GPL-2.0-only
"""At headquarters: `show boxes`, `show drift`, `show push`, `show audit`."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence

from appliance.cli import headquarters, terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.wire.fleet import (
    AuditAsked,
    AuditEntry,
    AuditTold,
    BoxChanged,
    BoxesAsked,
    BoxesTold,
    BoxNow,
    DiffTold,
    PushAsked,
    PushNow,
    PushTold,
)
from appliance.wire.service_messages import Refused
from appliance.wire.talk import UnreachableError

DONE, REFUSED, UNASKED = 0, 1, 2
HEADS = (
    ("box", "name", "group", "heard", "software", "version", "by", "state"),
    ("设备", "名称", "组", "最近联系", "软件", "版本", "修改人", "状态"),
)
COURSES = {
    "running": "进行中",
    "stopped": "已停止",
    "done": "已完成",
    "aborted": "已中止",
    "taken-back": "已撤回",
}
STAGES = {
    "waiting": "等待",
    "ordered": "已下发",
    "kept": "已接收",
    "trial": "试运行",
    "confirmed": "已确认",
    "refused": "被拒绝",
    "drifted": "本地有改动",
    "returned": "已退回",
    "left": "不再下发",
}
WHAT = {
    "started": "开始下发",
    "stop": "停止",
    "go-on": "继续",
    "abort": "中止",
    "back": "撤回",
    "changed at the box": "本地修改",
    "heard of": "首次上线",
} | {name: said for name, said in (STAGES | COURSES).items() if name != "waiting"}
SHOWN = 8


def boxes(session: Session, matched: Matched) -> int:
    """Exit status 0: all is well; 1: one is away, amiss or changed; 2: it could not be asked."""
    told = asked(session, BoxesAsked(target=matched.arguments.get("target", "all")))
    if not isinstance(told, BoxesTold):
        return _status(told)
    rows = [HEADS[session.chinese], *(_box(session, one) for one in told.boxes)]
    say(terminal.table(rows) if len(rows) > 1 else [session.told("no boxes", "没有设备")])
    return int(any(one.away or one.amiss or one.drift for one in told.boxes))


def drift(session: Session, matched: Matched) -> int:
    """Exit status 0: there is none; 1: there is some; 2: it could not be asked."""
    told = asked(session, BoxesAsked(target=matched.arguments.get("target", "all"), drift=True))
    if not isinstance(told, BoxesTold):
        return _status(told)
    for one in told.boxes:
        say([f"{one.box} {one.name}: {one.author or '?'} {one.at} {one.comment}".rstrip()])
    say(changed(session, told.changed) if told.boxes else [session.told("no box was changed", "没有本地修改")])
    return int(bool(told.boxes))


def push(session: Session, matched: Matched) -> int:
    """Exit status 0: told; 1: there is none of that number; 2: it could not be asked."""
    told = asked(session, PushAsked(number=int(matched.arguments.get("push-number", "0"))))
    if not isinstance(told, PushTold):
        return _status(told)
    return say(progress(session, told.now) if told.now else [session.told("there was no push", "没有下发记录")])


def audit(session: Session, matched: Matched) -> int:
    """Exit status 0: told; 2: it could not be asked."""
    given = matched.arguments
    told = asked(session, AuditAsked(box=given.get("box", ""), count=int(given.get("count", "20"))))
    if not isinstance(told, AuditTold):
        return _status(told)
    return say(line for one in told.entries for line in _entry(session, one))


def progress(session: Session, now: PushNow) -> Iterator[str]:
    """How far a push has come."""
    course = COURSES[now.course] if session.chinese else now.course
    comment = f" “{now.comment}”" if now.comment else ""
    yield session.told(
        f"push {now.number} to {now.target} by {now.author}, {_at(now.at_ns)}{comment}: {course}",
        f"下发 {now.number} → {now.target}，{now.author}，{_at(now.at_ns)}{comment}：{course}",
    )
    if now.reason:
        yield f"  {now.reason}"
    for number, wave in enumerate(now.waves, 1):
        stages = ", ".join(f"{_stage(session, stage)} {many}" for stage, many in wave.stages.items())
        mark = "*" if number == now.wave and now.course in ("running", "stopped") else " "
        yield session.told(
            f"{mark} wave {number} ({wave.boxes}): {stages}", f"{mark} 第{number}批（{wave.boxes}台）：{stages}"
        )
    for one in now.boxes:
        away = session.told(", away", "，离线") if one.away else ""
        said = f"{session.told(': ', '：')}{one.sentence}" if one.sentence else ""
        yield f"    {one.box} {_stage(session, one.stage)}{away}{said}"


def changed(session: Session, told: Iterable[BoxChanged]) -> Iterator[str]:
    """Differences, alike ones together."""
    for one in told:
        more = f" +{len(one.boxes) - SHOWN}" if len(one.boxes) > SHOWN else ""
        names = f"{', '.join(one.boxes[:SHOWN])}{more}"
        yield session.told(f"{names} ({len(one.boxes)})", f"{names}（{len(one.boxes)}台）")
        yield from (f"  {line}" for line in one.lines)


def _box(session: Session, one: BoxNow) -> Sequence[str]:
    by_hand = session.told("by hand", "手工") if one.heard_ns else "-"
    version = by_hand if one.version is None else str(one.version)
    heard = _at(one.heard_ns) if one.heard_ns else session.told("never", "从未")
    author = one.author or "-"
    return one.box, one.name, one.group or "-", heard, one.software or "-", version, author, _state(session, one)


def _state(session: Session, one: BoxNow) -> str:
    said = []
    if one.away:
        said.append(session.told("away", "离线"))
    if one.drift:
        said.append(session.told("changed at the box", "本地有改动"))
    said += one.amiss
    return ", ".join(said) or session.told("well", "正常")


def _entry(session: Session, one: AuditEntry) -> Iterator[str]:
    what = WHAT.get(one.what, one.what) if session.chinese else one.what
    of = " ".join(filter(None, (one.box, session.told(f"push {one.push}", f"下发{one.push}") if one.push else "")))
    said = f"{session.told(': ', '：')}{one.sentence}" if one.sentence else ""
    yield session.told(
        f"{_at(one.at_ns)} {one.by} from {one.origin or '-'}: {of} {what}{said}",
        f"{_at(one.at_ns)} {one.by}（{one.origin or '-'}）：{of} {what}{said}",
    )
    yield from (f"  {line}" for line in one.lines)


def _stage(session: Session, stage: str) -> str:
    return STAGES.get(stage, stage) if session.chinese else stage


def _at(at_ns: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_ns / 1e9))


def asked(session: Session, command: headquarters.FleetCommand) -> BoxesTold | DiffTold | PushTold | AuditTold | int:
    """The answer, or an exit status whose sentence is told."""
    try:
        told = headquarters.fleet(session.state, command)
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return UNASKED
    if isinstance(told, Refused):
        sys.stderr.write(f"{told.sentence}\n")
        return REFUSED
    return told


def _status(told: object) -> int:
    return told if isinstance(told, int) else UNASKED


def say(lines: Iterable[str]) -> int:
    """A line each."""
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return DONE

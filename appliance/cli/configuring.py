# SPDX-License-Identifier: GPL-2.0-only
"""Configure mode: a candidate is changed by words, compared, committed; versions come back.

A commit is checked as a whole first and says what it will end. It is in force when the supervisor has told so; who
stops watching it stops nothing.
"""

import asyncio
import importlib
import shlex
import sys
import time
from collections.abc import Callable, Iterator

from appliance.cli import access
from appliance.cli.grammar.matching import APART, Matched
from appliance.cli.session import Session
from appliance.config import ConfigurationError, load
from appliance.config.candidate import Candidate
from appliance.config.concerns import changes
from appliance.config.edit import EditError
from appliance.config.history import DRAIN_S, Trial, Trying
from appliance.config.impacts import Impact
from appliance.config.tree import path_text
from appliance.wire.configuration import Configured, Progress
from appliance.wire.envelope import Body
from appliance.wire.talk import UnreachableError, snapshot

DONE, NOT_DONE, UNASKED = 0, 1, 2
LOOK_S = 0.2
PATIENCE_S = 30.0
START_S = 180.0
"""For a box that starts again with what was committed."""
"""How long the supervisor may take to see a new version."""

IMPACTS = {
    Impact.NONE: ("no call ends", "不影响通话"),
    Impact.LEG: ("calls of phones would end: waited for", "影响话机通话：等待结束"),
    Impact.GROUP: ("calls of its spans would end: waited for", "影响该接口通话：等待结束"),
    Impact.BOX: ("every call would end: waited for", "影响全部通话：等待结束"),
}


def put(session: Session, matched: Matched) -> int:
    """`set`."""
    return _changed(session, lambda now: now.put(_path(session, matched)))


def drop(session: Session, matched: Matched) -> int:
    """`delete`."""
    return _changed(session, lambda now: now.drop(_path(session, matched)))


def edit(session: Session, matched: Matched) -> int:
    """Stand at a block, which is made where it is not there."""
    base = _path(session, matched)
    if not _below(_candidate(session).lines(), base):
        _changed(session, lambda now: now.put(base))
        _say([session.told(f"{path_text(base)} is new", f"{path_text(base)} 为新增")])
    session.base = base
    return DONE


def up(session: Session, _matched: Matched) -> int:
    """One word back."""
    session.base = session.base[:-1]
    return DONE


def top(session: Session, _matched: Matched) -> int:
    """All of them."""
    session.base = ()
    return DONE


def show(session: Session, matched: Matched) -> int:
    """The candidate."""
    return _say(_below(_candidate(session).lines(), _path(session, matched)))


def running(session: Session, matched: Matched) -> int:
    """`show running-config`."""
    return _say(_below(session.running().lines(), _path(session, matched)))


def compare(session: Session, _matched: Matched) -> int:
    """Candidate against what runs, and what a commit would end."""
    now, before = _candidate(session), session.running()
    lines = now.since(before)
    return _say([*lines, *_impact(session, now)] if lines else [session.told("nothing is changed", "没有改动")])


def compare_versions(session: Session, matched: Matched) -> int:
    """`show configuration compare 3`: to the one in force, or to another."""
    before = _version(session, matched.arguments["version"])
    after = _version(session, matched.arguments.get("version-to", "0"))
    lines = after.since(before)
    return _say(lines or [session.told("they say the same", "内容相同")])


def version(session: Session, matched: Matched) -> int:
    """`show configuration version 3`."""
    return _say(_version(session, matched.arguments["version"]).lines())


def history(session: Session, _matched: Matched) -> int:
    """`show configuration history`."""
    now, trial = session.history.running(), session.history.trial()
    lines = [
        f"{'*' if now and one.number == now.number else ' '} {one.number:>4}  {one.at}  "
        f"{one.author:<12} {one.origin:<12} {one.comment}"
        for one in session.history.versions()
    ]
    if now is None:
        lines.insert(0, session.told("* the file was written by hand since", "* 文件之后被手工修改"))
    if trial is not None:
        lines.append(_of_trial(session, trial))
    return _say(lines)


def status(session: Session, _matched: Matched) -> int:
    """`show configuration status`."""
    told = asyncio.run(_configured(session))
    if told is None:
        sys.stderr.write(_nobody(session))
        return UNASKED
    return _say([_progress(session, told)])


def rollback(session: Session, matched: Matched) -> int:
    """The candidate as it was."""
    before = _version(session, matched.arguments["version"])
    session.candidate, session.began_from = before, session.text
    return DONE


def commit(session: Session, matched: Matched) -> int:
    """Check; make a version; watch it come into force. Without a change it confirms the one on trial."""
    given, now = matched.arguments, _candidate(session)
    if faults := [*_overtaken(session), *(now.faults() or _of_rules(now))]:
        sys.stderr.write("".join(f"{fault}\n" for fault in faults))
        sys.stderr.write(session.told("nothing was committed\n", "未提交\n"))
        return NOT_DONE
    shut_out = access.shut_out_by(session, now)
    sys.stderr.write("".join(f"{sentence}\n" for sentence in shut_out))
    if not now.since(session.running()):
        return _confirmed(session)
    if "confirmed" in given and not session.text:
        told = "there is no version to go back to: commit without confirmed", "没有可回退的版本：请不带 confirmed 提交"
        sys.stderr.write(f"{session.told(*told)}\n")
        return NOT_DONE
    _say(_impact(session, now))
    if "check" in given:
        return _say([session.told("it can be committed", "检查通过，可以提交")])
    if shut_out and "confirmed" not in given:
        told = (
            "nothing was committed: commit confirmed 10 tries it, and takes it back unless you commit once more",
            "未提交：可用 commit confirmed 10 试行，若不再次提交则自动退回",
        )
        sys.stderr.write(f"{session.told(*told)}\n")
        return NOT_DONE
    drain_s = 0.0 if "now" in given else 60.0 * int(given["wait"]) if "within" in given else DRAIN_S
    confirm_s = 60.0 * int(given["minutes"]) if "confirmed" in given else 0.0
    how = Trying(drain_s, confirm_s, time.time(), origin=session.origin)
    serves = asyncio.run(_configured(session)) is not None
    made = session.history.commit(now.text, session.author, given.get("text", ""), how)
    _say([session.told(f"version {made.number}", f"版本 {made.number}")])
    session.candidate = None
    if not serves:
        told = "the box does not run: it is in force at the next start", "设备未运行：下次启动时生效"
        return _say([session.told(*told)])
    return asyncio.run(_watched(session, made.number))


def _overtaken(session: Session) -> Iterator[str]:
    """Somebody else has committed since the candidate was begun: it would take that back."""
    if session.candidate is None or session.text == session.began_from:
        return
    now = session.history.running()
    by = f"version {now.number} by {now.author}" if now else "an edit by hand"
    yield session.told(
        f"the configuration has changed meanwhile ({by}): see show | compare; rollback 0 begins anew from it",
        f"配置已被他人修改（{by}）：用 show | compare 查看，rollback 0 重新开始",
    )


def _of_rules(now: Candidate) -> list[str]:
    """What headquarters' router would not take: conditions, schedules, scripts."""
    if now.data.get("role") != "headquarters":
        return []
    rulebook = importlib.import_module("appliance.headquarters.rulebook")  # a branch's commit does not wait for it
    try:
        rulebook.rules_of(load(now.file, rulebook.faults, text=now.text))
    except ConfigurationError as error:
        return [f"{mistake.file.name}:{mistake.line}: {mistake.sentence}" for mistake in error.mistakes]
    return []


def _confirmed(session: Session) -> int:
    trial = session.history.confirm()
    if trial is None:
        return _say([session.told("nothing is changed", "没有改动")])
    return _say([session.told(f"version {trial.version} is confirmed", f"版本 {trial.version} 已确认")])


async def _watched(session: Session, number: int) -> int:
    """Until it is in force. Ctrl-C ends the watching alone."""
    shown, until = "", time.monotonic() + PATIENCE_S
    while True:
        told = await _configured(session)
        version = told.version if told else None
        if told is None:
            sentence = session.told("the box starts again with it", "设备正以新版本重新启动")
            until = until if shown == sentence else time.monotonic() + START_S
        else:
            sentence = _progress(session, told) if version == number else ""
        if sentence not in ("", shown):
            shown = sentence
            _say([sentence])
        if told and version == number and told.progress is Progress.APPLIED:
            return DONE
        if version != number and time.monotonic() > until:
            sys.stderr.write(session.told("the supervisor has not taken it up yet\n", "监控进程尚未处理\n"))
            return NOT_DONE
        await asyncio.sleep(LOOK_S)


async def _configured(session: Session) -> Configured | None:
    try:
        told: list[Body] = await snapshot(session.state / "run" / "supervisor.sock")
    except UnreachableError:
        return None
    return next((body for body in told if isinstance(body, Configured)), None)


def _progress(session: Session, told: Configured) -> str:
    version = str(told.version) if told.version else session.told("(by hand)", "（手工）")
    match told.progress:
        case Progress.DRAINING:
            waiting = ", ".join(f"{name}: {calls}" for name, calls in told.waiting)
            sentence = session.told(
                f"version {version} waits for calls: {waiting}", f"版本 {version} 等待通话结束：{waiting}"
            )
        case Progress.TESTING:
            sentence = session.told(
                f"version {version} waits: what is good now is tested", f"版本 {version} 等待：正在测试当前业务状态"
            )
        case Progress.REFUSED:
            sentence = session.told(f"refused: {told.sentence}", f"被拒绝：{told.sentence}")
        case _:
            names = ", ".join(told.restarted)
            again = session.told(f"; started again: {names}", f"；已重启：{names}") if names else ""
            sentence = session.told(f"version {version} is in force{again}", f"版本 {version} 已生效{again}")
    trial = session.history.trial()
    return f"{sentence}; {_of_trial(session, trial)}" if trial else sentence


def _of_trial(session: Session, trial: Trial) -> str:
    if trial.confirm_s:
        seconds, back_to = round(trial.confirm_s), trial.back_to
        return session.told(
            f"from when it is in force it has {seconds} s to be committed again, or goes back to {back_to}",
            f"生效后须在 {seconds} 秒内再次提交，否则退回 {back_to}",
        )
    left = max(0, round(trial.until_s - time.time()))
    return session.told(
        f"version {trial.version} goes back to {trial.back_to} in {left} s, unless it is committed again",
        f"版本 {trial.version} 将在 {left} 秒后退回 {trial.back_to}，除非再次提交",
    )


def _impact(session: Session, now: Candidate) -> Iterator[str]:
    if not session.text:
        return  # nothing runs yet
    try:
        told = changes(load(session.file), load(session.file, text=now.text))
    except ConfigurationError as error:
        yield str(error)
        return
    for change in told:
        does = session.told("is started again", "重启") if change.restart else session.told("rereads it", "重读")
        yield f"  {change.name} {does}: {session.told(*IMPACTS[change.impact])}"


def _candidate(session: Session) -> Candidate:
    return session.candidate or session.running()


def _version(session: Session, number: str) -> Candidate:
    """Raises EditError where there is none."""
    if number == "0":
        return session.running()
    try:
        return Candidate.of(session.file, session.history.text(int(number)))
    except KeyError:
        kept = ", ".join(str(one.number) for one in session.history.versions()) or session.told("none", "无")
        raise EditError(
            session.told(f"there is no version {number}; kept are: {kept}", f"没有版本 {number}；现有：{kept}")
        ) from None


def _changed(session: Session, change: Callable[[Candidate], Candidate]) -> int:
    changed = change(_candidate(session))
    if session.candidate is None:
        session.began_from = session.text
    session.candidate = changed
    return DONE


def _path(session: Session, matched: Matched) -> tuple[str, ...]:
    said = matched.arguments.get("path", "")
    return _candidate(session).path((*session.base, *filter(None, said.split(APART))))


def _below(lines: list[str], path: tuple[str, ...]) -> list[str]:
    return [line for line in lines if tuple(shlex.split(line)[1 : len(path) + 1]) == path]


def _say(lines: "list[str] | Iterator[str]") -> int:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return DONE


def _nobody(session: Session) -> str:
    return session.told("the box does not run\n", "设备未运行\n")

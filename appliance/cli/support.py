# SPDX-License-Identifier: GPL-2.0-only
"""`tech-support`: what helps whoever is asked for help, as one file without secrets. `show crashes`: what has died."""

import contextlib
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.cli import terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.config import ConfigurationError, load
from appliance.diagnostics.support import parts
from appliance.diagnostics.support.archive import Collected, collect, tidy
from appliance.supervisor.crashes import CrashReport, kept
from appliance.supervisor.redaction import Redactor, secrets_of

HEADS = (("report", "process", "times", "ended"), ("报告", "进程", "次数", "结束原因"))
NONE = ("nothing has died", "没有进程异常退出")
DONE = ("{path}: {parts} parts, {octets} KiB", "{path}：{parts}项，{octets} KiB")
WORD = re.compile(r"[\w./~+-]+")
WHEN = ("{at}, {lived_s} s after its start number {start}", "{at}，第{start}次启动后 {lived_s} 秒")
AGAIN = ("{times} times, last {last_at}", "共{times}次，最近一次 {last_at}")
MISSING = ("not in it: {what}", "未包含：{what}")


def tech_support(session: Session, matched: Matched) -> int:
    """Exit status 0: written; 2: it could not be."""
    if session.state == Path():
        sys.stderr.write("no state directory: set BRANCHLINE_STATE\n")
        return terminal.UNASKED
    given = matched.arguments.get("file", "")
    own = session.state / "support"
    path = Path(given) if given else own / f"{session.name.strip('?')}-{time.strftime('%Y%m%dT%H%M%S')}.tar.gz"
    if path.exists():
        sys.stderr.write(f"{path} is there already; name another file\n")
        return terminal.UNASKED
    try:
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        told = parts.of_box(session.file, session.state)
        collected = collect(path, told, Redactor(_secrets(session.file)), _progress)
        tidy(own)
    except OSError as error:
        sys.stderr.write(f"{path} cannot be written: {error.strerror}\n")
        return terminal.UNASKED
    _progress(0, "")
    sys.stdout.write("".join(f"{line}\n" for line in _told(collected, chinese=session.chinese)))
    return 0


def _told(collected: Collected, *, chinese: bool) -> Iterator[str]:
    octets = -(-collected.octets // 1024)
    yield DONE[chinese].format(path=collected.path, parts=collected.parts, octets=octets)
    for what in collected.missing:
        yield terminal.broken(MISSING[chinese].format(what=what), 2)


def _progress(count: int, name: str) -> None:
    """One line that is written over, on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{count + 1:>3}  {name}" if name else "\r\x1b[K")
        sys.stderr.flush()


def _secrets(file: Path) -> Iterator[str]:
    """Of the box as its file says; of one with a mistake, what any of its words leads to."""
    with contextlib.suppress(ConfigurationError):
        yield from secrets_of(load(file))
    with contextlib.suppress(OSError):
        for word in WORD.findall(file.read_text("utf-8", "replace")):
            yield from secrets_of(file.parent / word)


def show_crashes(session: Session, matched: Matched) -> int:
    """Exit status 0: nothing has died; 1: something has; 2: there is no such report."""
    reports = kept(session.state / "crashes")
    wanted = matched.arguments.get("crash", "")
    if wanted:
        found = next((one for one in reports if one.name == wanted), None)
        if found is None:
            sys.stderr.write(session.told(f"there is no report {wanted!r}\n", f"没有报告 {wanted!r}\n"))
            return terminal.UNASKED
        sys.stdout.write("".join(f"{line}\n" for line in _whole(found, chinese=session.chinese)))
        return 1
    if not reports:
        sys.stdout.write(f"{NONE[session.chinese]}\n")
        return 0
    rows = [(one.name, one.process, str(one.times), one.ended) for one in reports]
    sys.stdout.write("".join(f"{line}\n" for line in terminal.table([HEADS[session.chinese], *rows])))
    return 1


def _whole(report: CrashReport, *, chinese: bool) -> Iterator[str]:
    yield f"{report.box} {report.process}: {report.ended}"
    yield WHEN[chinese].format(at=report.at, lived_s=report.lived_s, start=report.starts)
    if report.times > 1:
        yield AGAIN[chinese].format(times=report.times, last_at=report.last_at)
    yield f"Branchline {report.version}, {report.system}"
    yield ""
    yield from report.lines

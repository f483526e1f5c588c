# SPDX-License-Identifier: GPL-2.0-only
"""`show uplink`: does headquarters answer, what waits for it. `show recordings`: sound on this box's disk."""

import asyncio
import contextlib
import datetime as dt
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from appliance.cli import floor, terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Body
from appliance.wire.talk import UnreachableError, snapshot

HEADS = (
    ("recording", "ended", "length", "MiB", "headquarters"),
    ("录音", "结束时间", "时长", "MiB", "总部"),
)
LATEST = 20
OCTETS_A_SECOND = 16_000
"""A-law, two sides."""
MIB = 1_048_576
DOWN = "uplink.down"


def show(session: Session, _matched: Matched) -> int:
    """Exit status 1: headquarters does not answer, or something of the link is amiss."""
    said = session.told
    run = session.state / "run"
    try:
        told: list[Body] = asyncio.run(snapshot(run / "uplink.sock"))
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    alarms = [body for body in told if isinstance(body, AlarmRaised)]
    down = any(alarm.code == DOWN for alarm in alarms)
    facts = {
        said("headquarters", "总部"): ", ".join(_servers(session)),
        said("link", "链路"): said("down", "中断") if down else said("up, it answers", "正常，有应答"),
        said("router", "选路"): _who(session),
        said("events", "事件"): _waiting(session, "event", said("wait to be sent", "条待发送")),
        said("recordings", "录音"): _waiting(session, "upload", said("wait to be brought", "个待上传")),
    }
    width = max(map(terminal.columns, facts)) + 2
    for name, fact in facts.items():
        sys.stdout.write(f"{name}{' ' * (width - terminal.columns(name))}{fact}\n")
    for alarm in alarms:
        sys.stdout.write(terminal.broken(f"{alarm.address}: {alarm.sentence} ({alarm.code})", 2) + "\n")
    return int(bool(alarms))


def _servers(session: Session) -> list[str]:
    server = session.running().data.get("headquarters", {}).get("server", [])
    return server if isinstance(server, list) else [server]


def _who(session: Session) -> str:
    try:
        _, _, who = floor.look(session.state)
    except UnreachableError as error:
        return str(error)
    return floor.decides(who, chinese=session.chinese)


def _waiting(session: Session, table: str, what: str) -> str:
    """Rows of a table of the outbox, which is only read."""
    path = session.state / "outbox.db"
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as store:
            (count,) = store.execute(f"SELECT COUNT(*) FROM {table}").fetchone()  # noqa: S608 - ours
    except sqlite3.Error as error:
        return session.told(f"the outbox cannot be read: {error}", f"无法读取发件箱：{error}")
    return f"{count} {what}"


def recordings(session: Session, _matched: Matched) -> int:
    """The latest, and how much there is in all."""
    folder = session.state / "recordings"
    found = sorted(folder.glob("*.wav"), key=lambda path: path.stat().st_mtime) if folder.is_dir() else []
    role = session.running().data.get("role")
    if found:
        rows = [HEADS[session.chinese], *(_row(session, path, role) for path in found[-LATEST:])]
        sys.stdout.write("".join(f"{line}\n" for line in terminal.table(rows)))
    sys.stdout.write("".join(f"{line}\n" for line in _sum(session, found, role)))
    return 0


def _row(session: Session, path: Path, role: str) -> tuple[str, ...]:
    status = path.stat()
    seconds = status.st_size // OCTETS_A_SECOND
    ended = dt.datetime.fromtimestamp(status.st_mtime).astimezone()
    return (
        path.stem,
        f"{ended:%Y-%m-%d %H:%M:%S}",
        f"{seconds // 60}:{seconds % 60:02}",
        f"{status.st_size / MIB:.2f}",
        session.told("has it", "已有")
        if role == "headquarters" or _brought(path)
        else session.told("not yet", "未上传"),
    )


def _brought(path: Path) -> bool:
    return path.with_name(f"{path.name}.sent").exists()


def _sum(session: Session, found: list[Path], role: str) -> Iterator[str]:
    octets = sum(path.stat().st_size for path in found)
    yield session.told(
        f"{len(found)} recordings, {octets / MIB:.1f} MiB", f"共{len(found)}个录音，{octets / MIB:.1f} MiB"
    )
    if role == "branch":
        left = sum(not _brought(path) for path in found)
        yield session.told(f"{left} that headquarters has not yet", f"其中{left}个总部尚未收到")

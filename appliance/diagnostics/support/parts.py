# SPDX-License-Identifier: GPL-2.0-only
"""What goes into the archive: each part a name and how it is read. Nobody is asked who carries sound.

Callers' data stay out by what is asked for: of legs their number, of traces their names, of the router its digest, of
recordings their size. What is left of them in logs is the redactor's.
"""

import asyncio
import functools
import hashlib
import importlib.metadata
import os
import platform
import shutil
import sqlite3
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from appliance import VERSION
from appliance.config.history import History
from appliance.router.journal import Journal
from appliance.router.journal import path_of as journal_path
from appliance.supervisor.crashes import system
from appliance.wire.alarms import AlarmRaised
from appliance.wire.call_control import TestCallsNow
from appliance.wire.configuration import Configured
from appliance.wire.legs import LegSnapshot
from appliance.wire.performance import SpanPerformance
from appliance.wire.spans import SpanChanged
from appliance.wire.talk import UnreachableError, snapshot

TAIL_OCTETS = 1_048_576
FILES_MAX = 5_000
KERNEL = ("meminfo", "loadavg", "uptime", "mounts", "diskstats", "stat", "net/dev", "net/route", "net/snmp", "modules")
COMMANDS = {
    "addresses": ("ip", "-s", "address"),
    "routes": ("ip", "route"),
    "sockets": ("ss", "-s"),
    "clock": ("chronyc", "-n", "tracking"),
    "units": ("systemctl", "--failed", "--no-pager"),
    "journal": ("journalctl", "--boot", "--priority", "warning", "--lines", "2000", "--no-pager", "--output", "short"),
    "update": ("rauc", "status", "--output-format=json"),
}
OTHERWISE = ("agentx.", "floor.", "kamailio.", "record.", "test.")
"""Sockets of another speech."""
TOLD = (AlarmRaised, Configured, SpanChanged, SpanPerformance, TestCallsNow)
TABLES = {
    "outbox.db": ("event", "upload", "kept"),
    "router.db": ("entry", "snapshot"),
    "record.db": ("event", "contact"),
}


class Part(NamedTuple):
    """`name` in the archive; `read` its octets, or an exception that says why not.

    `callers`: digits in it can be theirs.
    """

    name: str
    read: Callable[[], Awaitable[bytes]]
    callers: bool = True


async def of_box(configuration: Path, state: Path) -> AsyncIterator[Part]:
    """All parts, the most telling first, as the archive may be full before the last."""
    yield _fact("about.json", lambda: _json(_about()))
    yield _file("configuration.yaml", configuration)
    yield _fact("configuration-versions.json", lambda: _json(History(configuration).versions()))
    yield _fact("processes.json", lambda: _tail(state / "run" / "processes.json"))
    yield Part("told.json", functools.partial(_told, state / "run"))
    for path in sorted((state / "crashes").glob("*.json"), reverse=True):
        yield _file(f"crashes/{path.name}", path)
    for path in sorted((state / "log").glob("*.log")):
        yield _file(f"log/{path.name}", path)
    yield _fact("stores.txt", lambda: "\n".join(_stores(state)).encode())
    yield _fact("router.json", lambda: _json(_router(state)))
    yield _fact("trace-index.txt", lambda: "\n".join(_listed(state / "trace")).encode())
    yield _fact("state-files.txt", lambda: "\n".join(_listed(state)).encode())
    for name in KERNEL:
        yield _fact(f"machine/{name.replace('/', '-')}", functools.partial(_tail, Path("/proc", name)))
    yield _fact("machine/disk.json", lambda: _json(_disk(state)))
    for name, argv in COMMANDS.items():
        if shutil.which(argv[0]):
            yield Part(f"machine/{name}.txt", functools.partial(_said, argv), callers=name == "journal")
    for path in sorted((state / "log").glob("*.log.1")):
        yield _file(f"log/{path.name}", path)


def _fact(name: str, read: Callable[[], bytes]) -> Part:
    return Part(name, lambda: asyncio.to_thread(read), callers=False)


def _file(name: str, path: Path) -> Part:
    return Part(name, lambda: asyncio.to_thread(_tail, path))


def _tail(path: Path) -> bytes:
    """Its end; whole lines of it."""
    with path.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        if size <= TAIL_OCTETS:
            return opened.read(TAIL_OCTETS)
        opened.seek(size - TAIL_OCTETS)
        return opened.read(TAIL_OCTETS).partition(b"\n")[2]


def _json(told: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(told)) + b"\n"


def _about() -> dict[str, Any]:
    return {
        "version": VERSION,
        "system": system(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "packages": {one.name: one.version for one in importlib.metadata.distributions()},
    }


async def _told(run: Path) -> bytes:
    """What the processes say of themselves, a line each: alarms, spans and how well they carry, how many legs."""
    told: list[dict[str, Any]] = []
    for path in await asyncio.to_thread(_sockets, run):
        try:
            bodies = await asyncio.wait_for(snapshot(path), 2.0)
        except (UnreachableError, TimeoutError) as error:
            told.append({"socket": path.name, "silent": str(error)})
            continue
        legs = sum(len(body.legs) for body in bodies if isinstance(body, LegSnapshot))
        told.append({"socket": path.name, "legs": legs, "told": [body for body in bodies if isinstance(body, TOLD)]})
    return b"".join(msgspec.json.encode(line) + b"\n" for line in told)


def _sockets(run: Path) -> list[Path]:
    """Of those who tell of themselves to whoever attaches."""
    return sorted(path for path in run.glob("*.sock") if not path.name.startswith(OTHERWISE))


def _stores(state: Path) -> Iterator[str]:
    """How much is in each store."""
    for name, tables in TABLES.items():
        if not (state / name).exists():
            continue
        with closing(sqlite3.connect(f"file:{state / name}?mode=ro", uri=True, timeout=1.0)) as store:
            for table in tables:
                try:
                    (count,) = store.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a name above
                except sqlite3.Error as error:
                    count = error
                yield f"{name} {table}: {count}"


def _router(state: Path) -> dict[str, Any]:
    """Its newest kept state by digest, so that two boxes, or two moments, can be compared."""
    path = journal_path(state)
    if not path.exists():
        return {}
    with closing(Journal(path, reads=True)) as journal:
        kept = journal.snapshot()
        digest = hashlib.sha256(kept.state).hexdigest()
        return {"entries": journal.seq, "snapshot": kept.seq, "engine": kept.engine, "sha256": digest}


def _listed(folder: Path) -> Iterator[str]:
    """Every file's mode, size and time, and what it is called."""
    count = 0
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        try:
            told = path.lstat()
        except OSError:
            continue
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(told.st_mtime))
        yield f"{stat.filemode(told.st_mode)} {told.st_size:>12} {at} {path.relative_to(folder)}"
        count += 1
        if count == FILES_MAX:
            yield f"and more than these {FILES_MAX}"
            return


def _disk(state: Path) -> dict[str, int]:
    told = os.statvfs(state)
    octets = {"size": told.f_blocks * told.f_frsize, "free": told.f_bavail * told.f_frsize}
    return octets | {"files": told.f_files, "files_free": told.f_favail}


async def _said(argv: tuple[str, ...]) -> bytes:
    """What a program says; it is ended with us."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return said

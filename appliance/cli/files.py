# SPDX-License-Identifier: GPL-2.0-only
"""`files`: what commands have written behind the door. `export NAME`: one of them to whoever stands at the other end.

    ssh technician@box export call.pcapng > call.pcapng

Behind the door a file is a name in one folder, so that nobody reads a secret or overwrites a configuration as the
box's user.
"""

import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.cli import terminal
from appliance.cli.grammar.matching import GrammarError, Matched

if TYPE_CHECKING:
    from appliance.cli.session import Session


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
HEADS = (("file", "written", "octets"), ("文件", "写入时间", "字节"))


def check(matched: Matched) -> None:
    """Raises GrammarError for a file elsewhere, behind the door."""
    name = matched.arguments.get("file")
    if name is not None and "BRANCHLINE_PEER" in os.environ and not _NAME.fullmatch(name):
        raise GrammarError(f"{name!r} is not a file's name alone; files shows those there are", len(matched.words))


def show(session: "Session", _matched: Matched) -> int:
    """Those in the folder where one stands."""
    found = sorted((path for path in Path.cwd().iterdir() if path.is_file()), key=lambda path: path.stat().st_mtime)
    rows = [(path.name, _when(path.stat().st_mtime), str(path.stat().st_size)) for path in found]
    lines = terminal.table([HEADS[session.chinese], *rows]) if rows else [session.told("no files", "没有文件")]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def export(session: "Session", matched: Matched) -> int:
    """Its octets; never to a terminal."""
    path = Path(matched.arguments["file"])
    if os.isatty(1):
        told = "not to a terminal: ssh NAME@BOX export FILE > FILE", "不输出到终端：ssh 用户@设备 export 文件 > 文件"
        sys.stderr.write(f"{session.told(*told)}\n")
        return terminal.UNASKED
    try:
        with path.open("rb") as source, os.fdopen(os.dup(1), "wb") as sink:
            shutil.copyfileobj(source, sink)
    except OSError as error:
        sys.stderr.write(f"{path}: {error.strerror}\n")
        return 1
    return 0


def remove(session: "Session", matched: Matched) -> int:
    """It is gone."""
    path = Path(matched.arguments["file"])
    try:
        path.unlink()
    except OSError as error:
        sys.stderr.write(f"{path}: {error.strerror}\n")
        return 1
    sys.stdout.write(session.told(f"{path} is gone\n", f"{path}已删除\n"))
    return 0


def _when(at_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_s))

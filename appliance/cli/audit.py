# SPDX-License-Identifier: GPL-2.0-only
"""Every command that is not a viewer's, in `log/cli.log`: who, from where, what, how it ended.

One JSON line as all processes write them, so it is shown, collected and sent with theirs. Numbers are cut to their
last two digits. A full disk costs the line, not the command.
"""

import datetime as dt
import json
import os
from pathlib import Path

from appliance.cli.grammar.matching import APART, Matched
from appliance.cli.grammar.syntax import Role
from appliance.supervisor.logfile import LogFile

LOG = "cli.log"


def note(state: Path, event: str, **data: object) -> None:
    """A line, where there is a box."""
    if state == Path():
        return
    at = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    line = {"event": event, "level": "info", "timestamp": at, "process": "cli", **data}
    file = LogFile(state / "log" / LOG)
    file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    file.close()


def carried_out(state: Path, by: str, role: Role, matched: Matched, status: int) -> None:
    """A command that changes something."""
    if matched.command.role is not Role.VIEWER:
        note(state, "cli.command.done", by=by, role=role, whence=whence(), command=words(matched), status=status)


def refused(state: Path, by: str, role: Role, typed: str) -> None:
    """One that is not theirs."""
    note(state, "cli.command.refused", by=by, role=role, whence=whence(), command=typed)


def whence() -> str:
    """From where, as the login has it: `ssh 10.0.0.5`, a terminal, headquarters."""
    if said := os.environ.get("BRANCHLINE_FROM"):
        return said
    if peer := os.environ.get("SSH_CONNECTION", "").split():
        return f"ssh {peer[0]}"
    try:
        return os.ttyname(0)
    except OSError:
        return "no terminal"


def words(matched: Matched) -> str:
    """As it was typed, in full."""
    number = matched.arguments.get("number", "")
    said = [f"…{word[-2:]}" if word == number else word for word in matched.words]
    return " ".join(said).replace(APART, " ")

# SPDX-License-Identifier: GPL-2.0-only
"""`show log`: what the box's processes and its users did, the last lines of all or of one, in the order of time."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.config.scalars import suggestion

LINES = 50
TAIL_OCTETS = 262_144
"""Of each file: no listing is worth reading four megabytes over a serial line."""
_KNOWN = ("timestamp", "level", "process", "event")


def show(session: Session, matched: Matched) -> int:
    """Exit status 2: there is no such process."""
    folder = session.state / "log"
    files = {path.name.removesuffix(".log"): path for path in sorted(folder.glob("*.log"))}
    supervisor = session.state / "supervisor.log"
    if supervisor.exists():
        files.setdefault("supervisor", supervisor)
    wanted = matched.arguments.get("process")
    if wanted is not None and wanted not in files:
        near = suggestion(wanted, files)
        sys.stderr.write(session.told(f"{wanted!r} has no log; {near}\n", f"{wanted!r}没有日志；{near}\n"))
        return 2
    most = int(matched.arguments.get("count", LINES))
    found = [line for name, path in files.items() if wanted in (None, name) for line in _lines(name, path)]
    for _, text in sorted(found, key=lambda line: line[0])[-most:]:
        sys.stdout.write(f"{text}\n")
    return 0


def _lines(name: str, path: Path) -> Iterator[tuple[str, str]]:
    """Time and text of each. What is no JSON of ours, as it is, at the time of the line before."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_OCTETS))
        tail = file.read().decode(errors="replace")
    at = ""
    for line in tail.splitlines():
        try:
            said = json.loads(line)
        except json.JSONDecodeError:
            said = None
        if isinstance(said, dict):
            at = str(said.get("timestamp", at))
            yield at, _text(name, said)
        elif line.strip():
            yield at, f"{' ' * 19} {name}: {line}"


def _text(name: str, said: dict[str, Any]) -> str:
    at = str(said.get("timestamp", ""))[:19].replace("T", " ")
    level = said.get("level", "")
    mark = f" {str(level).upper()}" if level in ("warning", "error", "critical") else ""
    data = " ".join(f"{key}={_value(value)}" for key, value in said.items() if key not in _KNOWN)
    return f"{at} {said.get('process', name)}{mark} {said.get('event', '')} {data}".rstrip()


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if " " in text else text

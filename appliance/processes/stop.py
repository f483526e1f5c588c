# SPDX-License-Identifier: GPL-2.0-only
"""`make stop`: end a running demo in order, with force where it does not follow, and tell what was ended."""

import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from appliance.processes.demo.site import LOCK, state_folder
from appliance.supervisor.lock import holder

TERMINATE_S = 30.0
KILL_S = 5.0


def main() -> int:
    """Exit status 1: something of it is still there."""
    state = state_folder()
    running = holder(state / LOCK)
    if running is None:
        sys.stdout.write("stop: nothing is running\n")
        return 0
    processes = _processes(state)
    os.kill(running.pid, signal.SIGTERM)
    how = "ended"
    if not _gone({running.pid}, TERMINATE_S):
        os.kill(running.pid, signal.SIGKILL)
        how = "killed, for it did not end by itself"
    left = set() if _gone({running.pid, *processes.values()}, KILL_S) else _alive(processes.values())
    sys.stdout.write(f"stop: {how}: demo (pid {running.pid}) with {', '.join(sorted(processes)) or 'no children'}\n")
    for name in sorted(name for name, pid in processes.items() if pid in left):
        sys.stdout.write(f"stop: still there: {name} (pid {processes[name]}); kill -9 {processes[name]}\n")
    return 1 if left else 0


def _processes(state: Path) -> dict[str, int]:
    """Every process of the demo by name, boxes' children as `branch/line`."""
    found: dict[str, int] = {}
    for prefix in ("", "headquarters/", "branch/"):
        try:
            table = msgspec.json.decode((state / prefix / "run/processes.json").read_bytes(), type=dict[str, Any])
        except (OSError, msgspec.DecodeError):
            continue
        found |= {prefix + name: entry["pid"] for name, entry in table.items() if entry["pid"]}
    return found


def _gone(pids: set[int], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while _alive(pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _alive(pids: Iterable[int]) -> set[int]:
    return {pid for pid in pids if _state(pid) not in ("", "Z", "X")}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


if __name__ == "__main__":
    sys.exit(main())

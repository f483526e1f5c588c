# SPDX-License-Identifier: GPL-2.0-only
"""`router replay` as it is typed, of a recorded day of 1,000 agents: unchanged, and with one script changed."""

import datetime as dt
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from appliance.router.journal import path_of
from tests.router.recorded import large, recorded

DAY, NOTHING = "2026-11-25", "2026-11-24"
NINE_NS = round(dt.datetime(2026, 11, 25, 9).astimezone().timestamp()) * 10**9
DRAFT = """\
start: wait
nodes:
  wait: {do: queue, queues: [q8], otherwise: gone, hold: [music], wait_s: 90}
  gone: {do: release, cause: 17}
"""
"""Of the script q7, whose callers now wait for other agents."""
_HEAD = re.compile(r"([0-9,]+) contacts; decisions the same: ([0-9,]+) of ([0-9,]+)")


class Replayed(msgspec.Struct, frozen=True):
    """`passed_s`: of the clock, as somebody waits; `cpu_s`: of all its processes; `begins_s`: an empty day's wait."""

    contacts: int
    same: int
    decisions: int
    passed_s: float
    cpu_s: float
    begins_s: float

    def of(self, calls: int) -> float:
        """What so many would have taken."""
        return self.begins_s + (self.passed_s - self.begins_s) * calls / self.contacts


def day(folder: Path, calls: int) -> None:
    """Record it: 4.7 calls a second, 86 in a hundred agents busy."""
    folder.mkdir(parents=True)
    (folder / "q7.yaml").write_text(DRAFT)
    crowd = {"known": large(), "faults": False, "begun_ns": NINE_NS, "arrivals_s": 0.215, "talk_s": 185.0}
    recorded(path_of(folder), calls, **crowd)  # type: ignore[arg-type]  # of the crowd


def replayed(folder: Path, *, changed: bool) -> Replayed:
    """All of the day. Raises ValueError where the command tells something else."""
    _, begins_s, _ = _typed(folder, NOTHING)
    told, passed_s, cpu_s = _typed(folder, DAY, *(("--script", str(folder / "q7.yaml")) if changed else ()))
    head = _HEAD.search(told)
    if head is None:
        raise ValueError(f"router replay tells {told!r}")
    contacts, same, decisions = (int(figure.replace(",", "")) for figure in head.groups())
    return Replayed(contacts, same, decisions, passed_s, cpu_s, begins_s)


def _typed(folder: Path, *words: str) -> tuple[str, float, float]:
    """What it tells, how long it took by the clock, and of the processors."""
    before_s, began_s = _cpu_s(), time.monotonic()
    line = [sys.executable, "-m", "appliance.cli", "router", "replay", *words, "--state", str(folder)]
    done = subprocess.run([*line, "--language", "en"], stdout=subprocess.PIPE, check=False, text=True)
    return done.stdout, time.monotonic() - began_s, _cpu_s() - before_s


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

# SPDX-License-Identifier: GPL-2.0-only
"""What a running branch costs, seen from outside: processor time from /proc, the engine's header from its segment."""

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.media.engine import inherited_fds
from appliance.media.events import EngineStatus
from appliance.media.segment import Segment
from appliance.media.status import engine_status
from tests.accept.sheet import Sheet
from tests.accept.site import Site

_HERTZ = os.sysconf("SC_CLK_TCK")


class Use(msgspec.Struct, frozen=True):
    """Processor seconds of every child of the branch, with its own children, and the engine's header."""

    at: float
    seconds: dict[str, float]
    engine: EngineStatus

    @classmethod
    def of(cls, site: Site) -> "Use":
        """Now."""
        groups = _by_group()
        seconds = {name: groups[int(child["pid"])] for name, child in site.branch.children().items()}
        return cls(time.monotonic(), seconds, _engine(site.branch.pid("engine")))

    def cores_since(self, before: "Use") -> dict[str, float]:
        """Share of a core that each has used since."""
        wall = self.at - before.at
        return {name: (used - before.seconds[name]) / wall for name, used in self.seconds.items()}


def judge_lateness(sheet: Sheet, what: str, before: EngineStatus, after: EngineStatus) -> None:
    """No tick began more than 10 ms late while the idle thread on its core was in time."""
    late, idle = after.late_ticks - before.late_ticks, after.reference_late_ticks - before.reference_late_ticks
    sheet.note(
        f"{after.ticks - before.ticks} ticks, {late} late, worst since the start {after.worst_lateness_us / 1000:.1f} "
        f"ms; idle reference {idle} late, worst {after.reference_worst_us / 1000:.1f} ms; policy {after.policy}"
    )
    alone = after.late_alone_ticks - before.late_alone_ticks
    sheet.equal("K4", f"{what}: ticks late while the idle thread was not", alone, 0)


def _by_group() -> dict[int, float]:
    """Processor seconds by process group: each child of the supervisor leads one."""
    groups: defaultdict[int, float] = defaultdict(float)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        groups[int(fields[2])] += (int(fields[11]) + int(fields[12])) / _HERTZ
    return groups


def _engine(pid: int) -> EngineStatus:
    """The header of its segment."""
    with segment_of(pid) as segment:
        return engine_status(segment)


@contextlib.contextmanager
def segment_of(pid: int) -> Iterator[Segment]:
    """The segment that this engine has mapped; only read."""
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    fds = next(entry for entry in variables if entry.startswith(b"BRANCHLINE_FDS=")).partition(b"=")[2].decode()
    descriptor = os.open(f"/proc/{pid}/fd/{inherited_fds(fds)['segment']}", os.O_RDWR)
    try:
        yield Segment(descriptor)
    finally:
        os.close(descriptor)

# SPDX-License-Identifier: GPL-2.0-only
"""Metrics that every box has: its processes, its alarms, its machine, its configuration."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from appliance import VERSION
from appliance.config import AnyBox
from appliance.diagnostics.metrics.exposition import Sample, sample
from appliance.diagnostics.watching import Watching
from appliance.wire.configuration import Progress

PROC = Path("/proc")
_TICKS_S, _PAGE_OCTETS = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


class _Child(msgspec.Struct, frozen=True):
    """As `run/processes.json` has it."""

    state: str
    since: str
    starts: int
    pid: int | None = None


def of_box(box: AnyBox, state: Path, watching: Watching) -> Iterator[Sample]:
    """All of them."""
    yield sample("build_info", 1, box.box, box.role, VERSION)
    yield from _alarms(watching)
    yield from _processes(state / "run" / "processes.json")
    yield sample("crash_reports", sum(1 for _ in (state / "crashes").glob(f"*-{box.box}-*.json")))
    yield from _machine(state)
    told = watching.configured
    if told is not None:
        yield sample("configuration_version", told.version or 0)
        yield sample("configuration_applied", int(told.progress is Progress.APPLIED))
        yield sample("configuration_on_trial", int(told.until_s is not None))


def _alarms(watching: Watching) -> Iterator[Sample]:
    standing = watching.alarms()
    for code, count in sorted(Counter(alarm.code for alarm in standing).items()):
        yield sample("alarms", count, code)
    for alarm in standing:
        yield sample("alarm", 1, alarm.code, alarm.address)


def _processes(table: Path) -> Iterator[Sample]:
    try:
        children = msgspec.json.decode(table.read_bytes(), type=Mapping[str, _Child])
    except (OSError, msgspec.DecodeError):
        return
    for name, child in children.items():
        yield sample("process_up", int(child.state == "running"), name)
        yield sample("process_starts_total", child.starts, name)
        yield sample("process_started_seconds", datetime.fromisoformat(child.since).timestamp(), name)
        yield from _process(name, child.pid)


def _process(name: str, pid: int | None) -> Iterator[Sample]:
    """proc_pid_stat(5): fields 14 and 15 are its time, 24 its pages."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return
    yield sample("process_cpu_seconds_total", (int(fields[11]) + int(fields[12])) / _TICKS_S, name)
    yield sample("process_resident_bytes", int(fields[21]) * _PAGE_OCTETS, name)


def _machine(state: Path) -> Iterator[Sample]:
    disk = os.statvfs(state)
    yield sample("disk_size_bytes", disk.f_blocks * disk.f_frsize)
    yield sample("disk_free_bytes", disk.f_bavail * disk.f_frsize)
    memory = dict(line.split(":", 1) for line in (PROC / "meminfo").read_text().splitlines())
    for name, key in (("memory_size_bytes", "MemTotal"), ("memory_available_bytes", "MemAvailable")):
        yield sample(name, int(memory[key].split()[0]) * 1024)
    yield sample("uptime_seconds", float((PROC / "uptime").read_text().split()[0]))
    yield sample("load_average", os.getloadavg()[0])

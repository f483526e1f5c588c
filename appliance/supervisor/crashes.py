# SPDX-License-Identifier: GPL-2.0-only
"""Reports of children that died by themselves: kept on disk, few and small, redacted before they are written.

`crashes/<name>.json`, and `<name>.sent` beside it when headquarters has it. One that dies again of the same within an
hour is counted in its first report, so a child that cannot live drives out no other's.
"""

import os
import platform
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from appliance import VERSION
from appliance.supervisor.redaction import Redactor

KEPT = 50
SAME_WITHIN = timedelta(hours=1)
LINES = 200
OCTETS_LIMIT = 65_536
NAME = re.compile(r"[0-9]{8}T[0-9]{12}-[A-Z0-9-]{1,32}-[a-z0-9-]{1,32}")
RELEASE = Path("/etc/os-release")


class Death(msgspec.Struct, frozen=True):
    """Of a child that nobody had asked to end. `ended` in words; `words`: the end of what it wrote."""

    process: str
    ended: str
    lived_s: float
    starts: int
    words: bytes


class CrashReport(msgspec.Struct, frozen=True):
    """What is known of it. `at`: ISO 8601, UTC. `lines`: its last ones, with the traceback where there was time."""

    name: str
    box: str
    process: str
    at: str
    ended: str
    lived_s: float
    starts: int
    version: str
    system: str
    lines: tuple[str, ...]
    times: int = 1
    last_at: str = ""
    """Where it died of the same more than once."""

    @property
    def cause(self) -> str:
        """The line that says most: the last one that is none of a log."""
        return next((line for line in reversed(self.lines) if line.strip() and not line.startswith("{")), "")


class Crashes:
    """Of one box. `redactor` is asked for anew each time, as secrets change."""

    def __init__(self, folder: Path, box: str, redactor: Callable[[], Redactor]) -> None:
        self._folder, self._box, self._redactor = folder, box, redactor

    def keep(self, death: Death, now: datetime | None = None) -> CrashReport:
        """On the disk. Raises OSError."""
        at = now or datetime.now(UTC)
        report = self._report(death, at)
        before = next((one for one in kept(self._folder) if _same(one, report, at)), None)
        if before is not None:
            report = msgspec.structs.replace(before, times=before.times + 1, last_at=report.at)
        write(self._folder, report)
        return report

    def _report(self, death: Death, at: datetime) -> CrashReport:
        lines = self._redactor().text(death.words).strip("\n").split("\n")[-LINES:]
        return CrashReport(
            name=f"{at:%Y%m%dT%H%M%S%f}-{self._box}-{death.process}",
            box=self._box,
            process=death.process,
            at=at.isoformat(timespec="milliseconds"),
            ended=death.ended,
            lived_s=round(death.lived_s, 3),
            starts=death.starts,
            version=VERSION,
            system=system(),
            lines=tuple(lines),
        )


def kept(folder: Path) -> list[CrashReport]:
    """All that can be read, the newest first."""
    found = []
    for path in sorted(folder.glob("*.json"), reverse=True):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=CrashReport))
        except (OSError, msgspec.DecodeError):
            continue  # one that a disk has spoiled, or that has just gone
    return found


def write(folder: Path, report: CrashReport) -> None:
    """Whole or not at all; the oldest of its box beyond KEPT go. Raises OSError, ValueError for a name that is none."""
    if not NAME.fullmatch(report.name):
        raise ValueError(f"{report.name!r} is no crash report's name")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{report.name}.json"
    new = path.with_suffix(".new")
    with open(new, "wb", opener=_owner_s_alone) as opened:
        opened.write(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(path)
    for old in sorted(folder.glob(f"*-{report.box}-*.json"), reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)
        sent(old).unlink(missing_ok=True)


def sent(path: Path) -> Path:
    """The mark beside a report that headquarters has."""
    return path.with_suffix(".sent")


def system() -> str:
    """System and kernel, and the image where it has a name."""
    try:
        said = dict(line.split("=", 1) for line in RELEASE.read_text().splitlines() if "=" in line)
    except OSError:
        said = {}
    names = [said.get(key, "").strip('"') for key in ("PRETTY_NAME", "IMAGE_VERSION", "BUILD_ID")]
    return ", ".join([*filter(None, names), f"Linux {platform.release()}", f"Python {platform.python_version()}"])


def _same(before: CrashReport, now: CrashReport, at: datetime) -> bool:
    alike = (before.box, before.process, before.ended, before.cause) == (now.box, now.process, now.ended, now.cause)
    return alike and at - datetime.fromisoformat(before.at) < SAME_WITHIN


def _owner_s_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

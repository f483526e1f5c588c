# SPDX-License-Identifier: GPL-2.0-only
"""Reports of crashes that boxes bring: files beside our own, on the disk before they are acknowledged."""

from pathlib import Path

import msgspec

from appliance.supervisor.crashes import NAME, OCTETS_LIMIT, CrashReport, write
from appliance.uplink.crashes import Taken
from appliance.wire.envelope import UnknownMessageError


def read_report(box: str, payload: bytes) -> CrashReport:
    """Of that box itself. Raises UnknownMessageError."""
    try:
        report = msgspec.json.decode(payload, type=CrashReport)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnknownMessageError(f"not a report of a crash: {error}") from error
    if len(payload) > OCTETS_LIMIT or not NAME.fullmatch(report.name):
        raise UnknownMessageError(f"a crash report has a name of its form and at most {OCTETS_LIMIT} octets")
    if report.box != box or f"-{box}-" not in report.name:
        raise UnknownMessageError(f"box {box} cannot report for {report.box}")
    return report


def take(folder: Path, report: CrashReport) -> Taken:
    """For good; one that is here already is taken again. Raises OSError."""
    write(folder, report)
    return Taken(kept=True)

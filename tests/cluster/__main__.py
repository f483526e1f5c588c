# SPDX-License-Identifier: GPL-2.0-only
"""`make test-cluster`: what is grown beyond one machine's defaults; closes with `TEST-CLUSTER: n of m passed`.

The record in a PostgreSQL of Debian's, and the duplex: three message servers with JetStream, whose members die, sleep
and are cut off. SOAK_SECONDS and SOAK_SEED are the length and the troubles of its random deaths.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from rootfs.setup import debian
from rootfs.setup.paths import BUILD, LOGS, PACKAGES
from rootfs.setup.steps import Progress, SetupError

LIST = PACKAGES / "cluster.list"
FOLDERS = ("tests/cluster", "tests/headquarters/duplex")
RESULT = BUILD / "test" / "cluster.xml"


def verdict(file: Path, status: int) -> tuple[bool, str]:
    """Whether the run is good, and the line that says so."""
    cases = list(ET.parse(file).getroot().iter("testcase")) if file.exists() else []  # noqa: S314 - our own pytest's
    failed = [one.attrib["name"] for one in cases if list(one.iter("failure")) + list(one.iter("error"))]
    line = f"TEST-CLUSTER: {len(cases) - len(failed)} of {len(cases)} passed"
    if failed:
        line += f"; failed: {', '.join(failed)}"
    return bool(cases) and not failed and status == 0, line


def main() -> int:
    """0 if every test passed. Arguments go to pytest."""
    LOGS.mkdir(parents=True, exist_ok=True)
    progress = Progress("cluster", LOGS / "cluster.log")
    try:
        debian.install(progress, LIST)
        progress.done()
    except SetupError as error:
        sys.stderr.write(f"{error.report()}\n")
        return 1
    RESULT.unlink(missing_ok=True)
    status = pytest.main(["-m", "cluster or soak", f"--junit-xml={RESULT}", *FOLDERS, *sys.argv[1:]])
    good, line = verdict(RESULT, status)
    sys.stdout.write(f"{line}\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

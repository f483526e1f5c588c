# SPDX-License-Identifier: GPL-2.0-only
"""`make vm-test`: the image, the core for it, the guest's tests; closes with `VM-TEST: n of m passed`.

Arguments are files or ids of tests; without any, all are run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from rootfs.setup.paths import LOGS
from rootfs.setup.steps import Progress, SetupError
from rootfs.vm.image import image
from tests.vm import guest

LIMIT_S = 1800.0
"""Of the guest's life, image and core not counted."""


def verdicts(file: Path) -> dict[str, bool]:
    """Whether each test of a run passed; of none if the run did not end."""
    if not file.exists():
        return {}
    cases = ET.parse(file).getroot().iter("testcase")  # noqa: S314 - written by our own guest
    return {case.attrib["name"]: not list(case.iter("failure")) + list(case.iter("error")) for case in cases}


def verdict(first: dict[str, bool], second: dict[str, bool], *, ended: bool) -> tuple[bool, str]:
    """Whether the run is good, and the line that says so. A test that passed at its second try is named."""
    again = [name for name, passed in second.items() if passed and not first.get(name, False)]
    failed = [name for name, passed in {**first, **second}.items() if not passed]
    line = f"VM-TEST: {len(first) - len(failed)} of {len(first)} passed"
    if again:
        line += f"; only at the second try: {', '.join(again)}"
    if failed:
        line += f"; failed: {', '.join(failed)}"
    if not ended:
        line += f"; the guest was ended after {LIMIT_S:.0f} s"
    return bool(first) and not failed and ended, line


def main() -> int:
    """0 if every test passed, at the first try or, told so, at the second."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / "vm.log"
    log.write_bytes(b"")
    progress = Progress("vm", log)
    try:
        made = image(progress)
        guest.lay_out(progress, made)
        progress.done()
    except SetupError as error:
        sys.stderr.write(f"{error.report()}\n")
        return 1
    ended = guest.boot(made, LIMIT_S, sys.argv[1:])
    good, line = verdict(*(verdicts(guest.RESULT / f"{run}.xml") for run in ("first", "second")), ended=ended)
    sys.stdout.write(f"{line}\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

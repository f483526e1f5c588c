# SPDX-License-Identifier: GPL-2.0-only
"""`make test`: all tests, in parts, LANES of them at once. With arguments: one pytest with them.

Most tests wait for real time and compute for a quarter of it; those of the blocks compute and wait for nobody, so they
yield to the others (nice). A folder that no part names belongs to the last one. The output of a part is told whole when
it has ended.

What failed beside other tests is judged once more, alone, when all have ended: a fault fails again, a test that another
lane kept from its processor does not. It is named at the end.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

PARTS = {
    "headquarters": ("headquarters", "uplink"),
    "processes": ("processes",),
    "blocks": ("dsp", "fuzz"),
    "signalling": ("signalling",),
    "engine": ("media", "drivers"),
    "line": ("line",),
    "router": ("router", "script", "bench"),
    "cli": ("cli", "config"),
    "rest": (),
}
"""The longest first: whichever lane is free takes the next."""
LANES = 3
"""What two cores bear: the parts but the blocks take them a quarter of their time each."""
YIELDS = "blocks"
JUDGED_AGAIN = 5
"""So many failures of a part may be the machine's; more are ours."""
TESTS = Path("tests")
LOGS = Path("build/test")


class Part:
    """One pytest, running. `again`: only what failed in this part before."""

    def __init__(self, name: str, *, again: bool = False) -> None:
        self.name = name
        self.seconds = 0.0
        self._began = time.monotonic()
        self._log = LOGS / f"{name}.log"
        self._failures = LOGS / name / "v" / "cache" / "lastfailed"
        if not again:
            self._failures.unlink(missing_ok=True)
        nice = ("nice", "-n", "10") if name == YIELDS else ()
        only = ("--last-failed", "--last-failed-no-failures=none") if again else ()
        argv = (*nice, sys.executable, "-m", "pytest", "-o", f"cache_dir={LOGS / name}", *only, *_folders(name))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)

    def ended(self) -> bool:
        """Whether it has. Its output is told then."""
        if self._process.poll() is None:
            return False
        self.seconds = time.monotonic() - self._began
        sys.stdout.write(f"\n-- {self.name}\n{self._log.read_text(errors='replace')}")
        sys.stdout.flush()
        return True

    @property
    def passed(self) -> bool:
        """Every test did."""
        return self._process.returncode == 0

    def failures(self) -> list[str]:
        """Tests that failed; none where pytest itself did, which writes no list then."""
        if self._process.returncode != pytest.ExitCode.TESTS_FAILED or not self._failures.exists():
            return []
        return list(json.loads(self._failures.read_text()))


def _folders(name: str) -> list[str]:
    if PARTS[name]:
        return [str(TESTS / folder) for folder in PARTS[name]]
    return [str(TESTS), *(f"--ignore={TESTS / folder}" for folders in PARTS.values() for folder in folders)]


def _side_by_side() -> list[Part]:
    """All parts, ended."""
    waiting = list(PARTS)
    running: list[Part] = []
    ended: list[Part] = []
    while waiting or running:
        while waiting and len(running) < LANES:
            running.append(Part(waiting.pop(0)))
        time.sleep(0.1)
        ended += [part for part in running if part.ended()]
        running = [part for part in running if part not in ended]
    return ended


def _holds(part: Part) -> bool:
    """Whether what failed passes alone."""
    failures = part.failures()
    if not 0 < len(failures) <= JUDGED_AGAIN:
        return False
    again = Part(part.name, again=True)
    while not again.ended():
        time.sleep(0.1)
    for failure in failures:
        sys.stdout.write(f"-- failed beside others, {'passed' if again.passed else 'judged again'} alone: {failure}\n")
    return again.passed


def main(arguments: list[str]) -> int:
    """Exit status 0 if every test passed."""
    if arguments:
        return subprocess.run((sys.executable, "-m", "pytest", *arguments), check=False).returncode
    LOGS.mkdir(parents=True, exist_ok=True)
    parts = _side_by_side()
    failed = [part.name for part in parts if not part.passed and not _holds(part)]
    sys.stdout.write(f"\n-- {', '.join(f'{part.name} {part.seconds:.0f} s' for part in parts)}\n")
    if failed:
        sys.stdout.write(f"-- failed: {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

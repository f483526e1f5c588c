# SPDX-License-Identifier: GPL-2.0-only
"""`make soak`: the long forms, a line as each file of tests ends. With arguments: one pytest with them.

Two lanes: what needs real time, one after the other, and what computes, which yields to it (nice). A run that was
broken off goes on where it stopped: what has passed on this very tree is not run again (`rm -r build/soak` forgets it).
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

LEGS = "240 legs for 30 minutes"
LIVE = (
    LEGS,
    "tests/media/test_clock_domains.py",
    "tests/fuzz/test_packets.py",
    "tests/processes/test_tandem.py",
    "tests/line/test_cas_process.py",
    "tests/faults/test_faults_soak.py",
)
"""In this order; the longest and the most delicate first."""
FOLDER = Path("build/soak")
PASSED = FOLDER / "passed.json"


class Soak:
    """One run: what is to be done, what was done on this tree."""

    def __init__(self, tree: str, jobs: list[str]) -> None:
        self._tree = tree
        self._passed: dict[str, float] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            kept = json.loads(PASSED.read_text())
            self._passed = kept["seconds"] if kept["tree"] == tree else {}
        self._jobs = jobs
        self._open = [job for job in jobs if job not in self._passed]
        self._lock = threading.Lock()
        self.failed: list[str] = []

    def run(self) -> int:
        """Exit status 0 if all passed, now or before."""
        before = len(self._jobs) - len(self._open)
        print(f"{len(self._jobs)} parts{f', {before} passed before' if before else ''}; logs in {FOLDER}", flush=True)
        live = [job for job in self._open if job in LIVE]
        computed = [job for job in self._open if job not in LIVE]
        lanes = [threading.Thread(target=self._lane, args=(lane,)) for lane in (live, computed)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        for job in self.failed:
            print(f"-- failed: {job}; {_log(job)}", flush=True)
        return 1 if self.failed else 0

    def _lane(self, jobs: list[str]) -> None:
        for job in jobs:
            began = time.monotonic()
            with _log(job).open("wb") as log:
                status = subprocess.run(
                    _argv(job), env=os.environ | _settings(job), stdout=log, stderr=subprocess.STDOUT, check=False
                ).returncode
            with self._lock:
                self._tell(job, status, time.monotonic() - began)

    def _tell(self, job: str, status: int, seconds: float) -> None:
        if status:
            self.failed.append(job)
        else:
            self._passed[job] = round(seconds, 1)
            whole = PASSED.with_suffix(".new")
            whole.write_text(json.dumps({"tree": self._tree, "seconds": self._passed}, indent=1))
            whole.replace(PASSED)
        done = len(self._passed) + len(self.failed)
        verdict = "FAILED" if status else "passed"
        print(f"{time.strftime('%H:%M')} {done:3} of {len(self._jobs)} {verdict} {seconds:6.0f} s  {job}", flush=True)


def _log(job: str) -> Path:
    return FOLDER / f"{job.removeprefix('tests/').replace('/', '-').replace(' ', '-')}.log"


def _argv(job: str) -> tuple[str, ...]:
    if job == LEGS:
        return (sys.executable, "-m", "tests.accept")
    nice = () if job in LIVE else ("nice", "-n", "10")
    return (*nice, sys.executable, "-m", "pytest", "-m", "soak", job)


def _settings(job: str) -> dict[str, str]:
    return {"ACCEPT_STAGES": "legs", "LEGS_SECONDS": "1800"} if job == LEGS else {}


def _tree() -> str:
    """What is tested, uncommitted changes told apart by their text."""
    argv = ("git", "stash", "create")
    made = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip() or "HEAD"
    argv = ("git", "rev-parse", f"{made}^{{tree}}")
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def _files() -> list[str]:
    """Files that have long forms."""
    argv = (sys.executable, "-m", "pytest", "-m", "soak", "--collect-only", "-q", "-p", "no:cacheprovider")
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return sorted({line.partition("::")[0] for line in told.splitlines() if "::" in line})


def main(arguments: list[str]) -> int:
    """Exit status 0 if every long form passed."""
    if arguments:
        return subprocess.run((sys.executable, "-m", "pytest", "-m", "soak", *arguments), check=False).returncode
    FOLDER.mkdir(parents=True, exist_ok=True)
    files = _files()
    live = [job for job in LIVE if job == LEGS or job in files]
    return Soak(_tree(), [*live, *(file for file in files if file not in live)]).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

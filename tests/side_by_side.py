# SPDX-License-Identifier: GPL-2.0-only
"""`make test`: all tests, in two lanes of parts. With arguments: one pytest with them.

Most tests wait for real time and hardly compute; those of the blocks compute and wait for nobody, so they yield to the
others (nice). A folder that no part names belongs to the last one. The output of a part is told whole when it has
ended.
"""

import subprocess
import sys
import time
from pathlib import Path

PARTS = {
    "engine": ("media", "drivers"),
    "blocks": ("dsp", "fuzz"),
    "signalling": ("signalling", "line"),
    "boxes": (),
}
LANES = (("engine", "blocks"), ("signalling", "boxes"))
"""Parts one after the other: two at once are what two cores bear."""
YIELDS = "blocks"
TESTS = Path("tests")
LOGS = Path("build/test")


class Part:
    """One pytest, running."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._began = time.monotonic()
        self.log = LOGS / f"{name}.log"
        nice = ("nice", "-n", "10") if name == YIELDS else ()
        argv = (*nice, sys.executable, "-m", "pytest", "-o", f"cache_dir={LOGS / name}", *_folders(name))
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)

    def ended(self) -> str | None:
        """How it ended, in a sentence; None: it runs. Its output is told then."""
        status = self._process.poll()
        if status is None:
            return None
        sys.stdout.write(f"\n-- {self.name}\n{self.log.read_text(errors='replace')}")
        sys.stdout.flush()
        return f"{self.name} {'passed' if status == 0 else 'failed'} in {time.monotonic() - self._began:.0f} s"


def _folders(name: str) -> list[str]:
    if PARTS[name]:
        return [str(TESTS / folder) for folder in PARTS[name]]
    return [str(TESTS), *(f"--ignore={TESTS / folder}" for folders in PARTS.values() for folder in folders)]


def main(arguments: list[str]) -> int:
    """Exit status 0 if every part passed."""
    if arguments:
        return subprocess.run((sys.executable, "-m", "pytest", *arguments), check=False).returncode
    LOGS.mkdir(parents=True, exist_ok=True)
    waiting = [list(lane) for lane in LANES]
    running = [Part(lane.pop(0)) for lane in waiting]
    told = []
    while running:
        for n, part in reversed(list(enumerate(running))):
            if (sentence := part.ended()) is None:
                continue
            told.append(sentence)
            if waiting[n]:
                running[n] = Part(waiting[n].pop(0))
            else:
                del running[n], waiting[n]
        time.sleep(0.1)
    sys.stdout.write(f"\n-- {', '.join(told)}\n")
    return 1 if any(" failed " in sentence for sentence in told) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

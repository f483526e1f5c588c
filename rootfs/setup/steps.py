# SPDX-License-Identifier: GPL-2.0-only
"""A step runs when its digest changed or its result is missing, and says so on the terminal while it runs.

Every child's output goes to `build/log/<step>.log`. A terminal sees one line that counts seconds; a pipe sees a line
every 15 s. A failure shows the last 20 lines of the log and the mend.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from rootfs.setup.paths import LOGS, ROOT, STAMPS

TAIL_LINES = 20
PIPE_INTERVAL_S = 15.0
TERMINAL_INTERVAL_S = 0.2


class SetupError(Exception):
    """A step cannot be done: one sentence, what mends it, and the log of the child that failed (if one did)."""

    def __init__(self, sentence: str, mend: str, log: Path | None = None) -> None:
        super().__init__(sentence)
        self.mend = mend
        self.log = log

    def report(self) -> str:
        """The text for the terminal: the log's last lines, the sentence, the mend."""
        lines = []
        if self.log is not None and self.log.exists():
            tail = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
            lines += [f"  | {line}" for line in tail] + [f"  (full log: {self.log})"]
        return "\n".join([*lines, f"set-up: {self}", f"mend:   {self.mend}"])


class Progress:
    """What the terminal shows of one running step."""

    def __init__(self, label: str, log: Path, out: TextIO = sys.stderr) -> None:
        self.label = label
        self.log = log
        self._out = out
        self._terminal = out.isatty()
        self._began = time.monotonic()
        self._told = self._began
        self._doing = ""

    def run(self, doing: str, argv: Sequence[str], cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
        """Run one child to its end with its output in the log; *doing* names it on the terminal.

        Raises: SetupError when it cannot be started or its status is not 0.
        """
        self._doing = doing
        self._tell()
        with self.log.open("ab") as sink:
            sink.write(f"\n$ {' '.join(argv)}\n".encode())
            sink.flush()
            environment = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
            try:
                child = subprocess.Popen(
                    argv, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
                )
            except OSError as error:
                raise SetupError(
                    f"{doing}: {argv[0]}: {error.strerror}", "install it, then repeat the command"
                ) from error
            status = self._watch(child)
        if status != 0:
            self._end_line()
            raise SetupError(f"{doing}: status {status}", f"read {self.log}, then repeat the command", self.log)

    def say(self, sentence: str) -> None:
        """Print one sentence that must be seen, such as a warning."""
        self._end_line()
        print(f"{self.label}: {sentence}", file=self._out, flush=True)

    def done(self) -> None:
        """Print the step's closing line."""
        self._end_line()
        print(f"{self.label}: done in {time.monotonic() - self._began:.0f} s", file=self._out, flush=True)

    def _watch(self, child: subprocess.Popen[bytes]) -> int:
        interval_s = TERMINAL_INTERVAL_S if self._terminal else PIPE_INTERVAL_S
        try:
            while True:
                try:
                    return child.wait(interval_s)
                except subprocess.TimeoutExpired:
                    self._tell()
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()

    def _tell(self) -> None:
        elapsed_s = time.monotonic() - self._began
        line = f"{self.label}: {self._doing} … {elapsed_s:.0f} s"
        if self._terminal:
            print(f"\r\033[K{line}", end="", file=self._out, flush=True)
        else:
            print(line, file=self._out, flush=True)

    def _end_line(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=self._out)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing set-up makes."""

    name: str
    digest: Callable[[], str]
    """Of everything the result depends on."""
    present: Callable[[], bool]
    """Whether the result is there at all."""
    run: Callable[[Progress], None]


def run_steps(steps: Sequence[Step], out: TextIO = sys.stderr) -> None:
    """Run the steps that are not fresh, in order.

    Raises: SetupError from the first step that fails.
    """
    for directory in (LOGS, STAMPS):
        directory.mkdir(parents=True, exist_ok=True)
    for number, step in enumerate(steps, 1):
        stamp = STAMPS / step.name
        digest = step.digest()
        if step.present() and stamp.exists() and stamp.read_text() == digest:
            continue
        log = LOGS / f"{step.name}.log"
        log.write_bytes(b"")
        progress = Progress(f"[{number}/{len(steps)}] {step.name}", log, out)
        step.run(progress)
        stamp.write_text(digest)
        progress.done()

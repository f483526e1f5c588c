# SPDX-License-Identifier: GPL-2.0-only
"""When the supervisor is gone, however it went, none of its children stays.

PR_SET_PDEATHSIG ends a direct child, but not that child's own children, and not one that has changed its user. So a
tiny process keeps a list of process groups, told through a pipe that only the supervisor can write to; at the pipe's
end it kills every group that is on the list. It is run as a file and imports nothing of the appliance.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

_GONE = (ProcessLookupError, PermissionError)


class Leash:
    """The supervisor's end."""

    def __init__(self) -> None:
        read, self._write = os.pipe2(os.O_CLOEXEC)
        command = (sys.executable, "-I", "-S", str(Path(__file__).resolve()))
        self._keeper = subprocess.Popen(command, stdin=read, stdout=subprocess.DEVNULL, start_new_session=True)
        os.close(read)

    def hold(self, group: int) -> None:
        """This group is to end with us."""
        self._tell(f"+{group}\n")

    def let_go(self, group: int) -> None:
        """It has ended; its number may be another's soon."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Kill what is still held, and end."""
        os.close(self._write)
        self._keeper.wait()

    def _tell(self, line: str) -> None:
        try:
            os.write(self._write, line.encode())
        except BrokenPipeError:  # somebody killed the keeper; PR_SET_PDEATHSIG still stands
            self._keeper.poll()


def keep() -> None:
    """The keeper's whole life: read lines until the end, then kill."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups: set[int] = set()
    with os.fdopen(0) as lines:
        for line in lines:
            (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except _GONE:
            continue


if __name__ == "__main__":
    keep()

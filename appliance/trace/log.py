# SPDX-License-Identifier: GPL-2.0-only
"""What a worker adds to the trace: lines on disk, bounded, of this life of the machine.

`STATE/trace/BOOT/NAME.log` and three before it; the folder is its owner's alone. Times in it are of the machine's
monotonic clock, as the engine's are, so another boot's lines would be taken for this one's: they go at the first start.
A thread writes: a worker never waits for a disk, and what the disk does not take is lost, not kept.
"""

import queue
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from appliance.supervisor.logfile import KEPT, LogFile

LEGS_OCTETS = 1 << 20
"""A file of a worker's legs: five lines of 500 octets a leg. Four files are 1600 legs, 20 minutes of a full box."""
SIP_OCTETS = 8 << 20
"""A file of SIP: a call has 14 messages of a kilobyte, told at both of Kamailio's sides. Four files are 2300 calls."""
WAITING_MAX = 10_000

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def folder(state: Path) -> Path:
    """Where this boot's lines are."""
    return state / "trace" / _BOOT.read_text("ascii").strip()


class TraceLog:
    """The writing end; one a name. It goes on with what an earlier life of the process left."""

    def __init__(self, state: Path, name: str, octets: int) -> None:
        self._folder = folder(state)
        self._file = LogFile(self._folder / f"{name}.log", octets)
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name=f"trace-{name}", daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> None:
        """Returns at once."""
        if self._waiting.qsize() < WAITING_MAX:
            self._waiting.put(line + b"\n")

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join()
        self._file.close()

    def _write_all(self) -> None:
        ready = self._make_room()
        while (line := self._waiting.get()) is not None:
            ready = ready or self._make_room()
            if ready:
                self._file.write(line)

    def _make_room(self) -> bool:
        """Our folder and no other boot's; False: the disk refuses."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._folder.parent.chmod(0o700)
            for other in self._folder.parent.iterdir():
                if other != self._folder:
                    shutil.rmtree(other, ignore_errors=True)
        except OSError:
            return False
        self._file.write(b"\n")  # a line that a dead predecessor left torn ends here
        return True


def lines(state: Path, pattern: str) -> Iterator[bytes]:
    """Whole lines of the logs that are called so, each log's oldest first."""
    for path in sorted(folder(state).glob(f"{pattern}.log")):
        seen: dict[int, bytes] = {}
        for part in (path, *(path.with_name(f"{path.name}.{number}") for number in range(1, KEPT + 1))):
            try:  # newest first: a file that is put aside meanwhile is met again, not missed
                seen.setdefault(part.stat().st_ino, part.read_bytes())
            except FileNotFoundError:
                continue
        for octets in reversed(seen.values()):
            yield from octets.split(b"\n")[:-1]

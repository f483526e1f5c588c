# SPDX-License-Identifier: GPL-2.0-only
"""A child's log on disk, bounded: `<process>.log`, and `.1` to `.3` before it. A full disk costs lines, never time."""

import contextlib
import os
from pathlib import Path

OCTETS_LIMIT = 4_194_304
KEPT = 3


class LogFile:
    """Appends octets; what the disk does not take is counted, and told in the log when it takes again."""

    def __init__(self, path: Path, limit: int = OCTETS_LIMIT) -> None:
        self.lost = 0
        self._path = path
        self._limit = limit
        self._fd: int | None = None
        self._octets = 0

    def write(self, octets: bytes) -> None:
        """Append, rotating first where the file would outgrow its limit."""
        try:
            if self._fd is None:
                self._open()
            elif self._octets + len(octets) > self._limit:
                self._rotate()
            if self.lost:
                octets = b'{"event": "log.octets.lost", "octets": %d}\n' % self.lost + octets
            written = os.write(self._fd or 0, octets)
            self._octets += written
            self.lost = len(octets) - written
        except OSError:
            self.lost += len(octets)

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._octets = os.fstat(self._fd).st_size

    def _rotate(self) -> None:
        self.close()
        for number in range(KEPT, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)
        self._open()

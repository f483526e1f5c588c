# SPDX-License-Identifier: GPL-2.0-only
"""The segment log: files `NNNNNNNN.log` that are only appended to, and deleted whole when nothing in them is needed.

What was appended survives the process at once (page cache) and the machine after `sync`. An append that the disk
refuses leaves nothing behind. After a crash `recover` cuts the torn tail off and gives every entry back.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from appliance.recording.entries import OVERHEAD_OCTETS, Entry, encode, scan

SEGMENT_OCTETS = 16_777_216

log = structlog.get_logger()


class Place(msgspec.Struct, frozen=True):
    """Where an entry's sound stands in the log."""

    segment: int
    offset: int
    octets: int


class SegmentLog:
    """One folder of segments. Used from one thread, but for `sync` and `read`, which any thread may call."""

    def __init__(self, folder: Path, limit: int = SEGMENT_OCTETS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._limit = limit
        self._number = max(self.segments(), default=0)
        self._fd: int | None = None
        self._octets = 0

    @property
    def current(self) -> int:
        """The segment that is appended to, which must not be deleted; 0 where there is none."""
        return self._number if self._fd is not None else 0

    def segments(self) -> list[int]:
        """All segments, oldest first."""
        return sorted(int(path.stem) for path in self._folder.glob("*.log") if path.stem.isdigit())

    def recover(self) -> Iterator[tuple[Place, Entry]]:
        """Every entry, oldest first. A torn tail is cut off. Before the first append."""
        for number in self.segments():
            octets = self._path(number).read_bytes()
            good = 0
            for offset, entry in scan(octets):
                good = offset + OVERHEAD_OCTETS + len(entry.sound)
                yield Place(number, offset + OVERHEAD_OCTETS, len(entry.sound)), entry
            if good < len(octets):
                log.warning("recording.log.torn", segment=number, octets=len(octets) - good)
                os.truncate(self._path(number), good)

    def append(self, entry: Entry) -> Place:
        """Write one entry. Raises OSError where the disk does not take it; nothing of it is left then."""
        octets = encode(entry)
        if self._fd is None or self._octets + len(octets) > self._limit:
            self._next_segment()
        place = Place(self._number, self._octets + OVERHEAD_OCTETS, len(entry.sound))
        try:
            self._write(octets)
        except OSError:
            self._abandon()
            raise
        self._octets += len(octets)
        return place

    def _write(self, octets: bytes) -> None:
        left = memoryview(octets)
        while left and self._fd is not None:
            left = left[os.write(self._fd, left) :]

    def _abandon(self) -> None:
        """Cut a half-written entry off and go on in another segment, so that no later entry stands behind it."""
        if self._fd is not None:
            try:
                os.ftruncate(self._fd, self._octets)
            finally:
                self.close()

    def read(self, place: Place) -> bytes:
        """The sound there. Raises OSError."""
        fd = os.open(self._path(place.segment), os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(fd, place.octets, place.offset)
        finally:
            os.close(fd)

    def sync(self) -> None:
        """Bring what was appended to the disk. Raises OSError."""
        if self._fd is None:
            return
        fd = os.open(self._path(self._number), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(fd)
        finally:
            os.close(fd)

    def delete(self, number: int) -> None:
        """Forget a segment that is not the current one."""
        self._path(number).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the current segment."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _next_segment(self) -> None:
        number = self._number + 1
        fd = os.open(self._path(number), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if self._fd is not None:
            self.sync()
            os.close(self._fd)
        self._fd, self._number, self._octets = fd, number, 0

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.log"

# SPDX-License-Identifier: GPL-2.0-only
"""The logs on the disk as a queue: what of them has been taken is kept, what has not is what stands in them.

A log is `<process>.log` and the three files before it, which the supervisor rotates by size. Where we stand in it is a
file by its number on the disk, and an offset. So nothing is copied, a restart goes on where the last life stood, and
the bound is the logs' own: of more than BACKLOG_OCTETS of one log the oldest lines are passed over and counted.
"""

import os
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from appliance.supervisor.logfile import KEPT, OCTETS_LIMIT

BACKLOG_OCTETS = (KEPT - 1) * OCTETS_LIMIT
"""A whole file less than a log has, so that lines are counted before they go."""
CHUNK_OCTETS = 65_536

log = structlog.get_logger()


class Place(msgspec.Struct, frozen=True):
    """Where one stands in a log: octets of that file before it have been taken."""

    inode: int
    offset: int


class Batch(NamedTuple):
    """Lines of logs by process, `dropped` of them passed over; `places` is where one stands once they are taken."""

    lines: list[tuple[str, bytes]]
    dropped: dict[str, int]
    places: dict[str, Place]


class _File(NamedTuple):
    path: Path
    inode: int
    size: int


class Tail:
    """Of a folder of logs. `kept` is the file with the places."""

    def __init__(self, folder: Path, kept: Path) -> None:
        self._folder, self._kept = folder, kept
        self._places = _read(kept)

    def batch(self, octets: int) -> Batch:
        """What has not been taken, some `octets` of it, of each log as much as of any. Raises OSError."""
        batch = Batch([], {}, {})
        logs = sorted(self._folder.glob("*.log"))
        for path in logs:
            files = _files(path)
            if files:
                self._of_log(path.stem, files, octets // len(logs), batch)
        return batch

    def taken(self, batch: Batch) -> None:
        """It has arrived. Raises OSError."""
        self._places |= batch.places
        new = self._kept.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(self._places))
        new.replace(self._kept)

    def _of_log(self, name: str, files: list[_File], octets: int, batch: Batch) -> None:
        """`files`: the oldest first. A log that is new to us counts from where its last file begins."""
        place = self._places.get(name, Place(files[-1].inode, 0))
        left = _left(files, place)
        if left is None:  # rotated away while we were not there: how many lines that were nobody knows
            log.warning("syslog.log.missed", log=name)
            left = [(file, 0) for file in files]
        waiting = sum(file.size - offset for file, offset in left)
        for file, begin in left:
            offset = begin
            while octets > 0 and (lines := _lines(file, offset, whole=file is files[-1])):
                taken = sum(map(len, lines))
                if waiting > BACKLOG_OCTETS:
                    batch.dropped[name] = batch.dropped.get(name, 0) + len(lines)
                else:
                    batch.lines.extend((name, line.rstrip(b"\n")) for line in lines)
                    octets -= taken
                waiting -= taken
                offset += taken
            batch.places[name] = Place(file.inode, offset)
            if octets <= 0:
                return


def _files(path: Path) -> list[_File]:
    """The log's, the oldest first."""
    found = []
    for number in range(KEPT, -1, -1):
        part = path.with_name(f"{path.name}.{number}") if number else path
        try:
            status = part.stat()
        except FileNotFoundError:
            continue
        found.append(_File(part, status.st_ino, status.st_size))
    return found


def _left(files: list[_File], place: Place) -> list[tuple[_File, int]] | None:
    """What of them is not taken; None where the file in which we stand has gone."""
    for number, file in enumerate(files):
        if file.inode == place.inode and file.size >= place.offset:
            return [(file, place.offset), *((later, 0) for later in files[number + 1 :])]
    return None


def _lines(file: _File, offset: int, *, whole: bool) -> list[bytes]:
    """Some lines from there, with their ends; `whole`: the last one may still grow, so it waits for its end.

    One that is longer than a chunk, or that was begun in one file and ended in the next, is taken in pieces.
    """
    fd = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(fd).st_ino != file.inode:
            return []  # rotated this moment; next time
        chunk = os.pread(fd, CHUNK_OCTETS, offset)
    finally:
        os.close(fd)
    lines = chunk.splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n") and whole and len(lines[-1]) < CHUNK_OCTETS:
        lines.pop()
    return lines


def _read(kept: Path) -> dict[str, Place]:
    try:
        return msgspec.json.decode(kept.read_bytes(), type=dict[str, Place])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}

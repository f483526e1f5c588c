# SPDX-License-Identifier: GPL-2.0-only
"""One archive of what helps whoever is asked for help, and of nothing that they must not have.

All that goes in passes one redactor. Each part has its time and its size, and so has the whole: what came too late or
was too much is named in `missing.txt`. The file is its owner's alone, and there or not there.
"""

import asyncio
import io
import os
import tarfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

from appliance.diagnostics.support.parts import Part
from appliance.supervisor.redaction import Redactor

PART_OCTETS = 1_048_576
"""Of a part its end, before compression."""
WHOLE_OCTETS = 33_554_432
PART_S = 10.0
WHOLE_S = 60.0
KEPT = 3


class Collected(NamedTuple):
    """What became of it."""

    path: Path
    parts: int
    octets: int
    missing: tuple[str, ...]


def collect(
    path: Path, parts: AsyncIterator[Part], redactor: Redactor, progress: Callable[[int, str], None]
) -> Collected:
    """Write it. Raises OSError; nothing is left then."""
    new = path.with_name(f".{path.name}.new")
    try:
        with open(new, "wb", opener=_owner_s_alone) as opened:
            with tarfile.open(fileobj=opened, mode="w:gz", compresslevel=6) as archive:
                writer = _Writer(archive, path.name.removesuffix(".tar.gz"))
                count, missing = asyncio.run(_fill(writer, parts, redactor, progress))
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return Collected(path, count, path.stat().st_size, tuple(missing))


class _Writer:
    """Adds files to the archive, below one folder; `octets` before compression."""

    def __init__(self, archive: tarfile.TarFile, folder: str) -> None:
        self.octets = 0
        self._archive, self._folder = archive, folder

    def add(self, name: str, octets: bytes) -> None:
        told = tarfile.TarInfo(f"{self._folder}/{name}")
        told.size, told.mode, told.mtime = len(octets), 0o600, int(time.time())
        self._archive.addfile(told, io.BytesIO(octets))
        self.octets += len(octets)


async def _fill(
    writer: _Writer, parts: AsyncIterator[Part], redactor: Redactor, progress: Callable[[int, str], None]
) -> tuple[int, list[str]]:
    until, count, missing = time.monotonic() + WHOLE_S, 0, list[str]()
    async for part in parts:
        progress(count, part.name)
        left_s = until - time.monotonic()
        if left_s <= 0 or writer.octets > WHOLE_OCTETS:
            missing.append(f"{part.name}: the archive's {'time' if left_s <= 0 else 'room'} is over")
            continue
        try:
            octets = await asyncio.wait_for(part.read(), min(PART_S, left_s))
        except Exception as error:  # noqa: BLE001 - what one part lacks, the others tell all the same
            missing.append(redactor.line(f"{part.name}: {type(error).__name__} {error}"))
            continue
        if len(octets) > PART_OCTETS:
            octets = octets[-PART_OCTETS:].partition(b"\n")[2]
            missing.append(f"{part.name}: its last {PART_OCTETS} octets only")
        writer.add(part.name, (await asyncio.to_thread(redactor.text, octets, callers=part.callers)).encode())
        count += 1
    writer.add("missing.txt", "".join(f"{line}\n" for line in missing).encode())
    return count, missing


def tidy(folder: Path) -> None:
    """Older archives of the box's own folder go."""
    for old in sorted(folder.glob("*.tar.gz"), key=lambda one: one.stat().st_mtime, reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)


def _owner_s_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

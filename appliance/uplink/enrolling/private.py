# SPDX-License-Identifier: GPL-2.0-only
"""Files that are whole or not there, on the disk before they count; most are readable by their owner alone."""

import os
from pathlib import Path


def write_private(path: Path, octets: bytes) -> None:
    """In the place of what was there. Raises OSError."""
    write_whole(path, octets, 0o600)


def write_whole(path: Path, octets: bytes, mode: int) -> None:
    """In the place of what was there; a folder that is made for it is open to who may read it. Raises OSError."""
    path.parent.mkdir(mode=0o755 if mode & 0o077 else 0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """What was renamed or removed in it stays so over a power cut."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

# SPDX-License-Identifier: GPL-2.0-only
"""A span's history, or what its lines learned, on disk: a JSON file, whole or not there, whatever dies meanwhile.

Written beside its place, synced, renamed, the folder synced. A file that cannot be read is set aside, and the history
begins anew; so does that of a line of another name.
"""

import os
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import structlog

log = structlog.get_logger()


class Named(Protocol):
    """What a file holds of a line."""

    def __init__(self, name: str) -> None:
        """Of a line of which nothing is known."""

    @property
    def name(self) -> str:
        """The line's."""


K = TypeVar("K", bound=Named)


def read(path: Path, name: str, kind: type[K]) -> K:
    """What was kept of the line of that name. Raises: OSError."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return kind(name)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        log.error("line.history.damaged", path=str(path), error=str(error))
        path.replace(path.with_suffix(".damaged"))
        return kind(name)
    if kept.name != name:
        log.warning("line.history.renamed", path=str(path), was=kept.name, now=name)
        path.replace(path.with_suffix(".former"))
        return kind(name)
    return kept


def write(path: Path, octets: bytes) -> None:
    """Put them in the file's place. Raises: OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

# SPDX-License-Identifier: GPL-2.0-only
"""A span's history on disk: a JSON file that is whole or not there, whatever dies while it is written.

Written beside its place, synced, renamed, the folder synced. A file that cannot be read is set aside, and the history
begins anew; so does that of a line of another name.
"""

import os
from pathlib import Path

import msgspec
import structlog

from appliance.line.performance.history import Kept

log = structlog.get_logger()


def read(path: Path, name: str) -> Kept:
    """What was kept of the line of that name. Raises: OSError."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return Kept(name)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        log.error("line.history.damaged", path=str(path), error=str(error))
        path.replace(path.with_suffix(".damaged"))
        return Kept(name)
    if kept.name != name:
        log.warning("line.history.renamed", path=str(path), was=kept.name, now=name)
        path.replace(path.with_suffix(".former"))
        return Kept(name)
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

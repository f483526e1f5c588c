# SPDX-License-Identifier: GPL-2.0-only
"""The factory reset: everything that a box keeps goes, but what names it and the firmware.

It is asked by a mark in the box's state, written as a whole; from then on nothing of the box starts before all is gone.
The mark goes last, so a cut half-way is gone on with at the next start: there is no state that is half a box.
"""

import json
import os
import shutil
from collections.abc import Collection
from pathlib import Path

MARK = "factory-reset"


def ask(state: Path, by: str) -> None:
    """From now on the box is to be as it left the factory. On the disk when this returns. Raises OSError."""
    mark = state / MARK
    new = mark.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump({"by": by}, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(mark)
    _sync(state)


def asked(state: Path) -> bool:
    """Whether it is."""
    return (state / MARK).exists()


def erase(data: Path, state: Path, keep: Collection[str] = ()) -> None:
    """Everything in `data` but the names in `keep`; `state` lies in it, and its mark goes last. Raises OSError.

    What cannot be removed leaves the mark where it is.
    """
    spared = {data / name for name in keep}
    for entry in data.iterdir():
        if entry not in spared and entry != state:
            _remove(entry)
    for entry in state.iterdir():
        if entry.name != MARK:
            _remove(entry)
    for folder in {data, state}:
        _sync(folder)
    (state / MARK).unlink()
    _sync(state)


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

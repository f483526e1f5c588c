# SPDX-License-Identifier: GPL-2.0-only
"""What the box knows of its update, over every power cut: `record.json`, written whole, synced, renamed."""

import contextlib
import os
from pathlib import Path

import msgspec

from appliance.update.boot import Loader, other
from appliance.update.states import Event, State


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """`home`: the slot that ran when the update was asked for; the other one is what it is of, with `version` in it.

    `why`: the reason of the last end; `good`: what of the service was good before the switch. `before`: the version
    that is still whole in the other slot, and was confirmed there once. `boot`: the start of the machine in which the
    boot loader was told of the switch.
    """

    state: State = State.IDLE
    home: str
    home_version: str
    version: str = ""
    source: str = ""
    allow_older: bool = False
    why: str = ""
    good: tuple[str, ...] = ()
    before: str = ""
    boot: str = ""

    @property
    def target(self) -> str:
        """The slot that it is of."""
        return other(self.home)

    def asked(self, running: str, version: str) -> "Record":
        """A new one, asked for where `running` runs."""
        before = self.home_version if self.state is State.CONFIRMED else self.before
        return Record(home=running, home_version=version, before=before, state=self.state)


def booted(record: Record, running: str, loader: Loader, boot: str) -> Event:
    """Which start this is; `boot` names it, and is the same for each life of the updater in it."""
    if running == record.home:
        if loader.tried == record.target:
            return Event.BOOTED_SPENT
        unmoved = loader.next == record.target and record.boot not in ("", boot)
        return Event.BOOTED_UNMOVED if unmoved else Event.BOOTED_OLD
    return Event.BOOTED_CONFIRMED if loader.good == running else Event.BOOTED_NEW


class RecordFile:
    """Its place. What cannot be read (a disk that has lost it) is none."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "record.json"

    def load(self) -> Record | None:
        """None: there is none."""
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode(self._path.read_bytes(), type=Record)
        return None

    def save(self, record: Record) -> None:
        """On the disk when this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        with open(new, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as opened:
            opened.write(msgspec.json.format(msgspec.json.encode(record)))
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

# SPDX-License-Identifier: GPL-2.0-only
"""One supervisor a state folder: flock on `run/lock`, which names its holder and where its page is."""

import fcntl
import os
from pathlib import Path

import msgspec


class Holder(msgspec.Struct, frozen=True):
    """Who runs here. `page` is empty where there is none."""

    pid: int
    page: str = ""


class AlreadyRunningError(Exception):
    """Another process holds the lock; the text is for people."""

    def __init__(self, holder: Holder | None) -> None:
        self.holder = holder
        page = f", page at {holder.page}" if holder is not None and holder.page else ""
        who = f" (pid {holder.pid})" if holder is not None else ""
        super().__init__(f"already running{who}{page}")


class Lock:
    """Held until `release` or the process's end; the file stays, empty of meaning, when nobody holds it."""

    def __init__(self, path: Path, page: str = "") -> None:
        """Take it. Raises AlreadyRunningError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise AlreadyRunningError(_read(path)) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, msgspec.json.encode(Holder(os.getpid(), page)), 0)

    def release(self) -> None:
        """Give it back."""
        os.ftruncate(self._fd, 0)
        os.close(self._fd)


def holder(path: Path) -> Holder | None:
    """Who holds the lock now; None if nobody does (a dead holder holds nothing)."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    finally:
        os.close(fd)
    return None


def _read(path: Path) -> Holder | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):  # the holder has the lock and is about to write its name
        return None

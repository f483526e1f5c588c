# SPDX-License-Identifier: GPL-2.0-only
"""The system calls that DAHDI is spoken to with, and what their refusals mean."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from typing import Protocol


class DahdiError(Exception):
    """DAHDI is not there or refuses: what, where, and what would mend it."""


class Kernel(Protocol):
    """What this package asks of the system."""

    def open(self, path: str) -> int:
        """Open a device; the descriptor does not block. Raises: OSError."""

    def close(self, fd: int) -> None:
        """Close it."""

    def replace(self, fd: int, by: int) -> None:
        """What `by` is has the number `fd` from now on, and no other."""

    def ioctl(self, fd: int, request: int, argument: bytes) -> bytes:
        """Returns the argument as the kernel left it. Raises: OSError."""


class Linux:
    """The system that this process runs on."""

    def open(self, path: str) -> int:
        """Open a device; children inherit nothing of it unless they are told."""
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def close(self, fd: int) -> None:
        """Close it."""
        os.close(fd)

    def replace(self, fd: int, by: int) -> None:
        """Give a number another file."""
        os.dup2(by, fd, inheritable=False)
        os.close(by)

    def ioctl(self, fd: int, request: int, argument: bytes) -> bytes:
        """Ask a device."""
        return fcntl.ioctl(fd, request, argument)


_MEANING = {
    errno.ENOENT: "DAHDI's kernel driver is not loaded (modprobe dahdi)",
    errno.ENODEV: "the card is gone",
    errno.EBUSY: "another program has it open",
    errno.ENXIO: "there is no such span or channel, or it is not configured",
    errno.ENOSYS: "the card's driver cannot do that",
    errno.EACCES: "this user may not; the group of /dev/dahdi may",
    errno.EINVAL: "the port is of another kind",
}


@contextlib.contextmanager
def refusals(where: str) -> Iterator[None]:
    """Turn a refusal of the system into a sentence. Raises: DahdiError."""
    try:
        yield
    except OSError as error:
        raise DahdiError(f"{where}: {meaning(error)}") from error


def meaning(refusal: OSError) -> str:
    """What a refusal means, in words."""
    return _MEANING.get(refusal.errno or 0, refusal.strerror or "refused")

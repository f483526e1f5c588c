# SPDX-License-Identifier: GPL-2.0-only
"""A record of what DAHDI would have been asked. It answers which spans and channels exist, and knows nothing else."""

from __future__ import annotations

import errno
import struct


class FakeKernel:
    """Two spans, of E1s: channels 1 to 31 and 32 to 62."""

    def __init__(self, refused: dict[int, int] | None = None, timeslots: int = 31) -> None:
        self.timeslots = timeslots
        self.asked: list[tuple[int, int, bytes]] = []
        self.refused = refused or {}
        """errno by number of the request."""
        self.opened: list[str] = []
        self.open_fds: set[int] = set()
        self.use = 0x80

    def open(self, path: str) -> int:
        if -1 in self.refused:
            raise OSError(self.refused[-1], "refused")
        self.opened.append(path)
        fd = 100 + len(self.opened)
        self.open_fds.add(fd)
        return fd

    def close(self, fd: int) -> None:
        self.open_fds.remove(fd)

    def ioctl(self, fd: int, request: int, argument: bytes) -> bytes:
        assert fd in self.open_fds
        assert request >> 16 & 0x3FFF == len(argument), "the number tells the size"
        if request & 0xFF in self.refused:
            raise OSError(self.refused[request & 0xFF], "refused")
        number = struct.unpack_from("=i", argument)[0]
        if request & 0xFF == 10 and not 1 <= number <= 2:
            raise OSError(errno.EINVAL, "refused")
        if request & 0xFF == 5:
            if not 1 <= number <= 2 * self.timeslots:
                raise OSError(errno.EINVAL, "refused")
            known = (number, (number - 1) // self.timeslots + 1, (number - 1) % self.timeslots + 1, self.use)
            return struct.pack("=4i", *known) + argument[16:]
        self.asked.append((fd, request, argument))
        return argument

    def told(self, number: int) -> list[bytes]:
        """Arguments of all requests of a number."""
        return [argument for _, request, argument in self.asked if request & 0xFF == number]

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
        self.behind: dict[int, str | int] = {}
        """What is open: a device's path, or the number of a channel."""
        self.counted = (0, 0, 0, 0)
        """Of a span: bipolar violations, CRC-4 errors, E bits, errors of frame alignment."""
        self.use = 0x80
        self.uses: dict[int, int] = {}
        """By channel, as it was told; `use` of the others."""

    @property
    def open_fds(self) -> set[int]:
        """Descriptors."""
        return set(self.behind)

    def open(self, path: str) -> int:
        if -1 in self.refused and path != "/dev/null":
            raise OSError(self.refused[-1], "refused")
        self.opened.append(path)
        fd = self.number()
        self.behind[fd] = path
        return fd

    def number(self) -> int:
        """Of what was opened last."""
        return 100 + len(self.opened)

    def close(self, fd: int) -> None:
        del self.behind[fd]

    def replace(self, fd: int, by: int) -> None:
        self.behind[fd] = self.behind.pop(by)

    def take_out(self) -> None:
        """The cards: channels that are open are dead."""
        self.behind = {fd: "gone" if isinstance(what, int) else what for fd, what in self.behind.items()}

    def ioctl(self, fd: int, request: int, argument: bytes) -> bytes:
        assert fd in self.open_fds
        assert request >> 16 & 0x3FFF == len(argument), "the number tells the size"
        if request & 0xFF in self.refused:
            raise OSError(self.refused[request & 0xFF], "refused")
        number = struct.unpack_from("=i", argument)[0]
        if request & 0xFF == 10 and number == 0 and isinstance(self.behind[fd], int):
            return argument
        if request & 0xFF == 10 and not 1 <= number <= 2:
            raise OSError(errno.EINVAL, "refused")
        if request & 0xFF == 10:
            self.asked.append((fd, request, argument))
            return argument[:76] + struct.pack("=4i", *self.counted) + argument[92:]
        if request & 0xFF == 5:
            if not 1 <= number <= 2 * self.timeslots:
                raise OSError(errno.EINVAL, "refused")
            known = (number, (number - 1) // self.timeslots + 1, (number - 1) % self.timeslots + 1)
            return struct.pack("=4i", *known, self.uses.get(number, self.use)) + argument[16:]
        if request & 0xFF == 19:
            self.uses[number] = struct.unpack_from("=i", argument, 44)[0]
        if request & 0xFF == 38:
            self.behind[fd] = number
        self.asked.append((fd, request, argument))
        return argument

    def told(self, number: int) -> list[bytes]:
        """Arguments of all requests of a number."""
        return [argument for _, request, argument in self.asked if request & 0xFF == number]

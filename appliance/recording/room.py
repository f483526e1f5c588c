# SPDX-License-Identifier: GPL-2.0-only
"""Whether the disk has room for sound: free space against the reserve, with a margin so that it does not flutter."""

import os
from collections.abc import Callable
from pathlib import Path

_LEAST_OCTETS = 1_048_576
_MARGIN = 1.05


def free_octets(folder: Path) -> int:
    """Free space for us on the folder's disk. Raises OSError."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


class Room:
    """`full` as `look` last saw it; a refused write (`refused`) makes it full at once."""

    def __init__(self, reserve_octets: int, free: Callable[[], int]) -> None:
        self.full = False
        self._reserve = reserve_octets
        self._free = free

    def refused(self) -> None:
        """The disk did not take a write."""
        self.full = True

    def look(self) -> bool:
        """Look again; whether it is full now."""
        enough = self._reserve if not self.full else max(int(self._reserve * _MARGIN), self._reserve + _LEAST_OCTETS)
        self.full = self._free() < enough
        return self.full

# SPDX-License-Identifier: GPL-2.0-only
"""What the fake chips stand on: a clock, pins, a bus that may die; and the poll that a worker would do."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Literal, TypeVar

POLL_S = 0.01

News = TypeVar("News")


class MisuseError(Exception):
    """A chip was misused; the sentence says how."""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def run(self, seconds: float, poll: Callable[[float], list[News]]) -> list[News]:
        """Poll every 10 ms for so long; all that was told."""
        told: list[News] = []
        for _ in range(round(seconds / POLL_S)):
            self.now_s += POLL_S
            told += poll(self.now_s)
        return told


class ResetPin:
    """RESET of a chip, active low; it begins high, as a pull-up holds it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.high = True
        self.rose_s: float | None = None
        self.fell: Callable[[], None] = lambda: None

    def read(self) -> bool:
        return self.high

    def write(self, value: bool) -> None:  # noqa: FBT001  # periphery's call
        if self.high and not value:
            self.fell()
        if value and not self.high:
            self.rose_s = self._clock.now_s
        self.high = value


class InterruptPin:
    """An open-drain output of a chip, active low."""

    def __init__(self, pending: Callable[[], bool]) -> None:
        self._pending = pending

    def read(self) -> bool:
        return not self._pending()

    def write(self, value: bool) -> None:  # noqa: FBT001  # periphery's call
        raise MisuseError(f"INT is an output of the chip, it cannot be driven to {value}")


class Bus:
    """How the wires are."""

    def __init__(self) -> None:
        self.state: Literal["fine", "errors", "floats", "held low"] = "fine"
        self.transfers = 0

    def spoilt(self, data: bytes) -> bytes | None:
        """What comes back from broken wires; None from good ones."""
        self.transfers += 1
        if self.state == "errors":
            raise OSError(errno.EIO, "SPI transfer: Input/output error")
        if self.state == "fine":
            return None
        return (b"\xff" if self.state == "floats" else b"\x00") * len(data)

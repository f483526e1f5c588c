# SPDX-License-Identifier: GPL-2.0-only
"""SPI devices and GPIO lines of Linux, by python-periphery.

Law: they are opened when they are first used and again after an error, so that a device that is missing or goes away is
a fault of its chip, and comes back with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, TypeVar

import periphery

DeviceT = TypeVar("DeviceT", bound=periphery.SPI | periphery.GPIO)
ResultT = TypeVar("ResultT")


class _Device(Generic[DeviceT]):
    """One of the kernel's, open from its first use to its first error."""

    def __init__(self, open_it: Callable[[], DeviceT]) -> None:
        self._open_it = open_it
        self._opened: DeviceT | None = None

    def use(self, action: Callable[[DeviceT], ResultT]) -> ResultT:
        """Raises: OSError."""
        if self._opened is None:
            self._opened = self._open_it()
        try:
            return action(self._opened)
        except OSError:
            self._opened.close()
            self._opened = None
            raise


class SpiDevice:
    """A device under /dev/spidev."""

    def __init__(self, path: str, max_hz: int, mode: Literal[0, 1, 2, 3]) -> None:
        self._spi = _Device(lambda: periphery.SPI(path, mode, max_hz))

    def transfer(self, data: bytes) -> bytes:
        """One assertion of the chip select. Raises: OSError."""
        return bytes(self._spi.use(lambda spi: spi.transfer(data)))


class GpioLine:
    """A line of a chip under /dev/gpiochip: an input, or an output that begins high.

    A chip that comes back while a line of it is still held gets another number: one that can be unplugged is best named
    by a link of udev's.
    """

    def __init__(self, chip: str, line: int, direction: Literal["in", "high"]) -> None:
        self._line = _Device(lambda: periphery.GPIO(chip, line, direction))

    def read(self) -> bool:
        """Raises: OSError."""
        return self._line.use(lambda line: line.read())

    def write(self, value: bool) -> None:  # noqa: FBT001  # periphery's call
        """Raises: OSError."""
        self._line.use(lambda line: line.write(value))

# SPDX-License-Identifier: GPL-2.0-only
"""SPI devices and GPIO lines of Linux, by python-periphery.

Law: they are opened when they are first used and again after an error, so that a device that is missing or goes away is
a fault of its chip, and comes back with it.
"""

from __future__ import annotations

from typing import Literal

import periphery


class SpiDevice:
    """A device under /dev/spidev."""

    def __init__(self, path: str, max_hz: int, mode: Literal[0, 1, 2, 3]) -> None:
        self._wanted = (path, mode, max_hz)
        self._device: periphery.SPI | None = None

    def transfer(self, data: bytes) -> bytes:
        """One assertion of the chip select. Raises: OSError."""
        if self._device is None:
            self._device = periphery.SPI(*self._wanted)
        try:
            return bytes(self._device.transfer(data))
        except OSError:
            self._device.close()
            self._device = None
            raise


class GpioLine:
    """A line of a chip under /dev/gpiochip: an input, or an output that begins high."""

    def __init__(self, chip: str, line: int, direction: Literal["in", "high"]) -> None:
        self._wanted = (chip, line, direction)
        self._line: periphery.GPIO | None = None

    def read(self) -> bool:
        """Raises: OSError."""
        return self._open().read()

    def write(self, value: bool) -> None:  # noqa: FBT001  # periphery's call
        """Raises: OSError."""
        self._open().write(value)

    def _open(self) -> periphery.GPIO:
        if self._line is None:
            self._line = periphery.GPIO(*self._wanted)
        return self._line

# SPDX-License-Identifier: GPL-2.0-only
"""What a chip asks of SPI and GPIO: the calls of python-periphery that are used, and no more.

Law: an error of the bus is an OSError, as periphery's own are.
"""

from __future__ import annotations

from typing import Protocol


class Spi(Protocol):
    """A device on an SPI bus; one transfer is one assertion of its chip select."""

    def transfer(self, data: bytes) -> bytes | bytearray | list[int]:
        """Shift out, and return as many octets that were shifted in. Raises: OSError."""


class Pin(Protocol):
    """A GPIO line. True is high."""

    def read(self) -> bool:
        """Raises: OSError."""

    def write(self, value: bool) -> None:  # noqa: FBT001  # periphery's call
        """Raises: OSError."""


class ChipError(OSError):
    """A chip does not answer as its data sheet says."""

# SPDX-License-Identifier: GPL-2.0-only
"""The framer of a span, beside the engine's work: what it counts."""

from __future__ import annotations

from drivers.dahdi.control import Control
from drivers.dahdi.kernel import DahdiError, Kernel
from drivers.model import FRAMER_BLOCKS, DigitalLine, LineErrors


class CardFramer:
    """One span's, by DAHDI's number. The control device is open only while it is asked: a driver may be unloaded."""

    def __init__(self, span: int, line: DigitalLine, kernel: Kernel | None = None) -> None:
        self._span = span
        self.blocks = FRAMER_BLOCKS[line]
        self._kernel = kernel

    def errors(self) -> LineErrors | None:
        """What it has counted since its driver was loaded; DAHDI tells no slips. None: it does not answer."""
        try:
            control = Control(self._kernel)
        except DahdiError:
            return None
        try:
            told = control.span(self._span)
        except DahdiError:
            return None
        finally:
            control.close()
        return LineErrors(told.bipolar_violations, told.crc4_errors, told.framing_errors, told.e_bits)

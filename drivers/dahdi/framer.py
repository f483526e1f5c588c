# SPDX-License-Identifier: GPL-2.0-only
"""The framer of a span, beside the engine's work: what it counts, its loops, errors sent on purpose."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from drivers.dahdi.abi import Maintenance
from drivers.dahdi.control import Control
from drivers.dahdi.kernel import DahdiError, Kernel
from drivers.model import FRAMER_BLOCKS, Defect, DigitalLine, LineErrors, Loop
from drivers.protocol import FramerRefusedError

_LOOPS = {
    Loop.LOCAL: Maintenance.LOCAL_LOOP,
    Loop.LINE: Maintenance.LINE_LOOP,
    Loop.PAYLOAD: Maintenance.PAYLOAD_LOOP,
    None: Maintenance.NONE,
}
_DEFECTS = {Defect.FRAME: Maintenance.FAS_DEFECT, Defect.CRC: Maintenance.CRC_DEFECT}


class CardFramer:
    """One span's, by DAHDI's number. The control device is open only while it is asked: a driver may be unloaded."""

    def __init__(self, span: int, line: DigitalLine, kernel: Kernel | None = None, *, crc: bool = True) -> None:
        self._span = span
        self._crc = crc
        self.blocks = FRAMER_BLOCKS[line]
        self._kernel = kernel

    def errors(self) -> LineErrors | None:
        """What it has counted since its driver was loaded; DAHDI tells no slips. None: it does not answer."""
        try:
            with self._control() as control:
                told = control.span(self._span)
        except DahdiError:
            return None
        return LineErrors(told.bipolar_violations, told.crc4_errors, told.framing_errors, told.e_bits)

    def loop(self, where: Loop | None) -> None:
        """Loop the span there, or nowhere any more. Raises: FramerRefusedError."""
        self._maintain(_LOOPS[where])

    def insert(self, defect: Defect) -> None:
        """Send one. Raises: FramerRefusedError."""
        if defect is Defect.CRC and not self._crc:
            raise FramerRefusedError(f"span {self._span}: its framing has no CRC")
        self._maintain(_DEFECTS[defect])

    def _maintain(self, what: Maintenance) -> None:
        try:
            with self._control() as control:
                control.maintain(self._span, what)
        except DahdiError as error:
            raise FramerRefusedError(str(error)) from error

    @contextlib.contextmanager
    def _control(self) -> Iterator[Control]:
        control = Control(self._kernel)
        try:
            yield control
        finally:
            control.close()

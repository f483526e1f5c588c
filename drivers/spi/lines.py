# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines behind Si3050 chips, one chip a line: the LineDriver.

Pulses and flash are timed by whoever dials; the chip keeps the loop as it was set in between.
"""

from __future__ import annotations

import msgspec

from drivers.model import LineEvent, LineStatus
from drivers.spi.bus import Pin, Spi
from drivers.spi.line_modes import IMPEDANCES, line_mode
from drivers.spi.si3050 import Si3050


class SpiLineSettings(msgspec.Struct, frozen=True):
    """One line.

    Raises:
        ValueError: a value out of its range, or a name that is not known.
    """

    spi: Spi
    line_mode: str
    """A country: a name of `line_modes.LINE_MODES`."""
    timeslot: int = 0
    """Of the PCM highway, 8 bits each from FSYNC on: 0 to 127."""
    impedance: str | None = None
    """A name of `line_modes.IMPEDANCES`; None: the line mode's."""
    rx_gain_db: float = 0.0
    """−15 to 12 dB, in steps of 0.1."""
    tx_gain_db: float = 0.0
    reset: Pin | None = None
    """RESET, active low; without it the chip is reset by its register."""
    interrupt: Pin | None = None
    """AOUT/INT, active low; without it the chip is read at every poll."""

    def __post_init__(self) -> None:
        line_mode(self.line_mode, self.impedance)
        if not 0 <= self.timeslot <= 127:
            raise ValueError(f"timeslot={self.timeslot}: 0 to 127")
        for name, gain_db in (("rx_gain_db", self.rx_gain_db), ("tx_gain_db", self.tx_gain_db)):
            if not -15 <= gain_db <= 12:
                raise ValueError(f"{name}={gain_db}: -15 to 12")


class SpiLineDriver:
    """Lines on chips of their own."""

    def __init__(self) -> None:
        self._chips: dict[int, Si3050] = {}

    @property
    def lines(self) -> tuple[int, ...]:
        """Lines that are configured, by number."""
        return tuple(sorted(self._chips))

    def configure(self, line: int, settings: SpiLineSettings) -> None:
        """Put a line into service, or anew with other settings."""
        if line in self._chips:
            self.close(line)
        self._chips[line] = Si3050(
            settings.spi,
            line_mode(settings.line_mode, settings.impedance),
            timeslot=settings.timeslot,
            rx_gain_db=settings.rx_gain_db,
            tx_gain_db=settings.tx_gain_db,
            reset=settings.reset,
            interrupt=settings.interrupt,
        )

    def close(self, line: int) -> None:
        """Put the line on hook and take it out of service."""
        self._chip(line).on_hook()
        del self._chips[line]

    def poll(self, now_s: float) -> list[tuple[int, LineEvent]]:
        """Serve the chips, every 10 ms."""
        return [(line, event) for line in self.lines for event in self._chips[line].serve(now_s)]

    def status(self, line: int) -> LineStatus:
        """The line as `poll` last found it."""
        return self._chip(line).status

    def fault(self, line: int) -> str:
        """Why the chip is out of service, or nothing."""
        return self._chip(line).fault

    def set_mode(self, line: int, mode: str, acim: int) -> bool:
        """A country's line mode and impedance from now on, and after the next power-up. Raises: ValueError."""
        return self._chip(line).set_mode(line_mode(mode, IMPEDANCES[acim]))

    def off_hook(self, line: int) -> bool:
        """Seize or answer, or close the loop again after a break."""
        return self._chip(line).off_hook()

    def on_hook(self, line: int) -> bool:
        """Clear."""
        return self._chip(line).on_hook()

    def break_loop(self, line: int) -> bool:
        """Interrupt the loop of a line that is off hook; one that is not stays on hook."""
        return self._chip(line).break_loop()

    def _chip(self, line: int) -> Si3050:
        if line not in self._chips:
            raise ValueError(f"line={line}: not configured; there are {', '.join(map(str, self.lines)) or 'none'}")
        return self._chips[line]

# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines behind Si3050 chips, one chip a line: the LineDriver.

Pulses and flash are timed by the event loop that runs them; the chip keeps the loop as it was set in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from drivers.model import LineEvent, LineStatus
from drivers.spi.bus import Pin, Spi
from drivers.spi.line_modes import line_mode
from drivers.spi.si3050 import Si3050

BREAK_S, MAKE_S = 0.06, 0.04
"""Ten pulses a second, loop open and closed."""
INTERDIGIT_S = 0.8
FLASH_MS = (20, 1500)


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

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
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

    def off_hook(self, line: int) -> bool:
        """Seize or answer."""
        return self._chip(line).off_hook()

    def on_hook(self, line: int) -> bool:
        """Clear."""
        return self._chip(line).on_hook()

    async def flash(self, line: int, break_ms: int) -> bool:
        """Interrupt the loop for so long; an on-hook line stays on hook."""
        if not FLASH_MS[0] <= break_ms <= FLASH_MS[1]:
            raise ValueError(f"break_ms={break_ms}: {FLASH_MS[0]} to {FLASH_MS[1]}")
        return await self._interrupt_loop(self._chip(line), [(break_ms / 1000, 0.0)])

    async def dial_pulses(self, line: int, digits: str) -> bool:
        """Dial; True if the chip took every pulse."""
        chip = self._chip(line)
        for digit in digits:
            if digit not in "0123456789":
                raise ValueError(f"digits={digits}: {digit} has no pulses")
        for digit in digits:
            if not await self._interrupt_loop(chip, [(BREAK_S, MAKE_S)] * (int(digit) or 10)):
                return False
            await self._sleep(INTERDIGIT_S)
        return True

    async def _interrupt_loop(self, chip: Si3050, pulses: list[tuple[float, float]]) -> bool:
        if not chip.status.off_hook or not chip.pulse_timing(fast=True):
            return False
        for break_s, make_s in pulses:
            if not chip.break_loop():
                return False
            await self._sleep(break_s)
            if not chip.make():
                return False
            await self._sleep(make_s)
        return chip.pulse_timing(fast=False)

    def _chip(self, line: int) -> Si3050:
        if line not in self._chips:
            raise ValueError(f"line={line}: not configured; there are {', '.join(map(str, self.lines)) or 'none'}")
        return self._chips[line]

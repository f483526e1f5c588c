# SPDX-License-Identifier: GPL-2.0-only
"""One analogue line behind an Si3050 with an Si3018 or Si3019 as its line side (FXO).

Registers go over SPI as three octets, each with a chip select of its own: control, address, data. The interrupt pin
saves reading; what is told is read from levels (RDT, the voltage's sign), so that a lost interrupt costs one burst of
ringing at most.
"""

from __future__ import annotations

from collections.abc import Generator

from drivers.model import LineAlarm, LineEvent, LineStatus
from drivers.spi import si3050_registers as r
from drivers.spi.bus import ChipError, Pin, Spi
from drivers.spi.chip import Chip
from drivers.spi.line_modes import LineMode
from drivers.spi.si3050_registers import Register

_WRITE, _READ = 0x20, 0x60
RESET_S = 0.01
"""PCLK has to run before and after RESET rises, until the PLL has locked."""
LINK_STEP_S, LINK_STEPS = 0.02, 50
"""The isolation link may take a second."""
LOOK_S = 0.1
"""Between looks at voltage and current."""
BATTERY_V = 3
"""LVS says 0 below it."""
LOOP_MA = 5
BATTERY_LOOKS = 5
"""A battery is lost when it has been missed so often in a row."""


class Si3050(Chip):
    """The chip and what is known of its line."""

    def __init__(
        self,
        spi: Spi,
        mode: LineMode,
        *,
        timeslot: int,
        rx_gain_db: float = 0.0,
        tx_gain_db: float = 0.0,
        reset: Pin | None = None,
        interrupt: Pin | None = None,
    ) -> None:
        super().__init__()
        self._spi = spi
        self._mode = mode
        self._timeslot = timeslot
        self._gains = (tx_gain_db, rx_gain_db)
        self._reset = reset
        self._interrupt = interrupt
        self._events: list[LineEvent] = []
        self._told = LineAlarm.NONE
        self._forget()

    def _forget(self) -> None:
        self._off_hook = self._ringing = self._broken = False
        self._positive: bool | None = None
        """Sign of the line's voltage."""
        self._first_positive: bool | None = None
        self._voltage_v = 0
        self._current_ma = 0.0
        self._missed = 0
        self._look_s = 0.0

    @property
    def status(self) -> LineStatus:
        """The line as it was found last."""
        return LineStatus(
            ready=self.ready,
            off_hook=self._off_hook,
            ringing=self._ringing,
            voltage_v=self._voltage_v,
            current_ma=self._current_ma,
            reversed=self._positive != self._first_positive,
            alarms=self._alarms,
        )

    @property
    def _alarms(self) -> LineAlarm:
        if self.fault:
            return LineAlarm.FAULT
        return LineAlarm.NO_BATTERY if self._missed >= BATTERY_LOOKS else LineAlarm.NONE

    def serve(self, now_s: float) -> list[LineEvent]:
        """Power up or look at the chip, and tell what happened."""
        ready = self.ready
        self._events = []
        self.poll(now_s)
        if not self.ready:
            self._forget()
        if self.ready and not ready:
            self._events.insert(0, LineEvent.READY)
        if self._alarms != self._told:
            self._told = self._alarms
            self._events.append(LineEvent.ALARMS_CHANGED)
        return self._events

    def off_hook(self) -> bool:
        """Close the loop."""
        return self.ready and self.attempt(self._close_loop)

    def on_hook(self) -> bool:
        """Open it and listen for caller ID."""
        return self.ready and self.attempt(self._open_loop_and_listen)

    def make(self) -> bool:
        """Of a pulse: the loop closed."""
        return self._pulse(r.OH)

    def break_loop(self) -> bool:
        """Of a pulse: the loop open."""
        return self._pulse(0)

    def _pulse(self, hook: int) -> bool:
        """Not after the line was put on hook by somebody else."""
        if not (self.ready and self._off_hook):
            return False
        self._broken = not hook
        return self.attempt(lambda: self.write(Register.DAA_CONTROL_1, hook))

    def pulse_timing(self, fast: bool) -> bool:  # noqa: FBT001  # one of two registers' values
        """Let the loop close within 8 ms, for pulses, or after the 128 ms that calibrate it."""
        hook = r.FOH_8_MS if fast else r.FOH_128_MS
        return self.ready and self.attempt(lambda: self._set_daa_control_3(hook))

    def read(self, register: Register) -> int:
        """Raises: OSError."""
        return self._octets(_READ, register, 0)

    def write(self, register: Register, value: int) -> None:
        """Raises: OSError."""
        self._octets(_WRITE, register, value)

    def _octets(self, control: int, register: Register, value: int) -> int:
        octet = 0
        for out in (control, register, value):
            octet = self._spi.transfer(bytes([out]))[0]
        return octet

    def _power_up(self) -> Generator[float]:
        self._forget()
        if self._reset:
            self._reset.write(value=False)
            yield RESET_S
            self._reset.write(value=True)
            yield RESET_S
        else:
            self.write(Register.CONTROL_1, r.SR)
            yield RESET_S
        if (seen := self.read(Register.CONTROL_2)) != r.CONTROL_2_RESET:
            raise ChipError(f"Si3050: Control 2 reads 0x{seen:02x} after reset, not 0x{r.CONTROL_2_RESET:02x}")
        self._set_pcm()
        self.write(Register.DAA_CONTROL_2, 0)
        yield from self._link()
        self._set_line()
        self._set_gains()
        self._set_interrupts()
        self._open_loop_and_listen()

    def _set_pcm(self) -> None:
        low, high = self._timeslot * 8 & 0xFF, self._timeslot * 8 >> 8  # PCLK periods after FSYNC
        for register in (Register.PCM_TX_START_LOW, Register.PCM_RX_START_LOW):
            self.write(register, low)
        for register in (Register.PCM_TX_START_HIGH, Register.PCM_RX_START_HIGH):
            self.write(register, high)
        self.write(Register.PCM_SPI_MODE, r.PCME | r.PCMF_ALAW)

    def _link(self) -> Generator[float]:
        for _ in range(LINK_STEPS):
            if self.read(Register.LINE_SIDE_STATUS) & r.FDT:
                return
            yield LINK_STEP_S
        raise ChipError("Si3050: the line side does not answer over the isolation link")

    def _set_line(self) -> None:
        mode = self._mode
        self.write(Register.INTERNATIONAL_CONTROL_1, r.OHS * mode.ohs | r.RZ * mode.rz | r.RT * mode.rt)
        self.write(Register.DC_TERMINATION, mode.dcv << r.DCV | mode.mini << r.MINI | r.ILIM * mode.ilim)
        self.write(Register.AC_TERMINATION, mode.acim)
        self._set_daa_control_3(r.FOH_128_MS)

    def _set_daa_control_3(self, off_hook_counter: int) -> None:
        self.write(Register.DAA_CONTROL_3, off_hook_counter | r.OHS2 * self._mode.ohs2)

    def _set_gains(self) -> None:
        for gain_db, coarse, fine in zip(
            self._gains,
            (Register.TX_GAIN_2, Register.RX_GAIN_2),
            (Register.TX_GAIN_3, Register.RX_GAIN_3),
            strict=True,
        ):
            whole, tenths = divmod(round(abs(gain_db) * 10), 10)
            sign = r.ATTENUATE if gain_db < 0 else 0
            self.write(coarse, sign | whole)
            self.write(fine, sign | tenths)

    def _set_interrupts(self) -> None:
        self.write(Register.RING_VALIDATION_3, r.RNGV | r.RAS_RESET)
        self.write(Register.INTERRUPT_SOURCE, 0)  # powering up the line side may have looked like a ring
        self.write(Register.INTERRUPT_MASK, r.RDT_INTERRUPT | r.FDT_INTERRUPT | r.POL_INTERRUPT)
        self.write(Register.CONTROL_2, r.INTE | r.HBE | r.RXE)

    def _close_loop(self) -> None:
        self.write(Register.DAA_CONTROL_1, 0)
        self.write(Register.DAA_CONTROL_1, r.OH)
        self._off_hook = True
        self._broken = False

    def _open_loop_and_listen(self) -> None:
        self.write(Register.DAA_CONTROL_1, 0)
        self.write(Register.DAA_CONTROL_1, r.ONHM)
        self._off_hook = self._broken = False

    def _watch(self, now_s: float) -> None:
        interrupted = self._interrupt is None or not self._interrupt.read()
        if interrupted:
            self._serve_interrupt()
        if interrupted or now_s >= self._look_s:
            self._check()
            self._look_at_ring()
            self._look_at_line(counting=now_s >= self._look_s)
        if now_s >= self._look_s:
            self._look_s = now_s + LOOK_S

    def _serve_interrupt(self) -> None:
        source = self.read(Register.INTERRUPT_SOURCE)
        if not source:
            return
        self.write(Register.INTERRUPT_SOURCE, 0)
        if source & r.RDT_INTERRUPT and not self._off_hook:
            self._ringing = True
            self._events.append(LineEvent.RING)

    def _check(self) -> None:
        """A bus that floats, or a chip that was reset behind our back."""
        if (seen := self.read(Register.PCM_SPI_MODE)) != r.PCME | r.PCMF_ALAW:
            raise ChipError(f"Si3050: PCM/SPI Mode Select reads 0x{seen:02x}: the bus or the chip is dead")
        if not self.read(Register.LINE_SIDE_STATUS) & r.FDT:
            raise ChipError("Si3050: the isolation link has lost its frame")

    def _look_at_ring(self) -> None:
        ringing = bool(self.read(Register.DAA_CONTROL_1) & r.RDT)
        if self._ringing and not ringing:
            self._events.append(LineEvent.RING_ENDED)
        self._ringing = ringing

    def _look_at_line(self, *, counting: bool) -> None:
        volts = self.read(Register.LINE_VOLTAGE_STATUS)
        self._voltage_v = volts - 256 if volts > 127 else volts
        self._current_ma = round(self.read(Register.LOOP_CURRENT_STATUS) * 1.1, 1)
        if self._ringing or self._broken:
            return
        fed = self._current_ma >= LOOP_MA if self._off_hook else abs(self._voltage_v) >= BATTERY_V
        if fed:
            self._missed = 0
        elif counting:
            self._missed += 1
        if abs(self._voltage_v) >= BATTERY_V:
            self._look_at_polarity()

    def _look_at_polarity(self) -> None:
        positive = self._voltage_v > 0
        if self._first_positive is None:
            self._first_positive = positive
        elif positive != self._positive:
            self._events.append(LineEvent.POLARITY_REVERSED)
        self._positive = positive

# SPDX-License-Identifier: GPL-2.0-only
"""One analogue line behind an Si3050 with an Si3019 as its line side (FXO); an Si3018 tells no voltage.

Registers go over SPI as three octets, each with a chip select of its own: control, address, data. The interrupt pin
saves reading; what is told is read from levels (ring detectors, the voltage's sign), so that a lost interrupt costs
0.1 s of a burst at most.
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
CURRENT_LOOK_S = 0.02
"""Between looks at an off-hook line's current: an exchange that has cleared may open the loop for 0.25 s only (CPC)."""
SETTLE_S = 0.3
"""After a change of hook voltage and current say nothing: the chip calibrates for 0.128 s, relays and feeds follow."""
BURST_END_S = 0.08
"""Without ringing voltage for so long a burst is over: halves of a wave of 16 Hz are 31 ms apart."""
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
        self._off_hook = self._broken = self._hook_moved = self._fed = False
        self._ringing = self._cadence = False
        """A burst of ringing; and bursts with their pauses, for RDT stands so long."""
        self._steady_s = 0.0
        self._wave_s = -BURST_END_S
        self._positive: bool | None = None
        """Sign of the line's voltage."""
        self._first_positive: bool | None = None
        self._voltage_v = 0
        self._current_ma = 0.0
        self._missed = 0
        self._look_s = self._current_s = 0.0

    @property
    def status(self) -> LineStatus:
        """The line as it was found last."""
        return LineStatus(
            ready=self.ready,
            off_hook=self._off_hook,
            ringing=self._ringing,
            fed=self._fed,
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

    def set_mode(self, mode: LineMode) -> bool:
        """As a country's line wants it, now and after each power-up."""
        self._mode = mode
        return not self.ready or self.attempt(self._set_line)

    def off_hook(self) -> bool:
        """Close the loop, unless it is."""
        if self._off_hook and not self._broken:
            return self.ready
        return self.ready and self.attempt(self._make if self._broken else self._close_loop)

    def on_hook(self) -> bool:
        """Open it and listen for caller ID."""
        return self.ready and self.attempt(self._open_loop_and_listen)

    def break_loop(self) -> bool:
        """Of a pulse or a flash: the loop open, to be closed soon."""
        return self.ready and self._off_hook and self.attempt(self._break)

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
        self._set_daa_control_3(r.FOH_128_MS)
        self.write(Register.DAA_CONTROL_1, 0)
        self._make()
        self._off_hook = True

    def _make(self) -> None:
        self.write(Register.DAA_CONTROL_1, r.OH)
        self._broken = False
        self._hook_moved = True

    def _break(self) -> None:
        """It will be closed within 8 ms, without the 128 that calibrate it."""
        self._set_daa_control_3(r.FOH_8_MS)
        self.write(Register.DAA_CONTROL_1, 0)
        self._broken = True

    def _open_loop_and_listen(self) -> None:
        self.write(Register.DAA_CONTROL_1, 0)
        self.write(Register.DAA_CONTROL_1, r.ONHM)
        self._hook_moved = self._off_hook
        self._off_hook = self._broken = False

    def _watch(self, now_s: float) -> None:
        interrupted = self._interrupt is None or not self._interrupt.read()
        full = now_s >= self._look_s
        if self._hook_moved:
            self._hook_moved, self._steady_s = False, now_s + SETTLE_S
        if interrupted:
            self._serve_interrupt(now_s)
        if interrupted or full:
            self._check()
        if interrupted or full or self._cadence:
            self._look_at_ring(now_s)
        if interrupted or full:
            self._look_at_line(now_s, counting=full)
        elif self._off_hook and now_s >= self._current_s:
            self._look_at_current(now_s)
        if full:
            self._look_s = now_s + LOOK_S

    def _serve_interrupt(self, now_s: float) -> None:
        source = self.read(Register.INTERRUPT_SOURCE)
        if not source:
            return
        self.write(Register.INTERRUPT_SOURCE, 0)
        if source & r.RDT_INTERRUPT:
            self._wave_s = now_s

    def _check(self) -> None:
        """A bus that floats, or a chip that was reset behind our back."""
        if (seen := self.read(Register.PCM_SPI_MODE)) != r.PCME | r.PCMF_ALAW:
            raise ChipError(f"Si3050: PCM/SPI Mode Select reads 0x{seen:02x}: the bus or the chip is dead")
        if not self.read(Register.LINE_SIDE_STATUS) & r.FDT:
            raise ChipError("Si3050: the isolation link has lost its frame")

    def _look_at_ring(self, now_s: float) -> None:
        daa = self.read(Register.DAA_CONTROL_1)
        if daa & (r.RDTN | r.RDTP):
            self._wave_s = now_s
        self._cadence = bool(daa & r.RDT)
        ringing = self._cadence and not self._off_hook and self._waves(now_s)
        if ringing != self._ringing:
            self._events.append(LineEvent.RING if ringing else LineEvent.RING_ENDED)
        self._ringing = ringing

    def _look_at_line(self, now_s: float, *, counting: bool) -> None:
        volts = self.read(Register.LINE_VOLTAGE_STATUS)
        self._voltage_v = volts - 256 if volts > 127 else volts
        self._look_at_current(now_s)
        voltage = abs(self._voltage_v) >= BATTERY_V
        if self._readable(now_s):
            if not self._off_hook:
                self._fed = voltage
            if self._fed:
                self._missed = 0
            elif counting:
                self._missed += 1
        if voltage and not (self._broken or self._waves(now_s)):
            self._look_at_polarity()

    def _look_at_current(self, now_s: float) -> None:
        self._current_s = now_s + CURRENT_LOOK_S
        self._current_ma = round(self.read(Register.LOOP_CURRENT_STATUS) * 1.1, 1)
        if self._off_hook and self._readable(now_s):
            self._fed = self._current_ma >= LOOP_MA

    def _readable(self, now_s: float) -> bool:
        """Voltage and current say how the exchange feeds the pair."""
        return not (self._broken or self._waves(now_s)) and now_s >= self._steady_s

    def _waves(self, now_s: float) -> bool:
        """Ringing voltage is on the pair, whether the chip has found it valid yet or not."""
        return now_s - self._wave_s < BURST_END_S

    def _look_at_polarity(self) -> None:
        positive = self._voltage_v > 0
        if self._first_positive is None:
            self._first_positive = positive
        elif positive != self._positive:
            self._events.append(LineEvent.POLARITY_REVERSED)
        self._positive = positive

# SPDX-License-Identifier: GPL-2.0-only
"""An Si3050 with its line side and the exchange behind it: a model of its registers that refuses misuse.

Written from the same memory of the data sheet as the driver, but the other way round: what a register may hold, when it
may be written, what the line then does. It knows nothing of the driver.
"""

from __future__ import annotations

from tests.drivers.spi.board import Bus, Clock, InterruptPin, MisuseError, ResetPin

PLL_S = 0.001
"""After RESET rises, before the first access."""

CADENCE_S = 5.0
"""RDT falls so long after the last burst; the data sheet says 4.5 to 9."""

WRITABLE = {  # bits that are not reserved, by register
    1: 0xFF,
    2: 0xF7,
    3: 0xFF,
    4: 0xFF,
    5: 0x09,
    6: 0x18,
    16: 0xF3,
    17: 0xF1,
    18: 0xFE,
    22: 0xFF,
    23: 0xFF,
    24: 0xBF,
    26: 0xF3,
    30: 0x0F,
    31: 0xEB,
    33: 0xBB,
    34: 0xFF,
    35: 0x03,
    36: 0xFF,
    37: 0x03,
    38: 0x1F,
    39: 0x1F,
    40: 0x1F,
    41: 0x1F,
}
READ_ONLY = (11, 12, 13, 28, 29)
LINE_SIDE = (16, 17, 26, 30, 31)
RESET_VALUES = {2: 0x03, 6: 0x10, 22: 0x96, 23: 0x2D, 24: 0x19, 31: 0x20}


class FakeSi3050:
    """Stands where the SPI device would: `transfer`, and the pins beside it."""

    def __init__(self, clock: Clock) -> None:
        self.bus = Bus()
        self.reset = ResetPin(clock)
        self.reset.fell = self._reset_registers
        self.interrupt = InterruptPin(self._interrupts)
        self.battery_v = -48
        self.link_s = 0.1
        """From clearing PDL until the isolation link has frame lock."""
        self.hook_log: list[tuple[float, bool]] = []
        """When the loop was closed and opened."""
        self._clock = clock
        self._frame = b""
        self._burst = False
        self._rung_s = -CADENCE_S
        self._reset_registers()

    def _reset_registers(self) -> None:
        self.registers = {number: RESET_VALUES.get(number, 0) for number in WRITABLE}
        self._link_from_s: float | None = None
        self._frame = b""

    # What the exchange does.

    def ring(self) -> None:
        """A burst begins."""
        self._burst = True
        self.registers[4] |= 0x80

    def stop_ringing(self) -> None:
        """The burst is over. RDT stands on."""
        self._burst, self._rung_s = False, self._clock.now_s

    def _ringing(self) -> int:
        """RDTN, RDTP and RDT: the burst's wave of 25 Hz passes the threshold for 16 of each half's 20 ms."""
        if not self._burst:
            return 0x04 if self._clock.now_s - self._rung_s < CADENCE_S else 0
        halves, place = divmod(self._clock.now_s, 0.02)
        return 0x04 | (0 if place < 0.004 else 0x40 if halves % 2 else 0x20)

    def reverse(self) -> None:
        """The feed's polarity changes."""
        self.battery_v = -self.battery_v
        self.registers[4] |= 0x01

    def lose_link(self) -> None:
        """The isolation barrier passes nothing any more."""
        self.link_s = float("inf")
        self.registers[4] |= 0x20

    @property
    def off_hook(self) -> bool:
        return bool(self.registers[5] & 0x01)

    # The pins.

    def transfer(self, data: bytes) -> bytes:
        """One assertion of CS."""
        spoilt = self.bus.spoilt(data)
        if spoilt is not None:
            return spoilt
        self._check_awake()
        if len(data) != 1:
            raise MisuseError(f"CS frames one octet, not {len(data)}: control, address and data are three transfers")
        self._frame += data
        if len(self._frame) == 1:
            self._check_control(data[0])
        if len(self._frame) < 3:
            return b"\x00"
        control, number, value = self._frame
        self._frame = b""
        if control & 0x40:
            return bytes([self._read(number)])
        self._write(number, value)
        return b"\x00"

    def _interrupts(self) -> bool:
        return bool(self.registers[2] & 0x80 and self.registers[4] & self.registers[3])

    def _check_awake(self) -> None:
        if not self.reset.high:
            raise MisuseError("an access while RESET is low")
        if self.reset.rose_s is not None and self._clock.now_s - self.reset.rose_s < PLL_S:
            raise MisuseError(f"an access before the PLL has locked, {PLL_S * 1000:g} ms after RESET")

    def _check_control(self, control: int) -> None:
        if control & 0x3F != 0x20:
            raise MisuseError(
                f"control octet 0x{control:02x}: it is 0 R/W 1 0 and the channel, 0 without a daisy chain"
            )

    # The registers.

    def _linked(self) -> bool:
        return self._link_from_s is not None and self._clock.now_s - self._link_from_s >= self.link_s

    def _read(self, number: int) -> int:
        if number == 5:
            return self.registers[5] | self._ringing()
        if number in READ_ONLY:
            return self._status(number)
        if number not in self.registers:
            raise MisuseError(f"register {number} is reserved")
        return self.registers[number]

    def _status(self, number: int) -> int:
        if number == 11:
            return 0x35 if self._linked() else 0x05
        if not self._linked():
            return 0
        amperes = abs(self.battery_v) * 20 // 48 if self.off_hook else 0  # mA
        volts = self.battery_v // 6 if self.off_hook else self.battery_v
        return {12: 0x40, 13: 0x03, 28: round(amperes / 1.1), 29: (0 if abs(volts) < 3 else volts) & 0xFF}[number]

    def _write(self, number: int, value: int) -> None:
        if number in READ_ONLY:
            raise MisuseError(f"register {number} is read only")
        if number not in WRITABLE:
            raise MisuseError(f"register {number} is reserved")
        if value & ~WRITABLE[number]:
            raise MisuseError(f"register {number}: 0x{value:02x} sets reserved bits")
        if number in LINE_SIDE and not self._linked():
            raise MisuseError(f"register {number} lies behind the isolation link, which is not up")
        if number in {38, 39} and not value & 0x10 and value > 12:
            raise MisuseError(f"register {number}: a gain of {value} dB; 12 is the greatest")
        if number in {40, 41} and value & 0x0F > 9:
            raise MisuseError(f"register {number}: {value & 0x0F} tenths of a decibel")
        self._take(number, value)

    def _take(self, number: int, value: int) -> None:
        if number == 1 and value & 0x80:
            self._reset_registers()
            return
        if number == 4:
            value &= self.registers[4]  # a source is cleared by 0, and not set by 1
        if number == 5:
            self._take_hook(value)
        if number == 6:
            self._link_from_s = None if value & 0x10 else self._clock.now_s
            self.registers[4] |= 0x80  # powering up looks like a ring
        self.registers[number] = value

    def _take_hook(self, value: int) -> None:
        if value & 0x01 and not self._linked():
            raise MisuseError("OH is set while the line side is down")
        if value & 0x01 and (self.registers[5] | value) & 0x08:
            raise MisuseError("OH is set before ONHM is cleared")
        if value & 0x01:
            self._burst, self._rung_s = False, -CADENCE_S
        if bool(value & 0x01) != self.off_hook:
            self.hook_log.append((self._clock.now_s, bool(value & 0x01)))

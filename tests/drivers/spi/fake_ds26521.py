# SPDX-License-Identifier: GPL-2.0-only
"""A DS26521 with a line behind it: a model of its registers that refuses misuse.

Written from the same memory of the data sheet as the driver, but the other way round: which address is a register, when
it may be written, what the chip then tells. It knows nothing of the driver.
"""

from __future__ import annotations

from tests.drivers.spi.board import Bus, Clock, MisuseError, ResetPin

AWAKE_S = 0.001
SOFT_RESET_S = 0.0001
RMMR, TMMR, GLSRR, GFSRR, IDR, RLS4, RRTS1 = 0x080, 0x180, 0x0F5, 0x0F6, 0x0F8, 0x093, 0x0B0
E1TAF, E1TNAF, LMCR = 0x164, 0x165, 0x1002
T1TFDL, TCR1, TCR2, TCR3 = 0x162, 0x181, 0x182, 0x183
COUNTERS = range(0x050, 0x058)
RECEIVED_CAS = range(0x040, 0x050)
MASTER_MODES = {RMMR: "RMMR", TMMR: "TMMR"}
RESERVED_BITS = {RMMR: 0x38, TMMR: 0x38, GLSRR: 0xFE, GFSRR: 0xFE}
GLOBAL = range(0x0F0, 0x100)
UNDEFINED = (range(0x0F0), range(0x100, 0x1F0), range(0x1000, 0x1008), range(0x1100, 0x1110))
"""Framers, line interface, BERT: after power-on they hold rubbish."""


class FakeDs26521:
    """Stands where the SPI device would: `transfer`, and the reset pin beside it."""

    def __init__(self, clock: Clock) -> None:
        self.bus = Bus()
        self.reset = ResetPin(clock)
        self.reset.fell = self.power_on
        self._clock = clock
        self.lost_signal = self.lost_frame = self.ais = self.rai = False
        self.power_on()

    def power_on(self) -> None:
        """The identity and what keeps the line quiet are defined, and no more."""
        self.registers = dict.fromkeys(GLOBAL, 0)
        self.registers |= {address: 0xA5 for space in UNDEFINED for address in space}
        self.registers |= dict.fromkeys((RMMR, TMMR, LMCR, RRTS1, *COUNTERS), 0) | {IDR: 0x70}
        self._soft_reset_s: dict[int, float] = {}
        self._reset_done: set[int] = set()
        self._quiet_until_s = 0.0

    # What the line does.

    def second(self, code_violations: int = 0, crc: int = 0, framing: int = 0, e_bits: int = 0) -> None:
        """A second is over and its error counts are there."""
        counts = (code_violations, crc, framing, e_bits)
        octets = b"".join(min(count, 0xFFFF).to_bytes(2, "big") for count in counts)
        self.registers |= dict(zip(COUNTERS, octets, strict=True))
        self.registers[RLS4] |= 0x02

    def slip(self) -> None:
        """The elastic store left out or repeated a frame."""
        self.registers[RLS4] |= 0x20

    def receive_cas(self, timeslot: int, abcd: int) -> None:
        """The far end says so."""
        address = RECEIVED_CAS[timeslot % 16]
        octet = self.registers[address]
        self.registers[address] = octet & 0x0F | abcd << 4 if timeslot < 16 else octet & 0xF0 | abcd

    @property
    def in_service(self) -> bool:
        return all(self.registers[address] & 0xC0 == 0xC0 for address in MASTER_MODES)

    @property
    def sends(self) -> bool:
        return bool(self.registers[LMCR] & 0x01)

    # The pins.

    def transfer(self, data: bytes) -> bytes:
        """One assertion of CSB."""
        spoilt = self.bus.spoilt(data)
        if spoilt is not None:
            return spoilt
        self._check_awake()
        if len(data) != 3:
            raise MisuseError(f"an access is three octets under one chip select, not {len(data)}")
        head, value = data[0] << 8 | data[1], data[2]
        if head & 1:
            raise MisuseError("the burst bit is set, but one octet of data comes")
        address = head >> 1 & 0x3FFF
        if address not in self.registers:
            raise MisuseError(f"address 0x{address:04x} is no register")
        if head & 0x8000:
            return bytes([0, 0, self._read(address)])
        self._write(address, value)
        return bytes(3)

    def _check_awake(self) -> None:
        if not self.reset.high:
            raise MisuseError("an access while RESETB is low")
        if self.reset.rose_s is not None and self._clock.now_s - self.reset.rose_s < AWAKE_S:
            raise MisuseError(f"an access {AWAKE_S * 1000:g} ms or less after RESETB rose")

    # The registers.

    def _read(self, address: int) -> int:
        if address != RRTS1:
            return self.registers[address]
        alarms = (self.lost_frame, self.lost_signal, self.ais, self.rai)
        return sum(alarm << bit for bit, alarm in enumerate(alarms))

    def _write(self, address: int, value: int) -> None:
        if self._clock.now_s < self._quiet_until_s and address not in MASTER_MODES:
            raise MisuseError(f"register 0x{address:03x} is written while the framer's soft reset is under way")
        if address in {IDR, RRTS1} or address in COUNTERS:
            if value or self.registers[RMMR] & 0x80:
                raise MisuseError(f"register 0x{address:03x} is read only")
            return
        if value & RESERVED_BITS.get(address, 0):
            raise MisuseError(f"register 0x{address:03x}: 0x{value:02x} sets reserved bits")
        if address in {GLSRR, GFSRR}:
            self._take_reset(address, value)
        if address in MASTER_MODES:
            value = self._take_master_mode(address, value)
        if address == RLS4 and self.registers[RMMR] & 0x80:
            value = self.registers[RLS4] & ~value
        if address == LMCR and value & 0x01 and not self.in_service:
            raise MisuseError("LMCR.TE is set before the framer is in service: the line would get rubbish")
        self.registers[address] = value

    def _take_reset(self, address: int, value: int) -> None:
        if value:
            self._soft_reset_s[address] = self._clock.now_s
            return
        began_s = self._soft_reset_s.get(address)
        if began_s is not None and self._clock.now_s - began_s < SOFT_RESET_S:
            raise MisuseError(f"the soft reset 0x{address:03x} is let go too early")
        if began_s is not None:
            self._reset_done.add(address)

    def _take_master_mode(self, address: int, value: int) -> int:
        name, now = MASTER_MODES[address], self.registers[address]
        if value & 0x02:
            self._quiet_until_s = self._clock.now_s + SOFT_RESET_S
            return 0
        if value & 0x80 and self._reset_done != {GLSRR, GFSRR}:
            raise MisuseError(f"{name}.FRM_EN is set before the soft resets of GLSRR and GFSRR")
        if value & 0x80 and (now ^ value) & 0x01:
            raise MisuseError(f"{name}: T1 or E1 is chosen before the framer is enabled")
        if value & 0x40 and not now & 0x80:
            raise MisuseError(f"{name}.INIT_DONE is set before FRM_EN")
        if value & 0x40:
            self._check_programmed(value)
        return value

    def _check_programmed(self, mode: int) -> None:
        left = [f"0x{a:03x}" for a, octet in self.registers.items() if a < 0x200 and octet == 0xA5]
        if left:
            raise MisuseError(f"INIT_DONE while {len(left)} registers hold rubbish, first {left[0]}")
        if mode & 0x01 and self.registers[E1TAF] & 0x7F != 0x1B:
            raise MisuseError("INIT_DONE while E1TAF does not hold the frame alignment signal")
        if mode & 0x01 and not self.registers[E1TNAF] & 0x40:
            raise MisuseError("INIT_DONE while E1TNAF.6 is 0: the chip does not set it by itself")
        if mode & 0x01 and self.registers[TCR1] & 0x01 and not self.registers[TCR2] & 0x80:
            raise MisuseError("TCR1.TCRC4 without TCR2.AEBE: E bits of 0 tell the far end an error each block")
        if not mode & 0x01 and self.registers[TCR3] & 0x04 and self.registers[T1TFDL] != 0x1C:
            raise MisuseError("TCR3.TFM while T1TFDL does not hold 0x1C, which is sent as D4's Fs bits")

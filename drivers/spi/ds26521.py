# SPDX-License-Identifier: GPL-2.0-only
"""One E1 or T1 behind a DS26521: framing, line code, alarms, error counts, CAS bits of an E1.

A register access is three octets under one chip select: R/W, 14 bits of address, the burst bit, then the data; most
significant bit first, which the strap SPI_SWAP has to say.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Literal

import msgspec

from drivers.model import Alarm, DigitalLine, LineErrors, Loop
from drivers.spi import ds26521_registers as r
from drivers.spi.bus import ChipError, Pin, Spi
from drivers.spi.chip import Chip
from drivers.spi.ds26521_registers import Register

RESET_S = 0.01
PERSIST_S = 0.5
"""Until RED, and until it is over."""

BUILD_OUTS = ("0-133ft", "133-266ft", "266-399ft", "399-533ft", "533-655ft", "-7.5dB", "-15dB", "-22.5dB")
"""Of a T1, by LTITSR.L: the cable to the cross-connect, or the attenuation towards the carrier."""

_ALARMS = {r.RLOS: Alarm.LOS, r.RLOF: Alarm.LFA, r.RAIS: Alarm.AIS, r.RRAI: Alarm.RAI}


class FramerSettings(msgspec.Struct, frozen=True):
    """What the line is.

    Raises:
        ValueError: values that do not go together.
    """

    mode: Literal["e1", "t1"] = "e1"
    framing: Literal["crc4", "basic", "esf", "d4"] = "crc4"
    """E1 with or without the CRC-4 multiframe; the T1's superframes."""
    line_code: Literal["hdb3", "b8zs", "ami"] = "hdb3"
    signalling: Literal["ccs", "cas"] = "ccs"
    """Timeslot 16 of an E1: a channel, or the bits of the others."""
    impedance_ohm: Literal[75, 100, 120] = 120
    build_out: str = "0-133ft"

    def __post_init__(self) -> None:
        allowed: dict[str, tuple[object, ...]] = {
            "framing": ("crc4", "basic") if self.mode == "e1" else ("esf", "d4"),
            "line_code": ("hdb3", "ami") if self.mode == "e1" else ("b8zs", "ami"),
            "signalling": ("ccs", "cas") if self.mode == "e1" else ("ccs",),
            "impedance_ohm": (75, 120) if self.mode == "e1" else (100,),
            "build_out": BUILD_OUTS[:1] if self.mode == "e1" else BUILD_OUTS,
        }
        if self.mode not in {"e1", "t1"}:
            raise ValueError(f"mode={self.mode}: e1, t1")
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name}={getattr(self, name)}: of {self.mode} {', '.join(map(str, values))}")

    @property
    def e1(self) -> bool:
        """Not a T1."""
        return self.mode == "e1"


class Ds26521(Chip):
    """The chip and what is known of its span."""

    def __init__(self, spi: Spi, settings: FramerSettings, reset: Pin | None = None) -> None:
        super().__init__()
        self._spi = spi
        self._settings = settings
        self._reset = reset
        self._seen = self._told = Alarm.LOS
        self._since_s: float | None = None
        self._red = False
        self._sends_rai = False
        self.errors = LineErrors()

    @property
    def alarms(self) -> Alarm:
        """Alarms that stand."""
        alarms = Alarm.LOS | Alarm.FAULT if self.fault else self._seen
        return alarms | Alarm.RED if self._red else alarms

    @property
    def line(self) -> DigitalLine:
        """What it was set to."""
        return self._settings.mode

    def serve(self, now_s: float) -> bool:
        """Power up or look at the chip. True if its alarms are others than it told last."""
        self.poll(now_s)
        self._persist(now_s)
        if self.ready:
            self.attempt(self._answer)
        changed = self.alarms != self._told
        self._told = self.alarms
        return changed

    def close(self) -> None:
        """Stop sending."""
        if self.ready:
            self.attempt(lambda: self.write(Register.LMCR, 0))

    def loop(self, where: Loop | None) -> bool:
        """Loop the span there, or nowhere any more. True if the chip took it; a chip that is powered up has no loop."""
        octet = {None: 0, Loop.LOCAL: r.FLB, Loop.PAYLOAD: r.PLB}[where]
        return self.ready and self.attempt(lambda: self.write(Register.RCR3, octet))

    def signalling(self) -> dict[int, int]:
        """ABCD bits that are received, by timeslot; empty while they are not known."""
        rows: list[int] = []
        if not (self.ready and self._settings.signalling == "cas") or self._seen & (Alarm.LOS | Alarm.LFA | Alarm.AIS):
            return {}
        if not self.attempt(lambda: rows.extend(self.read(Register.E1RS1 + row) for row in range(1, 16))):
            return {}
        upper = {slot: octet >> 4 for slot, octet in enumerate(rows, 1)}
        return upper | {slot: octet & 0x0F for slot, octet in enumerate(rows, 17)}

    def send_signalling(self, timeslot: int, abcd: int) -> bool:
        """Set the ABCD bits of a timeslot. Raises: ValueError."""
        if self._settings.signalling != "cas":
            raise ValueError("signalling=ccs: the span has no CAS bits")
        if not (1 <= timeslot <= 31 and timeslot != 16):
            raise ValueError(f"timeslot={timeslot}: 1 to 15 and 17 to 31")
        if not 0 <= abcd <= 15:
            raise ValueError(f"abcd={abcd}: 0 to 15")
        return self.ready and self.attempt(lambda: self._put_signalling(timeslot, abcd))

    def _put_signalling(self, timeslot: int, abcd: int) -> None:
        register = Register.TS1 + timeslot % 16
        octet = self.read(register)
        self.write(register, octet & 0x0F | abcd << 4 if timeslot < 16 else octet & 0xF0 | abcd)

    def read(self, address: int) -> int:
        """Raises: OSError."""
        return self._access(0x8000 | address << 1, 0)

    def write(self, address: int, value: int) -> None:
        """Raises: OSError."""
        self._access(address << 1, value)

    def _access(self, head: int, value: int) -> int:
        return self._spi.transfer(bytes([head >> 8, head & 0xFF, value]))[2]

    def _power_up(self) -> Generator[float]:
        self._seen = Alarm.LOS
        self._sends_rai = False
        if self._reset:
            self._reset.write(value=False)
            yield RESET_S
            self._reset.write(value=True)
            yield RESET_S
        if (seen := self.read(Register.IDR)) in {0x00, 0xFF}:
            raise ChipError(f"DS26521: IDR reads 0x{seen:02x}: nothing answers on the bus")
        for register in (Register.GLSRR, Register.GFSRR):
            self.write(register, r.RESET)
        yield RESET_S
        for register in (Register.GLSRR, Register.GFSRR):
            self.write(register, 0)
        for register in (Register.RMMR, Register.TMMR):
            self.write(register, r.SFTRST)
        yield RESET_S
        self._clear()
        self._set_framer()
        self._set_line_interface()

    def _clear(self) -> None:
        """The registers have no value of their own after power-on."""
        for addresses in (r.RECEIVE_FRAMER, r.TRANSMIT_FRAMER, r.LINE_INTERFACE, r.BERT):
            for address in addresses:
                self.write(address, 0)

    @property
    def _mode(self) -> int:
        return r.E1 if self._settings.e1 else 0

    def _set_framer(self) -> None:
        """Master mode first, INIT_DONE last; what lies between takes effect with it."""
        for register in (Register.RMMR, Register.TMMR):
            self.write(register, self._mode)
            self.write(register, self._mode | r.FRM_EN)
        if self._settings.e1:
            self._set_e1()
        else:
            self._set_t1()
        self.write(Register.RCR3, 0)
        clock = r.SCLKM_2048 if self._settings.e1 else 0
        self.write(Register.RIOCR, clock)
        self.write(Register.TIOCR, clock | r.TSIO_OUT)
        for register in (Register.RMMR, Register.TMMR):
            self.write(register, self._mode | r.FRM_EN | r.INIT_DONE)

    def _set_e1(self) -> None:
        s = self._settings
        hdb3, crc4, cas = s.line_code == "hdb3", s.framing == "crc4", s.signalling == "cas"
        self.write(Register.RCR1, r.RHDB3 * hdb3 | r.RCRC4 * crc4 | r.RSIGM * (not cas))
        self.write(Register.TCR1, r.THDB3 * hdb3 | r.TCRC4 * crc4 | r.T16S * cas)
        self.write(Register.TCR2, r.AEBE * crc4)
        self.write(Register.E1TAF, r.FAS)
        self.write(Register.E1TNAF, r.NFAS)
        if not cas:
            return
        self.write(Register.TS1, r.CAS_MULTIFRAME)
        for row in range(1, 16):
            self.write(Register.TS1 + row, 0xDD)  # blocked both ways until somebody says otherwise (Q.421)

    def _set_t1(self) -> None:
        b8zs, d4 = self._settings.line_code == "b8zs", self._settings.framing == "d4"
        self.write(Register.RCR1, r.RB8ZS * b8zs | r.RFM_D4 * d4)
        self.write(Register.TCR1, r.TB8ZS * b8zs)
        self.write(Register.TCR3, r.TFM_D4 * d4)
        self.write(Register.T1TFDL, r.FS_BITS if d4 else r.FLAG)

    def _set_line_interface(self) -> None:
        s = self._settings
        impedance = {75: r.OHM_75, 100: r.OHM_100, 120: r.OHM_120}[s.impedance_ohm]
        shape = int(s.impedance_ohm == 120) if s.e1 else BUILD_OUTS.index(s.build_out)
        self.write(Register.LTRCR, 0 if s.e1 else r.T1)
        self.write(Register.LTITSR, impedance | shape)
        self.write(Register.LRISMR, impedance | r.LONG_HAUL)
        self.write(Register.LMCR, r.TE)

    def _watch(self, now_s: float) -> None:
        del now_s
        if (seen := self.read(Register.RMMR)) != self._mode | r.FRM_EN | r.INIT_DONE:
            raise ChipError(f"DS26521: RMMR reads 0x{seen:02x}: the bus or the chip is dead")
        status = self.read(Register.RRTS1)
        self._seen = Alarm(sum(alarm for bit, alarm in _ALARMS.items() if status & bit))
        self._count()

    def _count(self) -> None:
        latched = self.read(Register.RLS4) & (r.TIMER | r.RSLIP)
        if not latched:
            return
        self.write(Register.RLS4, latched)
        slips = self.errors.slips + bool(latched & r.RSLIP)
        if not latched & r.TIMER:
            self.errors = msgspec.structs.replace(self.errors, slips=slips)
            return
        self.errors = LineErrors(
            code_violations=self.errors.code_violations + self._counter(Register.LCVCR1),
            crc_errors=self.errors.crc_errors + self._counter(Register.PCVCR1),
            framing_errors=self.errors.framing_errors + self._counter(Register.FOSCR1),
            far_end_block_errors=self.errors.far_end_block_errors
            + (self._counter(Register.E1EBCR1) if self._settings.e1 else 0),
            slips=slips,
        )

    def _counter(self, high: Register) -> int:
        return self.read(high) << 8 | self.read(high + 1)

    def _persist(self, now_s: float) -> None:
        """RED follows LOS and LFA after 500 ms, both ways."""
        bad = bool(self.alarms & (Alarm.LOS | Alarm.LFA))
        if bad == self._red:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        elif now_s - self._since_s >= PERSIST_S:
            self._red, self._since_s = bad, None

    def _answer(self) -> None:
        """Tell the far end that it is not received (G.732 §4.2.2, T1.403)."""
        rai = bool(self._seen & (Alarm.LOS | Alarm.LFA))
        if rai == self._sends_rai:
            return
        if self._settings.e1:
            self.write(Register.E1TNAF, r.NFAS | r.A_BIT * rai)
        else:
            self.write(Register.TCR1, self.read(Register.TCR1) & ~r.TRAI | r.TRAI * rai)
        self._sends_rai = rai

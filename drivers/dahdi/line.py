# SPDX-License-Identifier: GPL-2.0-only
"""How a span is set: framing, line code, build-out, and its rank as a source of the card's timing."""

from __future__ import annotations

from typing import Literal

import msgspec

from drivers.dahdi.abi import LineBit

_CODES = {"hdb3": LineBit.HDB3, "ami": LineBit.AMI, "b8zs": LineBit.B8ZS}
_FRAMES = {"esf": LineBit.ESF, "d4": LineBit.D4}


class E1Line(msgspec.Struct, frozen=True):
    """An E1 (G.703, G.704).

    Raises:
        ValueError: a value out of its range.
    """

    signalling: Literal["ccs", "cas"] = "ccs"
    crc4: bool = True
    code: Literal["hdb3", "ami"] = "hdb3"
    timing: int = 1
    """Rank as a source of the card's clock; 0: never. The card takes the lowest that is without alarm."""

    def __post_init__(self) -> None:
        _one_of("signalling", self.signalling, ("ccs", "cas"))
        _one_of("code", self.code, ("hdb3", "ami"))
        _timing(self.timing)

    @property
    def bits(self) -> LineBit:
        """As the kernel reads it."""
        bits = _CODES[self.code]
        if self.signalling == "ccs":
            bits |= LineBit.CCS
        return bits | LineBit.CRC4 if self.crc4 else bits

    @property
    def build_out(self) -> int:
        """An E1 has none."""
        return 0


class T1Line(msgspec.Struct, frozen=True):
    """A T1 (T1.403).

    Raises:
        ValueError: a value out of its range.
    """

    framing: Literal["esf", "d4"] = "esf"
    code: Literal["b8zs", "ami"] = "b8zs"
    build_out: int = 0
    """0: 0–133 ft or 0 dB, 1 to 4: each 133 ft more, 5 to 7: −7.5, −15, −22.5 dB."""
    timing: int = 1

    def __post_init__(self) -> None:
        _one_of("framing", self.framing, ("esf", "d4"))
        _one_of("code", self.code, ("b8zs", "ami"))
        _timing(self.timing)
        if not 0 <= self.build_out <= 7:
            raise ValueError(f"build_out={self.build_out}: 0 to 7")

    @property
    def bits(self) -> LineBit:
        """As the kernel reads it."""
        return _FRAMES[self.framing] | _CODES[self.code]


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}={value}: {' or '.join(choices)}")


def _timing(timing: int) -> None:
    if not 0 <= timing <= 255:
        raise ValueError(f"timing={timing}: 0 to 255")

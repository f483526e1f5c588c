# SPDX-License-Identifier: GPL-2.0-only
"""E1 and T1 over UDP/IP, RFC 5086: structure-locked; timeslots 1 to 31, with CAS without 16, or 1 to 24 of a T1.

The packets are made and read by `io.c` inside the media engine; this side checks the settings and hands them over.
IPv4 only.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Literal

import msgspec

from drivers.model import Cas, DigitalLine, check_clock, check_line
from drivers.spans import EngineSpans

CARD = 1
MULTIFRAMES: dict[DigitalLine, int] = {"e1": 16, "t1": 24}
"""Frames that have all bits of CAS: 2 ms, 3 ms."""
Address = tuple[str, int]

_LAYOUT = struct.Struct("<IHIHBBHB")  # struct settings in io.c


class CesopsnSettings(msgspec.Struct, frozen=True):
    """One E1 or T1 over UDP.

    Raises:
        ValueError: a value out of its range.
    """

    local: Address
    remote: Address
    """Datagrams from elsewhere are counted as stray and dropped."""
    frames_per_packet: int = 8
    """Frames of 125 µs in a packet, 1 to 40; both ends must agree."""
    rtp_header: bool = False
    """The optional fixed RTP header before the control word (RFC 5086 §4.3)."""
    clock: Literal["recovered", "local"] = "recovered"
    trim_ppm: float = 0.0
    jitter_ms: int = 10
    """Time a packet waits for its turn; 2 to 60."""
    clock_domain: int = 1
    clock_priority: int = 1
    line: DigitalLine = "e1"
    framing: Literal["esf", "d4"] = "esf"
    """Of a T1 with CAS, as the card beyond has it: four bits a timeslot, or two."""

    def __post_init__(self) -> None:
        if not 1 <= self.frames_per_packet <= 40:
            raise ValueError(f"frames_per_packet={self.frames_per_packet}: 1 to 40")
        if not 2 <= self.jitter_ms <= 60:
            raise ValueError(f"jitter_ms={self.jitter_ms}: 2 to 60")
        check_line(self.line)
        if self.framing not in {"esf", "d4"} or (self.framing == "d4" and self.line != "t1"):
            raise ValueError(f"framing={self.framing}: esf or d4, of a T1")
        check_clock(self.trim_ppm, self.clock_domain, self.clock_priority)
        self.encode()

    @property
    def card(self) -> int:
        """Number of this card family in the engine."""
        return CARD

    @property
    def clock_recovered(self) -> bool:
        """The engine's clock follows this span's packets."""
        return self.clock == "recovered"

    def encode(self) -> bytes:
        """Settings as `io.c` reads them."""
        return _LAYOUT.pack(
            *_address(self.local),
            *_address(self.remote),
            self.frames_per_packet,
            self.rtp_header,
            self.jitter_ms,
            self.framing == "d4",
        )


def even_parts(line: DigitalLine) -> tuple[int, ...]:
    """Frames that a packet may have with CAS."""
    return tuple(frames for frames in range(1, MULTIFRAMES[line] + 1) if MULTIFRAMES[line] % frames == 0)


def _address(address: Address) -> tuple[int, int]:
    host, port = address
    if not 0 < port < 65536:
        raise ValueError(f"{host}:{port}: no UDP port")
    return int(ipaddress.IPv4Address(host)), port


class CesopsnDriver(EngineSpans[CesopsnSettings]):
    """Spans over UDP on one media engine."""

    card = "cesopsn"

    def configure(self, span: int, settings: CesopsnSettings, d_channel: int | None, cas: Cas | None = None) -> None:
        """Put a span into service. With CAS a packet is a multiframe or an even part of it.

        Raises:
            ValueError: it is neither.
        """
        parts = even_parts(settings.line)
        if cas is not None and settings.frames_per_packet not in parts:
            told = f"{', '.join(map(str, parts[:-1]))} or {parts[-1]} with CAS"
            raise ValueError(f"frames_per_packet={settings.frames_per_packet}: {told}")
        super().configure(span, settings, d_channel, cas)

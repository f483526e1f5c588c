# SPDX-License-Identifier: GPL-2.0-only
"""E1 over UDP/IP, RFC 5086: structure-locked; timeslots 1 to 31, or 1 to 15 and 17 to 31 with CAS.

The packets are made and read by `io.c` inside the media engine; this side checks the settings and hands them over.
IPv4 only.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Literal

import msgspec

from drivers.model import Cas, check_clock
from drivers.spans import EngineSpans

CARD = 1
MULTIFRAME = 16
Address = tuple[str, int]

_LAYOUT = struct.Struct("<IHIHBBH")  # struct settings in io.c


class CesopsnSettings(msgspec.Struct, frozen=True):
    """One E1 over UDP.

    Raises:
        ValueError: a value out of its range.
    """

    local: Address
    remote: Address
    """Datagrams from elsewhere are counted as stray and dropped."""
    frames_per_packet: int = 8
    """E1 frames of 125 µs in a packet, 1 to 40; both ends must agree."""
    rtp_header: bool = False
    """The optional fixed RTP header before the control word (RFC 5086 §4.3)."""
    clock: Literal["recovered", "local"] = "recovered"
    trim_ppm: float = 0.0
    jitter_ms: int = 10
    """Time a packet waits for its turn; 2 to 60."""
    clock_domain: int = 1
    clock_priority: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.frames_per_packet <= 40:
            raise ValueError(f"frames_per_packet={self.frames_per_packet}: 1 to 40")
        if not 2 <= self.jitter_ms <= 60:
            raise ValueError(f"jitter_ms={self.jitter_ms}: 2 to 60")
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
            *_address(self.local), *_address(self.remote), self.frames_per_packet, self.rtp_header, self.jitter_ms
        )


def _address(address: Address) -> tuple[int, int]:
    host, port = address
    if not 0 < port < 65536:
        raise ValueError(f"{host}:{port}: no UDP port")
    return int(ipaddress.IPv4Address(host)), port


class CesopsnDriver(EngineSpans[CesopsnSettings]):
    """Spans over UDP on one media engine."""

    card = "cesopsn"

    def configure(self, span: int, settings: CesopsnSettings, d_channel: int | None, cas: Cas | None = None) -> None:
        """Put a span into service. With CAS a packet is a multiframe of 16 frames or an even part of it.

        Raises:
            ValueError: it is neither.
        """
        if cas is not None and MULTIFRAME % settings.frames_per_packet:
            raise ValueError(f"frames_per_packet={settings.frames_per_packet}: 1, 2, 4, 8 or 16 with CAS")
        super().configure(span, settings, d_channel, cas)

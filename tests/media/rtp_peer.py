# SPDX-License-Identifier: GPL-2.0-only
"""An RTP peer of its own making (RFC 3550): sends when it is told to, keeps what comes."""

from __future__ import annotations

import dataclasses
import socket
import struct
import time
from collections.abc import Iterable
from typing import Self

OCTETS = 160


@dataclasses.dataclass(frozen=True)
class RtpPacket:
    """The fixed header and its payload."""

    sequence: int
    timestamp: int
    payload: bytes
    ssrc: int = 0x1234
    marker: bool = False
    payload_type: int = 8

    def encode(self) -> bytes:
        """Octets on the wire."""
        second = self.marker << 7 | self.payload_type
        return struct.pack(">BBHII", 0x80, second, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc) + (
            self.payload
        )

    @classmethod
    def decode(cls, octets: bytes) -> RtpPacket:
        """Read a packet; AssertionError if it is no plain RTP version 2."""
        first, second, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", octets)
        assert first == 0x80
        return cls(sequence, timestamp, octets[12:], ssrc, bool(second >> 7), second & 0x7F)


class RtpPeer:
    """One UDP socket."""

    def __init__(self, engine_port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0)
        self.address: tuple[str, int] = self.socket.getsockname()
        self.engine = ("127.0.0.1", engine_port)
        self.received: list[RtpPacket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        """Send one datagram to the engine's port."""
        self.socket.sendto(octets, self.engine)

    def talk(self, batches: Iterable[list[bytes]], pace_s: float = 0.02) -> None:
        """Send one batch of datagrams every `pace_s`, on absolute times."""
        due = time.monotonic()
        for batch in batches:
            for octets in batch:
                self.send(octets)
            self.hear()
            due += pace_s
            time.sleep(max(0.0, due - time.monotonic()))

    def hear(self) -> list[RtpPacket]:
        """Everything that has come."""
        while True:
            try:
                self.received.append(RtpPacket.decode(self.socket.recv(4096)))
            except BlockingIOError:
                return self.received


def packets(sound: bytes, sequence: int = 0xFFF8, timestamp: int = 0xFFFFF000, ssrc: int = 0x1234) -> list[RtpPacket]:
    """Sound in 20 ms packets; sequence number and timestamp both wrap early."""
    return [
        RtpPacket(sequence + n, timestamp + start, sound[start : start + OCTETS], ssrc, marker=n == 0)
        for n, start in enumerate(range(0, len(sound), OCTETS))
    ]

# SPDX-License-Identifier: GPL-2.0-only
"""RTP's header and a receiver's counts. Spec: RFC 3550 §5.1, §6.4.1, A.3, A.8."""

from typing import Any

import msgspec

from dsp._core import ffi, lib


class RtpPacket(msgspec.Struct, frozen=True):
    """One packet without CSRCs, extension and padding."""

    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    payload_type: int = 8
    marker: bool = False


def parse(octets: bytes) -> RtpPacket | None:
    """Read a packet; None if it is not RTP version 2 or shorter than it says."""
    packet = ffi.new("struct bl_rtp_packet *")
    keep = ffi.from_buffer(octets)
    if lib.bl_rtp_parse(packet, keep, len(octets)):
        return None
    payload = bytes(ffi.buffer(packet.payload, packet.length))
    return RtpPacket(packet.sequence, packet.timestamp, packet.ssrc, payload, packet.payload_type, bool(packet.marker))


def serialise(packet: RtpPacket) -> bytes:
    """Octets of a packet."""
    head = bytearray(12)
    lib.bl_rtp_header(ffi.from_buffer("uint8_t[]", head), _packet(packet))
    return bytes(head) + packet.payload


class RtpSource:
    """What a receiver knows of one source."""

    def __init__(self) -> None:
        self._state = ffi.new("struct bl_rtp_source *")
        lib.bl_rtp_source_reset(self._state)

    @property
    def state(self) -> Any:
        """The `struct bl_rtp_source *`, for blocks that read it."""
        return self._state

    @property
    def received(self) -> int:
        """Packets without duplicates."""
        return int(self._state.received)

    @property
    def duplicates(self) -> int:
        """Packets that had come before."""
        return int(self._state.duplicates)

    @property
    def lost(self) -> int:
        """Packets that should have come and have not."""
        return int(lib.bl_rtp_source_lost(self._state))

    @property
    def jitter_samples(self) -> float:
        """Interarrival jitter, RFC 3550 A.8."""
        return float(self._state.jitter) / 16

    def take(self, packet: RtpPacket, sample: int) -> bool:
        """Account for a packet that came at a sample of the receiver's clock. False: it is not believed to be new."""
        if lib.bl_rtp_source_take(self._state, packet.sequence) < 0:
            return False
        lib.bl_rtp_source_observe(self._state, packet.timestamp, sample & 0xFFFFFFFF)
        return True


def _packet(packet: RtpPacket) -> Any:
    made = ffi.new("struct bl_rtp_packet *")
    made.sequence, made.timestamp, made.ssrc = packet.sequence, packet.timestamp, packet.ssrc
    made.payload_type, made.marker = packet.payload_type, packet.marker
    return made

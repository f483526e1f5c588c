# SPDX-License-Identifier: GPL-2.0-only
"""What the engine's trace holds of a span or a port: dsp/include/trace.h. Read beside the engine, dead or alive.

Times are of CLOCK_MONOTONIC, in nanoseconds; what came within one tick (5 ms) has the same.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import msgspec

from appliance.media.segment import Segment, dotted

_HEAD = "=qHBBHH"  # struct bl_trace_head
_FRAME, _BITS, _RTP = struct.Struct(_HEAD + "304s"), struct.Struct(_HEAD), struct.Struct(_HEAD + "I12s")
_OF_FRAMES, _OF_BITS, _OF_RTP = 0, 1, 2


class TracedFrame(msgspec.Struct, frozen=True):
    """A frame of a D-channel, without flags and FCS."""

    at_ns: int
    sent: bool
    octets: bytes


class TracedBits(msgspec.Struct, frozen=True):
    """Bits ABCD (A is 8) of a timeslot, as they changed."""

    at_ns: int
    sent: bool
    abcd: int


class TracedRtp(msgspec.Struct, frozen=True):
    """A packet of RTP: its header (SRTP's is the same) and how long the datagram was."""

    at_ns: int
    sent: bool
    remote: tuple[str, int]
    header: bytes
    octets: int


class EngineTrace:
    """A reader of a segment, which is only looked at."""

    def __init__(self, segment_fd: int) -> None:
        """Map it. Raises ValueError: no segment, or one of another version."""
        self._segment = Segment.view(segment_fd)

    @property
    def rtp_address(self) -> tuple[str, int]:
        """Where RTP port 0 listens; port n does 2n above."""
        return dotted(self._segment.header.rtp_ip), int(self._segment.header.rtp_base)

    def frames(self, span: int, from_ns: int, until_ns: int) -> list[TracedFrame]:
        """D-channel frames of a span."""
        found = self._read(_OF_FRAMES, "bl_trace_frame", _FRAME, span, from_ns, until_ns)
        return [TracedFrame(at, bool(sent), octets[:count]) for at, _, sent, _, count, _, octets in found]

    def bits(self, port: int, from_ns: int, until_ns: int) -> list[TracedBits]:
        """Changes of a timeslot's bits."""
        found = self._read(_OF_BITS, "bl_trace_head", _BITS, port, from_ns, until_ns)
        return [TracedBits(at, bool(sent), abcd) for at, _, sent, abcd, _, _ in found]

    def rtp(self, port: int, from_ns: int, until_ns: int) -> list[TracedRtp]:
        """Packets of an RTP port, of strangers too."""
        found = self._read(_OF_RTP, "bl_trace_rtp", _RTP, port, from_ns, until_ns)
        return [
            TracedRtp(at, bool(sent), (dotted(ip), remote_port), header, octets)
            for at, _, sent, _, octets, remote_port, ip, header in found
        ]

    def _read(
        self, kind: int, name: str, record: struct.Struct, port: int, from_ns: int, until_ns: int
    ) -> Iterator[tuple[Any, ...]]:
        wanted = self._segment.trace_wanted(kind, port, from_ns, until_ns)
        for batch in self._segment.trace(wanted, name):
            yield from record.iter_unpack(batch)

# SPDX-License-Identifier: GPL-2.0-only
"""An independent model of RFC 5086 packets (§4) and a far end that sends one packet for every one it receives."""

from __future__ import annotations

import dataclasses
import socket
import struct
import threading
from collections.abc import Callable

_SO_MEMINFO = 55


@dataclasses.dataclass(frozen=True)
class Structure:
    """What a frame of packets has, and how many frames have all bits of CAS."""

    timeslots: tuple[int, ...]
    bearers: tuple[int, ...]
    """With CAS."""
    multiframe: int
    idle: int
    """Of its law."""

    def signalling(self, bits: dict[int, int]) -> bytes:
        """Bits of a multiframe: two timeslots an octet, the earlier one in the high half."""
        pairs = zip(self.bearers[::2], self.bearers[1::2], strict=True)
        return bytes(bits[early] << 4 | bits[late] for early, late in pairs)


E1 = Structure(tuple(range(1, 32)), (*range(1, 16), *range(17, 32)), 16, 0xD5)
T1 = Structure(tuple(range(1, 25)), tuple(range(1, 25)), 24, 0xFF)


@dataclasses.dataclass(frozen=True)
class Packet:
    """One CESoPSN packet: control word, optional RTP header, frames of 31 octets, or 24."""

    sequence: int
    payload: bytes
    l_bit: bool = False
    r_bit: bool = False
    modifier: int = 0
    fragmentation: int = 0
    length: int | None = None
    rtp: tuple[int, int, int] | None = None  # sequence, timestamp, ssrc

    def encode(self) -> bytes:
        """Octets of the UDP payload."""
        head = b"" if self.rtp is None else struct.pack(">BBHII", 0x80, 96, *self.rtp)
        whole = len(head) + 4 + len(self.payload)
        length = (whole if whole < 64 else 0) if self.length is None else self.length
        first = self.l_bit << 3 | self.r_bit << 2 | self.modifier
        return (
            head + struct.pack(">BBH", first, self.fragmentation << 6 | length, self.sequence & 0xFFFF) + self.payload
        )

    @classmethod
    def decode(cls, octets: bytes, *, rtp: bool = False, cas: bool = False, of: Structure = E1) -> Packet:
        """Read a packet; AssertionError where it breaks the RFC."""
        header = None
        if rtp:
            version, _, *fields = struct.unpack_from(">BBHII", octets)
            assert version == 0x80
            header = (fields[0], fields[1], fields[2])
        first, second, sequence = struct.unpack_from(">BBH", octets, 12 if rtp else 0)
        assert first >> 4 == 0, "control word begins with 0000 (RFC 4385)"
        length = second & 0x3F
        assert length == (len(octets) if len(octets) < 64 else 0)
        payload = octets[16 if rtp else 4 :]
        if cas:
            each = len(of.bearers)
            assert len(payload) % each == (each // 2 if second >> 6 in {0b00, 0b10} else 0)
        else:
            assert len(payload) % len(of.timeslots) == 0
        return cls(sequence, payload, bool(first & 8), bool(first & 4), first & 3, second >> 6, length, header)

    def timeslot(self, number: int, of: Structure = E1) -> bytes:
        """Octets of one timeslot, a frame each."""
        return self.payload[number - 1 :: len(of.timeslots)]


class FarEnd:
    """Looped timing (§8): answers every packet with one of its own, so it needs no clock."""

    def __init__(self, port: int, *, rtp: bool = False, cas: bool = False, of: Structure = E1) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.socket.settimeout(0.05)
        self.rtp = rtp
        self.cas = cas
        self.of = of
        self.received: list[Packet] = []
        self.raw: list[bytes] = []
        self.near: tuple[str, int] = ("", 0)
        """Where the engine sends from."""
        self.sequence = 0xFFF0  # so that it wraps soon
        self.answer: Callable[[Packet], list[bytes]] = self.idle
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def packet(self, payload: bytes, **fields: object) -> bytes:
        """The next packet in sequence."""
        sequence, self.sequence = self.sequence, (self.sequence + 1) & 0xFFFF
        rtp = (sequence, sequence * 8, 1) if self.rtp else None
        return Packet(sequence, payload, rtp=rtp, **fields).encode()  # type: ignore[arg-type]

    def idle(self, packet: Packet) -> list[bytes]:
        """Idle in all timeslots."""
        return [self.packet(bytes([self.of.idle]) * len(packet.payload))]

    @property
    def dropped(self) -> int:
        """Packets that the kernel could not keep for us: SK_MEMINFO_DROPS of linux/sock_diag.h."""
        return int(struct.unpack("9I", self.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36))[8])

    def close(self) -> None:
        """End it."""
        self._stop.set()
        self._thread.join()
        self.socket.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                octets, self.near = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            packet = Packet.decode(octets, rtp=self.rtp, cas=self.cas, of=self.of)
            self.raw.append(octets)
            self.received.append(packet)
            for answer in self.answer(packet):
                self.socket.sendto(answer, self.near)

# SPDX-License-Identifier: GPL-2.0-only
"""HEP version 3, written by its definition: what Kamailio sends of a message."""

import struct

Address = tuple[str, int]
UDP, IPV4, SIP = b"\x11", b"\x02", b"\x01"


def chunk(kind: int, octets: bytes) -> bytes:
    """One of the packet's parts."""
    return struct.pack("!HHH", 0, kind, 6 + len(octets)) + octets


def packet(message: bytes, source: Address, target: Address) -> bytes:
    """A copy of a message."""
    chunks = chunk(1, IPV4) + chunk(2, UDP)
    for kind, (address, port) in ((0, source), (1, target)):
        chunks += chunk(3 + kind, bytes(map(int, address.split(".")))) + chunk(7 + kind, struct.pack("!H", port))
    chunks += chunk(9, bytes(4)) + chunk(10, bytes(4)) + chunk(11, SIP) + chunk(15, message)
    return b"HEP3" + struct.pack("!H", 6 + len(chunks)) + chunks

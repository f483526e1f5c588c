# SPDX-License-Identifier: GPL-2.0-only
"""What passes a network interface for a while, bounded in time and size; of sound the headers alone.

A packet socket takes CAP_NET_RAW. On loopback each packet passes twice and is taken once.
"""

import socket
import struct
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from appliance.trace import capture
from appliance.trace.capture import Packet

ETH_P_ALL = 0x0003
OUTGOING = 4
ETHERNET, LOOPBACK = 1, 772
"""ARPHRD of if_arp.h whose frames begin with an Ethernet header."""
SNAP = 65_536
_UDP, _IPV4, _VLAN = 17, 0x0800, 0x8100


def packets(name: str, seconds: float, octets: int, sound: AbstractSet[int]) -> Iterator[Packet]:
    """`sound`: UDP ports that carry it, of whose packets 12 octets are kept. Raises OSError."""
    left, until = octets, time.monotonic() + seconds
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as opened:
        opened.bind((name, ETH_P_ALL))
        while left > 0 and (wait := until - time.monotonic()) > 0:
            opened.settimeout(wait)
            try:
                frame, (_, _, kind, hardware, _) = opened.recvfrom(SNAP)
            except TimeoutError:
                return
            if hardware == LOOPBACK and kind == OUTGOING:
                continue
            ethernet = hardware in (ETHERNET, LOOPBACK)
            kept = kept_of(frame, sound) if ethernet else frame
            left -= len(kept)
            made = capture.ethernet if ethernet else capture.ip
            yield made(time.time_ns(), name, kept, len(frame) - len(kept), sent=kind == OUTGOING)


def kept_of(frame: bytes, sound: AbstractSet[int]) -> bytes:
    """An Ethernet frame without the sound in it."""
    at = 12
    while len(frame) >= at + 2 and struct.unpack_from("!H", frame, at)[0] == _VLAN:
        at += 4
    if len(frame) < at + 22 or struct.unpack_from("!H", frame, at)[0] != _IPV4 or frame[at + 11] != _UDP:
        return frame
    udp = at + 2 + 4 * (frame[at + 2] & 15)
    if len(frame) < udp + 8:
        return frame
    ports = struct.unpack_from("!HH", frame, udp)
    return frame[: udp + 8 + 12] if not sound.isdisjoint(ports) else frame

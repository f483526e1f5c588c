# SPDX-License-Identifier: GPL-2.0-only
"""DHCP's options asked for once more, by DHCPINFORM, whichever client got the address: most keep only what they know.

By packet sockets (CAP_NET_RAW): the answer comes to port 68, which is the client's, and past the packet filter.
"""

import contextlib
import fcntl
import secrets
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from appliance.uplink.enrolling import dhcp

WAIT_S = 2.0
_SERVER, _CLIENT = 67, 68
_ADDRESS_OF = 0x8915  # SIOCGIFADDR
_IP = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_IPV4, _BROADCAST = 0x0800, b"\xff" * 6

log = structlog.get_logger()


class Interface(msgspec.Struct, frozen=True):
    """One with an IPv4 address."""

    name: str
    address: str
    hardware: bytes


def interfaces() -> Iterator[Interface]:
    """All of Ethernet that have an address."""
    for _, name in socket.if_nameindex():
        folder = Path("/sys/class/net") / name
        with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            if (folder / "type").read_text().strip() != "1":
                continue
            told = fcntl.ioctl(asking.fileno(), _ADDRESS_OF, name.encode().ljust(256, b"\0"))
            hardware = bytes.fromhex((folder / "address").read_text().strip().replace(":", ""))
            yield Interface(name, socket.inet_ntoa(told[20:24]), hardware)


def ask(interface: Interface, wait_s: float = WAIT_S) -> dict[int, bytes]:
    """What the servers there tell, the first that answers; empty where none does, or we may not ask."""
    transaction = secrets.randbits(32)
    question = _packet(interface.address, dhcp.inform(interface.address, interface.hardware, transaction))
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_IPV4)) as asking:
            asking.bind((interface.name, _IPV4))
            asking.sendto(question, (interface.name, _IPV4, 0, 0, _BROADCAST))
            until = time.monotonic() + wait_s
            while (left := until - time.monotonic()) > 0:
                asking.settimeout(left)
                told = dhcp.answer(_payload(asking.recv(2048)), transaction)
                if told is not None:
                    return told
    except TimeoutError:
        return {}
    except OSError as error:
        log.info("enrolling.dhcp.unasked", interface=interface.name, error=str(error))
    return {}


def _packet(address: str, payload: bytes) -> bytes:
    """UDP over IPv4 to everybody; the UDP checksum is left out, as RFC 768 allows."""
    length = _UDP.size + len(payload)
    here, everybody = socket.inet_aton(address), b"\xff" * 4
    head = _IP.pack(0x45, 0, _IP.size + length, 0, 0, 64, socket.IPPROTO_UDP, 0, here, everybody)
    head = _IP.pack(0x45, 0, _IP.size + length, 0, 0, 64, socket.IPPROTO_UDP, _checksum(head), here, everybody)
    return head + _UDP.pack(_CLIENT, _SERVER, length, 0) + payload


def _checksum(head: bytes) -> int:
    """RFC 1071."""
    total: int = sum(word for (word,) in struct.iter_unpack("!H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def _payload(packet: bytes) -> bytes:
    """Of a datagram from a DHCP server to its client; empty where it is another."""
    if len(packet) < _IP.size or packet[9] != socket.IPPROTO_UDP:
        return b""
    at = (packet[0] & 0x0F) * 4
    if len(packet) < at + _UDP.size or _UDP.unpack_from(packet, at)[:2] != (_SERVER, _CLIENT):
        return b""
    return packet[at + _UDP.size :]

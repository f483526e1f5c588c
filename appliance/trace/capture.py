# SPDX-License-Identifier: GPL-2.0-only
"""A pcapng file that Wireshark reads as it is: an interface each for the D-channel, SIP, RTP, and what has no protocol.

D-channel frames are LINUX_LAPD, whose header says who sent them (C/R alone does not). SIP and RTP are raw IPv4 with the
true addresses; of RTP only the header is there, and the length tells what is missing. Bits ABCD have no link type and
no dissector: they are lines of text in the form of syslog (RFC 3164), in an exported PDU that names that dissector, so
that they stand in the list of packets at their time. So do the steps of the legs.
"""

import ipaddress
import os
import struct
from collections.abc import Iterable
from pathlib import Path

import msgspec
from scapy.config import conf
from scapy.packet import Raw
from scapy.utils import PcapNgWriter

_ETHERNET, _RAW_IP, _LINUX_LAPD, _EXPORTED_PDU = 1, 101, 177, 252
_ETH_P_LAPD, _ARPHRD_LAPD = 0x0030, 8445
_PACKET_OUTGOING, _PACKET_HOST = 4, 0
_TAG_END, _TAG_DISSECTOR = 0, 12
_LOCAL0_INFO = 134
_VERSION_4, _UDP, _TTL = 0x45, 17, 64
_RECEIVED, _SENT = 1, 2


class _Ethernet(Raw):
    """A layer of its own, for its link type."""


class _Ip(Raw):
    """A layer of its own, for its link type."""


class _Lapd(Raw):
    """A layer of its own, for its link type."""


class _Text(Raw):
    """A layer of its own, for its link type."""


_LAYERS = {_ETHERNET: _Ethernet, _RAW_IP: _Ip, _LINUX_LAPD: _Lapd, _EXPORTED_PDU: _Text}
for _link_type, _layer in _LAYERS.items():
    conf.l2types.register(_link_type, _layer)


class Packet(msgspec.Struct, frozen=True):
    """A packet of the file. `missing`: octets that were on the wire and are not kept."""

    at_ns: int
    """UTC."""
    interface: str
    layer: type
    octets: bytes
    missing: int = 0
    sent: bool | None = None


def lapd(at_ns: int, span: int, frame: bytes, *, sent: bool, network: bool) -> Packet:
    """A frame of span `span`'s D-channel (from 1), as `network` or the user side sent or received it."""
    way = _PACKET_OUTGOING if sent else _PACKET_HOST
    head = struct.pack(">HHHB7xH", way, _ARPHRD_LAPD, 0, network, _ETH_P_LAPD)
    return Packet(at_ns, f"span {span} D-channel", _Lapd, head + frame, sent=sent)


def udp(
    at_ns: int, interface: str, source: tuple[str, int], target: tuple[str, int], payload: bytes, missing: int = 0
) -> Packet:
    """A datagram; neither its checksum nor what else IP adds on the way was kept."""
    length = 8 + len(payload) + missing
    here, there = (ipaddress.IPv4Address(address).packed for address, _ in (source, target))
    head = struct.pack("!BxH4xBB2x4s4s", _VERSION_4, 20 + length, _TTL, _UDP, here, there)
    head += struct.pack("!HHH2x", source[1], target[1], length)
    return Packet(at_ns, interface, _Ip, head + payload, missing)


def ethernet(at_ns: int, interface: str, frame: bytes, missing: int, *, sent: bool) -> Packet:
    """A frame as it passed an interface."""
    return Packet(at_ns, interface, _Ethernet, frame, missing, sent)


def ip(at_ns: int, interface: str, packet: bytes, missing: int, *, sent: bool) -> Packet:
    """The same of an interface without Ethernet."""
    return Packet(at_ns, interface, _Ip, packet, missing, sent)


def text(at_ns: int, interface: str, line: str) -> Packet:
    """A line of text."""
    name = b"syslog"
    head = struct.pack("!HH", _TAG_DISSECTOR, 8) + name.ljust(8, b"\0") + struct.pack("!HH", _TAG_END, 0)
    return Packet(at_ns, interface, _Text, head + f"<{_LOCAL0_INFO}>{line}".encode())


def write(path: Path, packets: Iterable[Packet]) -> None:
    """The file, for its owner alone, in the order of time. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    os.close(descriptor)
    writer = PcapNgWriter(str(path))
    writer.linktype = _RAW_IP
    with writer:
        writer.write_header(None)
        for packet in sorted(packets, key=lambda packet: packet.at_ns):
            layer = packet.layer(packet.octets)
            layer.time = packet.at_ns / 1e9
            layer.sniffed_on = packet.interface
            layer.wirelen = len(packet.octets) + packet.missing
            if packet.sent is not None:
                layer.direction = _SENT if packet.sent else _RECEIVED
            writer.write_packet(layer)

# SPDX-License-Identifier: GPL-2.0-only
"""DSCP of media as it arrives: EF unless told, another one at once, and no call notices."""

from __future__ import annotations

import socket
import time

import pytest

from appliance.media.segment import Segment
from drivers.cesopsn import CesopsnSettings
from tests.media.rig import Side, engine_thread, until
from tests.media.rtp_peer import RtpPacket, RtpPeer
from tests.ports import HOST, free_port

pytestmark = pytest.mark.system

EF, AF41 = 46, 34


def arrived(listener: socket.socket) -> tuple[bytes, int]:
    """A datagram and its DSCP (IP_RECVTOS)."""
    octets, told, _, _ = listener.recvmsg(2048, socket.CMSG_SPACE(4))
    (tos,) = [data[0] for level, kind, data in told if (level, kind) == (socket.IPPROTO_IP, socket.IP_TOS)]
    return octets, tos >> 2


def opened(listener: socket.socket) -> None:
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    listener.settimeout(5)


def heard(listener: socket.socket, dscp: int) -> list[bytes]:
    """All up to the first packet marked so."""
    until_s, came = time.monotonic() + 5, []
    while True:
        octets, mark = arrived(listener)
        came.append(octets)
        if mark == dscp:
            return came
        assert time.monotonic() < until_s, f"no packet is marked {dscp}"


def test_rfc4594_sound_is_ef_and_another_mark_is_no_gap() -> None:
    with engine_thread() as host, RtpPeer(host.rtp_base) as peer:
        opened(peer.socket)
        side, segment = Side(host), Segment(host.segment_fd)
        side.engine.open_rtp(256, peer.address)
        assert len(heard(peer.socket, EF)) == 1
        before = RtpPacket.decode(arrived(peer.socket)[0])
        segment.mark(AF41)
        came = [before, *map(RtpPacket.decode, heard(peer.socket, AF41))]
        assert {packet.ssrc for packet in came} == {before.ssrc}
        assert [packet.sequence for packet in came] == [before.sequence + n for n in range(len(came))]
        assert len(came) <= 4  # two packets may have been under way
        side.engine.close_port(256)
        until(lambda: side.engine.port_status(256).kind == "closed")
        side.engine.open_rtp(256, peer.address)
        assert arrived(peer.socket)[1] == AF41


def test_a_line_over_udp_is_marked_as_sound_is() -> None:
    with engine_thread() as host, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as exchange:
        exchange.bind((HOST, 0))
        opened(exchange)
        side, segment = Side(host), Segment(host.segment_fd)
        settings = CesopsnSettings((HOST, free_port()), exchange.getsockname(), clock="local")
        side.line.engine.open_span(0, settings, 16)
        assert len(heard(exchange, EF)) == 1
        segment.mark(AF41)
        heard(exchange, AF41)

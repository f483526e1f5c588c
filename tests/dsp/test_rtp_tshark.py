# SPDX-License-Identifier: GPL-2.0-only
"""An independent reader of what we write: tshark on RTCP with XR, and on telephone events."""

import struct
import subprocess
from pathlib import Path

import pytest

from dsp.rtcp import SECOND, Rtcp, VoipMetrics
from dsp.rtp import RtpPacket, RtpSource, serialise
from dsp.telephone_event import EventSender

pytestmark = pytest.mark.system

OURS, THEIRS = 0x12345678, 0x9ABCDEF0
RTP, RTCP = 40000, 40001


def capture(path: Path, datagrams: list[tuple[int, bytes]]) -> Path:
    """A pcap of raw IPv4 with UDP, by the formats' definitions."""
    octets = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for number, (port, payload) in enumerate(datagrams):
        udp = struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\2")
        octets += struct.pack("<IIII", number, 0, 20 + len(udp), 20 + len(udp)) + ip + udp
    path.write_bytes(octets)
    return path


def fields(path: Path, *names: str, events: int = 101) -> list[list[str]]:
    decode = [
        "-d",
        f"udp.port=={RTP},rtp",
        "-d",
        f"udp.port=={RTCP},rtcp",
        "-o",
        f"rtpevent.event_payload_type_value:{events}",
    ]
    wanted = [argument for name in names for argument in ("-e", name)]
    command = ["tshark", "-n", "-r", str(path), *decode, "-T", "fields", "-E", "separator=;", *wanted]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    told = ran.stdout.replace("True", "1").replace("False", "0")  # as from version 4.2 on
    return [line.split(";") for line in told.splitlines()]


def test_rtcp_with_xr(tmp_path: Path) -> None:
    source = RtpSource()
    for sequence in (1, 2, 3, 5):
        source.take(RtpPacket(sequence, sequence * 160, THEIRS, b""), sequence * 160)
    voip = VoipMetrics(
        ssrc=THEIRS, loss_rate=52, burst_ms=120, gap_ms=4000, round_trip_ms=48, signal_dbm0=-20, noise_dbm0=-65,
        r_factor=88, mos_lq=42, mos_cq=41, jitter_nominal_ms=30, jitter_most_ms=60, jitter_limit_ms=200,
    )  # fmt: skip
    rtcp = Rtcp(OURS, "box@branch", 0)
    octets = rtcp.build(1000 * SECOND, 250, 40000, 77, source=source, remote=THEIRS, voip=voip)
    bye = rtcp.build(1006 * SECOND, 250, 40000, 77, bye=True)
    expected = {
        "rtcp.pt": ["200,202,207", "200,202,203"],
        "rtcp.sender.packetcount": ["250", "250"],
        "rtcp.sender.octetcount": ["40000", "40000"],
        "rtcp.ssrc.fraction": ["51,52", ""],
        "rtcp.ssrc.cum_nr": ["1", ""],
        "rtcp.ssrc.ext_high": ["5", ""],
        "rtcp.sdes.text": ["box@branch", "box@branch"],
        "rtcp.xr.voipmetrics.burstduration": ["120", ""],
        "rtcp.xr.voipmetrics.gapduration": ["4000", ""],
        "rtcp.xr.voipmetrics.rtdelay": ["48", ""],
        "rtcp.xr.voipmetrics.signallevel": ["-20", ""],
        "rtcp.xr.voipmetrics.noiselevel": ["-65", ""],
        "rtcp.xr.voipmetrics.rfactor": ["88", ""],
        "rtcp.xr.voipmetrics.moslq": ["4.2", ""],
        "rtcp.xr.voipmetrics.jbnominal": ["30", ""],
        "rtcp.xr.voipmetrics.jbabsmax": ["200", ""],
        "_ws.malformed": ["", ""],
    }
    read = fields(capture(tmp_path / "rtcp.pcap", [(RTCP, octets), (RTCP, bye)]), *expected)
    assert dict(zip(expected, map(list, zip(*read, strict=True)), strict=True)) == expected


def test_rfc4733_events(tmp_path: Path) -> None:
    packets: list[tuple[int, bytes]] = []
    sender = EventSender(on_ms=60, off_ms=60)
    sender.send("5#")
    for tick in range(60):
        packet = sender.tick(1000 + 40 * tick)
        if packet:
            rtp = RtpPacket(len(packets), packet.timestamp, OURS, packet.payload, 101, packet.marker)
            packets.append((RTP, serialise(rtp)))
    names = ("rtp.marker", "rtp.timestamp", "rtpevent.event_id", "rtpevent.end_of_event", "rtpevent.duration")
    read = fields(capture(tmp_path / "events.pcap", packets), *names)
    ends = [(duration, end) for duration, end in (("40", "0"), ("200", "0"), ("360", "0"))] + [("480", "1")] * 3
    first = [["1" if n == 0 else "0", "1000", "5", end, duration] for n, (duration, end) in enumerate(ends)]
    second = [["1" if n == 0 else "0", "1960", "11", end, duration] for n, (duration, end) in enumerate(ends)]
    assert read == first + second

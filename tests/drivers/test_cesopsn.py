# SPDX-License-Identifier: GPL-2.0-only
"""The CESoPSN span against an independent model of RFC 5086 and against tshark's dissector."""

from __future__ import annotations

import contextlib
import itertools
import random
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.media.events import SpanAlarmChanged
from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.model import D_CHANNELS, Alarm, DigitalLine
from dsp import g711
from tests.drivers.rfc5086 import E1, T1, FarEnd, Packet
from tests.media.rig import Side, engine_thread, noise, until
from tests.ports import HOST, free_port

pytestmark = pytest.mark.system

SAID_AGAIN = 4


@contextlib.contextmanager
def span_with_far_end(**settings: object) -> Iterator[tuple[Side, FarEnd]]:
    near_port, far_port = free_port(), free_port()
    far = FarEnd(far_port, rtp=bool(settings.get("rtp_header")), of=T1 if settings.get("line") == "t1" else E1)
    try:
        with engine_thread() as host:
            side = Side(host)
            CesopsnDriver(side.engine).configure(
                0,
                CesopsnSettings((HOST, near_port), (HOST, far_port), clock="local", jitter_ms=30, **settings),  # type: ignore[arg-type]
                D_CHANNELS["t1" if far.of is T1 else "e1"],
            )
            yield side, far
    finally:
        far.close()


@pytest.fixture
def line() -> Iterator[tuple[Side, FarEnd]]:
    with span_with_far_end() as joined:
        until(joined[0].in_service)
        yield joined


@pytest.mark.parametrize("rtp_header", [False, True])
@pytest.mark.parametrize(("kind", "frames"), [("e1", 1), ("e1", 7), ("e1", 8), ("e1", 40), ("t1", 8)])
def test_rfc5086_4_packets_in_both_directions(kind: DigitalLine, frames: int, rtp_header: bool) -> None:  # noqa: FBT001
    with span_with_far_end(frames_per_packet=frames, rtp_header=rtp_header, line=kind) as (side, far):
        each, idle = len(far.of.timeslots), bytes([far.of.idle])
        until(side.in_service)
        sound = noise(0.1 if frames == 1 else 0.5)  # 8,000 packets a second are all that a peer in Python can do
        heard = bytearray()

        def answer(_: Packet) -> list[bytes]:
            start = len(heard)
            heard.extend(sound[start : start + frames].ljust(frames, idle))
            payload = b"".join(bytes([octet]) * each for octet in heard[start:])
            return [far.packet(payload)]

        said, taken = (sound, sound) if kind == "e1" else (g711.alaw_to_ulaw(sound), g711.ulaw_to_alaw(sound))
        side.engine.open_timeslot(5)
        side.engine.record(1, 5, 5, 0)
        far.answer = answer
        for _ in range(SAID_AGAIN):  # a machine that stalled makes the peer late, or loses it a packet
            heard.clear()
            side.engine.play(5, 1, [side.arena.add_alaw(sound)])
            with contextlib.suppress(AssertionError):
                until(lambda: taken in side.recorder.left(1), 2.0)
                if said in b"".join(packet.timeslot(5, far.of) for packet in far.received):
                    break
        packets = list(far.received)
        assert taken in side.recorder.left(1)
        assert said in b"".join(packet.timeslot(5, far.of) for packet in packets)
        assert all(len(packet.payload) == each * frames for packet in packets)
        missing = [packet.sequence - packets[0].sequence - n & 0xFFFF for n, packet in enumerate(packets)]
        assert missing == sorted(missing)
        assert missing[-1] <= far.dropped, "what is missing came too fast for the peer"
        assert {packet.timeslot(9, far.of) for packet in packets} == {idle * frames}
        assert not any(packet.l_bit or packet.modifier or packet.fragmentation for packet in packets)
        counters = side.engine.span_status(0).counters
        assert (counters.malformed, counters.stray, counters.lost, counters.duplicates) == (0, 0, 0, 0)
        if rtp_header:
            stamps = [packet.rtp for packet in packets if packet.rtp]
            steps = [(b[0] - a[0] & 0xFFFF, b[1] - a[1] & 0xFFFFFFFF) for a, b in itertools.pairwise(stamps)]
            assert all(stamp == frames * packet for packet, stamp in steps)
            assert len({stamp[2] for stamp in stamps}) == 1


@pytest.mark.parametrize("kind", ["e1", "t1"])
def test_tshark_dissects_our_packets(kind: DigitalLine, tmp_path: Path) -> None:
    with span_with_far_end(line=kind) as (side, far):
        side.engine.send_frame(0, b"\x00\x01\x7f")
        until(lambda: len(far.raw) > 200)
    capture = tmp_path / "span.pcap"
    with capture.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for octets in far.raw[:200]:
            udp = struct.pack(">HHHH", 5000, 5001, 8 + len(octets), 0) + octets
            ip = struct.pack(">BBHHHBBHII", 0x45, 0xB8, 20 + len(udp), 0, 0, 64, 17, 0, 0x7F000001, 0x7F000001) + udp
            file.write(struct.pack("<IIII", 0, 0, len(ip), len(ip)) + ip)
    fields = [
        "pwcesopsn.cw.lm",
        "pwcesopsn.cw.rbit",
        "pwcesopsn.cw.frag",
        "pwcesopsn.cw.seqno",
        "pwcesopsn.payload.len",
    ]
    shown = [argument for field in (*fields, "_ws.expert") for argument in ("-e", field)]
    command = ["tshark", "-r", str(capture), "-d", "udp.port==5001,pwcesopsn", "-T", "fields", *shown]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [row.split("\t") for row in lines]
    assert len(rows) == 200
    assert [int(row[3]) for row in rows] == [packet.sequence for packet in far.received[:200]]
    assert {int(row[4]) for row in rows} == {8 * len(far.of.timeslots)}
    assert not any(row[5] for row in rows), "tshark finds fault with a packet"


def last_r_bit(far: FarEnd) -> bool:
    return far.received[-1].r_bit


def test_g775_cut_gives_los_then_red_within_a_second_and_clears(line: tuple[Side, FarEnd]) -> None:
    side, far = line
    far.answer = lambda _: []
    assert until(lambda: Alarm.RED in side.engine.span_status(0).alarms) < 1.0
    assert last_r_bit(far)
    far.answer = far.idle
    cleared = until(lambda: side.engine.span_status(0).alarms == Alarm.NONE)
    assert 0.4 < cleared < 1.0
    assert not last_r_bit(far)
    seen = [event.alarms for event in side.line.all(SpanAlarmChanged)]
    assert seen[-4:] == [Alarm.LOS, Alarm.LOS | Alarm.RED, Alarm.RED, Alarm.NONE]


def test_r_bit_is_remote_alarm(line: tuple[Side, FarEnd]) -> None:
    side, far = line
    far.answer = lambda packet: [far.packet(b"\xd5" * len(packet.payload), r_bit=True)]
    until(lambda: side.engine.span_status(0).alarms == Alarm.RAI)
    far.answer = lambda packet: [far.packet(b"\xd5" * len(packet.payload), modifier=2)]
    time.sleep(0.05)
    assert side.engine.span_status(0).alarms == Alarm.RAI
    far.answer = far.idle
    until(lambda: side.engine.span_status(0).alarms == Alarm.NONE)


def test_l_bit_is_ais_and_its_sound_is_not_heard(line: tuple[Side, FarEnd]) -> None:
    side, far = line
    side.engine.open_timeslot(1)
    side.engine.record(1, 1, 1, 0)
    far.answer = lambda packet: [far.packet(b"\x11" * len(packet.payload), l_bit=True)]
    until(lambda: side.engine.span_status(0).alarms == Alarm.AIS)
    far.answer = lambda _: [far.packet(b"", l_bit=True)]
    time.sleep(0.1)
    assert side.engine.span_status(0).alarms == Alarm.AIS
    assert set(side.recorder.left(1)) == {0xD5}


def test_reordered_lost_and_duplicate_packets(line: tuple[Side, FarEnd]) -> None:
    side, far = line
    side.engine.open_timeslot(1)
    side.engine.record(1, 1, 1, 0)
    sound = noise(0.8)
    blocks = [sound[start : start + 8] for start in range(0, len(sound), 8)]
    held: list[bytes] = []
    turn = iter(range(100000))

    def answer(_: Packet) -> list[bytes]:
        n = next(turn)
        block = blocks[n] if n < len(blocks) else b"\xd5" * 8
        packet = far.packet(b"".join(bytes([octet]) * 31 for octet in block))
        if n % 100 == 50:
            return []
        if n % 100 in {10, 11, 12}:
            held.append(packet)
            return []
        if n % 100 == 13:
            late = [packet, *reversed(held)]
            held.clear()
            return late
        return [packet, packet] if n % 100 == 70 else [packet]

    before = side.engine.span_status(0).counters
    far.answer = answer
    expected = b"".join(b"\xd5" * 8 if n % 100 == 50 else block for n, block in enumerate(blocks))
    until(lambda: expected in side.recorder.left(1))
    counters = side.engine.span_status(0).counters
    lost, duplicates = counters.lost - before.lost, counters.duplicates - before.duplicates
    assert len(blocks) // 100 <= lost <= len(blocks) // 100 + 5
    assert duplicates >= len(blocks) // 100
    assert (counters.slips, counters.resyncs) == (0, 1)


def test_stray_and_damaged_datagrams_change_nothing(line: tuple[Side, FarEnd]) -> None:
    side, far = line
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(50):
            stranger.sendto(Packet(1, b"\x00" * 248).encode(), far.near)
    good = Packet(5, b"\x00" * 248)
    broken = [
        b"",
        b"\x00",
        good.encode()[:-1],
        good.encode() + b"\x00",
        b"\x10" + good.encode()[1:],
        *(Packet(5, b"\x00" * 248, modifier=reserved).encode() for reserved in (1, 3)),
        *(Packet(5, b"\x00" * 248, l_bit=True, modifier=reserved).encode() for reserved in (1, 2, 3)),
        Packet(5, b"\x00" * 248, fragmentation=1).encode(),
        Packet(5, b"\x00" * 248, length=33).encode(),
        Packet(5, b"\x00" * 31).encode(),
        b"\x00" * 2000,
    ]
    for octets in broken:
        far.socket.sendto(octets, far.near)
    until(lambda: side.engine.span_status(0).counters.malformed == len(broken))
    counters = side.engine.span_status(0).counters
    assert counters.stray == 50
    assert (counters.resyncs, counters.slips) == (1, 0)
    assert side.engine.span_status(0).alarms == Alarm.NONE


def test_fuzzed_datagrams_never_stop_the_span(line: tuple[Side, FarEnd]) -> None:
    side, far = line
    chance = random.Random(5086)  # noqa: S311 - a reproducible walk
    good = Packet(9, bytes(248)).encode()
    for _ in range(3000):
        octets = bytearray(good[: chance.choice([252, 252, 252, chance.randrange(252)])])
        for _ in range(chance.randrange(4)):
            if octets:
                octets[chance.randrange(min(len(octets), 8))] = chance.randrange(256)
        far.socket.sendto(octets, far.near)
    far.answer = far.idle
    until(side.in_service)
    ticks = side.engine.status().ticks
    until(lambda: side.engine.status().ticks > ticks + 20)


def test_a_far_end_that_restarts_its_numbering_is_followed(line: tuple[Side, FarEnd]) -> None:
    side, far = line
    far.sequence = 12345
    until(lambda: side.engine.span_status(0).counters.resyncs == 2)
    until(side.in_service)


def test_g822_a_clock_that_nobody_follows_slips_and_is_counted(line: tuple[Side, FarEnd]) -> None:
    side, far = line
    turn = iter(range(10**9))
    far.answer = lambda packet: [answer for _ in range(2 if next(turn) % 20 == 0 else 1) for answer in far.idle(packet)]
    until(lambda: side.engine.span_status(0).counters.slips > 0, 10)
    assert side.engine.span_status(0).alarms == Alarm.NONE

# SPDX-License-Identifier: GPL-2.0-only
"""CAS over CESoPSN: packets made and read by hand (RFC 5086, trunk-specific NxDS0 with CAS), and two of our ends."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from scapy.fields import BitField
from scapy.packet import Packet as ScapyPacket
from scapy.packet import Raw

from appliance.media.events import BitsChanged, Client
from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.model import Alarm, Cas, DigitalLine, Timeslot
from dsp import g711
from tests.drivers.rfc5086 import E1, T1, FarEnd, Packet, Structure
from tests.media.rig import Side, engine_thread, noise, until
from tests.media.virtual import virtual_engine
from tests.ports import HOST, free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

BEARERS = E1.bearers
WHOLE, FIRST, LAST, BETWEEN = 0b00, 0b01, 0b10, 0b11  # FRG
IDLE, SEIZED, ANSWERED = 0b1001, 0b0001, 0b0101
LINES: dict[DigitalLine, Structure] = {"e1": E1, "t1": T1}
every_size = pytest.mark.parametrize(
    ("line", "frames"),
    [("e1", 1), ("e1", 2), ("e1", 4), ("e1", 8), ("e1", 16), ("t1", 3), ("t1", 12), ("t1", 24)],
)


def fragment(place: int, fragments: int) -> int:
    """FRG of the packet that is the place-th of its multiframe."""
    if fragments == 1:
        return WHOLE
    return FIRST if place == 0 else LAST if place == fragments - 1 else BETWEEN


class ControlWord(ScapyPacket):
    """RFC 5086 §4.3."""

    name = "CESoPSN control word"
    fields_desc = [  # noqa: RUF012 - scapy's own way
        BitField("zero", 0, 4),
        BitField("L", 0, 1),
        BitField("R", 0, 1),
        BitField("M", 0, 2),
        BitField("FRG", 0, 2),
        BitField("LEN", 0, 6),
        BitField("SEQ", 0, 16),
    ]


class Trunk(FarEnd):
    """A far end that sends a packet of a multiframe for each it gets: `bits`, and octets that tell their timeslot."""

    def __init__(self, port: int, frames: int, of: Structure) -> None:
        super().__init__(port, cas=True, of=of)
        self.frames = frames
        self.fragments = of.multiframe // frames
        self.bits = dict.fromkeys(of.bearers, IDLE)
        self.place = 0
        self.answer = lambda _: [self.next()]

    def next(self) -> bytes:
        """The next packet."""
        frg = fragment(self.place, self.fragments)
        self.place = (self.place + 1) % self.fragments
        bits = self.of.signalling(self.bits) if frg in {WHOLE, LAST} else b""
        payload = bytes(self.of.bearers) * self.frames + bits
        return self.packet(payload, fragmentation=frg)


@contextlib.contextmanager
def span_with_trunk(
    frames: int, line: DigitalLine = "e1", framing: Literal["esf", "d4"] = "esf"
) -> Iterator[tuple[Side, Trunk]]:
    near, far = free_port(), free_port()
    trunk = Trunk(far, frames, LINES[line])
    try:
        with engine_thread() as host:
            side = Side(host)
            ends = ((HOST, near), (HOST, far))
            settings = CesopsnSettings(*ends, frames, clock="local", jitter_ms=30, line=line, framing=framing)
            CesopsnDriver(side.engine).configure(0, settings, None, Cas(ANSWERED))
            until(side.in_service)
            yield side, trunk
    finally:
        trunk.close()


def received(side: Side, bearers: tuple[int, ...] = BEARERS) -> list[int | None]:
    statuses = [side.engine.bits_status(timeslot) for timeslot in bearers]
    return [status.received for status in statuses if status]


@every_size
def test_rfc5086_bits_and_sound_of_a_multiframe_are_taken_from_its_packets(line: DigitalLine, frames: int) -> None:
    bearers = LINES[line].bearers
    with span_with_trunk(frames, line) as (side, trunk):
        until(lambda: received(side, bearers) == [IDLE] * len(bearers))
        trunk.bits = {timeslot: timeslot % 16 for timeslot in bearers}
        until(lambda: received(side, bearers) == [timeslot % 16 for timeslot in bearers])
        events = {event.port: event.abcd for event in side.line.all(BitsChanged)}
        assert events == trunk.bits
        heard = (1, 15, 17, bearers[-1])
        for timeslot in heard:
            side.engine.open_timeslot(timeslot)
            side.engine.record(timeslot, timeslot, timeslot, 0)
        until(lambda: all(len(side.recorder.left(timeslot)) >= 400 for timeslot in heard))
        for timeslot in heard:
            said = timeslot if line == "e1" else g711.ulaw_to_alaw(bytes([timeslot]))[0]
            assert said in side.recorder.left(timeslot)
            assert set(side.recorder.left(timeslot)) <= {said, 0xD5}  # where the peer in Python was late
        assert side.engine.span_status(0).counters.malformed == 0


@every_size
def test_rfc5086_our_packets_carry_a_multiframe_and_its_bits(line: DigitalLine, frames: int) -> None:
    of = LINES[line]
    each = len(of.bearers)
    with span_with_trunk(frames, line) as (side, trunk):
        side.engine.open_timeslot(17)
        sound = noise(0.1)
        side.ivr.engine.play(17, 1, [side.arena.add_alaw(sound)], repeat=0)
        bits = {timeslot: timeslot % 16 for timeslot in of.bearers}
        for timeslot in of.bearers[:-1]:
            side.engine.set_bits(timeslot, bits[timeslot])
        wanted = of.signalling({**bits, of.bearers[-1]: ANSWERED})
        until(lambda: any(packet.payload.endswith(wanted) for packet in list(trunk.received)))
        begun = len(trunk.received)
        until(lambda: len(trunk.received) > begun + 2000 // frames)
        packets = trunk.received[begun:]
        first = next(n for n, packet in enumerate(packets) if packet.fragmentation in {WHOLE, FIRST})
        places = [(packet.sequence - packets[first].sequence) % trunk.fragments for packet in packets]
        assert [packet.fragmentation for packet in packets] == [fragment(place, trunk.fragments) for place in places]
        for packet in packets:
            body = packet.payload[frames * each :]
            assert body == (wanted if packet.fragmentation in {WHOLE, LAST} else b"")
        heard = b"".join(packet.payload[: frames * each][of.bearers.index(17) :: each] for packet in packets[:50])
        coded = sound if line == "e1" else g711.alaw_to_ulaw(sound)
        assert trunk.dropped or heard in coded * 4
        assert {octet for packet in packets for octet in packet.payload[: frames * each][0::each]} == {of.idle}


def test_d4_has_a_and_b_in_each_superframe_and_the_later_ones_count() -> None:
    with span_with_trunk(24, "t1", framing="d4") as (side, trunk):
        trunk.bits = {timeslot: (timeslot * 5) % 16 for timeslot in T1.bearers}
        until(lambda: received(side, T1.bearers) == [(timeslot * 5) % 4 * 0b0101 for timeslot in T1.bearers])
        for timeslot in T1.bearers:
            side.engine.set_bits(timeslot, timeslot % 16)
        wanted = T1.signalling({timeslot: (timeslot % 16 >> 2) * 0b0101 for timeslot in T1.bearers})
        until(lambda: trunk.received[-1].payload.endswith(wanted))


def test_scapy_s_packets_of_a_t1_with_cas_are_taken() -> None:
    with span_with_trunk(24, "t1") as (side, trunk):

        def made(_: Packet) -> list[bytes]:
            """A multiframe in which each timeslot's bits are its number's."""
            number, trunk.sequence = trunk.sequence, trunk.sequence + 1 & 0xFFFF
            packet = ControlWord(SEQ=number) / Raw(bytes(T1.bearers) * 24) / Raw(bytes(range(0x10, 0x1C)))
            return [bytes(packet)]

        trunk.answer = made
        until(lambda: received(side, T1.bearers) == [bits for low in range(12) for bits in (1, low)])
        before = side.engine.span_status(0).counters.received
        until(lambda: side.engine.span_status(0).counters.received > before + 50)
        assert side.engine.span_status(0).counters.malformed == 0


def test_a_packet_that_comes_after_its_turn_brings_no_bits() -> None:
    with span_with_trunk(16) as (side, trunk):
        until(lambda: received(side) == [IDLE] * 30)
        held: list[bytes] = []
        turn = iter(range(10**6))

        def delay(_: Packet) -> list[bytes]:
            """One packet in fifty has other bits, and comes 60 ms after its turn."""
            n = next(turn) % 50
            trunk.bits = dict.fromkeys(BEARERS, SEIZED if n == 10 else IDLE)
            packet = trunk.next()
            if n == 10:
                held.append(packet)
                return []
            return [packet, held.pop()] if n == 40 and held else [packet]

        before = side.engine.span_status(0).counters.late
        trunk.answer = delay
        until(lambda: side.engine.span_status(0).counters.late > before + 2)
        assert {event.abcd for event in side.line.all(BitsChanged)} == {IDLE}


def test_the_next_engine_goes_on_in_the_multiframe_where_it_would_be() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far, virtual_engine() as host:
        far.bind((HOST, 0))
        settings = CesopsnSettings((HOST, free_port()), far.getsockname(), 3, clock="local", line="t1")
        CesopsnDriver(host.engine(Client.LINE1)).configure(0, settings, None, Cas())
        sequences: dict[int, set[int]] = {FIRST: set(), LAST: set()}
        for missed_ms in (5, 15, 25):
            host.tick(8)
            with contextlib.suppress(BlockingIOError):
                while True:
                    packet = Packet.decode(far.recv(2048, socket.MSG_DONTWAIT), cas=True, of=T1)
                    sequences.setdefault(packet.fragmentation, set()).add(packet.sequence % 8)
            host.die()
            time.sleep(0.04 + missed_ms / 1000)  # the eight ticks' own time, and then without an engine
            host.start()
        assert len(sequences[FIRST]) == len(sequences[LAST]) == 1
        assert len(sequences[BETWEEN]) == 6


def test_packets_of_another_structure_are_malformed_and_change_nothing() -> None:
    with span_with_trunk(8) as (side, trunk):
        until(lambda: received(side) == [IDLE] * 30)
        seized = E1.signalling(dict.fromkeys(BEARERS, SEIZED))
        sound = bytes(240)
        broken = [
            Packet(5, sound + seized, fragmentation=WHOLE),  # a multiframe is two of ours
            Packet(5, sound + seized, fragmentation=BETWEEN),  # and has nothing between
            Packet(5, sound + seized, fragmentation=FIRST),  # no bits yet
            Packet(5, sound, fragmentation=LAST),  # without its bits
            Packet(5, sound + seized[:-1], fragmentation=LAST),
            Packet(5, sound + seized, fragmentation=LAST, modifier=3),
            Packet(5, bytes(248)),  # of a span without CAS
        ]
        for packet in broken:
            trunk.socket.sendto(packet.encode(), trunk.near)
        until(lambda: side.engine.span_status(0).counters.malformed == len(broken))
        assert received(side) == [IDLE] * 30
        assert side.engine.span_status(0).alarms == Alarm.NONE


def test_bits_stay_as_they_were_while_nothing_or_ais_comes() -> None:
    with span_with_trunk(16) as (side, trunk):
        until(lambda: received(side) == [IDLE] * 30)
        trunk.bits = dict.fromkeys(BEARERS, SEIZED)
        nothing = bytes(480) + E1.signalling(trunk.bits)
        trunk.answer = lambda _: [trunk.packet(nothing, l_bit=True)]
        until(lambda: side.engine.span_status(0).alarms == Alarm.AIS)
        trunk.answer = lambda _: []
        until(lambda: Alarm.RED in side.engine.span_status(0).alarms)
        assert received(side) == [IDLE] * 30


@pytest.mark.parametrize(("line", "frames"), [("e1", 4), ("e1", 16), ("t1", 3), ("t1", 24)])
def test_two_of_our_ends_carry_bits_and_sound(line: DigitalLine, frames: int) -> None:
    here, there = (HOST, free_port()), (HOST, free_port())
    with engine_thread() as exchange, engine_thread() as branch:
        a, b = Side(exchange), Side(branch)
        settings = {"frames_per_packet": frames, "jitter_ms": 20, "line": line}
        a.engine.open_span(0, CesopsnSettings(here, there, clock="local", **settings), None, Cas(IDLE))  # type: ignore[arg-type]
        b.engine.open_span(0, CesopsnSettings(there, here, clock="recovered", **settings), None, Cas(IDLE))  # type: ignore[arg-type]
        until(lambda: a.in_service() and b.in_service())
        a.engine.set_bits(3, SEIZED)
        until(lambda: (Timeslot(0, 3).port, SEIZED) in {(event.port, event.abcd) for event in b.line.all(BitsChanged)})
        b.engine.set_bits(3, ANSWERED)
        until(
            lambda: (Timeslot(0, 3).port, ANSWERED) in {(event.port, event.abcd) for event in a.line.all(BitsChanged)}
        )
        sound = noise(0.2)
        b.engine.open_timeslot(3)
        b.engine.record(1, 3, 3, 0)
        a.engine.open_timeslot(3)
        a.ivr.engine.play(3, 1, [a.arena.add_alaw(sound)], repeat=3)
        passed = sound if line == "e1" else g711.ulaw_to_alaw(g711.alaw_to_ulaw(sound))
        until(lambda: passed in b.recorder.left(1))

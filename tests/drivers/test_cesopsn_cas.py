# SPDX-License-Identifier: GPL-2.0-only
"""CAS over CESoPSN: packets made and read by hand (RFC 5086, trunk-specific NxDS0 with CAS), and two of our ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from appliance.media.events import BitsChanged
from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.model import Alarm, Cas, Timeslot
from tests.drivers.rfc5086 import FarEnd, Packet
from tests.media.rig import Side, engine_thread, noise, until
from tests.ports import HOST, free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

BEARERS = [*range(1, 16), *range(17, 32)]
MULTIFRAME = 16
WHOLE, FIRST, LAST, BETWEEN = 0b00, 0b01, 0b10, 0b11  # FRG
IDLE, SEIZED, ANSWERED = 0b1001, 0b0001, 0b0101
every_size = pytest.mark.parametrize("frames", [1, 2, 4, 8, 16])


def fragment(place: int, frames: int) -> int:
    """FRG of the packet that is the place-th of its multiframe."""
    if frames == MULTIFRAME:
        return WHOLE
    return FIRST if place == 0 else LAST if place == MULTIFRAME // frames - 1 else BETWEEN


def signalling(bits: dict[int, int]) -> bytes:
    """15 octets: two timeslots each, the earlier one in the high half."""
    return bytes(bits[early] << 4 | bits[late] for early, late in zip(BEARERS[::2], BEARERS[1::2], strict=True))


class Trunk(FarEnd):
    """A far end that sends a packet of a multiframe for each it gets: `bits`, and octets that tell their timeslot."""

    def __init__(self, port: int, frames: int) -> None:
        super().__init__(port, cas=True)
        self.frames = frames
        self.bits = dict.fromkeys(BEARERS, IDLE)
        self.place = 0
        self.answer = lambda _: [self.next()]

    def next(self) -> bytes:
        """The next packet."""
        frg = fragment(self.place, self.frames)
        self.place = (self.place + 1) % (MULTIFRAME // self.frames)
        payload = bytes(BEARERS) * self.frames + (signalling(self.bits) if frg in {WHOLE, LAST} else b"")
        return self.packet(payload, fragmentation=frg)


@contextlib.contextmanager
def span_with_trunk(frames: int) -> Iterator[tuple[Side, Trunk]]:
    near, far = free_port(), free_port()
    trunk = Trunk(far, frames)
    try:
        with engine_thread() as host:
            side = Side(host)
            settings = CesopsnSettings((HOST, near), (HOST, far), frames, clock="local", jitter_ms=30)
            CesopsnDriver(side.engine).configure(0, settings, None, Cas(ANSWERED))
            until(side.in_service)
            yield side, trunk
    finally:
        trunk.close()


def received(side: Side) -> list[int | None]:
    statuses = [side.engine.bits_status(timeslot) for timeslot in BEARERS]
    return [status.received for status in statuses if status]


@every_size
def test_rfc5086_bits_and_sound_of_a_multiframe_are_taken_from_its_packets(frames: int) -> None:
    with span_with_trunk(frames) as (side, trunk):
        until(lambda: received(side) == [IDLE] * 30)
        trunk.bits = {timeslot: timeslot % 16 for timeslot in BEARERS}
        until(lambda: received(side) == [timeslot % 16 for timeslot in BEARERS])
        events = {event.port: event.abcd for event in side.line.all(BitsChanged)}
        assert events == trunk.bits
        for timeslot in (1, 15, 17, 31):
            side.engine.open_timeslot(timeslot)
            side.engine.record(timeslot, timeslot, timeslot, 0)
        until(lambda: all(len(side.recorder.left(timeslot)) >= 400 for timeslot in (1, 15, 17, 31)))
        for timeslot in (1, 15, 17, 31):
            assert timeslot in side.recorder.left(timeslot)
            assert set(side.recorder.left(timeslot)) <= {timeslot, 0xD5}  # where the peer in Python was late
        assert side.engine.span_status(0).counters.malformed == 0


@every_size
def test_rfc5086_our_packets_carry_a_multiframe_and_its_bits(frames: int) -> None:
    with span_with_trunk(frames) as (side, trunk):
        side.engine.open_timeslot(17)
        sound = noise(0.1)
        side.ivr.engine.play(17, 1, [side.arena.add_alaw(sound)], repeat=0)
        bits = {timeslot: timeslot % 16 for timeslot in BEARERS}
        for timeslot in BEARERS[:-1]:
            side.engine.set_bits(timeslot, bits[timeslot])
        wanted = signalling({**bits, 31: ANSWERED})
        until(lambda: any(packet.payload.endswith(wanted) for packet in list(trunk.received)))
        begun = len(trunk.received)
        until(lambda: len(trunk.received) > begun + 2000 // frames)
        packets = trunk.received[begun:]
        per = MULTIFRAME // frames
        first = next(n for n, packet in enumerate(packets) if packet.fragmentation in {WHOLE, FIRST})
        places = [(packet.sequence - packets[first].sequence) % per for packet in packets]
        assert [packet.fragmentation for packet in packets] == [fragment(place, frames) for place in places]
        for packet in packets:
            body = packet.payload[frames * 30 :]
            assert body == (wanted if packet.fragmentation in {WHOLE, LAST} else b"")
        heard = b"".join(packet.payload[: frames * 30][BEARERS.index(17) :: 30] for packet in packets[:50])
        assert trunk.dropped or heard in sound * 4
        assert {octet for packet in packets for octet in packet.payload[: frames * 30][0::30]} == {0xD5}


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


def test_packets_of_another_structure_are_malformed_and_change_nothing() -> None:
    with span_with_trunk(8) as (side, trunk):
        until(lambda: received(side) == [IDLE] * 30)
        seized = signalling(dict.fromkeys(BEARERS, SEIZED))
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
        nothing = bytes(480) + signalling(trunk.bits)
        trunk.answer = lambda _: [trunk.packet(nothing, l_bit=True)]
        until(lambda: side.engine.span_status(0).alarms == Alarm.AIS)
        trunk.answer = lambda _: []
        until(lambda: Alarm.RED in side.engine.span_status(0).alarms)
        assert received(side) == [IDLE] * 30


@pytest.mark.parametrize("frames", [4, 16])
def test_two_of_our_ends_carry_bits_and_sound(frames: int) -> None:
    here, there = (HOST, free_port()), (HOST, free_port())
    with engine_thread() as exchange, engine_thread() as branch:
        a, b = Side(exchange), Side(branch)
        settings = {"frames_per_packet": frames, "jitter_ms": 20}
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
        until(lambda: sound in b.recorder.left(1))

# SPDX-License-Identifier: GPL-2.0-only
"""HDLC when the line does wrong: slips, aborts, idle of every kind, at every place and in every phase of the octets.

Law: a wrong frame is never heard, what the model counts is counted, and the very next good frame is heard.
"""

import random

import msgspec
import pytest

from dsp.hdlc import FRAME_MAX, TX_QUEUE, Fill, HdlcReceiver, HdlcTransmitter
from tests.dsp.hdlc_model import FLAG, fcs16, frame_bits, hear, line_bits, stuff, timeslot, to_bits

pytestmark = pytest.mark.unit

SETUP = bytes.fromhex("0201 0000 0802 0001 05 04038090a3 1803a98381 7006c13132333435 ff ff 7e 7d".replace(" ", ""))
NEXT = bytes.fromhex("02010202080280010d")
LAST = bytes.fromhex("0201010a")
PHASES = range(8)
FAULTS = ("fcs_errors", "aborts", "short_frames", "long_frames", "non_aligned")
MARK = "1" * 64
IDLES = {
    "one flag": FLAG,
    "flags": FLAG * 5,
    "flags that share a zero": FLAG + "1111110" * 5,
    "mark": FLAG + MARK + FLAG,
    "mark of odd length": FLAG + "1" * 13 + FLAG,
    "seven ones": FLAG + "1" * 7 + "0" + FLAG,
    "zeros after mark": FLAG + MARK + "0" * 21 + FLAG,
}


def counted(receiver: HdlcReceiver) -> dict[str, int]:
    return {name: count for name, count in msgspec.structs.asdict(receiver.counters).items() if count}


def judged(octets: bytes, *, min_len: int = 3, max_len: int = FRAME_MAX) -> list[bytes]:
    """What is heard, once frames and counters are those of the model."""
    receiver = HdlcReceiver(min_len, max_len)
    frames = receiver.process(octets)
    expected = hear(line_bits(octets), min_len, max_len)
    assert frames == expected.frames
    seen = counted(receiver)
    assert seen.pop("frames", 0) == len(frames)
    assert seen == {
        k: v
        for k in ("fcs_errors", "aborts", "short_frames", "long_frames", "non_aligned")
        if (v := getattr(expected, k))
    }
    return frames


def framed(*frames: bytes, phase: int = 0) -> bytes:
    """Frames between flags, begun at this bit of an octet, with flags before and behind."""
    bits = "".join(frame_bits(frame) + FLAG for frame in frames)
    return timeslot("1" * phase + FLAG * 2 + bits + FLAG * 3)


def slipped(place: int, phase: int, line: bytes) -> None:
    """Judge a line of SETUP, NEXT and LAST that was harmed at this octet, not behind SETUP's closing flag."""
    heard = judged(line)
    assert set(heard) <= {SETUP, NEXT, LAST}
    whole = 8 * (place + 1) <= phase + 16 + len(frame_bits(SETUP))  # the flag that opens NEXT
    assert heard[-2:] == [NEXT, LAST] if whole else heard[-1] == LAST


def harmed(phase: int) -> range:
    """Octets up to SETUP's closing flag."""
    return range((phase + 16 + len(frame_bits(SETUP)) + 8 + 7) // 8)


@pytest.mark.parametrize("phase", PHASES)
def test_an_octet_lost_at_every_place(phase: int) -> None:
    line = framed(SETUP, NEXT, LAST, phase=phase)
    for place in harmed(phase):
        slipped(place, phase, line[:place] + line[place + 1 :])


@pytest.mark.parametrize("phase", PHASES)
def test_an_octet_doubled_at_every_place(phase: int) -> None:
    line = framed(SETUP, NEXT, LAST, phase=phase)
    for place in harmed(phase):
        slipped(place, phase, line[:place] + line[place : place + 1] + line[place:])


@pytest.mark.parametrize("phase", PHASES)
def test_an_octet_wrong_at_every_place(phase: int) -> None:
    line = framed(SETUP, NEXT, LAST, phase=phase)
    for place in harmed(phase):
        for value in (0x00, 0x55, 0x7E, 0xE7, 0xFE, 0xFF):
            slipped(place, phase, line[:place] + bytes([value]) + line[place + 1 :])


@pytest.mark.parametrize("lost", [2, 3, 8, 40])
def test_octets_lost_from_one_frame_into_the_next(lost: int) -> None:
    line = framed(SETUP, SETUP, SETUP, SETUP, NEXT, LAST)
    for place in range(len(framed(SETUP))):
        heard = judged(line[:place] + line[place + lost :])
        assert set(heard) <= {SETUP, NEXT, LAST}
        assert heard[-2:] == [NEXT, LAST]


@pytest.mark.parametrize("phase", [0, 3, 6])
@pytest.mark.parametrize("ones", [7, 8, 15, 64])
def test_q921_2_10_abort_at_every_bit(phase: int, ones: int) -> None:
    bits = frame_bits(SETUP)
    for bit in range(len(bits) + 1):
        line = timeslot("1" * phase + FLAG + bits[:bit] + "1" * ones + "0" + FLAG + frame_bits(NEXT) + FLAG)
        assert judged(line)[-1:] == [NEXT]


def test_q921_2_10_an_aborted_frame_is_counted_once() -> None:
    bits = frame_bits(SETUP)
    for bit in range(16, len(bits)):
        receiver = HdlcReceiver()
        heard = receiver.process(timeslot(FLAG + bits[:bit] + "0" + "1" * 30 + "0" + FLAG + frame_bits(NEXT) + FLAG))
        assert heard == [NEXT]
        assert receiver.counters.aborts == 1


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("idle", IDLES)
def test_frames_with_every_kind_of_idle_between(idle: str, phase: int) -> None:
    frames = [SETUP, NEXT, SETUP, b"\x00\x01\x7f", NEXT]
    bits = "1" * phase + IDLES[idle] + "".join(frame_bits(frame) + IDLES[idle] for frame in frames)
    assert judged(timeslot(bits + FLAG)) == frames


@pytest.mark.parametrize("step", [1, 3, 7, 8, 40])
@pytest.mark.parametrize("idle", IDLES)
def test_idle_of_any_length_then_a_frame_in_pieces(idle: str, step: int) -> None:
    receiver = HdlcReceiver()
    for turns in range(30):
        line = timeslot(FLAG + IDLES[idle] * turns + frame_bits(SETUP) + FLAG)
        heard = [frame for at in range(0, len(line), step) for frame in receiver.process(line[at : at + step])]
        assert heard == [SETUP]
    assert receiver.counters.frames == 30


def test_any_octet_for_ever_then_a_frame() -> None:
    for octet in range(256):
        for count in (1, 7, 8, 40):
            assert judged(bytes([octet]) * count + b"\x7e" + timeslot(frame_bits(SETUP) + FLAG))[-1:] == [SETUP]


def test_any_octet_for_ever_then_one_that_differs_in_a_bit() -> None:
    shared = timeslot("1111110" + frame_bits(NEXT) + FLAG)  # a flag whose first zero ends what went before
    for octet in range(256):
        for bit in range(8):
            repeated = bytes([octet]) * 9 + bytes([octet ^ 1 << bit])
            judged(repeated + shared)
            judged(b"\x7e" + repeated + shared)


def test_zero_after_mark_is_the_first_of_a_flag() -> None:
    assert judged(b"\xff" * 16 + b"\xfe" + timeslot("1111110" + frame_bits(SETUP) + FLAG)) == [SETUP]


def test_every_octet_after_every_other_makes_no_frame_out_of_nothing() -> None:
    line = bytes(value for first in range(256) for second in range(256) for value in (first, second))
    assert judged(line) == []


@pytest.mark.parametrize("phase", PHASES)
def test_fcs_error_at_every_bit(phase: int) -> None:
    octets = SETUP + fcs16(SETUP)
    for bit in range(8 * len(octets)):
        wrong = bytearray(octets)
        wrong[bit // 8] ^= 1 << bit % 8
        bits = FLAG + stuff(to_bits(bytes(wrong))) + FLAG + frame_bits(NEXT) + FLAG
        receiver = HdlcReceiver()
        assert receiver.process(timeslot("1" * phase + bits)) == [NEXT]
        assert counted(receiver) == {"frames": 1, "fcs_errors": 1}


def test_line_bit_wrong_at_every_place() -> None:
    bits = FLAG + frame_bits(SETUP) + FLAG + frame_bits(NEXT) + FLAG + frame_bits(LAST) + FLAG
    for place in range(8 + len(frame_bits(SETUP)) + 8):
        heard = judged(timeslot(bits[:place] + "10"[int(bits[place])] + bits[place + 1 :]))
        assert set(heard) <= {SETUP, NEXT, LAST}
        assert heard[-1] == LAST


@pytest.mark.parametrize("extra", range(1, 8))
def test_frames_that_are_not_of_whole_octets(extra: int) -> None:
    for octets in range(1, 20):
        bits = stuff(to_bits(SETUP[:octets]) + "01010101"[:extra])
        assert judged(timeslot(FLAG + bits + FLAG + frame_bits(NEXT) + FLAG)) == [NEXT]


@pytest.mark.parametrize("phase", [0, 5])
def test_frames_of_every_length(phase: int) -> None:
    for length in range(FRAME_MAX + 9):
        frame = (SETUP * 14)[:length]
        line = timeslot("1" * phase + FLAG + frame_bits(frame) + FLAG + frame_bits(NEXT) + FLAG)
        expected = [frame, NEXT] if 3 <= length <= FRAME_MAX else [NEXT]
        assert judged(line) == expected


@pytest.mark.parametrize("max_len", [3, 4, 9, 10, 11, 259, 260])
def test_overlong_frames_of_every_bit_length(max_len: int) -> None:
    for bits in range(8 * max_len, 8 * max_len + 60):
        content = stuff((to_bits(SETUP) * 20)[:bits])
        assert judged(timeslot(FLAG + content + FLAG + frame_bits(NEXT[:3]) + FLAG), max_len=max_len) == [NEXT[:3]]


def test_frames_back_to_back_are_all_heard() -> None:
    chance = random.Random(1)  # noqa: S311 - a repeatable line, no secret
    frames = [bytes(chance.choices([0xFF, 0x7E, 0x00, 0x55, 0xFC, 0x1F], k=chance.randint(3, 300))) for _ in range(400)]
    transmitter, receiver = HdlcTransmitter(), HdlcReceiver()
    heard: list[bytes] = []
    waiting = frames[:]
    while len(heard) < len(frames):
        while waiting and transmitter.queued < TX_QUEUE:
            transmitter.send(waiting.pop(0))
        heard += receiver.process(transmitter.process(40))
    assert heard == frames
    assert counted(receiver) == {"frames": 400}


@pytest.mark.parametrize("fill", Fill)
@pytest.mark.parametrize("min_flags", [1, 2, 5])
def test_what_is_sent_does_not_depend_on_the_pieces(fill: Fill, min_flags: int) -> None:
    chance = random.Random(min_flags)  # noqa: S311 - a repeatable line, no secret
    frames = [bytes(chance.choices([0xFF, 0x7E, 0x00, 0x1F], k=chance.randint(1, 60))) for _ in range(TX_QUEUE)]
    lines = []
    for pieces in ([4000], [1], [3, 1, 7], [8], [9, 40], [5, 64]):
        transmitter = HdlcTransmitter(fill, min_flags)
        for frame in frames:
            transmitter.send(frame)
        line = b""
        while len(line) < 4000:
            line += transmitter.process(min(pieces[len(line) % len(pieces)], 4000 - len(line)))
        lines.append(line)
    assert all(line == lines[0] for line in lines)
    between = FLAG * min_flags
    bits = line_bits(lines[0])
    sent = (FLAG if fill is Fill.MARK and min_flags == 1 else between) + between.join(map(frame_bits, frames)) + FLAG
    assert bits.startswith(sent)
    rest = bits[len(sent) :]
    assert set(rest) == {"1"} if fill is Fill.MARK else rest == (FLAG * len(rest))[: len(rest)]


@pytest.mark.parametrize(("fill", "min_flags"), [(Fill.FLAGS, 1), (Fill.FLAGS, 30), (Fill.MARK, 1)])
def test_a_frame_is_on_its_way_within_two_octets_of_idle(fill: Fill, min_flags: int) -> None:
    transmitter = HdlcTransmitter(fill, min_flags)
    transmitter.process(40)
    transmitter.send(SETUP)
    assert frame_bits(SETUP) in line_bits(transmitter.process(len(SETUP) + 2 + 5))

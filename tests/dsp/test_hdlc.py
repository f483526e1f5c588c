# SPDX-License-Identifier: GPL-2.0-only
"""HDLC of a D-channel: Q.921 §2 clause by clause, then random streams against an independent model."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.hdlc import FRAME_MAX, TX_QUEUE, Fill, HdlcQueueFullError, HdlcReceiver, HdlcTransmitter
from tests.dsp.hdlc_model import FLAG, fcs16, frame_bits, hear, line_bits, stuff, timeslot, to_bits

pytestmark = pytest.mark.unit

SABME = bytes([0x00, 0x01, 0x7F])
WORST = bytes([0xFF] * 260)  # most zeros to insert


def heard(bits: str, **cfg: int) -> tuple[list[bytes], dict[str, int]]:
    """Frames and counters that are not zero, of a stream after a flag and before a flag."""
    receiver = HdlcReceiver(**cfg)
    frames = receiver.process(timeslot(FLAG + bits + FLAG))
    return frames, {name: count for name, count in msgspec.structs.asdict(receiver.counters).items() if count}


def sent(*frames: bytes, octets: int = 2000, **cfg: int) -> str:
    transmitter = HdlcTransmitter(Fill(cfg.pop("fill", 0)), **cfg)
    for frame in frames:
        transmitter.send(frame)
    return line_bits(transmitter.process(octets))


def test_fcs_of_the_model_gives_the_catalogued_check_value() -> None:
    assert fcs16(b"123456789") == (0x906E).to_bytes(2, "little")


def test_q921_2_2_flags_open_and_close_a_frame() -> None:
    assert sent(SABME).startswith(FLAG + frame_bits(SABME) + FLAG + FLAG)


def test_q921_2_6_five_ones_are_followed_by_a_zero() -> None:
    bits = sent(WORST)
    inside = bits[8 : 8 + len(frame_bits(WORST))]
    assert inside == frame_bits(WORST)
    assert "111111" not in inside


@pytest.mark.parametrize("before", range(5))
@pytest.mark.parametrize("octet", [0x1F, 0x3E, 0x7C, 0xF8, 0xFF, 0xF0, 0x0F])
def test_q921_2_6_ones_that_cross_octets_come_back(before: int, octet: int) -> None:
    frame = bytes([0x02, (0xFF << (8 - before)) & 0xFF, octet, 0xFF, 0x1F])
    assert heard(frame_bits(frame)) == ([frame], {"frames": 1})


def test_one_flag_may_close_a_frame_and_open_the_next() -> None:
    bits = sent(SABME, WORST)
    assert bits.startswith(FLAG + frame_bits(SABME) + FLAG + frame_bits(WORST) + FLAG)
    assert HdlcReceiver().process(timeslot(bits)) == [SABME, WORST]


def test_flags_between_frames_as_many_as_asked() -> None:
    assert sent(SABME, SABME, min_flags=4).startswith(
        FLAG * 4 + frame_bits(SABME) + FLAG * 4 + frame_bits(SABME) + FLAG
    )


def test_mark_idle_between_frames_and_a_flag_on_either_side() -> None:
    transmitter = HdlcTransmitter(Fill.MARK)
    assert transmitter.process(3) == b"\xff" * 3
    transmitter.send(SABME)
    bits = line_bits(transmitter.process(50))
    assert bits.startswith(FLAG + frame_bits(SABME) + FLAG + "1" * 200)
    assert HdlcReceiver().process(timeslot(bits)) == [SABME]


def test_two_flags_may_share_a_zero() -> None:
    shared = FLAG + "1111110" + "1111110"
    assert heard(shared + frame_bits(SABME) + shared + frame_bits(WORST)) == ([SABME, WORST], {"frames": 2})


@pytest.mark.parametrize("slip", range(8))
def test_frame_is_heard_at_every_place_in_the_octet(slip: int) -> None:
    assert heard("1" * slip + "0" + FLAG + frame_bits(SABME))[0] == [SABME]


@pytest.mark.parametrize("bit", range(len(frame_bits(SABME))))
def test_a_lost_bit_never_gives_a_frame_and_the_next_one_is_heard(bit: int) -> None:
    bits = frame_bits(SABME)
    frames, counters = heard(bits[:bit] + bits[bit + 1 :] + FLAG + frame_bits(WORST))
    assert frames == [WORST]
    assert sum(counters.values()) == 2


@pytest.mark.parametrize("bit", range(len(frame_bits(SABME))))
def test_a_doubled_bit_never_gives_a_frame_and_the_next_one_is_heard(bit: int) -> None:
    bits = frame_bits(SABME)
    frames, counters = heard(bits[:bit] + bits[bit] + bits[bit:] + FLAG + frame_bits(WORST))
    assert frames == [WORST]
    assert sum(counters.values()) >= 2  # a sixth one makes a flag of its own


@pytest.mark.parametrize("bit", range(len(frame_bits(SABME))))
def test_a_wrong_bit_never_gives_a_frame_and_the_next_one_is_heard(bit: int) -> None:
    bits = frame_bits(SABME)
    wrong = bits[:bit] + "10"[int(bits[bit])] + bits[bit + 1 :]
    frames, counters = heard(wrong + FLAG + frame_bits(WORST))
    assert frames == [WORST]
    assert sum(counters.values()) >= 2


def test_wrong_fcs_is_counted() -> None:
    assert heard(frame_bits(SABME, b"\0\0")) == ([], {"fcs_errors": 1})


@pytest.mark.parametrize("ones", [7, 8, 15, 100])
@pytest.mark.parametrize("after", [8, 9, 13, 24])
def test_q921_2_10_seven_ones_abort_a_frame(ones: int, after: int) -> None:
    frames, counters = heard("0" * after + "1" * ones + "0" + FLAG + frame_bits(SABME))
    assert frames == [SABME]
    assert counters == {"aborts": 1, "frames": 1}


def test_mark_idle_after_a_flag_is_no_abort() -> None:
    receiver = HdlcReceiver()
    assert receiver.process(timeslot(FLAG + "1" * 64 + FLAG)) == []
    assert receiver.counters.aborts == 0


@pytest.mark.parametrize("bits", range(1, 8))
def test_bits_beyond_an_octet_are_counted(bits: int) -> None:
    assert heard(stuff(to_bits(SABME + fcs16(SABME)) + "0" * bits)) == ([], {"non_aligned": 1})


def test_q921_2_9_too_few_octets() -> None:
    assert heard(frame_bits(b"\x02\x01")) == ([], {"short_frames": 1})
    assert heard(frame_bits(b"\x02\x01\x73"))[0] == [b"\x02\x01\x73"]


def test_longest_frame_passes_and_one_octet_more_does_not() -> None:
    longest = bytes(FRAME_MAX)
    assert heard(frame_bits(longest)) == ([longest], {"frames": 1})
    assert heard(frame_bits(bytes(261)) + FLAG + frame_bits(SABME), max_len=260) == (
        [SABME],
        {"long_frames": 1, "frames": 1},
    )


def test_endless_zeros_are_one_long_frame() -> None:
    assert heard("0" * 80000) == ([], {"long_frames": 1})


def test_nothing_is_heard_before_a_flag() -> None:
    assert HdlcReceiver().process(timeslot("0" * 16 + frame_bits(SABME) + "00")) == []


def test_reset_hunts_for_a_flag_and_keeps_the_counters() -> None:
    receiver = HdlcReceiver()
    receiver.process(timeslot(FLAG + frame_bits(SABME) + FLAG))
    before = receiver.synced
    receiver.reset()
    assert (before, receiver.synced) == (True, False)
    assert receiver.counters.frames == 1


def test_transmitter_refuses_what_it_cannot_send() -> None:
    transmitter = HdlcTransmitter()
    for frame in (b"", bytes(FRAME_MAX + 1)):
        with pytest.raises(ValueError, match=f"frame of {len(frame)} octets"):
            transmitter.send(frame)
    for _ in range(TX_QUEUE):
        transmitter.send(SABME)
    with pytest.raises(HdlcQueueFullError, match=f"{TX_QUEUE} frames wait"):
        transmitter.send(SABME)
    transmitter.process(20)
    transmitter.send(WORST)
    assert HdlcReceiver().process(transmitter.process(2000))[-1] == WORST


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="0 flags"):
        HdlcTransmitter(min_flags=0)
    with pytest.raises(ValueError, match="301"):
        HdlcReceiver(max_len=FRAME_MAX + 1)
    with pytest.raises(ValueError, match="hdlc_tx"):
        HdlcTransmitter(min_flags=256)


frames_of_any_kind = st.binary(min_size=3, max_size=FRAME_MAX)
pieces = st.one_of(
    st.builds(frame_bits, st.binary(max_size=12)),
    st.builds(frame_bits, st.binary(max_size=12), st.just(b"\x12\x34")),
    st.text("01", max_size=30),
    st.sampled_from([FLAG, FLAG, FLAG, "1111110", "1" * 7, "1" * 20, "11111", "0"]),
)


@given(st.lists(frames_of_any_kind, max_size=TX_QUEUE), st.integers(1, 9), st.sampled_from(Fill), st.data())
@settings(max_examples=150, deadline=None)
def test_what_is_sent_is_heard_in_whatever_pieces(
    frames: list[bytes], min_flags: int, fill: Fill, data: st.DataObject
) -> None:
    transmitter, receiver = HdlcTransmitter(fill, min_flags), HdlcReceiver()
    for frame in frames:
        transmitter.send(frame)
    got, line = [], b""
    while transmitter.queued or len(line) < 20:
        piece = transmitter.process(data.draw(st.integers(1, 60)))
        line += piece
        got += receiver.process(piece)
    got += receiver.process(transmitter.process(2 + min_flags))
    assert got == frames
    assert hear(line_bits(line)).frames in (frames, frames[:-1])


@given(st.lists(pieces, max_size=30), st.lists(st.integers(1, 40), min_size=1), st.integers(1, 4), st.integers(4, 12))
@settings(max_examples=600, deadline=None)
def test_random_walk_agrees_with_the_model(parts: list[str], chunks: list[int], min_len: int, max_len: int) -> None:
    line = timeslot("".join(parts))
    receiver = HdlcReceiver(min_len, max_len)
    frames: list[bytes] = []
    at = 0
    while at < len(line):
        size = chunks[at % len(chunks)]
        frames += receiver.process(line[at : at + size])
        at += size
    expected, seen = hear(line_bits(line), min_len, max_len), receiver.counters
    assert frames == expected.frames
    assert seen.frames == len(frames)
    for name in ("fcs_errors", "aborts", "short_frames", "long_frames", "non_aligned"):
        assert getattr(seen, name) == getattr(expected, name), name

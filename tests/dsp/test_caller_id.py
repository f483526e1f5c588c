# SPDX-License-Identifier: GPL-2.0-only
"""Caller ID messages: octets by clause, the data link's beginnings, ends and errors, what a sender sends is heard."""

from collections.abc import Iterator

import numpy as np
import pytest

from dsp.caller_id import CallerIdReceiver, CallerIdSender, Fault, Kind, Message, Result, Standard, decode, encode
from dsp.fsk import FskBusyError
from dsp.isa import Isa, at_most
from tests.dsp.caller_id_sound import Sound, any_message, burst_bits, modulated
from tests.sound.speech import speech

pytestmark = pytest.mark.unit

FULL = Message(
    number="0891234567", name="JOHN Q SMITH", month=3, day=25, hour=14, minute=37, called="110", redirecting="+4930#*",
    call_type=1,
)  # fmt: skip
SUMMED = [Standard.BELL202, Standard.V23]


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def summed(kind: int, content: bytes) -> bytes:
    octets = bytes([kind, len(content)]) + content
    return octets + bytes([-sum(octets) % 256])


def on_the_line(octets: bytes, standard: Standard, **how: int) -> Sound:
    return modulated(burst_bits(octets, **how), standard)


def heard(standard: Standard, *sounds: Sound) -> list[Result]:
    pcm = np.concatenate(sounds).astype(np.int16)
    return CallerIdReceiver(standard).process(pcm.tobytes())


def test_gr30_single_data_message_call() -> None:
    octets = bytes.fromhex("0412") + b"03251437" + b"8005551234"
    octets += bytes([-sum(octets) % 256])
    message = Message(number="8005551234", month=3, day=25, hour=14, minute=37)
    assert encode(message, Standard.BELL202, single=True) == octets
    assert decode(octets, Standard.BELL202) == message


@pytest.mark.parametrize("reason", ["O", "P"])
def test_gr30_reasons_for_absence(reason: str) -> None:
    message = Message(number_absent=reason, month=12, day=31, hour=23, minute=59)
    assert encode(message, Standard.BELL202, single=True) == summed(4, b"12312359" + reason.encode())
    assert encode(message, Standard.BELL202) == summed(0x80, b"\1\x0812312359\4\1" + reason.encode())
    for single in (True, False):
        assert decode(encode(message, Standard.BELL202, single=single), Standard.BELL202) == message


@pytest.mark.parametrize(
    ("waiting", "single", "several"), [(True, b"BBB", b"\x0b\1\xff"), (False, b"ooo", b"\x0b\1\0")]
)
def test_gr30_message_waiting(*, waiting: bool, single: bytes, several: bytes) -> None:
    message = Message(kind=Kind.WAITING, waiting=waiting)
    assert encode(message, Standard.V23, single=True) == summed(6, single)
    assert encode(message, Standard.V23) == summed(0x82, several)
    assert decode(summed(6, single), Standard.V23) == message
    assert decode(summed(0x82, several), Standard.V23) == message


def test_en_300_659_3_call_setup_of_every_parameter() -> None:
    octets = summed(
        0x80,
        b"\x11\1\1" + b"\1\x0803251437" + b"\2\n0891234567" + b"\3\x03110" + b"\7\x0cJOHN Q SMITH" + b"\x1a\7+4930#*",
    )
    assert encode(FULL, Standard.V23) == octets
    assert decode(octets, Standard.V23) == FULL


@pytest.mark.parametrize("type_", [0x0D, 0x10, 0x13, 0x20, 0x50, 0x55, 0xE0, 0xFF])
def test_en_300_659_3_other_parameters_are_passed_over(type_: int) -> None:
    octets = summed(0x80, bytes([type_, 3]) + b"xyz" + b"\2\x03110")
    assert decode(octets, Standard.V23) == Message(number="110")


@pytest.mark.parametrize("date", [b"00000000", b"13011200", b"01320000", b"01012400", b"01010060"])
def test_date_that_cannot_be_counts_as_none(date: bytes) -> None:
    assert decode(summed(0x80, b"\1\x08" + date + b"\2\x03110"), Standard.V23) == Message(number="110")


@pytest.mark.parametrize("type_", [0x84, 0x85, 0x86, 0x89])
def test_other_messages_are_delivered_as_octets(type_: int) -> None:
    octets = summed(type_, b"anything\0\xff")
    assert decode(octets, Standard.V23) == Message(kind=Kind.OTHER)
    (result,) = heard(Standard.V23, on_the_line(octets, Standard.V23))
    assert (result.fault, result.raw) == (Fault.NONE, octets)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\2", b"\2\3", b"\2\x0411", b"\2\x03110\7", b"\2\x0312A", b"\2\x03 12", b"\2\x21" + b"1" * 33,
        b"\1\x0703251437\2\x03110", b"\1\x080325143A\2\x03110", b"\4\1X", b"\4\2PP", b"\7\4TAXI", b"\2\0",
        b"\2\x03110\7\x33" + b"x" * 51, b"\2\x03110\7\3a\x1fb", b"\x82\x03110", b"\x60\1a\2\x03110",
    ],
)  # fmt: skip
def test_content_that_cannot_be_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no message"):
        decode(summed(0x80, content), Standard.V23)
    if content:
        (result,) = heard(Standard.V23, on_the_line(summed(0x80, content), Standard.V23))
        assert (result.fault, result.message) == (Fault.FORMAT, Message())


@pytest.mark.parametrize(
    "octets", [b"", b"\x80", b"\x80\0", summed(0x80, b"\2\x03110")[:-1], summed(0x42, b"\2\x03110")]
)
def test_octets_that_are_no_message_are_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match="no message"):
        decode(octets, Standard.BELL202)


def test_ntt_frame_by_octet() -> None:
    """DLE SOH header DLE STX, even parity, DLE doubled (the length of 16), DLE ETX, CRC with residue 0."""
    octets = encode(Message(number="0312345678901234"), Standard.V23_JP)
    bare = bytes(octet & 0x7F for octet in octets[:-2])
    assert bare == b"\x10\1\7\x10\2\x40\x12\2\x10\x100312345678901234\x10\3"
    assert all(octet.bit_count() % 2 == 0 for octet in octets[:-2])
    crc = 0
    for octet in octets[2:]:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    assert crc == 0
    assert decode(octets, Standard.V23_JP) == Message(number="0312345678901234")


@pytest.mark.parametrize("reason", ["O", "P", "C", "S"])
def test_ntt_reasons_for_absence(reason: str) -> None:
    message = Message(number_absent=reason, called="0398765432")
    assert decode(encode(message, Standard.V23_JP), Standard.V23_JP) == message


def test_message_is_read_as_it_was_written() -> None:
    random = np.random.default_rng(8)
    for _ in range(300):
        message = any_message(random)
        for standard in Standard:
            assert decode(encode(message, standard), standard) == message


@pytest.mark.parametrize("standard", Standard)
@pytest.mark.parametrize("off_hook", [False, True])
def test_what_is_sent_is_heard(standard: Standard, *, off_hook: bool) -> None:
    sender, receiver = CallerIdSender(standard, off_hook=off_hook, level_dbm0=-20), CallerIdReceiver(standard)
    message = Message(number="0891234567", name="JOHN Q SMITH", called="110", month=3, day=25, hour=14, minute=37)
    for _ in range(3):
        sender.send(message)
        results, busy = [], 40
        while busy == 40:
            sound, busy = sender.process(40)
            results += receiver.process(sound)
        results += receiver.process(bytes(800))
        assert [(result.fault, result.message) for result in results] == [(Fault.NONE, message)]
        assert results[0].level_dbm0 == pytest.approx(-20, abs=1)
        assert results[0].raw == encode(message, standard)


@pytest.mark.parametrize("standard", Standard)
def test_back_to_back_messages(standard: Standard) -> None:
    messages = [Message(number=str(number)) for number in (110, 112, 911)]
    bits = [bit for message in messages for bit in burst_bits(encode(message, standard), seizure=0, mark=30, tail=0)]
    results = heard(standard, modulated([*bits, 1, 1], standard))
    assert [result.message for result in results if not result.fault] == messages


@pytest.mark.parametrize("standard", Standard)
def test_message_cut_off_is_an_error_and_the_next_is_heard(standard: Standard) -> None:
    octets = encode(FULL, standard)
    cut = modulated(burst_bits(octets)[:-150], standard)
    results = heard(standard, cut, np.zeros(2000), on_the_line(octets, standard))
    assert [result.fault for result in results] == [Fault.TRUNCATED, Fault.NONE]
    gap = burst_bits(octets[:7], tail=40) + burst_bits(octets, seizure=0, mark=20)
    assert [result.fault for result in heard(standard, modulated(gap, standard))] == [Fault.TRUNCATED, Fault.NONE]


@pytest.mark.parametrize("standard", Standard)
def test_wrong_stop_bit_is_an_error_and_the_next_message_is_heard(standard: Standard) -> None:
    octets = encode(FULL, standard)
    broken = burst_bits(octets)
    broken[480 + 10 * 5 + 9] = 0
    bits = broken + burst_bits(octets, seizure=0, mark=40)
    results = heard(standard, modulated(bits, standard))
    assert [result.fault for result in results] == [Fault.FRAMING, Fault.NONE]


@pytest.mark.parametrize("standard", Standard)
def test_every_wrong_bit_is_found(standard: Standard) -> None:
    octets = encode(Message(number="110"), standard)
    for bit in range(16, 8 * len(octets), 7):
        wrong = bytearray(octets)
        wrong[bit // 8] ^= 1 << bit % 8
        results = heard(standard, on_the_line(bytes(wrong), standard, seizure=0, mark=30))
        assert [result.fault for result in results if not result.fault] == []
        assert len(results) == 1


def test_message_with_two_weak_bits_is_not_believed() -> None:
    """Two bits all but fade away: whatever is made of them, no wrong message comes of it."""
    octets = encode(Message(number="110"), Standard.V23)
    sound = on_the_line(octets, Standard.V23)
    results = []
    for at in range(20):
        faded = sound.copy()
        for bit in (480 + 52, 480 + 62):
            start = 240 + round((bit + at / 40) * 20 / 3)
            faded[start : start + 7] *= 0.02
        results += heard(Standard.V23, faded)
    assert {result.raw for result in results if not result.fault} <= {octets}
    unsure = [result for result in results if result.fault is Fault.UNSURE]
    assert unsure
    assert {result.weak_bits >= 2 for result in unsure} == {True}


@pytest.mark.parametrize("stop", [2, 5, 10])
def test_gr30_ten_bits_of_mark_may_part_characters(stop: int) -> None:
    octets = encode(FULL, Standard.BELL202)
    (result,) = heard(Standard.BELL202, on_the_line(octets, Standard.BELL202, stop=stop))
    assert result.message == FULL


@pytest.mark.parametrize("standard", Standard)
@pytest.mark.parametrize("before", ["speech", "ring", "dial tone"])
def test_message_after_other_sound(standard: Standard, before: str) -> None:
    """The tail of a ring as it comes through: 25 Hz at 0 dBm0 dying away."""
    turn = 2 * np.pi * np.arange(8000) / 8000
    sounds: dict[str, Sound] = {
        "speech": speech(3.0).astype(float),
        "ring": 22000 * np.sin(25 * turn) * np.exp(-np.arange(8000) / 2000),
        "dial tone": 3000 * np.sin(425 * turn),
    }
    (result,) = heard(standard, sounds[before], on_the_line(encode(FULL, standard), standard))
    assert result.fault is Fault.NONE
    assert result.at_sample > len(sounds[before])


def test_reset_in_the_middle_forgets_the_message() -> None:
    pcm = on_the_line(encode(FULL, Standard.V23), Standard.V23).astype(np.int16)
    receiver = CallerIdReceiver(Standard.V23)
    assert receiver.process(pcm[:5000].tobytes()) == []
    receiver.reset()
    assert receiver.process(bytes(800)) == []
    (result,) = receiver.process(pcm.tobytes())
    assert result.message == FULL
    receiver.reset()
    (again,) = receiver.process(pcm.tobytes())
    assert again.at_sample == result.at_sample - 400


@pytest.mark.parametrize("piece", [1, 33, 40, 1000])
def test_pieces_do_not_matter(piece: int) -> None:
    pcm = on_the_line(encode(FULL, Standard.BELL202), Standard.BELL202).astype(np.int16)
    receiver = CallerIdReceiver(Standard.BELL202)
    pieces = [result for at in range(0, len(pcm), piece) for result in receiver.process(pcm[at : at + piece].tobytes())]
    assert pieces == CallerIdReceiver(Standard.BELL202).process(pcm.tobytes())


@pytest.mark.parametrize(
    ("message", "standard", "single"),
    [
        (Message(number="12A"), Standard.V23, False),
        (Message(number="110", name="a\x07b"), Standard.V23, False),
        (Message(number_absent="X"), Standard.V23, False),
        (Message(number="110", month=13), Standard.V23, False),
        (Message(number="110", month=1, hour=24), Standard.V23, False),
        (Message(number="1" * 33), Standard.V23, False),
        (Message(number="110", name="x" * 51), Standard.V23, False),
        (Message(), Standard.V23, False),
        (Message(), Standard.BELL202, True),
        (Message(number="110"), Standard.V23_JP, True),
        (Message(kind=Kind.WAITING), Standard.V23_JP, False),
        (Message(kind=Kind.OTHER), Standard.V23, False),
        (Message(number="110", month=300), Standard.V23, False),
    ],
)
def test_what_cannot_be_said_is_refused(message: Message, standard: Standard, *, single: bool) -> None:
    with pytest.raises(ValueError, match="caller ID"):
        encode(message, standard, single=single)


def test_settings_and_a_busy_sender() -> None:
    sender = CallerIdSender(Standard.V23)
    sender.send(FULL)
    with pytest.raises(FskBusyError):
        sender.send(FULL)
    sender.reset()
    sender.send(FULL)
    with pytest.raises(ValueError, match="caller ID"):
        CallerIdSender(Standard.V23_JP, single=True)
    with pytest.raises(ValueError, match="caller ID"):
        CallerIdSender(Standard.V23, level_dbm0=1)
    with pytest.raises(ValueError, match="caller ID"):
        CallerIdReceiver(Standard.V23, min_level_dbm0=-49)

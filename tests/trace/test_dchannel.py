# SPDX-License-Identifier: GPL-2.0-only
"""Which frames of a D-channel are one call's: references of both sides, used again; timeslots; frames of nobody."""

import pytest

from appliance.media.trace import TracedFrame
from appliance.trace.dchannel import Channel, is_network, message_of, of_call

pytestmark = pytest.mark.unit

SETUP, PROCEEDING, RELEASE_COMPLETE, RESTART = 0x05, 0x02, 0x5A, 0x46
RR, SABME, UI = "00010102", "00017f", "000103"
HEAD = bytes.fromhex("00010204")
S = 1_000_000_000


def message(kind: int, reference: int, timeslot: int | None = None, *, answered: bool = False) -> bytes:
    """An I frame; `answered`: by the side that did not make the reference."""
    channel = b"" if timeslot is None else bytes([0x18, 3, 0xA9, 0x83, 0x80 | timeslot])
    bearer = bytes.fromhex("04038090a3")
    return HEAD + bytes([8, 2, reference >> 8 | answered << 7, reference & 0xFF, kind]) + bearer + channel


def line(*said: tuple[float, bool, bytes]) -> list[TracedFrame]:
    return [TracedFrame(int(at * S), sent, octets) for at, sent, octets in said]


def call(at: float, reference: int, timeslot: int, *, sent: bool = False) -> list[tuple[float, bool, bytes]]:
    """SETUP, CALL PROCEEDING, RELEASE COMPLETE; `sent`: we call."""
    return [
        (at, sent, message(SETUP, reference)),
        (at + 0.1, not sent, message(PROCEEDING, reference, timeslot, answered=True)),
        (at + 0.5, sent, message(RELEASE_COMPLETE, reference)),
    ]


def octets(frames: list[TracedFrame]) -> list[bytes]:
    return [frame.octets for frame in frames]


def test_calls_of_a_span_are_told_apart_by_reference_side_and_timeslot() -> None:
    mine, other, ours = call(1, 5, 3), call(1.01, 6, 4), call(1.02, 5, 7, sent=True)
    frames = line(*sorted([*mine, *other, *ours]))
    for said, timeslot, sent in ((mine, 3, False), (other, 4, False), (ours, 7, True)):
        assert octets(of_call(frames, ours=sent, timeslot=timeslot, began_ns=S)) == octets(line(*said))
    assert of_call(frames, ours=False, timeslot=7, began_ns=S) == []


def test_a_reference_and_a_timeslot_used_again_are_the_next_call() -> None:
    frames = line(*call(1, 5, 3), *call(2, 5, 3), *call(3, 5, 3))
    assert octets(of_call(frames, ours=False, timeslot=3, began_ns=2 * S)) == octets(line(*call(2, 5, 3)))
    assert {frame.at_ns // S for frame in of_call(frames, ours=False, timeslot=3, began_ns=2 * S)} == {2}


def test_a_setup_said_again_begins_no_call() -> None:
    again = (1.05, False, message(SETUP, 5))
    frames = line(*sorted([*call(1, 5, 3), again]))
    assert len(of_call(frames, ours=False, timeslot=3, began_ns=S)) == 4


def test_frames_of_nobody_are_kept_while_the_call_lasts_but_no_ui() -> None:
    nobodys = [(1.2, True, bytes.fromhex(RR)), (1.3, False, bytes.fromhex(SABME)), (1.4, True, message(RESTART, 0))]
    ui = (1.2, False, bytes.fromhex(UI) + message(SETUP, 9)[4:])
    late = (1.6, True, bytes.fromhex(RR))
    frames = line(*sorted([*call(1, 5, 3), *nobodys, ui, late]))
    kept = octets(of_call(frames, ours=False, timeslot=3, began_ns=S))
    assert len(kept) == 6
    assert all(frame in kept for _, _, frame in nobodys)


@pytest.mark.parametrize(
    ("content", "channel"),
    [
        ("1803a98381", Channel(1)),
        ("1803a9839f", Channel(31)),
        ("1804e9808390", Channel(16, 0)),
        ("1804e9828390", Channel(16, 2)),
        ("1805e902818390", Channel(16)),  # an interface of two octets, which nobody has
        ("1804e982", None),
        ("1806a99300008000", Channel(15)),  # a map of an E1
        ("1805a993000001", Channel(1)),  # of a T1
        ("1801a9", None),
        ("180189", None),  # a basic rate's
        ("18", None),
        ("1809a9", None),
        ("91180ba98381", None),  # another codeset from here on
    ],
)
def test_q931_4_5_13_channel_identification(content: str, channel: Channel | None) -> None:
    frame = HEAD + bytes([8, 2, 0, 5, SETUP]) + bytes.fromhex("a1" + "04038090a3" + content)
    told = message_of(frame, sent=False)
    assert told is not None
    assert told.channel == channel


@pytest.mark.parametrize("frame", ["", RR, SABME, "0001020408", "000102040802", "00010204080200", "0001020408000005"])
def test_what_is_no_message_is_none(frame: str) -> None:
    assert message_of(bytes.fromhex(frame), sent=True) is None


def test_q921_3_3_2_the_network_s_commands_have_c_r_1() -> None:
    command = bytes([0x02]) + message(SETUP, 1)[1:]
    assert not is_network(line((1, False, bytes.fromhex(RR)), (1, False, command)))
    assert is_network(line((1, True, command)))
    assert is_network(line((1, False, message(SETUP, 1))))
    assert not is_network([])

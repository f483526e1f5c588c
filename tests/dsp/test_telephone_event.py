# SPDX-License-Identifier: GPL-2.0-only
"""RFC 4733 and RFC 2198: reports, receiver, sender."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.telephone_event import (
    FLASH,
    EventChange,
    EventPacket,
    EventReceiver,
    EventReport,
    EventSender,
    digit_of,
    event_of,
    parse,
    parse_red,
    serialise,
)

pytestmark = pytest.mark.unit

reports = st.builds(EventReport, st.integers(0, 255), st.integers(0, 0xFFFF), st.booleans(), st.integers(0, 63))


def report(event: int, duration: int, *, end: bool = False) -> bytes:
    return serialise(EventReport(event, duration, end))


def sent(sender: EventSender, ticks: int, first: int = 0, units: int = 40) -> list[EventPacket]:
    packets = (sender.tick(first + units * tick) for tick in range(ticks))
    return [packet for packet in packets if packet]


@given(reports)
def test_2_3_what_is_written_is_read(one: EventReport) -> None:
    assert parse(serialise(one)) == one


@given(st.binary(max_size=40))
def test_no_octets_break_the_readers(octets: bytes) -> None:
    assert (parse(octets) is None) == (len(octets) != 4)
    blocks = parse_red(octets)
    assert blocks is None or sum(len(block.payload) for block in blocks) <= len(octets)


def test_3_2_table_3_events_of_keys() -> None:
    assert [event_of(key) for key in "0123456789*#ABCDabcd!"] == [*range(16), *range(12, 16), FLASH]
    assert [digit_of(event) for event in range(17)] == list("0123456789*#ABCD!")
    assert digit_of(17) is None
    with pytest.raises(ValueError, match="'x'"):
        event_of("x")


def test_an_event_begins_once_and_ends_once_however_often_it_is_told() -> None:
    receiver = EventReceiver()
    told = [
        change
        for duration, end in [
            (40, False),
            (200, False),
            (200, False),
            (800, True),
            (800, True),
            (800, True),
            (40, False),
        ]
        for change in receiver.take(1000, report(5, duration, end=end), marker=duration == 40)
    ]
    assert told == [
        EventChange(5, on=True, timestamp=1000, duration=0),
        EventChange(5, on=False, timestamp=1000, duration=800),
    ]


def test_2_5_2_5_a_lost_end_is_made_up_for_by_the_next_event_or_by_time() -> None:
    receiver = EventReceiver(timeout_ms=100)
    receiver.take(0, report(1, 400))
    assert receiver.take(1600, report(1, 160)) == [
        EventChange(1, on=False, timestamp=0, duration=400),
        EventChange(1, on=True, timestamp=1600, duration=0),
    ]
    assert [change for _ in range(19) for change in receiver.tick()] == []
    assert receiver.tick() == [EventChange(1, on=False, timestamp=1600, duration=160, timed_out=True)]
    assert receiver.take(1600, report(1, 1120, end=True)) == []


def test_only_the_end_came() -> None:
    assert EventReceiver().take(7, report(9, 800, end=True)) == [
        EventChange(9, on=True, timestamp=7, duration=0),
        EventChange(9, on=False, timestamp=7, duration=800),
    ]


def test_reports_of_an_event_that_is_over_are_not_heard() -> None:
    receiver = EventReceiver()
    receiver.take(0, report(1, 400, end=True))
    receiver.take(1600, report(2, 400, end=True))
    assert receiver.take(0, report(1, 400, end=True)) == []
    assert receiver.take(0xFFFFFF00, report(3, 400)) == []


@pytest.mark.parametrize("clock_hz", [8000, 16000, 48000])
def test_2_5_1_3_a_long_event_is_cut_into_segments_and_put_together(clock_hz: int) -> None:
    sender, receiver = EventSender(clock_hz=clock_hz), EventReceiver(clock_hz)
    units = clock_hz // 200
    pressed = 3 * 65535 // units
    sender.press(4)
    packets = sent(sender, pressed, 0xFFFF0000, units)
    sender.release()
    packets += sent(sender, 20, 0xFFFF0000 + pressed * units, units)
    timestamps = list(dict.fromkeys(packet.timestamp for packet in packets))
    assert timestamps == [(0xFFFF0000 + 65535 * segment) % 2**32 for segment in range(4)]
    assert [packet.marker for packet in packets] == [True] + [False] * (len(packets) - 1)
    whole = [packet for packet in packets if packet.payload[2:] == b"\xff\xff"]
    assert len(whole) == 3
    assert not any(packet.payload[1] & 0x80 for packet in whole)
    assert [packet.payload[1] >> 7 for packet in packets[-4:]] == [0, 1, 1, 1]
    told = [
        change for packet in packets for change in receiver.take(packet.timestamp, packet.payload, marker=packet.marker)
    ]
    begin, end = told
    assert (begin.on, end.on, end.timestamp) == (True, False, 0xFFFF0000)
    assert end.duration == (pressed + 1) * units


def test_a_segment_after_silence_is_no_new_event() -> None:
    receiver = EventReceiver()
    receiver.take(0, report(1, 60000), marker=True)
    assert [change.timed_out for _ in range(40) for change in receiver.tick()] == [True]
    assert receiver.take(65535, report(1, 800)) == []
    assert receiver.take(65535, report(1, 1600, end=True)) == []
    assert [change.on for change in receiver.take(80000, report(1, 40), marker=True)] == [True]


def test_2_5_1_4_the_end_is_sent_three_times_and_no_more_when_the_next_begins() -> None:
    sender = EventSender(on_ms=60, off_ms=30)
    sender.send("12")
    packets = sent(sender, 60)
    assert [(parse(packet.payload) or EventReport(0, 0)).event for packet in packets] == [1] * 5 + [2] * 6
    assert [packet.payload[1] >> 7 for packet in packets] == [0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1]
    assert [packet.marker for packet in packets] == [n in {0, 5} for n in range(11)]


def test_2_5_1_5_reports_that_follow_each_other_in_one_payload() -> None:
    receiver = EventReceiver()
    told = receiver.take(100, report(1, 400) + report(2, 240))
    assert [(change.event, change.on, change.timestamp) for change in told] == [
        (1, True, 100),
        (1, False, 100),
        (2, True, 500),
    ]


def test_rfc2198_a_digit_of_which_every_packet_was_lost_comes_with_the_next() -> None:
    sender, receiver = EventSender(on_ms=60, off_ms=60, redundancy=2), EventReceiver()
    sender.send("123")
    packets = [packet for packet in sent(sender, 120) if parse_red(packet.payload)[-1].payload[0] == 3]  # type: ignore[index]
    told = [
        change
        for packet in packets
        for change in receiver.take_red(packet.timestamp, packet.payload, 101, marker=packet.marker)
    ]
    assert [(change.event, change.on) for change in told] == [(n, on) for n in (1, 2, 3) for on in (True, False)]
    assert [change.timestamp for change in told] == [0, 0, 960, 960, 1920, 1920]


def test_a_tapped_key_is_one_event_and_a_press_ends_the_one_before() -> None:
    sender = EventSender()
    sender.press(1)
    sender.release()
    tapped = sent(sender, 60)
    assert {(packet.timestamp, packet.payload[0]) for packet in tapped} == {(0, 1)}
    assert [packet.payload[1:] for packet in tapped[-3:]] == [b"\x8a\x03\x20"] * 3, "100 ms, told three times"
    sender.press(2)
    sent(sender, 3)
    sender.press(3)
    events = [packet.payload[0] for packet in sent(sender, 3, 800)]
    assert events[0] == 2
    assert events[-1] == 3
    assert sender.busy


def test_keys_that_were_tapped_before_they_could_begin_are_all_sent_in_order() -> None:
    """Digits that came all at once: two of INFO in one tick, events behind a stall of the network."""
    sender = EventSender(on_ms=50, off_ms=50)
    for event in (1, 1, 2):
        sender.press(event)
        sender.release()
    sender.press(3)
    packets = sent(sender, 80)
    begun = {packet.timestamp: packet.payload[0] for packet in packets}
    assert list(begun.values()) == [1, 1, 2, 3]
    ended = {packet.timestamp: int.from_bytes(packet.payload[2:]) for packet in packets if packet.payload[1] & 0x80}
    assert list(ended.values()) == [400, 400, 400], "50 ms each; the last is still held"
    assert sender.busy


def test_2_5_1_4_digits_that_are_stopped_end_as_ever_and_a_held_key_goes_on() -> None:
    sender = EventSender(on_ms=500, off_ms=50)
    sender.send("12")
    sent(sender, 6)
    sender.stop()
    ends = sent(sender, 60, 240)
    assert {(packet.timestamp, packet.payload) for packet in ends} == {(0, report(1, 240, end=True))}
    assert len(ends) == 3
    sender.press(7)
    sent(sender, 6, 4000)
    sender.stop()
    assert sender.busy
    assert not any(packet.payload[1] & 0x80 for packet in sent(sender, 6, 4240))


def test_a_press_does_not_cut_a_digit_that_was_queued() -> None:
    sender = EventSender(on_ms=50, off_ms=50)
    sender.send("12")
    first = sent(sender, 3)
    sender.press(3)
    ends = [packet for packet in [*first, *sent(sender, 60, 120)] if packet.payload[1] & 0x80]
    assert {packet.payload[0]: int.from_bytes(packet.payload[2:]) for packet in ends} == {1: 400, 2: 400}


def test_a_press_for_which_there_is_no_room_is_refused() -> None:
    sender = EventSender()
    for _ in range(64):
        sender.press(1)
        sender.release()
    with pytest.raises(ValueError, match="event 2"):
        sender.press(2)
    with pytest.raises(ValueError, match="64"):
        sender.send("2")
    assert len({packet.timestamp for packet in sent(sender, 64 * 41)}) == 64


@pytest.mark.parametrize(
    "settings",
    [{"clock_hz": 7999}, {"clock_hz": 11025}, {"packet_ms": 7}, {"packet_ms": 55}, {"volume": 64}, {"redundancy": 3}],
)
def test_settings_out_of_range_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="telephone event"):
        EventSender(**settings)


def test_a_full_queue_and_half_reports_are_refused() -> None:
    sender = EventSender()
    sender.send("1" * 64)
    with pytest.raises(ValueError, match="64"):
        sender.send("2")
    with pytest.raises(ValueError, match="6 octets"):
        EventReceiver().take(0, bytes(6))
    with pytest.raises(ValueError, match="RFC 2198"):
        EventReceiver().take_red(0, b"\xe5\x00\x00", 101)

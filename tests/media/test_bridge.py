# SPDX-License-Identifier: GPL-2.0-only
"""Ports joined inside a clock domain, and the D-channel beside them."""

from __future__ import annotations

import pytest

from appliance.media.events import CommandRefused, FrameReceived, PlayEnded
from tests.media.rig import Side, noise, until

pytestmark = pytest.mark.system

Sides = tuple[Side, Side]


def test_bridged_timeslots_are_bit_exact_both_ways(sides: Sides) -> None:
    exchange, branch = sides
    there, back = noise(3, 1), noise(3, 2)
    for port in (1, 2):
        exchange.engine.open_timeslot(port)
        branch.engine.open_timeslot(port)
    branch.engine.connect(1, 2)
    exchange.engine.record(7, 1, 2, 0)
    exchange.engine.play(1, 1, [exchange.arena.add_alaw(there)])
    exchange.engine.play(2, 2, [exchange.arena.add_alaw(back)])
    exchange.line.wait(PlayEnded, 2, 5)
    until(lambda: back in exchange.recorder.left(7) and there in exchange.recorder.right(7))
    for side in sides:
        counters = side.engine.span_status(0).counters
        assert (counters.slips, counters.lost, counters.late, counters.resyncs) == (0, 0, 0, 1)


def test_disconnect_leaves_both_ports_idle(sides: Sides) -> None:
    _, branch = sides
    for port in (1, 2, 3):
        branch.engine.open_timeslot(port)
    branch.engine.connect(1, 2)
    until(lambda: branch.engine.port_status(2).peer == 1)
    branch.engine.connect(3, 1)
    until(lambda: branch.engine.port_status(3).peer == 1)
    assert branch.engine.port_status(2).source == "idle"
    branch.engine.disconnect(1)
    until(lambda: branch.engine.port_status(3).source == "idle")
    assert [branch.engine.port_status(port).peer for port in (1, 2, 3)] == [None, None, None]


def test_connect_stops_the_play_of_both_ports(sides: Sides) -> None:
    _, branch = sides
    sound = branch.arena.add_alaw(noise(5))
    for port in (1, 2):
        branch.engine.open_timeslot(port)
        branch.engine.play(port, port, [sound])
    branch.engine.connect(1, 2)
    ended = [branch.line.wait(PlayEnded, count) for count in (1, 2)]
    assert {(end.play_id, end.reason) for end in ended} == {(1, "stopped"), (2, "stopped")}


def test_q921_frames_both_ways_in_order(sides: Sides) -> None:
    exchange, branch = sides
    frames = [bytes([0x00, 0x01, n]) + bytes([0xFF, 0x7E, 0x00]) * (40 * (n % 3)) for n in range(20)]
    for start in range(0, 20, 5):
        for frame in frames[start : start + 5]:
            exchange.engine.send_frame(0, frame)
            branch.engine.send_frame(0, frame[::-1])
        for side in sides:
            side.line.wait(FrameReceived, start + 5)
    assert [event.frame for event in branch.line.all(FrameReceived)] == frames
    assert [event.frame for event in exchange.line.all(FrameReceived)] == [frame[::-1] for frame in frames]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (lambda engine: engine.connect(1, 2), "ENOTCONN"),
        (lambda engine: engine.open_timeslot(16), "EBUSY"),
        (lambda engine: engine.open_timeslot(33), "ENOTCONN"),
        (lambda engine: engine.open_timeslot(0), "EINVAL"),
        (lambda engine: engine.close_port(5), "ENOTCONN"),
        (lambda engine: engine.stop_recording(5), "ENOENT"),
        (lambda engine: engine.send_frame(1, b"abc"), "ENOTCONN"),
    ],
)
def test_what_cannot_be_obeyed_is_refused(sides: Sides, command, error) -> None:  # type: ignore[no-untyped-def]
    _, branch = sides
    command(branch.engine)
    assert branch.line.wait(CommandRefused).error == error

# SPDX-License-Identifier: GPL-2.0-only
"""An engine that is killed comes back from its table: a gap of at most 300 ms, and everything goes on."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Iterator

import pytest

from appliance.media.events import CommandKind, CommandRefused, DigitsCollected, FrameReceived, PlayEnded, TapSound
from appliance.media.segment import Segment
from drivers.model import Alarm
from tests.media.rig import EngineProcess, Side, engine_process, engine_thread, noise, pair, until
from tests.media.rtp_peer import RtpPeer
from tests.ports import HOST

pytestmark = pytest.mark.system

GAP_SAMPLES = 8 * 300


@pytest.fixture
def call() -> Iterator[tuple[Side, Side, EngineProcess]]:
    """The exchange in a thread, the branch's engine in a process that may be killed."""
    with pair(engine_thread, engine_process) as (caller, branch):
        assert isinstance(branch.host, EngineProcess)
        yield caller, branch, branch.host


def gaps(pieces: list[TapSound], least: int = 40) -> list[int]:
    """Samples missing between pieces of a recording."""
    ends = [(piece.sample + len(piece.left), later.sample) for piece, later in itertools.pairwise(pieces)]
    return [start - end for end, start in ends if start - end >= least]


def test_killed_in_a_bridge_and_a_recording(call: tuple[Side, Side, EngineProcess]) -> None:
    caller, branch, process = call
    sound = noise(8)
    with RtpPeer(process.rtp_base) as phone:
        branch.engine.open_timeslot(1)
        branch.engine.open_rtp(256, phone.address)
        branch.engine.connect(1, 256)
        branch.call.engine.record(9, 1, 256, 0)
        caller.engine.open_timeslot(1)
        caller.engine.play(1, 1, [caller.arena.add_alaw(sound)])
        phone.talk([[]] * 25)
        generation = branch.engine.generation
        process.kill()
        process.start()
        assert branch.engine.generation == generation + 1
        phone.talk([[]] * 50)
        heard = [packet for packet in phone.hear() if packet.payload != b"\xd5" * 160]
        assert {packet.ssrc for packet in heard} == {heard[0].ssrc}
        steps = [later.timestamp - earlier.timestamp & 0xFFFFFFFF for earlier, later in itertools.pairwise(heard)]
        print(f"gap in the phone's ear {max(steps) // 8 - 20} ms")
        assert 160 < max(steps) <= GAP_SAMPLES + 160
        numbers = [packet.sequence for packet in phone.hear()]
        assert {later - earlier & 0xFFFF for earlier, later in itertools.pairwise(numbers)} == {1}
        assert heard[-1].payload in sound
        pieces = branch.recorder.sounds(9)
        assert len(gaps(pieces)) == 1
        assert gaps(pieces)[0] <= GAP_SAMPLES
        place = [sound.find(piece.left[-800:]) - piece.sample - len(piece.left) for piece in pieces[-2:]]
        assert abs(place[0] - place[1]) <= 80, "sound and sample clock stay together over the gap"
        caller.engine.send_frame(0, b"\x00\x01\x73")
        branch.line.wait(FrameReceived)
        assert branch.engine.span_status(0).alarms == Alarm.NONE
        assert Alarm.RED not in caller.engine.span_status(0).alarms


def test_killed_in_the_prompt_and_in_the_collect(call: tuple[Side, Side, EngineProcess]) -> None:
    caller, branch, process = call
    prompt = noise(1)
    for side in (caller, branch):
        side.engine.open_timeslot(2)
    branch.ivr.engine.collect(2, 5, 3, 5000, 5000)
    caller.engine.send_digits(2, 1, "1", on_ms=60, off_ms=60)
    until(lambda: len(branch.ivr.engine.take_events()) > 0)
    caller.engine.record(1, 2, 2, 0)
    branch.ivr.engine.play(2, 6, [branch.arena.add_alaw(prompt)])
    until(lambda: len(caller.recorder.left(1).strip(b"\xd5")) > 2000)
    process.kill()
    process.start()
    assert branch.ivr.wait(PlayEnded).reason == "finished"
    until(lambda: prompt[-1500:] in caller.recorder.left(1))
    heard = caller.recorder.left(1)
    assert prompt[:1500] in heard
    missing = len(heard[heard.index(prompt[:1500]) : heard.index(prompt[-1500:]) + 1500]) - len(prompt)
    assert missing <= GAP_SAMPLES
    caller.engine.send_digits(2, 2, "23", on_ms=60, off_ms=60)
    assert branch.ivr.wait(DigitsCollected).digits == "123"


@pytest.mark.slow
def test_killed_ten_times_and_back_within_300_ms_each(call: tuple[Side, Side, EngineProcess]) -> None:
    caller, branch, process = call
    took = []
    for _ in range(10):
        skipped = branch.engine.status().skipped_ticks
        process.kill()
        process.start()
        took.append(5 * (branch.engine.status().skipped_ticks - skipped))
        until(lambda: caller.in_service() and branch.in_service())
    print("gaps in ms:", took)
    assert max(took) <= 300


def test_torn_table_entries_are_closed_and_counted(call: tuple[Side, Side, EngineProcess]) -> None:
    _, branch, process = call
    for port in range(1, 8):
        branch.engine.open_timeslot(port)
        branch.ivr.engine.play(port, port, [branch.arena.add_alaw(noise(20))])
    until(lambda: branch.engine.port_status(7).source == "play")
    branch.engine.connect(6, 7)
    until(lambda: branch.engine.port_status(7).source == "bridge")
    process.kill()
    tear(Segment(process.segment_fd))
    process.start()
    assert branch.engine.status().repaired >= 4
    assert branch.engine.port_status(5).source == "play"
    ticks = branch.engine.status().ticks
    until(lambda: branch.engine.status().ticks > ticks + 50)
    for port in range(1, 8):
        branch.engine.close_port(port)
        branch.engine.open_timeslot(port)
    time.sleep(0.05)
    assert {branch.engine.port_status(port).kind for port in range(1, 8)} == {"timeslot"}


def tear(segment: Segment) -> None:
    """What stores half done, or another program, could leave behind."""
    ports = segment.c.ports
    ports[1].source = 250
    ports[2].play.count = 255
    ports[3].play.sounds[0].offset = 0xFFFFFFF0
    ports[4].kind = 2
    ports[6].peer = 5000
    segment.c.recordings[3].active = 1
    segment.c.recordings[3].left = 60000


def test_a_command_that_kills_is_refused_the_third_time(call: tuple[Side, Side, EngineProcess]) -> None:
    _, branch, process = call
    process.kill()
    branch.engine.open_timeslot(3)
    segment = Segment(process.segment_fd)
    segment.header.command_attempts = 2
    segment.header.command_ticket = 1 << 32 | 1  # the second command that LINE ever gave
    process.start()
    refused = branch.line.wait(CommandRefused)
    assert (refused.port, refused.error) == (3, "EFAULT")
    branch.engine.open_timeslot(3)
    until(lambda: branch.engine.port_status(3).kind == "timeslot")


def test_a_span_whose_udp_port_was_taken_meanwhile_is_told_to_the_line(
    call: tuple[Side, Side, EngineProcess],
) -> None:
    caller, branch, process = call
    branch.engine.open_timeslot(3)
    until(lambda: branch.engine.port_status(3).kind == "timeslot")
    process.kill()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind(branch.span_address)
        process.start()
        refused = branch.line.wait(CommandRefused)
    assert (refused.kind, refused.port, refused.error) == (CommandKind.OPEN_SPAN, 0, "EADDRINUSE")
    assert branch.engine.port_status(3).kind == "closed"
    until(lambda: Alarm.RED in caller.engine.span_status(0).alarms)


def test_an_rtp_port_whose_udp_port_was_taken_meanwhile_is_told_to_its_owner(
    call: tuple[Side, Side, EngineProcess],
) -> None:
    _, branch, process = call
    branch.engine.open_rtp(256, None)
    until(lambda: branch.engine.port_status(256).kind == "rtp")
    process.kill()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind((HOST, process.rtp_base))
        process.start()
        refused = branch.line.wait(CommandRefused)
    assert (refused.kind, refused.port, refused.error) == (CommandKind.OPEN_RTP, 256, "EADDRINUSE")
    assert branch.engine.port_status(256).kind == "closed"

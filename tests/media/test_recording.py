# SPDX-License-Identifier: GPL-2.0-only
"""Recordings: what the tap ring holds is what was received, sample by sample."""

from __future__ import annotations

import pytest

from appliance.media.events import RecordingEnded, TapBegin, TapEnd
from appliance.media.taps import join
from tests.media.rig import Side, noise, until

pytestmark = pytest.mark.system

Sides = tuple[Side, Side]


def test_both_sides_are_sample_exact_and_end_together(sides: Sides) -> None:
    caller, branch = sides
    left, right = noise(1, 1), noise(1, 2)
    for port in (1, 2):
        caller.engine.open_timeslot(port)
        branch.engine.open_timeslot(port)
    branch.call.engine.record(77, 1, 2, 0)
    caller.engine.play(1, 1, [caller.arena.add_alaw(left)])
    caller.engine.play(2, 2, [caller.arena.add_alaw(right)])
    until(lambda: left in branch.recorder.left(77) and right in branch.recorder.right(77))
    assert branch.recorder.left(77).index(left) == branch.recorder.right(77).index(right)
    branch.call.engine.stop_recording(77)
    ended = branch.call.wait(RecordingEnded)
    until(lambda: bool(branch.recorder.sounds(77)) and isinstance(branch.recorder.taps[-1], TapEnd))
    begin, end = branch.recorder.taps[0], branch.recorder.taps[-1]
    assert isinstance(begin, TapBegin)
    assert isinstance(end, TapEnd)
    pieces = branch.recorder.sounds(77)
    assert pieces[0].sample == begin.from_sample
    assert ended.samples == end.samples == len(branch.recorder.left(77)) == len(branch.recorder.right(77))
    assert ended.lost == 0
    assert ended.sample == begin.from_sample + ended.samples


def test_recording_begins_at_the_very_sample(sides: Sides) -> None:
    _, branch = sides
    branch.engine.open_timeslot(1)
    first = branch.engine.samples + 803
    branch.call.engine.record(1, 1, 1, first)
    until(lambda: len(branch.recorder.left(1)) > 400)
    assert branch.recorder.sounds(1)[0].sample == first
    branch.engine.close_port(1)
    ended = branch.call.wait(RecordingEnded)
    assert ended.samples == len(branch.recorder.left(1))


def test_stopping_before_the_beginning_records_nothing(sides: Sides) -> None:
    _, branch = sides
    branch.engine.open_timeslot(1)
    branch.call.engine.record(1, 1, 1, branch.engine.samples + 80000)
    branch.call.engine.stop_recording(1)
    assert branch.call.wait(RecordingEnded).samples == 0


@pytest.mark.unit
def test_blocks_are_joined_until_a_gap() -> None:
    import struct  # noqa: PLC0415 - the only test without an engine

    def tap(kind: int, recording: int, sample: int, octets: int = 0) -> bytes:
        side = bytes([sample % 256]) * 40
        return struct.pack("<QQHBxI40s40s", recording, sample, octets, kind, 0, side, side)

    ring = (
        tap(1, 5, 30) + tap(2, 5, 30, 10) + tap(2, 6, 40, 40) + tap(2, 5, 40, 40) + tap(2, 5, 160, 40) + tap(3, 5, 170)
    )
    sounds = [
        (type(each).__name__, getattr(each, "sample", None), len(getattr(each, "left", ""))) for each in join(ring)
    ]
    assert sounds == [
        ("TapBegin", None, 0),
        ("TapSound", 30, 50),
        ("TapSound", 160, 40),
        ("TapEnd", None, 0),
        ("TapSound", 40, 40),
    ]

# SPDX-License-Identifier: GPL-2.0-only
"""Recordings from the engine's taps to sealed files: what is in the file, and what survives what."""

import errno
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.media.events import TapSound
from appliance.recording.entries import Entry, Kind, encode, scan
from tests.recording.alaw_wav import read_wav
from tests.recording.rig import BLOCK, Rig, Story, sound, spoken

pytestmark = pytest.mark.unit
SILENCE = b"\xd5"


def test_a_talk_is_in_the_file_octet_for_octet_caller_left_agent_right(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Story())
    rig.begin(7, 1003)
    rig.talk(7, 1003, 16_037)
    rig.end(7, 16_037)
    rig.settle()
    heard = read_wav(rig.file(7))
    assert heard.left == spoken(1003, 16_037, 0)
    assert heard.right == spoken(1003, 16_037, 1)
    (event,) = rig.story.sealed
    assert (event.recording, event.samples, event.lost_samples, event.contact) == ("0000000000000007", 16_037, 0, "")
    assert event.octets == rig.file(7).stat().st_size
    assert event.sha256 == hashlib.sha256(rig.file(7).read_bytes()).hexdigest()


def test_silence_stands_for_what_was_lost_at_the_start_the_middle_and_the_end(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Story())
    rig.begin(7, 1000)
    rig.take(TapSound(7, 1100, sound(1, 200), sound(2, 200)), TapSound(7, 1500, sound(3, 100), sound(4, 100)))
    rig.end(7, 700)
    rig.settle()
    heard = read_wav(rig.file(7))
    assert heard.left == SILENCE * 100 + sound(1, 200) + SILENCE * 200 + sound(3, 100) + SILENCE * 100
    assert heard.right == SILENCE * 100 + sound(2, 200) + SILENCE * 200 + sound(4, 100) + SILENCE * 100
    assert rig.story.sealed[0].lost_samples == 400


def test_sound_beyond_the_end_or_given_twice_does_not_lengthen_the_file(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Story())
    rig.begin(7, 0)
    rig.take(
        TapSound(7, 0, sound(1, 300), sound(2, 300)),
        TapSound(7, 200, sound(1, 300)[200:] + sound(5, 200), sound(6, 300)),
    )
    rig.end(7, 400)
    rig.settle()
    heard = read_wav(rig.file(7))
    assert heard.left == sound(1, 300) + sound(5, 200)[:100]
    assert len(heard.right) == 400


def test_a_recording_without_any_sound_is_silence_and_all_lost(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Story())
    rig.begin(7, 0)
    rig.end(7, 160)
    rig.settle()
    assert read_wav(rig.file(7)).left == SILENCE * 160
    assert rig.story.sealed[0].lost_samples == 160


def test_two_talks_at_once_do_not_mix(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Story())
    for recording in (1, 2):
        rig.begin(recording, 0)
    for at in range(0, 8000, BLOCK):
        rig.talk(1, at, BLOCK)
        rig.take(TapSound(2, at, sound(at + 9, BLOCK), sound(at + 8, BLOCK)))
    for recording in (1, 2):
        rig.end(recording, 8000)
    rig.settle()
    assert read_wav(rig.file(1)).left == spoken(0, 8000, 0)
    assert read_wav(rig.file(2)).left == b"".join(sound(at + 9, BLOCK) for at in range(0, 8000, BLOCK))


def test_a_log_s_segments_go_only_when_their_recordings_are_committed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Story(), limit=20_000)
    for recording in (1, 2):
        rig.begin(recording, 0)
        rig.talk(recording, 0, 24_000)
        rig.end(recording, 24_000)
    for track in rig.recorder.ended():
        rig.recorder.sealed(track, rig.recorder.seal(track))
    rig.recorder.tidy()
    assert len(rig.segments.segments()) > 4, "the outbox has committed nothing yet"
    rig.settle()
    assert rig.segments.segments() == [rig.segments.current]


def test_what_the_story_keeps_does_not_grow(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Story(), limit=20_000)
    for recording in range(1, 20):
        rig.begin(recording, rig.clock)
        rig.talk(recording, rig.clock, 8000)
        rig.end(recording, 8000)
        rig.settle()
    assert len(rig.story.sealed) == 19
    assert len(rig.story.keys) <= 3
    assert not Rig(tmp_path, rig.story, clock=rig.clock).recorder.ended()


def test_a_new_life_goes_on_with_the_talk_and_loses_nothing_of_the_log(tmp_path: Path) -> None:
    story = Story()
    first = Rig(tmp_path, story)
    first.begin(7, 0)
    first.talk(7, 0, 8000)
    second = Rig(tmp_path, story, clock=8000)
    second.talk(7, 8000, 8000)
    second.end(7, 16_000)
    second.settle()
    assert read_wav(second.file(7)).left == spoken(0, 16_000, 0)
    assert [event.lost_samples for event in story.sealed] == [0]


@pytest.mark.parametrize("committed", [False, True])
def test_a_life_that_ends_between_file_and_deletion_tells_its_story_once(tmp_path: Path, *, committed: bool) -> None:
    story = Story()
    first = Rig(tmp_path, story)
    first.begin(7, 0)
    first.talk(7, 0, 8000)
    first.end(7, 8000)
    for track in first.recorder.ended():
        first.recorder.sealed(track, first.recorder.seal(track))
    if committed:
        story.commit()
    else:
        story._pending.clear()
    second = Rig(tmp_path, story, clock=8000)
    second.settle()
    assert [event.samples for event in story.sealed] == [8000]
    assert read_wav(second.file(7)).right == spoken(0, 8000, 1)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 3000), st.binary(max_size=40))
def test_a_torn_tail_is_cut_off_and_only_it_is_lost(
    tmp_path_factory: pytest.TempPathFactory, cut: int, rubbish: bytes
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    story = Story()
    first = Rig(folder, story)
    first.begin(7, 0)
    first.talk(7, 0, 8000)
    path = next((folder / "log").glob("*.log"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut] + rubbish)
    second = Rig(folder, story, clock=8000)
    second.end(7, 8000)
    second.settle()
    lost = story.sealed[0].lost_samples
    heard = read_wav(second.file(7)).left
    assert heard == spoken(0, 8000 - lost, 0) + SILENCE * lost
    assert lost <= BLOCK * (1 + cut // (2 * BLOCK))


def test_an_octet_that_changed_on_disk_ends_the_log_there() -> None:
    octets = b"".join(encode(Entry(Kind.SOUND, 1, n, sound(n, 20))) for n in range(3))
    damaged = bytearray(octets)
    damaged[len(octets) // 2] ^= 1
    assert [entry.sample for _, entry in scan(octets)] == [0, 1, 2]
    assert [entry.sample for _, entry in scan(bytes(damaged))] == [0]


def test_a_recording_whose_end_was_never_told_is_sealed_with_what_there_is(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Story())
    rig.begin(7, 0)
    rig.talk(7, 0, 8000)
    rig.clock = 8000 + 4 * 8000
    rig.take()
    assert not rig.recorder.ended()
    rig.clock = 8000 + 5 * 8000
    rig.take()
    rig.settle()
    assert rig.story.sealed[0].samples == 8000


def test_a_box_that_started_anew_seals_what_the_former_life_left(tmp_path: Path) -> None:
    story = Story()
    first = Rig(tmp_path, story, clock=800_000)
    first.begin(7, 800_000)
    first.talk(7, 800_000, 8000)
    second = Rig(tmp_path, story, clock=0)
    second.settle()
    assert [(event.samples, event.lost_samples) for event in story.sealed] == [(8000, 0)]


def test_a_full_disk_stops_recording_with_an_alarm_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Story())
    rig.begin(7, 0)
    rig.talk(7, 0, 8000)
    rig.free = 900_000
    rig.settle()
    assert rig.alarms[0][0] == "recorder.disk-full"
    assert "make room" in str(rig.alarms[0][1])
    rig.talk(7, 8000, 8000)
    rig.begin(8, 8000)
    rig.free = 1 << 30
    rig.settle()
    assert rig.alarms[1:] == [("recorder.disk-full", None)]
    rig.talk(7, 16_000, 8000)
    rig.talk(8, 16_000, 8000)
    rig.end(7, 24_000)
    rig.end(8, 16_000)
    rig.settle()
    assert [event.recording[-1] for event in rig.story.failed] == ["7", "8"]
    assert read_wav(rig.file(7)).left == spoken(0, 8000, 0) + SILENCE * 8000 + spoken(16_000, 8000, 0)
    assert read_wav(rig.file(8)).left == SILENCE * 8000 + spoken(16_000, 8000, 0)


def test_a_write_that_the_disk_refuses_leaves_no_torn_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path, Story())
    rig.begin(7, 0)
    rig.talk(7, 0, 8000)
    write = os.write

    def refuse_half(fd: int, octets: memoryview) -> int:
        if len(octets) < 300:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, octets[: len(octets) - 200])

    monkeypatch.setattr(os, "write", refuse_half)
    rig.talk(7, 8000, BLOCK)
    monkeypatch.undo()
    assert rig.alarms[0][0] == "recorder.disk-full"
    rig.settle()
    rig.talk(7, 8000 + BLOCK, BLOCK)
    again = Rig(tmp_path, rig.story, clock=rig.clock)
    again.end(7, 8000 + 2 * BLOCK)
    again.settle()
    assert read_wav(again.file(7)).left == spoken(0, 8000, 0) + SILENCE * BLOCK + spoken(8000 + BLOCK, BLOCK, 0)

# SPDX-License-Identifier: GPL-2.0-only
"""The recorder's work: taps into the log, ended recordings into files, their story into the outbox.

Nothing here can hold a call up: the engine writes into its ring and never waits. A full disk stops recording, with an
alarm and a RecordingFailed, until there is room. A recording of which the engine says nothing for IDLE_S of its own
clock, or whose clock began anew, has lost its end and is sealed with what there is.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from appliance.media.events import Tap, TapBegin, TapEnd, TapSound
from appliance.recording.entries import PAYLOAD_LIMIT, Entry, Kind
from appliance.recording.room import Room
from appliance.recording.sealing import Sealed, seal
from appliance.recording.segments import SegmentLog
from appliance.recording.tracks import Track, Tracks
from appliance.recording.wav import RATE_HZ
from appliance.wire.calls import CallEvent, RecordingFailed, RecordingSealed

IDLE_S = 5
DISK_FULL = "recorder.disk-full"

log = structlog.get_logger()


class Story(Protocol):
    """Where call events are kept until headquarters has them; what is kept under a key goes with its event."""

    def append(self, *events: CallEvent, keep: Mapping[str, bytes | None] | None = None) -> None:
        """Store both in one transaction, soon."""


class Recorder:
    """`committed` tells which keys the story has on disk; `on_alarm(code, sentence)` raises, with None clears."""

    def __init__(
        self,
        segments: SegmentLog,
        files: Path,
        story: Story,
        committed: Callable[[], set[str]],
        room: Room,
        on_alarm: Callable[[str, str | None], None],
    ) -> None:
        self._segments = segments
        self._files = files
        self._story = story
        self._committed = committed
        self._room = room
        self._on_alarm = on_alarm
        self._tracks = Tracks()
        self._finished: dict[str, set[int]] = {}
        self._alarmed = False

    def recover(self, samples: int) -> None:
        """Take up what an earlier life left in the log; `samples` is the engine's clock now."""
        done = self._committed()
        for place, entry in self._segments.recover():
            self._tracks.take(place, entry)
        for track in self._tracks:
            track.logged, track.heard_at = True, samples
            track.sealed = track.name in done
            if track.samples is None and track.last_sample > samples + RATE_HZ:
                self._lose_end(track, "the engine's clock began anew")
        self._finished = {name: set() for name in done}
        log.info("recording.log.recovered", recordings=sum(1 for _ in self._tracks), sealed=len(done))

    def take(self, taps: Sequence[Tap], samples: int) -> None:
        """What the engine tapped; `samples` is its clock now."""
        for tap in taps:
            track = self._tracks.get(tap.recording_id)
            if track is None and not isinstance(tap, TapEnd):
                sample = tap.from_sample if isinstance(tap, TapBegin) else tap.sample
                track = self._tracks.begin(tap.recording_id, sample)
                log.info("recording.track.began", recording=track.name, sample=sample)
            if track is None or track.samples is not None:
                log.warning("recording.tap.unexpected", recording=f"{tap.recording_id:016x}", kind=type(tap).__name__)
                continue
            track.heard_at = samples
            self._take_one(track, tap)
        for track in self._tracks:
            if track.samples is None and not 0 <= samples - track.heard_at < IDLE_S * RATE_HZ:
                self._lose_end(track, f"the engine has not said anything of it for {IDLE_S} s")

    def look_at_disk(self) -> None:
        """Is there room? Raise or clear the alarm."""
        if self._room.look():
            self._alarm()
        elif self._alarmed:
            self._alarmed = False
            self._on_alarm(DISK_FULL, None)
            log.info("recording.alarm.cleared")

    def ended(self) -> list[Track]:
        """Recordings that are over and can be sealed now. A file that the disk refused waits until there is room."""
        over = (track for track in self._tracks if track.samples is not None and not track.sealed)
        return [track for track in over if not (track.unsealable and self._room.full)]

    def seal(self, track: Track) -> Sealed | None:
        """Write its file, if there is any sound; None where the disk refuses. Any thread: the track changes no more."""
        try:
            return seal(track, self._segments.read, self._files / f"{track.name}.wav")
        except OSError as error:
            log.error("recording.file.refused", recording=track.name, error=str(error))
            return None

    def sealed(self, track: Track, file: Sealed | None) -> None:
        """Tell the story of the file that `seal` gave, or remember that it could not."""
        if file is None:
            track.unsealable = True
            self._room.refused()
            return
        track.sealed = True
        event = RecordingSealed(
            contact="",
            recording=track.name,
            samples=file.samples,
            octets=file.octets,
            sha256=file.sha256,
            lost_samples=file.lost,
        )
        self._story.append(event, keep={track.name: b"sealed"})
        log.info("recording.file.sealed", recording=track.name, samples=file.samples, lost=file.lost)

    def tidy(self) -> None:
        """Forget recordings whose story is on disk, and delete segments that nobody needs."""
        done = self._committed()
        for track in self._tracks:
            if track.sealed and track.name in done:
                self._finished[track.name] = track.segments
                self._tracks.forget(track.recording)
        there = set(self._segments.segments())
        gone = there - self._tracks.needed() - {self._segments.current}
        for number in gone:
            self._segments.delete(number)
        # A name may be forgotten when no segment can bring its recording back.
        past = [name for name, segments in self._finished.items() if not segments & (there - gone)]
        for name in past:
            del self._finished[name]
        if past:
            self._story.append(keep=dict.fromkeys(past))

    def _take_one(self, track: Track, tap: Tap) -> None:
        if not track.logged:
            self._write(track, Entry(Kind.BEGIN, track.recording, track.from_sample))
        match tap:
            case TapSound(recording_id=recording, sample=sample, left=left, right=right):
                for at in range(0, len(left), PAYLOAD_LIMIT // 2):
                    to = at + PAYLOAD_LIMIT // 2
                    self._write(track, Entry(Kind.SOUND, recording, sample + at, left[at:to] + right[at:to]))
            case TapEnd(recording_id=recording, samples=length):
                self._write(track, Entry(Kind.END, recording, length))
                track.samples = length
            case TapBegin():
                pass

    def _write(self, track: Track, entry: Entry) -> None:
        if not self._room.full and (track.logged or entry.kind is Kind.BEGIN):
            try:
                self._tracks.take(self._segments.append(entry), entry)
            except OSError as error:
                log.error("recording.log.refused", error=str(error))
                self._room.refused()
            else:
                return
        self._fail(track, "the data disk is full; sound is missing from here on until there is room")
        self._alarm()

    def _alarm(self) -> None:
        if not self._alarmed:
            self._alarmed = True
            self._on_alarm(DISK_FULL, "the data disk is full: calls go on, their recording does not; make room on it")
            log.error("recording.alarm.raised", code=DISK_FULL)

    def _fail(self, track: Track, sentence: str) -> None:
        if not track.failed:
            track.failed = True
            self._story.append(RecordingFailed(contact="", recording=track.name, sentence=sentence))
            log.warning("recording.track.failed", recording=track.name, sentence=sentence)

    def _lose_end(self, track: Track, why: str) -> None:
        track.samples = track.last_sample - track.from_sample
        log.warning("recording.end.lost", recording=track.name, why=why, samples=track.samples)

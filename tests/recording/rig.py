# SPDX-License-Identifier: GPL-2.0-only
"""A Recorder with a real log and real files, a story in memory and a tap source that the test speaks for."""

from collections.abc import Mapping
from pathlib import Path

from appliance.media.events import Tap, TapBegin, TapEnd, TapSound
from appliance.recording.recorder import Recorder
from appliance.recording.room import Room
from appliance.recording.segments import SegmentLog
from appliance.wire.calls import CallEvent, RecordingFailed, RecordingSealed

BLOCK = 800


def sound(seed: int, samples: int) -> bytes:
    """A side's octets, different at every place and never A-law silence."""
    return bytes((seed * 31 + n * 7) % 199 for n in range(samples))


class Story:
    """The outbox's part: what was appended is committed when the test says so."""

    def __init__(self) -> None:
        self.events: list[CallEvent] = []
        self.keys: dict[str, bytes] = {}
        self._pending: list[tuple[tuple[CallEvent, ...], Mapping[str, bytes | None]]] = []

    def append(self, *events: CallEvent, keep: Mapping[str, bytes | None] | None = None) -> None:
        """As Outbox.append."""
        self._pending.append((events, keep or {}))

    def commit(self) -> None:
        """The transaction is on disk."""
        for events, keep in self._pending:
            self.events += events
            for key, value in keep.items():
                if value is None:
                    self.keys.pop(key, None)
                else:
                    self.keys[key] = value
        self._pending.clear()

    def committed(self) -> set[str]:
        """Keys on disk."""
        return set(self.keys)

    @property
    def sealed(self) -> list[RecordingSealed]:
        """Sealed recordings, in order."""
        return [event for event in self.events if isinstance(event, RecordingSealed)]

    @property
    def failed(self) -> list[RecordingFailed]:
        """Failed ones."""
        return [event for event in self.events if isinstance(event, RecordingFailed)]


class Rig:
    """One life of the recorder on a folder; make another on the same folder for the next life."""

    def __init__(
        self, folder: Path, story: Story, *, clock: int = 0, limit: int = 1 << 24, free: int = 1 << 40
    ) -> None:
        self.folder = folder
        self.story = story
        self.clock = clock
        self.free = free
        self.alarms: list[tuple[str, str | None]] = []
        self.segments = SegmentLog(folder / "log", limit)
        self.room = Room(1_000_000, lambda: self.free)
        self.recorder = Recorder(self.segments, folder / "recordings", story, story.committed, self.room, self._alarm)
        self.recorder.recover(clock)

    def _alarm(self, code: str, sentence: str | None) -> None:
        self.alarms.append((code, sentence))

    def take(self, *taps: Tap) -> None:
        """Taps arrive."""
        self.recorder.take(taps, self.clock)

    def talk(self, recording: int, first: int, samples: int) -> None:
        """Sound of one recording, `BLOCK` samples at a time, as the engine's clock goes."""
        for at in range(first, first + samples, BLOCK):
            count = min(BLOCK, first + samples - at)
            self.clock = max(self.clock, at + count)
            self.take(TapSound(recording, at, sound(at, count), sound(at + 1, count)))

    def begin(self, recording: int, sample: int) -> None:
        """The engine begins."""
        self.take(TapBegin(recording, sample))

    def end(self, recording: int, samples: int) -> None:
        """The engine ends."""
        self.take(TapEnd(recording, samples))

    def settle(self) -> None:
        """Everything that goes by the clock in the process, once."""
        self.recorder.look_at_disk()
        for track in self.recorder.ended():
            self.recorder.sealed(track, self.recorder.seal(track))
        self.story.commit()
        self.recorder.tidy()
        self.story.commit()

    def file(self, recording: int) -> Path:
        """Where its file is to be."""
        return self.folder / "recordings" / f"{recording:016x}.wav"


def spoken(first: int, samples: int, side: int) -> bytes:
    """What `Rig.talk` says on a side (0 left, 1 right)."""
    return b"".join(sound(at + side, min(BLOCK, first + samples - at)) for at in range(first, first + samples, BLOCK))

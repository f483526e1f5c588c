# SPDX-License-Identifier: GPL-2.0-only
"""What the log holds of each recording: an index in memory, made again from the log after a restart.

A track is open until its end is known, ended until its file stands, sealed until that is committed in the outbox; then
it is forgotten, and segments that no track needs can go.
"""

from collections.abc import Iterator

import msgspec

from appliance.recording.entries import Entry, Kind
from appliance.recording.segments import Place


class Piece(msgspec.Struct, frozen=True):
    """Consecutive sound: from `sample` on, `samples` a side, at `place`."""

    sample: int
    place: Place

    @property
    def samples(self) -> int:
        """Its length a side."""
        return self.place.octets // 2


class Track(msgspec.Struct):
    """One recording. `samples` is its length, None while it is open; `heard_at` the engine's clock at its last tap."""

    recording: int
    from_sample: int
    samples: int | None = None
    pieces: list[Piece] = msgspec.field(default_factory=list)
    segments: set[int] = msgspec.field(default_factory=set)
    logged: bool = False
    failed: bool = False
    unsealable: bool = False
    sealed: bool = False
    heard_at: int = 0

    @property
    def name(self) -> str:
        """The recording's text id, also its file's stem."""
        return f"{self.recording:016x}"

    @property
    def last_sample(self) -> int:
        """The first sample after everything that is kept."""
        return max((piece.sample + piece.samples for piece in self.pieces), default=self.from_sample)


class Tracks:
    """All recordings that are not done with."""

    def __init__(self) -> None:
        self._tracks: dict[int, Track] = {}

    def __iter__(self) -> Iterator[Track]:
        return iter(list(self._tracks.values()))

    def get(self, recording: int) -> Track | None:
        """The track, if it is known."""
        return self._tracks.get(recording)

    def begin(self, recording: int, sample: int) -> Track:
        """The track; made, from `sample` on, where it is new."""
        return self._tracks.setdefault(recording, Track(recording, sample))

    def take(self, place: Place, entry: Entry) -> None:
        """An entry of the log, just written or found again."""
        track = self.begin(entry.recording, entry.sample)
        track.segments.add(place.segment)
        match entry.kind:
            case Kind.BEGIN:
                track.logged = True
                track.from_sample = entry.sample
            case Kind.SOUND:
                track.pieces.append(Piece(entry.sample, place))
            case Kind.END:
                track.samples = entry.sample

    def forget(self, recording: int) -> None:
        """It is sealed, and the outbox has it."""
        self._tracks.pop(recording, None)

    def needed(self) -> set[int]:
        """Segments that some track still needs."""
        return {segment for track in self._tracks.values() for segment in track.segments}

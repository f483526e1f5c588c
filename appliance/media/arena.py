# SPDX-License-Identifier: GPL-2.0-only
"""The sound arena: A-law sound in the shared segment that the engine plays from. One writer: the IVR.

Content-addressed: an index in the arena's own head maps the SHA-256 of a file's octets to its sound, so a restarted IVR
finds everything again. An index entry is written whole before the count that makes it visible. Nothing is ever freed.
"""

from __future__ import annotations

import hashlib
import io
import os
import struct
import wave
from pathlib import Path

from appliance.media.engine import inherited_fds
from appliance.media.events import Sound
from appliance.media.segment import Segment
from dsp.g711 import alaw_encode

_HEAD = struct.Struct("<8sII")  # magic, sounds, octets used
_ENTRY = struct.Struct("<32sII")  # sha256, offset, octets
_MAGIC = b"BLARENA1"
SOUNDS_MAX = 8192
_SOUND_FIRST = _HEAD.size + SOUNDS_MAX * _ENTRY.size


class ArenaFullError(Exception):
    """No room for this sound."""


class SoundFormatError(Exception):
    """Not an 8 kHz 16-bit mono WAV file."""


class SoundArena:
    """Loads sounds; keep one for each segment, in the IVR only."""

    def __init__(self, segment_fd: int) -> None:
        """Map the segment and read the index that an earlier writer left."""
        self._segment = Segment(segment_fd)
        self._octets = self._segment.arena()
        self._index: dict[bytes, Sound] = {}
        magic, count, used = _HEAD.unpack_from(self._octets, 0)
        if magic != _MAGIC or count > SOUNDS_MAX or not _SOUND_FIRST <= used <= len(self._octets):
            count, used = 0, _SOUND_FIRST
        self._used = used
        for place in range(count):
            digest, offset, octets = _ENTRY.unpack_from(self._octets, _HEAD.size + place * _ENTRY.size)
            self._index[digest] = Sound(offset, octets)
        self._write_head()

    @classmethod
    def from_environment(cls) -> SoundArena:
        """Arena of the segment that BRANCHLINE_FDS names.

        Raises:
            ValueError: it names none.
        """
        fds = inherited_fds(os.environ.get("BRANCHLINE_FDS", ""))
        if "segment" not in fds:
            raise ValueError("BRANCHLINE_FDS names no segment")
        return cls(fds["segment"])

    def load(self, source: Path | str | bytes) -> Sound:
        """Give the sound of a WAV file (or its octets), converting it at first sight.

        Raises:
            SoundFormatError: not 8 kHz 16-bit mono WAV.
            ArenaFullError: 64 MiB or 8192 sounds are used up.
            OSError: the file cannot be read.
        """
        wav = source if isinstance(source, bytes) else Path(source).read_bytes()
        digest = hashlib.sha256(wav).digest()
        if digest not in self._index:
            self._add(digest, alaw_of_wav(wav))
        return self._index[digest]

    def add_alaw(self, alaw: bytes) -> Sound:
        """Give the sound of raw A-law octets."""
        digest = hashlib.sha256(b"alaw" + alaw).digest()
        if digest not in self._index:
            self._add(digest, alaw)
        return self._index[digest]

    def _add(self, digest: bytes, alaw: bytes) -> None:
        if not alaw:
            raise SoundFormatError("a sound without samples")
        if len(self._index) == SOUNDS_MAX or self._used + len(alaw) > len(self._octets):
            raise ArenaFullError(f"{len(self._index)} sounds, {self._used} octets used, {len(alaw)} wanted")
        sound = Sound(self._used, len(alaw))
        self._octets[sound.offset : sound.offset + sound.octets] = alaw
        entry = _ENTRY.pack(digest, sound.offset, sound.octets)
        place = _HEAD.size + len(self._index) * _ENTRY.size
        self._octets[place : place + _ENTRY.size] = entry
        self._index[digest] = sound
        self._used += len(alaw)
        self._write_head()

    def _write_head(self) -> None:
        self._octets[: _HEAD.size] = _HEAD.pack(_MAGIC, len(self._index), self._used)


def alaw_of_wav(wav: bytes) -> bytes:
    """A-law octets of an 8 kHz 16-bit mono WAV file.

    Raises:
        SoundFormatError: anything else.
    """
    try:
        with wave.open(io.BytesIO(wav)) as file:
            shape = (file.getframerate(), file.getsampwidth(), file.getnchannels())
            samples = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise SoundFormatError(f"no WAV file: {error}") from error
    if shape != (8000, 2, 1):
        raise SoundFormatError(f"{shape[0]} Hz, {8 * shape[1]} bit, {shape[2]} channels: 8000 Hz, 16 bit, mono wanted")
    return alaw_encode(samples)

# SPDX-License-Identifier: GPL-2.0-only
"""Cuts one recording out of the log into its file: exact to the sample, silence where sound is missing.

The file appears whole or not at all: written beside its place, synced, renamed, the folder synced.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from appliance.recording import wav
from appliance.recording.segments import Place
from appliance.recording.tracks import Piece, Track

_SILENCE_CHUNK = 65_536


class Sealed(msgspec.Struct, frozen=True):
    """The file as it stands: samples a side, octets and SHA-256 of the whole, samples that were lost."""

    samples: int
    octets: int
    sha256: str
    lost: int


def seal(track: Track, read: Callable[[Place], bytes], path: Path) -> Sealed:
    """Write `path`. A track without an end is as long as what is kept of it. Raises OSError, ValueError."""
    samples = track.samples if track.samples is not None else track.last_sample - track.from_sample
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    digest = hashlib.sha256()
    heard = 0
    octets = 0
    try:
        with part.open("wb") as file:
            for chunk, real in _chunks(track, samples, read):
                digest.update(chunk)
                file.write(chunk)
                octets += len(chunk)
                heard += real
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return Sealed(samples, octets, digest.hexdigest(), samples - heard)


def _chunks(track: Track, samples: int, read: Callable[[Place], bytes]) -> Iterator[tuple[bytes, int]]:
    """Octets of the file in order, each with the number of real samples a side in it."""
    yield wav.head(samples), 0
    at, end = track.from_sample, track.from_sample + samples
    for piece in sorted(track.pieces, key=_first_sample):
        yield from _silence(min(piece.sample, end) - at)
        at = max(at, min(piece.sample, end))
        skip, stop = at - piece.sample, min(piece.samples, end - piece.sample)
        if skip < stop:
            sound = read(piece.place)
            left, right = sound[: piece.samples], sound[piece.samples :]
            yield wav.interleave(left[skip:stop], right[skip:stop]), stop - skip
            at += stop - skip
    yield from _silence(end - at)


def _silence(samples: int) -> Iterator[tuple[bytes, int]]:
    while samples > 0:
        now = min(samples, _SILENCE_CHUNK)
        yield bytes([wav.SILENCE]) * (now * wav.CHANNELS), 0
        samples -= now


def _first_sample(piece: Piece) -> int:
    return piece.sample


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

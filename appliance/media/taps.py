# SPDX-License-Identifier: GPL-2.0-only
"""The tap ring's reader: 5 ms blocks of sound, joined into as few pieces as they allow."""

from __future__ import annotations

import struct

from appliance.media import segment as shared
from appliance.media.events import Tap, TapBegin, TapEnd, TapSound
from appliance.media.segment import Segment

_BATCH = 4096
_TAP = struct.Struct("<QQHBxI40s40s")  # struct bl_tap
_BEGIN, _BLOCK, _END = 1, 2, 3


class TapReader:
    """Takes taps from a segment."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._room: object | None = None

    def take(self) -> list[Tap]:
        """All taps that stand in the ring, each recording's in order."""
        if self._room is None:  # only a recorder needs the room
            self._room = self._segment.new_taps(_BATCH)
        taps: list[Tap] = []
        while count := self._segment.take_taps(self._room, _BATCH):
            taps += join(shared.octets(self._room, count * _TAP.size))
        return taps


class _Piece:
    """Blocks of one recording that follow each other."""

    def __init__(self, sample: int) -> None:
        self.sample = sample
        self.left = bytearray()
        self.right = bytearray()

    def end(self) -> int:
        return self.sample + len(self.left)


def join(ring: bytes) -> list[Tap]:
    """Taps from consecutive `struct bl_tap`."""
    taps: list[Tap] = []
    open_pieces: dict[int, _Piece] = {}

    def close(recording_id: int) -> None:
        piece = open_pieces.pop(recording_id, None)
        if piece is not None:
            taps.append(TapSound(recording_id, piece.sample, bytes(piece.left), bytes(piece.right)))

    for recording_id, sample, octets, kind, _, left, right in _TAP.iter_unpack(ring):
        if kind == _BLOCK:
            piece = open_pieces.get(recording_id)
            if piece is None or piece.end() != sample:
                close(recording_id)
                piece = open_pieces[recording_id] = _Piece(sample)
            piece.left += left[:octets]
            piece.right += right[:octets]
            continue
        close(recording_id)
        taps.append(TapBegin(recording_id, sample) if kind == _BEGIN else TapEnd(recording_id, sample))
    for recording_id in list(open_pieces):
        close(recording_id)
    return taps

# SPDX-License-Identifier: GPL-2.0-only
"""What a message of the router's stream holds: entries of its journal as they were decided, and who says so.

A batch without entries is a heartbeat. The first of each life, and now and then one, has the whole state, so that
whoever comes late reads on from there. MessagePack, compressed: it is for headquarters only.
"""

import zlib
from typing import Self

import msgspec

from appliance.router.journal import Entry, Snapshot


class Batch(msgspec.Struct, frozen=True):
    """`told`: the router has heard of the record's stream up to there. `snapshot` is the state after the entries."""

    box: str
    epoch: int
    at_ns: int
    told: int
    entries: tuple[Entry, ...] = ()
    snapshot: Snapshot | None = None

    def encoded(self) -> bytes:
        """For the stream."""
        return zlib.compress(msgspec.msgpack.encode(self), 1)

    @classmethod
    def decoded(cls, payload: bytes) -> Self:
        """From the stream. Raises ValueError."""
        try:
            return msgspec.msgpack.decode(zlib.decompress(payload), type=cls)
        except (zlib.error, msgspec.DecodeError) as error:
            raise ValueError(f"not a batch of the router's journal: {error}") from error


class Mark(msgspec.Struct, frozen=True):
    """Stands in the local journal beside its entries: how far they go in which stream."""

    stream: str = ""
    position: int = 0
    epoch: int = 0
    told: int = 0

    def encoded(self) -> bytes:
        """For the journal."""
        return msgspec.json.encode(self)

    @classmethod
    def decoded(cls, octets: bytes) -> Self:
        """From the journal; of one that was never of a stream it is empty."""
        return msgspec.json.decode(octets, type=cls) if octets else cls()

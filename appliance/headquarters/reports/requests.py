# SPDX-License-Identifier: GPL-2.0-only
"""What headquarters asks of the record's process: one request, one answer, in turn, over `run/record.sock`.

Each is MessagePack behind its length in four octets. All are idempotent: whoever does not hear an answer asks again.
"""

from pathlib import Path

import msgspec

from appliance.headquarters.reports.intervals.thresholds import Threshold
from appliance.headquarters.reports.positions import Position
from appliance.headquarters.reports.texts import Version
from appliance.wire.voicemail import Mark

LENGTH = 4


class Store(msgspec.Struct, frozen=True, tag=True):
    """Envelopes of call events as JSON; `at`: where they stood in a stream."""

    envelopes: list[bytes]
    at: Position | None = None


class Stored(msgspec.Struct, frozen=True, tag=True):
    """Which of them were new, by number; places of the last event before them, and after."""

    new: list[int]
    before: int
    last: int


class Follow(msgspec.Struct, frozen=True, tag=True):
    """From now on this stream."""

    stream: str


class Followed(msgspec.Struct, frozen=True, tag=True):
    """Up to there, before."""

    number: int


class Hold(msgspec.Struct, frozen=True, tag=True):
    """(kind, name, threshold)."""

    thresholds: list[tuple[str, str, Threshold]]


class Here(msgspec.Struct, frozen=True, tag=True):
    """A recording's sound."""

    recording: str
    contact: str


class Move(msgspec.Struct, frozen=True):
    """An agent's change of state; `contact`: whose wrap-up it is."""

    agent: str
    state: str
    reason: str
    at_ns: int
    contact: str = ""


class Moved(msgspec.Struct, frozen=True, tag=True):
    """By entry of the router's journal."""

    entries: list[tuple[int, list[Move]]]


class Texts(msgspec.Struct, frozen=True, tag=True):
    """What the administrator's files say now."""

    written: list[Version]


class MarkMessage(msgspec.Struct, frozen=True, tag=True):
    """A message is heard, new or deleted."""

    recording: str
    mark: Mark
    at_ns: int


class Settle(msgspec.Struct, frozen=True, tag=True):
    """Whoever reads the record shall find what was answered."""


class Marked(msgspec.Struct, frozen=True, tag=True):
    """Whether there is such a message."""

    there: bool


class Done(msgspec.Struct, frozen=True, tag=True):
    """It is on the disk."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Nothing of it is."""

    sentence: str


Request = Store | Follow | Hold | Here | Moved | Texts | MarkMessage | Settle
Answer = Stored | Followed | Marked | Done | Failed


def socket_in(state: Path) -> Path:
    """Where the record's process listens."""
    return state / "run" / "record.sock"


def framed(message: Request | Answer) -> bytes:
    """With its length."""
    octets = msgspec.msgpack.encode(message)
    return len(octets).to_bytes(LENGTH) + octets

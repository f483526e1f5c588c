# SPDX-License-Identifier: GPL-2.0-only
"""The record's writer as headquarters has it: what writes is asked of the record's process, what reads is read here.

The record's process may die between a commit and its answer. So the answer to the next request says where the record
stood before it, and what headquarters was not told of comes first.
"""

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.reports import positions, reading
from appliance.headquarters.reports.intervals import agents
from appliance.headquarters.reports.intervals.agents import Moved as Change
from appliance.headquarters.reports.intervals.thresholds import Threshold
from appliance.headquarters.reports.positions import Position
from appliance.headquarters.reports.requests import (
    LENGTH,
    Answer,
    Done,
    Failed,
    Follow,
    Followed,
    Here,
    Hold,
    Marked,
    MarkMessage,
    Move,
    Moved,
    Request,
    Settle,
    Store,
    Stored,
    Texts,
    framed,
)
from appliance.headquarters.reports.texts import Version
from appliance.wire.envelope import Envelope, encode
from appliance.wire.voicemail import Mark

ENTRIES = 500  # in one request

A = TypeVar("A", Stored, Followed, Marked, Done)


class RecordRefusedError(SQLAlchemyError):
    """The record's process is away, or says why nothing was stored."""


class RemoteWriter:
    """A Keeper; requests of several threads take turns, each waits. `reader`: of the same record."""

    def __init__(self, path: Path, reader: Engine) -> None:
        self._path = path
        self._reader = reader
        self._socket: socket.socket | None = None
        self._turn = threading.Lock()
        self._told: int | None = None
        """The place of the last event that headquarters knows of; None before a router has begun."""

    def store(self, batch: Sequence[Envelope], at: Position | None = None) -> list[Envelope]:
        """As of a Writer; before the new ones come those that were new before and of which no answer was heard."""
        answer = self._ask(Store([encode(envelope) for envelope in batch], at), Stored)
        untold = [] if self._told is None else positions.between(self._reader, self._told, answer.before)
        self._told = answer.last
        return [*untold, *(batch[number] for number in answer.new)]

    def follow(self, stream: str) -> int:
        """As of a Writer."""
        return self._ask(Follow(stream), Followed).number

    def hold(self, thresholds: Mapping[tuple[str, str], Threshold]) -> None:
        """As of a Writer."""
        self._ask(Hold([(kind, name, threshold) for (kind, name), threshold in thresholds.items()]), Done)

    def recording_here(self, recording: str, contact: str) -> None:
        """As of a Writer."""
        self._ask(Here(recording, contact), Done)

    def agents_moved(self, entries: Iterable[tuple[int, Iterable[Change]]]) -> None:
        """As of a Writer, in lots."""
        told = iter(entries)
        while lot := list(itertools.islice(told, ENTRIES)):
            self._ask(Moved([(seq, [_move(one) for one in moves]) for seq, moves in lot]), Done)

    def texts(self, written: Sequence[Version]) -> None:
        """As of a Writer."""
        self._ask(Texts(list(written)), Done)

    def mark(self, recording: str, wanted: Mark, at_ns: int) -> bool:
        """As of a Writer."""
        return self._ask(MarkMessage(recording, wanted, at_ns), Marked).there

    def newest_move_ns(self) -> int | None:
        """As of a Writer."""
        with self._reader.connect() as store:
            return agents.newest(store)

    def open_agent_legs(self) -> list[tuple[str, str, str, str, str]]:
        """As of a Writer; what is stored from then on is told."""
        with self._reader.connect() as store:
            self._told = positions.last_place(store)
            return reading.open_agent_legs(store)

    def ends_of(self, contacts: Iterable[str]) -> tuple[Envelope, ...]:
        """As of a Writer."""
        return tuple(positions.ends_of(self._reader, contacts))

    def missed(self, position: int) -> list[Envelope]:
        """As of a Writer."""
        self._ask(Settle(), Done)
        return positions.beyond(self._reader, position)

    def close(self) -> None:
        """Whoever waits for an answer waits no more."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None

    def _ask(self, request: Request, kind: type[A]) -> A:
        with self._turn:
            answer = self._answer(request)
        if isinstance(answer, Failed):
            raise RecordRefusedError(answer.sentence)
        if not isinstance(answer, kind):
            raise TypeError(f"{answer} to {type(request).__name__}")
        return answer

    def _answer(self, request: Request) -> Answer:
        try:
            connection = self._connected()
            connection.sendall(framed(request))
            length = int.from_bytes(_read(connection, LENGTH))
            answer: Answer = msgspec.msgpack.decode(_read(connection, length), type=Answer)
        except (OSError, msgspec.DecodeError) as error:
            self.close()
            raise RecordRefusedError(f"the record's process is away: {error}") from error
        return answer

    def _connected(self) -> socket.socket:
        if self._socket is None:
            opened = socket.socket(socket.AF_UNIX)
            try:
                opened.connect(str(self._path))
            except OSError:
                opened.close()
                raise
            self._socket = opened
        return self._socket


def _read(connection: socket.socket, octets: int) -> bytes:
    told = bytearray()
    while len(told) < octets:
        some = connection.recv(octets - len(told))
        if not some:
            raise ConnectionError("it has gone")
        told += some
    return bytes(told)


def _move(one: Change) -> Move:
    return Move(one.agent, one.state, one.reason, one.at_ns, one.contact)

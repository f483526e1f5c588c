# SPDX-License-Identifier: GPL-2.0-only
"""Stores batches of call events, each event once, however often it is sent.

A batch is taken whole or not at all: one transaction holds the events and what they tell. The key
(box, process, incarnation, seq) is asked for first and is unique in the table as well, so even a second writer could
not make a double.
"""

import itertools
import operator
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Protocol

import msgspec
from sqlalchemy import Connection, Engine, bindparam, insert, select

from appliance.headquarters.reports import positions, reading, schema, texts, voicemail
from appliance.headquarters.reports.intervals import agents, counting
from appliance.headquarters.reports.intervals.agents import Moved
from appliance.headquarters.reports.intervals.thresholds import Threshold
from appliance.headquarters.reports.positions import Position
from appliance.headquarters.reports.projection import CALL_EVENTS, project, put_recording
from appliance.headquarters.reports.rows import Rows
from appliance.headquarters.reports.texts import Version
from appliance.wire.envelope import Envelope, UnknownMessageError, decode, encode
from appliance.wire.voicemail import Mark

BATCH_LIMIT = 100

Key = tuple[str, str, str, int]

_COLUMN = schema.event.c
KNOWN = select(_COLUMN.seq).where(
    _COLUMN.box == bindparam("box"),
    _COLUMN.process == bindparam("process"),
    _COLUMN.incarnation == bindparam("incarnation"),
    _COLUMN.seq.in_(bindparam("seqs", expanding=True)),
)
"""Which of these the store has."""
_INSERT = insert(schema.event).returning(schema.event.c.place, sort_by_parameter_order=True)


def read_batch(payload: bytes, box: str) -> list[Envelope]:
    """The envelopes of a batch from `box`. Raises UnknownMessageError; then nothing of it is to be stored."""
    try:
        lines = msgspec.json.decode(payload.decode(), type=list[msgspec.Raw])  # damage in an ignored field counts too
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnknownMessageError(f"a batch is a JSON array of envelopes: {error}") from error
    if len(lines) > BATCH_LIMIT:
        raise UnknownMessageError(f"{len(lines)} events in one batch; at most {BATCH_LIMIT}")
    batch = [decode(bytes(line)) for line in lines]
    for envelope in batch:
        if envelope.box != box:
            raise UnknownMessageError(f"box {box} cannot tell events of box {envelope.box}")
        if not isinstance(envelope.body, CALL_EVENTS):
            raise UnknownMessageError(f"{type(envelope.body).__name__} is no call event")
    return batch


class Keeper(Protocol):
    """What headquarters asks of the record: of its Writer, or of that one's process."""

    def hold(self, thresholds: Mapping[tuple[str, str], Threshold]) -> None: ...  # noqa: D102
    def store(self, batch: Sequence[Envelope], at: Position | None = None) -> list[Envelope]: ...  # noqa: D102
    def recording_here(self, recording: str, contact: str) -> None: ...  # noqa: D102
    def agents_moved(self, entries: Iterable[tuple[int, Iterable[Moved]]]) -> None: ...  # noqa: D102
    def texts(self, written: Sequence[Version]) -> None: ...  # noqa: D102
    def mark(self, recording: str, wanted: Mark, at_ns: int) -> bool: ...  # noqa: D102
    def newest_move_ns(self) -> int | None: ...  # noqa: D102
    def open_agent_legs(self) -> list[tuple[str, str, str, str, str]]: ...  # noqa: D102
    def ends_of(self, contacts: Iterable[str]) -> tuple[Envelope, ...]: ...  # noqa: D102
    def follow(self, stream: str) -> int: ...  # noqa: D102
    def missed(self, position: int) -> list[Envelope]: ...  # noqa: D102


class Writer:
    """The one that writes. Called from one thread at a time. Each call is a transaction, or part of an open one.

    `thresholds` hold from now on; statistics that were counted otherwise, or not at all, are counted by `count_on`.
    """

    def __init__(self, engine: Engine, thresholds: Mapping[tuple[str, str], Threshold] = {}) -> None:
        self._engine = engine
        self._open: Connection | None = None
        self.hold(thresholds)

    @property
    def is_open(self) -> bool:
        """Whether what is done now goes into one transaction."""
        return self._open is not None

    def open(self) -> None:
        """All that is done from now on is one transaction. Raises sqlalchemy.exc.SQLAlchemyError."""
        store = self._engine.connect()
        try:
            store.begin()
        except BaseException:
            store.close()
            raise
        self._open = store

    def commit(self) -> None:
        """Of what was done since. Raises sqlalchemy.exc.SQLAlchemyError."""
        if self._open is not None:
            self._open.commit()
            self._open.close()
            self._open = None

    def abandon(self) -> None:
        """Nothing of what was done since counts."""
        if self._open is not None:
            self._open.close()
            self._open = None

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
        """All or nothing of what is done within."""
        if self._open is None:
            with self._engine.begin() as store:
                yield store
        else:
            with self._open.begin_nested():
                yield self._open

    def hold(self, thresholds: Mapping[tuple[str, str], Threshold]) -> None:
        """The administrator has decided otherwise. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._begun() as store:
            self._thresholds = counting.begin(store, thresholds, time.time_ns())

    def count_on(self) -> bool:
        """Count some of what other rules have counted; False where there is no more. Raises SQLAlchemyError."""
        with self._begun() as store:
            return counting.go_on(store, self._thresholds)

    def counted(self) -> Fraction | None:
        """How much of the record is counted by today's rules; None: all. Raises SQLAlchemyError."""
        with self._engine.connect() as store:
            return counting.progress(store)

    def store(self, batch: Sequence[Envelope], at: Position | None = None) -> list[Envelope]:
        """Commit what is new of the batch, and where it stood in a stream; returns the new, in order.

        Raises sqlalchemy.exc.SQLAlchemyError.
        """
        with self._begun() as store:
            known = _known(store, [_key(envelope) for envelope in batch])
            new = []
            for envelope in batch:
                if _key(envelope) not in known:
                    known.add(_key(envelope))
                    new.append(envelope)
            contacts = {name for one in new if (name := _contact_of(one))}
            rows = Rows(store, contacts)
            for place, envelope in zip(_insert(store, new), new, strict=True):
                project(rows, place, envelope)
            rows.write()
            counting.recount(store, contacts | rows.touched, self._thresholds)
            if at is not None:
                positions.put(store, at)
        return new

    def recording_here(self, recording: str, contact: str) -> None:
        """The sound has arrived and was checked. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._begun() as store:
            rows = Rows(store)
            put_recording(rows, recording, contact, here=True)
            rows.write()

    def agents_moved(self, entries: Iterable[tuple[int, Iterable[Moved]]]) -> None:
        """Changes of agents' states that came of these entries (seq) of the router's journal.

        Raises sqlalchemy.exc.SQLAlchemyError, ValueError for what is no state.
        """
        with self._begun() as store:
            counting.recount(store, agents.keep(store, entries), self._thresholds)

    def texts(self, written: Sequence[Version]) -> None:
        """What the administrator's files say now. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._begun() as store:
            texts.keep(store, written, time.time_ns())

    def mark(self, recording: str, wanted: Mark, at_ns: int) -> bool:
        """Of a caller's message; whether there is one. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._begun() as store:
            return voicemail.mark(store, recording, wanted, at_ns)

    def newest_move_ns(self) -> int | None:
        """The last that is kept. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._engine.connect() as store:
            return agents.newest(store)

    def ends_of(self, contacts: Iterable[str]) -> tuple[Envelope, ...]:
        """That they have talked, and how they ended, for a router that has missed it."""
        return tuple(positions.ends_of(self._engine, contacts))

    def open_agent_legs(self) -> list[tuple[str, str, str, str, str]]:
        """(box, agent, extension, leg, contact) of outgoing legs that have not ended, for a router that begins."""
        with self._engine.connect() as store:
            return reading.open_agent_legs(store)

    def last_place(self) -> int:
        """Of the last event. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._begun() as store:
            return positions.last_place(store)

    def follow(self, stream: str) -> int:
        """How far the record has this stream, from now on the only one. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._begun() as store:
            return positions.begin(store, stream)

    def missed(self, position: int) -> list[Envelope]:
        """Events beyond that position of the stream, in order. Raises sqlalchemy.exc.SQLAlchemyError."""
        return positions.beyond(self._engine, position)


def _key(envelope: Envelope) -> Key:
    return envelope.box, envelope.process, envelope.incarnation, envelope.seq


def _contact_of(envelope: Envelope) -> str:
    return str(getattr(envelope.body, "contact", ""))


def _known(store: Connection, keys: Iterable[Key]) -> set[Key]:
    """One question for each writer: of a row of columns IN many SQLite makes a walk through all events there are."""
    found: set[Key] = set()
    for writer, of_one in itertools.groupby(sorted(keys), operator.itemgetter(0, 1, 2)):
        box, process, incarnation = writer
        asked = {"box": box, "process": process, "incarnation": incarnation, "seqs": [seq for *_, seq in of_one]}
        found |= {(box, process, incarnation, seq) for seq in store.execute(KNOWN, asked).scalars()}
    return found


def _insert(store: Connection, new: Sequence[Envelope]) -> Sequence[int]:
    """Their places."""
    return store.execute(_INSERT, [_values(envelope) for envelope in new]).scalars().all() if new else ()


def _values(envelope: Envelope) -> dict[str, int | str]:
    return {
        "box": envelope.box,
        "process": envelope.process,
        "incarnation": envelope.incarnation,
        "seq": envelope.seq,
        "contact": _contact_of(envelope),
        "type": type(envelope.body).__name__,
        "at_ns": envelope.at_ns,
        "mono_ns": envelope.mono_ns,
        "stored_ns": time.time_ns(),
        "envelope": encode(envelope).decode(),
    }

# SPDX-License-Identifier: GPL-2.0-only
"""Stores batches of call events, each event once, however often it is sent.

A batch is taken whole or not at all: one transaction holds the events and what they tell. The key
(box, process, incarnation, seq) is asked for first and is unique in the table as well, so even a second writer could
not make a double.
"""

import itertools
import operator
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, Engine, bindparam, insert, select

from appliance.headquarters.reports import schema, texts
from appliance.headquarters.reports.intervals import agents, counting
from appliance.headquarters.reports.intervals.agents import Moved
from appliance.headquarters.reports.intervals.thresholds import Threshold
from appliance.headquarters.reports.projection import CALL_EVENTS, project, put_recording
from appliance.headquarters.reports.texts import Version
from appliance.wire.calls import ContactEnded, TalkBegan
from appliance.wire.envelope import Envelope, UnknownMessageError, decode, encode

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


class Writer:
    """The one that writes. Called from one thread at a time.

    `thresholds` hold from now on; statistics that were counted otherwise, or not at all, are counted first.
    """

    def __init__(self, engine: Engine, thresholds: Mapping[tuple[str, str], Threshold] = {}) -> None:
        self._engine = engine
        self.hold(thresholds)

    def hold(self, thresholds: Mapping[tuple[str, str], Threshold]) -> None:
        """The administrator has decided otherwise. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._engine.begin() as store:
            self._thresholds = counting.begin(store, thresholds, time.time_ns())

    def store(self, batch: Sequence[Envelope], beside: Callable[[Connection], None] | None = None) -> list[Envelope]:
        """Commit what is new of the batch, and what `beside` does; returns the new, in order.

        Raises sqlalchemy.exc.SQLAlchemyError.
        """
        with self._engine.begin() as store:
            known = _known(store, [_key(envelope) for envelope in batch])
            new = []
            for envelope in batch:
                if _key(envelope) not in known:
                    known.add(_key(envelope))
                    new.append(envelope)
                    project(store, _insert(store, envelope), envelope)
            counting.recount(store, {name for one in new if (name := _contact_of(one))}, self._thresholds)
            if beside is not None:
                beside(store)
        return new

    def recording_here(self, recording: str, contact: str) -> None:
        """The sound has arrived and was checked. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._engine.begin() as store:
            put_recording(store, recording, contact, here=True)

    def agents_moved(self, entries: Iterable[tuple[int, Iterable[Moved]]]) -> None:
        """Changes of agents' states that came of these entries (seq) of the router's journal.

        Raises sqlalchemy.exc.SQLAlchemyError, ValueError for what is no state.
        """
        with self._engine.begin() as store:
            agents.keep(store, entries)

    def texts(self, written: Sequence[Version]) -> None:
        """What the administrator's files say now. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._engine.begin() as store:
            texts.keep(store, written, time.time_ns())

    def newest_move_ns(self) -> int | None:
        """The last that is kept. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._engine.connect() as store:
            return agents.newest(store)

    def ends_of(self, contacts: Iterable[str]) -> tuple[Envelope, ...]:
        """That they have talked, and how they ended, for a router that has missed it."""
        kinds = (TalkBegan.__name__, ContactEnded.__name__)
        query = select(_COLUMN.envelope).where(_COLUMN.contact.in_(list(contacts)), _COLUMN.type.in_(kinds))
        with self._engine.connect() as store:
            return tuple(decode(told.encode()) for told in store.execute(query.order_by(_COLUMN.place)).scalars())

    def open_agent_legs(self) -> list[tuple[str, str, str, str, str]]:
        """(box, agent, extension, leg, contact) of outgoing legs that have not ended, for a router that begins."""
        leg, contact = schema.leg.c, schema.contact.c
        query = (
            select(contact.box, leg.agent, leg.to, leg.leg, leg.contact)
            .join_from(schema.leg, schema.contact, leg.contact == contact.contact)
            .where(leg.ended_ns.is_(None), leg.direction == "outgoing", contact.ended_ns.is_(None))
            .where(leg.channel.startswith("sip ") | leg.agent.contains("/"))  # on a trunk is nobody's agent
        )
        with self._engine.connect() as store:
            return [(row[0], row[1] or "", row[2] or "", row[3], row[4]) for row in store.execute(query)]


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


def _insert(store: Connection, envelope: Envelope) -> int:
    values = {
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
    place = store.execute(insert(schema.event), values).inserted_primary_key
    if place is None:
        raise TypeError("the store gave the event no place")
    return int(place[0])

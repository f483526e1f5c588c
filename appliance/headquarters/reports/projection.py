# SPDX-License-Identifier: GPL-2.0-only
"""What an event tells of its contact, legs, decisions and recordings: rows made and completed in any order."""

import functools
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Insert, Table, Update, bindparam, insert, select, update

from appliance.headquarters.reports import schema
from appliance.headquarters.reports.intervals import agents
from appliance.wire import calls
from appliance.wire.envelope import Envelope
from appliance.wire.routes import Dial, Label, Release, RingAgent, Tandem, Treat
from appliance.wire.treatments import Music

_STAGES = {
    Treat: "treated",
    RingAgent: "ringing",
    Release: "releasing",
    Label: "passing",
    Tandem: "passing",
    Dial: "dialling",
}


def project(store: Connection, place: int, envelope: Envelope) -> None:
    """Tell the tables, in the transaction that stores the event under `place`."""
    body = envelope.body
    tell = _TELLERS.get(type(body))
    if tell is None:
        raise TypeError(f"{type(body).__name__} is no call event")
    tell(store, place, envelope, body)


def put(store: Connection, table: Table, key: str, values: dict[str, Any]) -> None:
    """Complete the row of `key`, making it where it is missing. One writer, so nobody comes between."""
    name, complete, make = _statements(table)
    if not store.execute(complete, {"its_key": key, **values}).rowcount:
        store.execute(make, {name: key, **values})


@functools.cache
def _statements(table: Table) -> tuple[str, Update, Insert]:
    """The name of the table's key, and what completes and makes a row: made once, as that takes longest."""
    column = next(iter(table.primary_key.columns))
    return column.name, update(table).where(column == bindparam("its_key")), insert(table)


def put_recording(store: Connection, recording: str, contact: str, **values: Any) -> None:
    """Complete a recording's row. The recorder knows no contact; TalkBegan has named it, or will."""
    put(store, schema.recording, recording, {"contact": contact, **values} if contact else values)


def _contact(store: Connection, envelope: Envelope, contact: str, **values: Any) -> None:
    put(store, schema.contact, contact, {"box": envelope.box, **values})


def _began(store: Connection, place: int, envelope: Envelope, body: calls.ContactBegan) -> None:
    del place
    at_ns = envelope.at_ns
    known = {"channel": body.channel, "dnis": body.dnis, "clid": body.clid, "ani": body.ani}
    if body.callback:  # the customer's number, whoever calls whom; his leg begins when he is dialled
        known |= {"clid": body.dnis, "callback": body.callback, "origin": body.origin or None}
    _contact(store, envelope, body.contact, began_ns=at_ns, stage="offered", stage_ns=at_ns, **known)
    if body.callback:
        return
    caller = {"contact": body.contact, "direction": "incoming", "channel": body.channel, "began_ns": at_ns}
    put(store, schema.leg, body.leg, caller)


def _decided(store: Connection, place: int, envelope: Envelope, body: calls.RouteDecided) -> None:
    decided = {
        "place": place,
        "contact": body.contact,
        "at_ns": envelope.at_ns,
        "by": body.by,
        "latency_ms": body.latency_ms,
        "outcome": body.outcome,
        "action": _json(body.action),
        "reason": body.reason,
        "call_type": body.call_type,
        "script": body.script,
        "version": body.version,
        "path": _json(body.path),
        "compared": _json(body.values),
        "queues": _json(body.queues),
        "callback": body.callback or None,
    }
    store.execute(insert(schema.decision), decided)
    music = isinstance(body.action, Treat) and any(isinstance(verb, Music) for verb in body.action.verbs)
    waits = isinstance(body.action, Treat) and (music or bool(body.queues))
    values: dict[str, Any] = {"stage": "waiting" if waits else _STAGES[type(body.action)], "stage_ns": envelope.at_ns}
    if body.call_type:
        values["call_type"] = body.call_type
    if isinstance(body.action, RingAgent):
        values["agent"] = body.action.agent or body.action.extension
    if waits or isinstance(body.action, RingAgent):
        values |= _first(store, schema.contact.c.queued_ns, body.contact, envelope.at_ns)
    _contact(store, envelope, body.contact, **values)


def _first(store: Connection, column: Column[int], contact: str, at_ns: int) -> dict[str, int]:
    """The wait for an agent counts from the queue or the first ring to the first talk, however many agents follow."""
    before = store.execute(select(column).where(schema.contact.c.contact == contact)).scalar()
    return {} if before is not None else {column.name: at_ns}


def _digits(store: Connection, place: int, envelope: Envelope, body: calls.DigitsEntered) -> None:
    del place
    _contact(store, envelope, body.contact, ced=body.ced)


def _leg_began(store: Connection, place: int, envelope: Envelope, body: calls.LegBegan) -> None:
    del place
    values = {"direction": body.direction.value, "channel": body.channel, "to": body.to, "agent": body.taken_by}
    put(store, schema.leg, body.leg, {"contact": body.contact, "began_ns": envelope.at_ns, **values})


def _leg_connected(store: Connection, place: int, envelope: Envelope, body: calls.LegConnected) -> None:
    del place
    values = {"connected_ns": envelope.at_ns, "connected_sample": body.sample}
    put(store, schema.leg, body.leg, {"contact": body.contact, **values})


def _leg_ended(store: Connection, place: int, envelope: Envelope, body: calls.LegEnded) -> None:
    del place
    values = {"ended_ns": envelope.at_ns, "ended_sample": body.sample, "cause": body.cause, "by": body.by.value}
    put(store, schema.leg, body.leg, {"contact": body.contact, **values})


def _talk_began(store: Connection, place: int, envelope: Envelope, body: calls.TalkBegan) -> None:
    del place
    at_ns = envelope.at_ns
    stage = "held" if body.consult else "talking"
    first = {} if body.consult else _first(store, schema.contact.c.talk_ns, body.contact, at_ns)
    _contact(store, envelope, body.contact, stage=stage, stage_ns=at_ns, **first)
    if body.recording is not None:
        put(store, schema.recording, body.recording, {"contact": body.contact})


def _talk_ended(store: Connection, place: int, envelope: Envelope, body: calls.TalkEnded) -> None:
    del place
    if body.consult:
        return
    before = store.execute(select(schema.contact.c.talk_samples).where(schema.contact.c.contact == body.contact))
    samples = (before.scalar() or 0) + body.samples
    _contact(store, envelope, body.contact, stage="releasing", stage_ns=envelope.at_ns, talk_samples=samples)


def _transfer_began(store: Connection, place: int, envelope: Envelope, body: calls.TransferBegan) -> None:
    del place
    _contact(store, envelope, body.contact, stage="held", stage_ns=envelope.at_ns)


def _transfer_ended(store: Connection, place: int, envelope: Envelope, body: calls.TransferEnded) -> None:
    """The contact is with whoever has it now: who was consulted, or who had it before."""
    del place
    agent = body.agent if body.outcome == "completed" else body.by
    _contact(store, envelope, body.contact, **({"agent": agent} if agent else {}))


def _ended(store: Connection, place: int, envelope: Envelope, body: calls.ContactEnded) -> None:
    del place
    at_ns = envelope.at_ns
    ending = {"ended_ns": at_ns, "cause": body.cause, "by": str(body.by)}
    _contact(store, envelope, body.contact, stage="ended", stage_ns=at_ns, **ending)


def _sealed(store: Connection, place: int, envelope: Envelope, body: calls.RecordingSealed) -> None:
    del place, envelope
    sound = {"samples": body.samples, "octets": body.octets, "sha256": body.sha256, "lost_samples": body.lost_samples}
    put_recording(store, body.recording, body.contact, **sound)


def _failed(store: Connection, place: int, envelope: Envelope, body: calls.RecordingFailed) -> None:
    del place, envelope
    put_recording(store, body.recording, body.contact, failure=body.sentence)


def _agents_moved(store: Connection, place: int, envelope: Envelope, body: calls.AgentsMoved) -> None:
    del envelope
    agents.keep_told(store, place, body.moves)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


_TELLERS: dict[type, Callable[[Connection, int, Envelope, Any], None]] = {
    calls.ContactBegan: _began,
    calls.RouteDecided: _decided,
    calls.DigitsEntered: _digits,
    calls.LegBegan: _leg_began,
    calls.LegConnected: _leg_connected,
    calls.LegEnded: _leg_ended,
    calls.TalkBegan: _talk_began,
    calls.TalkEnded: _talk_ended,
    calls.TransferBegan: _transfer_began,
    calls.TransferEnded: _transfer_ended,
    calls.ContactEnded: _ended,
    calls.RecordingSealed: _sealed,
    calls.RecordingFailed: _failed,
    calls.AgentsMoved: _agents_moved,
}
CALL_EVENTS = tuple(_TELLERS)

# SPDX-License-Identifier: GPL-2.0-only
"""What an event tells of its contact, legs, decisions and recordings: rows made and completed in any order."""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Column

from appliance.headquarters.reports import schema
from appliance.headquarters.reports.intervals import agents
from appliance.headquarters.reports.rows import Rows
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


def project(rows: Rows, place: int, envelope: Envelope) -> None:
    """What the event that is stored under `place` tells of these rows."""
    body = envelope.body
    tell = _TELLERS.get(type(body))
    if tell is None:
        raise TypeError(f"{type(body).__name__} is no call event")
    tell(rows, place, envelope, body)


def put_recording(rows: Rows, recording: str, contact: str, **values: Any) -> None:
    """Complete a recording's row. The recorder knows no contact; TalkBegan has named it, or will."""
    rows.put(schema.recording, recording, {"contact": contact, **values} if contact else values)


def _contact(rows: Rows, envelope: Envelope, contact: str, **values: Any) -> None:
    rows.put(schema.contact, contact, {"box": envelope.box, **values})


def _began(rows: Rows, place: int, envelope: Envelope, body: calls.ContactBegan) -> None:
    del place
    at_ns = envelope.at_ns
    known = {"channel": body.channel, "dnis": body.dnis, "clid": body.clid, "ani": body.ani}
    if body.callback:  # the customer's number, whoever calls whom; his leg begins when he is dialled
        known |= {"clid": body.dnis, "callback": body.callback, "origin": body.origin or None}
    _contact(rows, envelope, body.contact, began_ns=at_ns, stage="offered", stage_ns=at_ns, **known)
    if body.callback:
        return
    caller = {"contact": body.contact, "direction": "incoming", "channel": body.channel, "began_ns": at_ns}
    rows.put(schema.leg, body.leg, caller)


def _decided(rows: Rows, place: int, envelope: Envelope, body: calls.RouteDecided) -> None:
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
    rows.add(schema.decision, decided)
    music = isinstance(body.action, Treat) and any(isinstance(verb, Music) for verb in body.action.verbs)
    waits = isinstance(body.action, Treat) and (music or bool(body.queues))
    values: dict[str, Any] = {"stage": "waiting" if waits else _STAGES[type(body.action)], "stage_ns": envelope.at_ns}
    if body.call_type:
        values["call_type"] = body.call_type
    if isinstance(body.action, RingAgent):
        values["agent"] = body.action.agent or body.action.extension
    if waits or isinstance(body.action, RingAgent):
        values |= _first(rows, schema.contact.c.queued_ns, body.contact, envelope.at_ns)
    _contact(rows, envelope, body.contact, **values)


def _first(rows: Rows, column: Column[int], contact: str, at_ns: int) -> dict[str, int]:
    """The wait for an agent counts from the queue or the first ring to the first talk, however many agents follow."""
    return {} if rows.of_contact(contact, column) is not None else {column.name: at_ns}


def _digits(rows: Rows, place: int, envelope: Envelope, body: calls.DigitsEntered) -> None:
    del place
    _contact(rows, envelope, body.contact, ced=body.ced)


def _leg_began(rows: Rows, place: int, envelope: Envelope, body: calls.LegBegan) -> None:
    del place
    values = {"direction": body.direction.value, "channel": body.channel, "to": body.to, "agent": body.taken_by}
    rows.put(schema.leg, body.leg, {"contact": body.contact, "began_ns": envelope.at_ns, **values})


def _leg_connected(rows: Rows, place: int, envelope: Envelope, body: calls.LegConnected) -> None:
    del place
    values = {"connected_ns": envelope.at_ns, "connected_sample": body.sample}
    rows.put(schema.leg, body.leg, {"contact": body.contact, **values})


def _leg_ended(rows: Rows, place: int, envelope: Envelope, body: calls.LegEnded) -> None:
    del place
    values = {"ended_ns": envelope.at_ns, "ended_sample": body.sample, "cause": body.cause, "by": body.by.value}
    rows.put(schema.leg, body.leg, {"contact": body.contact, **values})


def _talk_began(rows: Rows, place: int, envelope: Envelope, body: calls.TalkBegan) -> None:
    del place
    at_ns = envelope.at_ns
    stage = "held" if body.consult else "talking"
    first = {} if body.consult else _first(rows, schema.contact.c.talk_ns, body.contact, at_ns)
    _contact(rows, envelope, body.contact, stage=stage, stage_ns=at_ns, **first)
    if body.recording is not None:
        rows.put(schema.recording, body.recording, {"contact": body.contact})


def _talk_ended(rows: Rows, place: int, envelope: Envelope, body: calls.TalkEnded) -> None:
    del place
    if body.consult:
        return
    samples = (rows.of_contact(body.contact, schema.contact.c.talk_samples) or 0) + body.samples
    _contact(rows, envelope, body.contact, stage="releasing", stage_ns=envelope.at_ns, talk_samples=samples)


def _transfer_began(rows: Rows, place: int, envelope: Envelope, body: calls.TransferBegan) -> None:
    del place
    _contact(rows, envelope, body.contact, stage="held", stage_ns=envelope.at_ns)


def _transfer_ended(rows: Rows, place: int, envelope: Envelope, body: calls.TransferEnded) -> None:
    """The contact is with whoever has it now: who was consulted, or who had it before."""
    del place
    agent = body.agent if body.outcome == "completed" else body.by
    _contact(rows, envelope, body.contact, **({"agent": agent} if agent else {}))


def _ended(rows: Rows, place: int, envelope: Envelope, body: calls.ContactEnded) -> None:
    del place
    at_ns = envelope.at_ns
    ending = {"ended_ns": at_ns, "cause": body.cause, "by": str(body.by)}
    _contact(rows, envelope, body.contact, stage="ended", stage_ns=at_ns, **ending)


def _sealed(rows: Rows, place: int, envelope: Envelope, body: calls.RecordingSealed) -> None:
    del place, envelope
    sound = {"samples": body.samples, "octets": body.octets, "sha256": body.sha256, "lost_samples": body.lost_samples}
    put_recording(rows, body.recording, body.contact, **sound)


def _failed(rows: Rows, place: int, envelope: Envelope, body: calls.RecordingFailed) -> None:
    del place, envelope
    put_recording(rows, body.recording, body.contact, failure=body.sentence)


def _voicemail_began(rows: Rows, place: int, envelope: Envelope, body: calls.VoicemailBegan) -> None:
    del place
    put_recording(rows, body.recording, body.contact)
    message = {"contact": body.contact, "mailbox": body.mailbox, "at_ns": envelope.at_ns}
    rows.put(schema.voicemail, body.recording, message)


def _voicemail_ended(rows: Rows, place: int, envelope: Envelope, body: calls.VoicemailEnded) -> None:
    del place, envelope
    rows.put(schema.voicemail, body.recording, {"contact": body.contact, "kept": body.kept})


def _agents_moved(rows: Rows, place: int, envelope: Envelope, body: calls.AgentsMoved) -> None:
    del envelope
    rows.touched |= agents.keep_told(rows.store, place, body.moves)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


_TELLERS: dict[type, Callable[[Rows, int, Envelope, Any], None]] = {
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
    calls.VoicemailBegan: _voicemail_began,
    calls.VoicemailEnded: _voicemail_ended,
    calls.AgentsMoved: _agents_moved,
}
CALL_EVENTS = tuple(_TELLERS)

# SPDX-License-Identifier: GPL-2.0-only
"""What the record is asked: calls now, calls before, one call with all its decisions and legs.

Rows are given as plain mappings, ready for JSON; times in UTC nanoseconds.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, Select, func, select

from appliance.headquarters.reports.schema import contact, decision, event, leg, recording
from appliance.wire.calls import TransferBegan, TransferEnded
from appliance.wire.envelope import decode

Row = dict[str, Any]


class Record:
    """The reading end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def calls_now(self, limit: int = 500) -> list[Row]:
        """Contacts that have not ended, oldest first; of too many the newest, as mails may wait for days."""
        query = select(contact).where(contact.c.ended_ns.is_(None), contact.c.began_ns.is_not(None))
        return self._rows(query.order_by(contact.c.began_ns.desc()).limit(limit))[::-1]

    def calls_before(self, before_ns: int | None = None, limit: int = 50) -> list[Row]:
        """Contacts that have ended, newest first, begun before `before_ns`; with the recording that is here, if any."""
        sound = (
            select(recording.c.contact, func.max(recording.c.recording).label("recording"))
            .where(recording.c.here.is_(True))
            .group_by(recording.c.contact)
            .subquery()
        )
        query = select(contact, sound.c.recording).outerjoin(sound, sound.c.contact == contact.c.contact)
        query = query.where(contact.c.ended_ns.is_not(None))
        if before_ns is not None:
            query = query.where(contact.c.began_ns < before_ns)
        return self._rows(query.order_by(contact.c.began_ns.desc()).limit(limit))

    def call(self, name: str) -> Row | None:
        """One contact with `decisions`, `legs`, `recordings`, `transfers`, and `tries` to call its caller back.

        None where nobody knows it.
        """
        found = self._rows(select(contact).where(contact.c.contact == name))
        if not found:
            return None
        decisions = self._rows(select(decision).where(decision.c.contact == name).order_by(decision.c.place))
        for one in decisions:
            for field in ("action", "path", "compared", "queues"):
                one[field] = msgspec.json.decode(one[field] or "[]")
        legs = self._rows(select(leg).where(leg.c.contact == name).order_by(leg.c.began_ns))
        sounds = self._rows(select(recording).where(recording.c.contact == name).order_by(recording.c.recording))
        tries = self._rows(select(contact).where(contact.c.origin == name).order_by(contact.c.began_ns))
        more = {"decisions": decisions, "legs": legs, "recordings": sounds, "tries": tries}
        return {**found[0], **more, "transfers": self._transfers(name)}

    def _transfers(self, name: str) -> list[Row]:
        """Who has handed the contact on, to which number, and what came of it; `ended_ns` None: not known yet."""
        told = select(event.c.at_ns, event.c.envelope).where(event.c.contact == name)
        told = told.where(event.c.type.in_(("TransferBegan", "TransferEnded"))).order_by(event.c.place)
        transfers: list[Row] = []
        for row in self._rows(told):
            body = decode(row["envelope"].encode()).body
            if isinstance(body, TransferBegan):
                began = {"at_ns": row["at_ns"], "by": body.by, "to": body.to, "blind": body.blind}
                transfers.append({**began, "ended_ns": None, "outcome": "", "reason": "", "agent": None})
            elif isinstance(body, TransferEnded) and transfers:
                ended = {"outcome": body.outcome, "reason": body.reason, "agent": body.agent}
                transfers[-1] |= {"ended_ns": row["at_ns"], **ended}
        return transfers

    def contacts_of(self, asked: str, limit: int) -> list[str]:
        """The contact of that id or with that leg, else those of the caller with that number, newest first."""
        by_id = select(contact.c.contact).where(contact.c.contact == asked)
        by_leg = select(leg.c.contact).where(leg.c.leg == asked)
        by_number = select(contact.c.contact).where((contact.c.clid == asked) | (contact.c.ani == asked))
        for query in (by_id, by_leg, by_number.order_by(contact.c.began_ns.desc()).limit(limit)):
            if found := self._rows(query):
                return [row["contact"] for row in found]
        return []

    def names(self, limit: int) -> set[str]:
        """What the newest contacts can be asked for by: ids, legs, callers' numbers."""
        newest = (
            select(contact.c.contact, contact.c.clid, contact.c.ani).order_by(contact.c.began_ns.desc()).limit(limit)
        )
        callers = self._rows(newest)
        legs = self._rows(select(leg.c.leg).where(leg.c.contact.in_([row["contact"] for row in callers])))
        return {name for row in (*callers, *legs) for name in row.values() if name}

    def totals(self) -> Row:
        """How many contacts there are, and how many have ended."""
        counts = (func.count(contact.c.contact).label("all"), func.count(contact.c.ended_ns).label("ended"))
        return self._rows(select(*counts))[0]

    def _rows(self, query: Select[*tuple[Any, ...]]) -> list[Row]:
        with self.engine.connect() as store:
            rows: list[RowMapping] = list(store.execute(query).mappings())
        return [dict(row) for row in rows]


def open_agent_legs(store: Connection) -> list[tuple[str, str, str, str, str]]:
    """(box, agent, extension, leg, contact) of outgoing legs that have not ended."""
    query = (
        select(contact.c.box, leg.c.agent, leg.c.to, leg.c.leg, leg.c.contact)
        .join_from(leg, contact, leg.c.contact == contact.c.contact)
        .where(leg.c.ended_ns.is_(None), leg.c.direction == "outgoing", contact.c.ended_ns.is_(None))
        .where(leg.c.channel.startswith("sip ") | leg.c.agent.contains("/"))  # on a trunk is nobody's agent
    )
    return [(row[0], row[1] or "", row[2] or "", row[3], row[4]) for row in store.execute(query)]

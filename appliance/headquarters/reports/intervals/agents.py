# SPDX-License-Identifier: GPL-2.0-only
"""Where agents' time went: their states as the router told them, cut at the borders of intervals.

Kept is each change once; a state lasts until the agent's next, the last one until now. So each interval holds, whenever
it is asked for, login = not ready + available + reserved + busy + wrap-up + interrupted. Of the time in which a branch
decided by itself what it tells of its agents is so, whenever that comes, and not what headquarters thought of them.
Occupancy is the part of the time in which an agent was there for contacts (login less not ready) that contacts have
taken: all but available. An agent's other channels stand beside them as `1001/chat`, each with all of its slots as one.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection, Engine, bindparam, func, insert, select, tuple_

from appliance.config.scalars import suggestion
from appliance.headquarters.reports import schema
from appliance.headquarters.reports.intervals.levels import percent, utc

LOGGED_OUT, NOT_READY = "logged-out", "not-ready"
KNOWN_AGAIN = ""
"""The state of an agent whose branch does not decide by itself any more."""
STATES = (NOT_READY, "available", "reserved", "busy", "wrap-up", "interrupted")
"""Of who is logged in."""
_AT_WORK = ("reserved", "busy", "wrap-up", "interrupted")
_NEVER_AFTER_WRAP_UP = ("reserved", "wrap-up", "interrupted")
_LOT = 500  # entries
_LONGEST_NS = 3_600_000_000_000  # of a wrap-up

_MOVE = schema.agent_move.c
_ORDER = (_MOVE.at_ns, _MOVE.seq, _MOVE.place)
_THIS = tuple_(*(bindparam(column.name) for column in _ORDER))
_BEFORE = (
    select(_MOVE.contact)
    .where(_MOVE.agent == bindparam("agent"), _MOVE.at_ns <= bindparam("at_ns"), tuple_(*_ORDER) < _THIS)
    .order_by(*(column.desc() for column in _ORDER))
    .limit(1)
)
_NEXT = (
    select(_MOVE.at_ns)
    .where(_MOVE.agent == bindparam("agent"), _MOVE.at_ns >= bindparam("at_ns"), tuple_(*_ORDER) > _THIS)
    .where((_MOVE.seq < 0) | (bindparam("seq") > 0), _MOVE.state != "wrap-up")  # a branch's, by its own word alone
    .order_by(*_ORDER)
    .limit(1)
)


class Moved(Protocol):
    """As the router tells it."""

    @property
    def agent(self) -> str: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def at_ns(self) -> int: ...  # noqa: D102
    @property
    def contact(self) -> str: ...  # noqa: D102


class WrapUp(NamedTuple):
    """An agent's, of one contact; over after so long."""

    agent: str
    ns: int


class Spell(NamedTuple):
    """An agent was in a state from then until then."""

    agent: str
    state: str
    reason: str
    began_ns: int
    ended_ns: int


class Move(NamedTuple):
    """A change of an agent's state; `told` by a branch that decided by itself."""

    state: str
    reason: str
    at_ns: int
    told: bool


class Times(msgspec.Struct, frozen=True):
    """An agent's time within an interval that begins at `start_ns`, in ns by (state, reason)."""

    agent: str
    start_ns: int
    spent_ns: dict[tuple[str, str], int]

    def of(self, *states: str) -> int:
        """In ns."""
        return sum(ns for (state, _), ns in self.spent_ns.items() if state in states)

    @property
    def login_ns(self) -> int:
        """In any state but logged out."""
        return sum(self.spent_ns.values())

    @property
    def occupancy(self) -> Fraction | None:
        """0 to 1; None for who was not there for contacts."""
        there = self.login_ns - self.of(NOT_READY)
        return Fraction(self.of(*_AT_WORK), there) if there else None

    @property
    def reasons(self) -> dict[str, int]:
        """Not ready, by the reason given, in ns."""
        return {reason: ns for (state, reason), ns in sorted(self.spent_ns.items()) if state == NOT_READY}

    def flat(self) -> dict[str, Any]:
        """For JSON and CSV; in ns, so that it adds up."""
        spent = {f"{state.replace('-', '_')}_ns": self.of(state) for state in STATES}
        return {
            "name": self.agent,
            "start": utc(self.start_ns),
            "start_ns": self.start_ns,
            "login_ns": self.login_ns,
            **spent,
            "not_ready_by_reason_ns": self.reasons,
            "occupancy": percent(self.occupancy),
        }


def keep(store: Connection, entries: Iterable[tuple[int, Iterable[Moved]]]) -> set[str]:
    """Those of these entries (seq) of the router's journal, each once, however often told. Raises ValueError.

    The contacts whose wrap-up has begun or ended with one of them.
    """
    told = iter(entries)
    wrapped: set[str] = set()
    while rows := [row for seq, moves in itertools.islice(told, _LOT) for row in _rows(seq, moves)]:
        wrapped |= _keep(store, rows)
    return wrapped


def _rows(seq: int, moves: Iterable[Moved]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, one in enumerate(moves):
        if one.state not in (*STATES, LOGGED_OUT):
            raise ValueError(f"{one.state!r} is no agent's state; {suggestion(one.state, (*STATES, LOGGED_OUT))}")
        at = {"at_ns": one.at_ns, "seq": seq, "place": place}
        rows.append(
            {**at, "agent": one.agent, "state": one.state, "reason": one.reason, "contact": one.contact or None}
        )
    return rows


def _keep(store: Connection, rows: Sequence[dict[str, Any]]) -> set[str]:
    # A journal that was lost counts from 1 again; the router's clock does not go back.
    table = schema.agent_move.c
    told = select(table.at_ns, table.seq, table.place).where(table.seq.in_({row["seq"] for row in rows}))
    known = {tuple(row) for row in store.execute(told)}
    new = [row for row in rows if (row["at_ns"], row["seq"], row["place"]) not in known]
    if new:
        store.execute(insert(schema.agent_move), new)
    before = (store.scalar(_BEFORE, row) for row in new if row["state"] not in _NEVER_AFTER_WRAP_UP)
    return {contact for contact in (*before, *(row["contact"] for row in new)) if contact}


def wrap_ups(store: Connection, contacts: Collection[str]) -> dict[str, list[WrapUp]]:
    """Those of these contacts that are over: each lasts until the agent's next change."""
    table = schema.agent_move.c
    query = select(table.contact, table.agent, table.at_ns, table.seq, table.place).where(table.contact.in_(contacts))
    found: dict[str, list[WrapUp]] = {}
    for row in store.execute(query.order_by(table.at_ns, table.seq, table.place)).mappings().all():
        ended_ns = store.scalar(_NEXT, dict(row))
        if ended_ns is not None:
            found.setdefault(row["contact"], []).append(WrapUp(row["agent"], ended_ns - row["at_ns"]))
    return found


def keep_told(store: Connection, event: int, moves: Sequence[Moved]) -> set[str]:
    """What a branch has told by that event, which is stored once. The contacts whose wrap-up may be another now."""
    rows = []
    for place, one in enumerate(moves):
        if one.state in (*STATES, LOGGED_OUT, KNOWN_AGAIN):
            at = {"at_ns": one.at_ns, "seq": -event, "place": place}
            said = {"agent": one.agent, "state": one.state, "reason": one.reason, "contact": one.contact or None}
            rows.append(at | said)
    if not rows:
        return set()
    wrapped, from_ns = _keep(store, rows), min(one.at_ns for one in moves) - _LONGEST_NS
    near = _MOVE.agent.in_({one.agent for one in moves}) & (_MOVE.at_ns >= from_ns) & _MOVE.contact.is_not(None)
    return wrapped | set(store.scalars(select(_MOVE.contact).where(near)))


def newest(store: Connection) -> int | None:
    """When the last change of headquarters' router was that is kept; None before the first."""
    table = schema.agent_move.c
    at_ns = store.execute(select(func.max(table.at_ns)).where(table.seq > 0)).scalar()
    return None if at_ns is None else int(at_ns)


def times(engine: Engine, from_ns: int, to_ns: int, width_ns: int | None, now_ns: int) -> list[Times]:
    """Of all who were logged in, by start, then agent; `width_ns` None: one for all of it."""
    with engine.connect() as store:
        told = _spells(store, from_ns, min(to_ns, now_ns))
    spent: dict[tuple[int, str], dict[tuple[str, str], int]] = {}
    for spell in told:
        for start_ns, ns in cut(spell, from_ns, min(to_ns, now_ns), width_ns or to_ns - from_ns):
            row = spent.setdefault((start_ns, spell.agent), {})
            row[spell.state, spell.reason] = row.get((spell.state, spell.reason), 0) + ns
    return [Times(agent, start_ns, row) for (start_ns, agent), row in sorted(spent.items())]


def cut(spell: Spell, from_ns: int, to_ns: int, width_ns: int) -> Iterable[tuple[int, int]]:
    """(start, ns) of each interval from `from_ns` on in which it took time; nothing of who was logged out."""
    at_ns, end_ns = max(spell.began_ns, from_ns), min(spell.ended_ns, to_ns)
    while spell.state != LOGGED_OUT and at_ns < end_ns:
        start_ns = at_ns - (at_ns - from_ns) % width_ns
        until_ns = min(end_ns, start_ns + width_ns)
        yield start_ns, until_ns - at_ns
        at_ns = until_ns


def _spells(store: Connection, from_ns: int, to_ns: int) -> list[Spell]:
    table = schema.agent_move.c
    told = table.seq < 0
    before = select(table.agent, told.label("told"), func.max(table.at_ns).label("at_ns")).where(table.at_ns <= from_ns)
    last = before.group_by(table.agent, told).subquery()
    query = select(table.agent, table.state, table.reason, table.at_ns, told.label("told"))
    order = (table.agent, table.at_ns, func.abs(table.seq), table.place)
    within = query.outerjoin(last, (table.agent == last.c.agent) & (told == last.c.told)).where(
        table.at_ns < to_ns, (last.c.at_ns.is_(None)) | (table.at_ns >= last.c.at_ns)
    )
    rows = store.execute(within.order_by(*order)).all()
    spells = []
    for agent, of_agent in itertools.groupby(rows, key=lambda row: str(row[0])):
        moves = list(_true(Move(*row[1:]) for row in of_agent))
        ends = [*(one.at_ns for one in moves[1:]), to_ns]
        spells += [Spell(agent, one.state, one.reason, one.at_ns, end) for one, end in zip(moves, ends, strict=True)]
    return spells


def _true(moves: Iterable[Move]) -> Iterator[Move]:
    """Of an agent's changes in order those that were so; headquarters' of meanwhile only once it is asked again."""
    alone, thought = False, None
    for one in moves:
        if not one.told:
            thought = one
            if alone:
                continue
        elif one.state == KNOWN_AGAIN:
            alone = False
            yield (thought or Move(LOGGED_OUT, "", 0, told=False))._replace(at_ns=one.at_ns)
            continue
        else:
            alone = True
        yield one

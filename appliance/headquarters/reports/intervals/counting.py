# SPDX-License-Identifier: GPL-2.0-only
"""Facts and intervals kept true: in the transaction that stores events, and anew from all events.

The writer lets a contact be recounted whenever more is heard of it: what it contributed is taken away, what it
contributes now is added. After a change of how we count, `go_on` does the same for all of them, a few at a time.
`differences` counts once more from the events and the agents' wrap-ups alone; there shall be none.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    true,
    union,
    update,
)

from appliance.headquarters.reports import schema
from appliance.headquarters.reports.intervals import thresholds
from appliance.headquarters.reports.intervals.agents import wrap_ups
from appliance.headquarters.reports.intervals.facts import facts
from appliance.headquarters.reports.intervals.figures import BASE_NS, FIELDS, MAXIMA, NONE, SUMS, Figures, Key
from appliance.headquarters.reports.intervals.thresholds import Thresholds
from appliance.wire.envelope import Envelope, decode

RULES = 5
"""Raised with whatever counts otherwise than before: from the next start on the whole record is counted anew."""
_LOTS = 500
_ANEW = 50  # contacts, or intervals, in one transaction: requests come between
_CONTACT = schema.event.c.contact
_FIGURES = [schema.fact.c[name] for name in FIELDS]
_COUNTED = [schema.interval.c[name] for name in FIELDS]
_FACT_KEY = (schema.fact.c.kind, schema.fact.c.name, schema.fact.c.start_ns)
_INTERVAL_KEY = (schema.interval.c.kind, schema.interval.c.name, schema.interval.c.start_ns)

T = TypeVar("T")
Facts = dict[Key, Figures]


class Difference(msgspec.Struct, frozen=True):
    """A figure of a row that is `stored` otherwise than it is `counted` from the events."""

    key: Key
    figure: str
    stored: int
    counted: int


def begin(store: Connection, wanted: Mapping[tuple[str, str], thresholds.Threshold], now_ns: int) -> Thresholds:
    """As a writer starts: thresholds as the configuration has them. What other rules have counted is for `go_on`."""
    since_ns = thresholds.keep(store, wanted, now_ns)
    held = thresholds.load(store)
    if store.execute(select(schema.counting.c.rules)).scalar() != RULES:
        store.execute(delete(schema.counting))
        new = store.execute(select(schema.event.c.place).limit(1)).first() is None
        store.execute(
            insert(schema.counting).values(rules=RULES, checked_ns=None if new else -1, upto=None if new else "")
        )
    if since_ns is not None:  # a box whose clock is ahead has told of contacts that the new ones hold for
        ahead = select(schema.fact.c.contact).where(schema.fact.c.start_ns > since_ns - BASE_NS).distinct()
        for lot in _lots(list(store.scalars(ahead))):
            recount(store, lot, held)
    return held


def go_on(store: Connection, held: Thresholds) -> bool:
    """Count some more of the record anew; False where all is counted by today's rules.

    First each interval is made what its facts say, then each contact's facts what its events say: so at any moment, and
    whatever is stored in between, an interval is the sum of its facts.
    """
    told = store.execute(select(schema.counting.c.checked_ns, schema.counting.c.upto)).one_or_none()
    if told is None or told.upto is None:
        return False
    if told.checked_ns is not None:
        starts = _next_starts(store, told.checked_ns)
        _check(store, starts)
        store.execute(update(schema.counting).values(checked_ns=starts[-1] if starts else None))
        return True
    next_ones = _contacts().where(_CONTACT > told.upto).order_by(_CONTACT).limit(_ANEW)  # noqa: SIM300 - SQL
    names = list(store.scalars(next_ones))
    recount(store, names, held)
    store.execute(update(schema.counting).values(upto=names[-1] if names else None))
    return bool(names)


def progress(store: Connection) -> Fraction | None:
    """How much of the record is counted by today's rules; None where all is."""
    told = store.execute(select(schema.counting.c.checked_ns, schema.counting.c.upto)).one_or_none()
    if told is None or told.upto is None:
        return None
    column = schema.contact.c.contact
    done, whole = (
        int(store.execute(select(func.count(column)).where(which)).scalar_one())
        for which in (column <= told.upto, true())
    )
    return Fraction(done, max(1, whole))


def _next_starts(store: Connection, after_ns: int) -> list[int]:
    columns = (schema.interval.c.start_ns, schema.fact.c.start_ns)
    starts = union(*(select(column.label("start_ns")).where(column > after_ns) for column in columns)).subquery()
    return list(store.scalars(select(starts.c.start_ns).order_by(starts.c.start_ns).limit(_ANEW)))


def _check(store: Connection, starts: Sequence[int]) -> None:
    sums = [*(func.sum(schema.fact.c[name]) if name in SUMS else func.max(schema.fact.c[name]) for name in FIELDS)]
    query = select(*_FACT_KEY, *sums).where(schema.fact.c.start_ns.in_(starts)).group_by(*_FACT_KEY)
    told = {Key(*row[:3]): Figures(*map(int, row[3:])) for row in store.execute(query)}
    stored = _stored(store, schema.interval.c.start_ns.in_(starts))
    others = [key for key in {**told, **stored} if told.get(key, NONE) != stored.get(key, NONE)]
    _put(store, {key: told.get(key, NONE) for key in others})


def recount(store: Connection, contacts: Collection[str], held: Thresholds) -> None:
    """Take away what `contacts` contributed, add what they do now."""
    before = _facts_of(store, contacts)
    after = _counted(store, contacts, held)
    touched = {
        key for told in (before, after) for name in told for key in told[name] if _differs(before, after, name, key)
    }
    changed = [name for name in {*before, *after} if before.get(name) != after.get(name)]
    if not changed:
        return
    store.execute(delete(schema.fact).where(schema.fact.c.contact.in_(changed)))
    rows = [_row(key, figures, contact=name) for name in changed for key, figures in after.get(name, {}).items()]
    if rows:
        store.execute(insert(schema.fact), rows)
    _revise(store, _all_of(after, touched), _all_of(before, touched))


def differences(store: Connection, from_ns: int, to_ns: int) -> tuple[int, list[Difference]]:
    """How many rows there are of what was offered from then until then, and which of them are not as counted anew.

    Facts, which the next revision starts from, are compared as well as intervals.
    """
    held = thresholds.load(store)
    within = range(from_ns - from_ns % BASE_NS, to_ns)
    facts_there = select(schema.fact.c.contact).where(schema.fact.c.start_ns.between(within.start, to_ns - 1))
    told = _contacts().where(schema.event.c.at_ns.between(within.start, to_ns - 1))
    counted: Facts = {}
    contributed: Facts = {}
    for lot in _lots(sorted({*store.scalars(told), *store.scalars(facts_there.distinct())})):
        for one in _counted(store, lot, held).values():
            _sum(counted, one, within)
        for one in _facts_of(store, lot).values():
            _sum(contributed, one, within)
    stored = _stored(store, schema.interval.c.start_ns.between(within.start, to_ns - 1))
    keys = sorted({*counted, *stored, *contributed}, key=lambda key: (key.start_ns, key.kind, key.name))
    found = [one for held_so in (stored, contributed) for key in keys for one in _compare(key, held_so, counted)]
    return len(keys), list(dict.fromkeys(found))


def _compare(key: Key, stored: Facts, counted: Facts) -> Iterator[Difference]:
    was, now = stored.get(key, NONE), counted.get(key, NONE)
    return (
        Difference(key, name, getattr(was, name), getattr(now, name))
        for name in FIELDS
        if getattr(was, name) != getattr(now, name)
    )


def _stored(store: Connection, which: ColumnElement[bool]) -> Facts:
    query = select(*_INTERVAL_KEY, *_COUNTED).where(which)
    return {Key(*row[:3]): Figures(*row[3:]) for row in store.execute(query)}


def _stored_at(store: Connection, keys: Collection[Key]) -> Facts:
    """By the table's key: of a row of columns IN many SQLite makes a walk through all intervals there are."""
    asked = [{"start_ns": start, "kind": kind, "names": names} for start, kind, names in _together(keys)]
    return {Key(*row[:3]): Figures(*row[3:]) for one in asked for row in store.execute(STORED_AT, one)}


def _together(keys: Collection[Key]) -> Iterator[tuple[int, str, list[str]]]:
    """Names by start and kind."""
    ordered = sorted(keys, key=lambda key: (key.start_ns, key.kind, key.name))
    for (start_ns, kind), some in itertools.groupby(ordered, key=lambda key: (key.start_ns, key.kind)):
        yield start_ns, kind, [key.name for key in some]


def _sum(sums: Facts, told: Facts, within: range) -> None:
    for key, figures in told.items():
        if key.start_ns in within:
            sums[key] = sums.get(key, NONE) + figures


def _counted(store: Connection, contacts: Collection[str], held: Thresholds) -> dict[str, Facts]:
    """What they contribute, from events and wrap-ups."""
    wrapped = wrap_ups(store, contacts)
    return {name: facts(events, held, wrapped.get(name, ())) for name, events in _events(store, contacts)}


def _contacts() -> Select[str]:
    return select(schema.event.c.contact).where(schema.event.c.contact != "").distinct()


def _events(store: Connection, contacts: Collection[str]) -> Iterator[tuple[str, list[Envelope]]]:
    column = schema.event.c
    query = select(column.contact, column.envelope).where(column.contact.in_(contacts)).order_by(column.contact)
    for name, rows in itertools.groupby(store.execute(query), key=lambda row: str(row[0])):
        yield name, [decode(row[1].encode()) for row in rows]


def _facts_of(store: Connection, contacts: Collection[str]) -> dict[str, Facts]:
    told: dict[str, Facts] = {}
    query = select(schema.fact.c.contact, *_FACT_KEY, *_FIGURES).where(schema.fact.c.contact.in_(contacts))
    for row in store.execute(query):
        told.setdefault(row[0], {})[Key(*row[1:4])] = Figures(*row[4:])
    return told


def _differs(before: dict[str, Facts], after: dict[str, Facts], name: str, key: Key) -> bool:
    return before.get(name, {}).get(key) != after.get(name, {}).get(key)


def _all_of(told: dict[str, Facts], keys: Collection[Key]) -> Facts:
    sums = dict.fromkeys(keys, NONE)
    for one in told.values():
        for key in one.keys() & sums.keys():
            sums[key] += one[key]
    return sums


def _revise(store: Connection, after: Facts, before: Facts) -> None:
    """The intervals of `after`: less `before`, more `after`."""
    stored = _stored_at(store, after)
    fallen = [key for key in after if any(getattr(after[key], name) < getattr(before[key], name) for name in MAXIMA)]
    longest = _longest(store, fallen)
    now: Facts = {}
    for key, figures in after.items():
        was = stored.get(key, NONE)
        sums = {name: getattr(was, name) - getattr(before[key], name) + getattr(figures, name) for name in SUMS}
        maxima = {name: max(getattr(was, name), getattr(figures, name)) for name in MAXIMA}
        now[key] = Figures(**sums, **longest.get(key, maxima))
    _put(store, now)


def _longest(store: Connection, keys: list[Key]) -> dict[Key, dict[str, int]]:
    """A maximum cannot be taken away: those of `keys` from all their facts."""
    if not keys:
        return {}
    maxima = [func.max(schema.fact.c[name]) for name in MAXIMA]
    found: dict[Key, dict[str, int]] = {}
    for start_ns, kind, names in _together(keys):
        column = schema.fact.c
        of_one = (column.start_ns == start_ns, column.kind == kind, column.name.in_(names))
        query = select(*_FACT_KEY, *maxima).where(*of_one).group_by(*_FACT_KEY)
        found |= {Key(*row[:3]): dict(zip(MAXIMA, row[3:], strict=True)) for row in store.execute(query)}
    return {key: found.get(key, dict.fromkeys(MAXIMA, 0)) for key in keys}


def _put(store: Connection, now: Facts) -> None:
    """Rows as they are now, each a revision further."""
    for lot in _lots(list(now)):
        known = _stored_at(store, lot)
        new = [_row(key, now[key], revision=1) for key in lot if key not in known]
        if new:
            store.execute(insert(schema.interval), new)
        old = [
            {f"old_{name}": part for name, part in key._asdict().items()} | _named(now[key])
            for key in lot
            if key in known
        ]
        if old:
            store.execute(_UPDATE, old)


def _row(key: Key, figures: Figures, **more: int | str) -> dict[str, int | str]:
    return {**key._asdict(), **_named(figures), **more}


def _named(figures: Figures) -> dict[str, int | str]:
    return msgspec.structs.asdict(figures)


def _lots(all_of_them: Sequence[T]) -> Iterator[Sequence[T]]:
    return (all_of_them[first : first + _LOTS] for first in range(0, len(all_of_them), _LOTS))


STORED_AT = select(*_INTERVAL_KEY, *_COUNTED).where(
    schema.interval.c.start_ns == bindparam("start_ns"),
    schema.interval.c.kind == bindparam("kind"),
    schema.interval.c.name.in_(bindparam("names", expanding=True)),
)
_UPDATE = (
    update(schema.interval)
    .where(*(column == bindparam(f"old_{column.name}") for column in _INTERVAL_KEY))
    .values(revision=schema.interval.c.revision + 1, **{name: bindparam(name) for name in FIELDS})
)

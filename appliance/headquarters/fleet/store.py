# SPDX-License-Identifier: GPL-2.0-only
"""Where the fleet is kept: `fleet.db` beside the record, or in the record's PostgreSQL. One writer, one thread.

What is new is gathered (`Rows`) and written in one transaction; an order leaves after it.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine, and_, bindparam, func, insert, select, update

from appliance.config.headquarters import Record
from appliance.headquarters.fleet import schema
from appliance.headquarters.fleet.push import Entry, Made, Push
from appliance.headquarters.fleet.states import ENDED, Course, Stage
from appliance.headquarters.reports import store as record
from appliance.wire.fleet import AuditEntry

MIGRATIONS = Path(__file__).with_name("migrations")
SOME = 500
"""Of keys in one question."""

Row = dict[str, Any]


def opened(state: Path, setting: Record | None) -> Engine:
    """Raises sqlalchemy.exc.SQLAlchemyError, NewerRecordError, OSError."""
    place = record.place_of(state, setting)
    where = state / "fleet.db" if isinstance(place, Path) else place
    return record.open_writer(where, MIGRATIONS, schema.VERSION_TABLE)


class Rows(msgspec.Struct):
    """What is to be written next."""

    texts: dict[str, str] = {}
    boxes: dict[str, Row] = {}
    new_push: Push | None = None
    sources: dict[str, str] = {}
    pushes: dict[int, Row] = {}
    entries: dict[tuple[int, str], Row] = {}
    audit: list[Row] = []

    def __bool__(self) -> bool:
        return any((self.texts, self.boxes, self.new_push, self.pushes, self.entries, self.audit))

    def add(self, at_ns: int, by: str, origin: str, what: str, **more: Any) -> None:
        """To the audit; `more`: box, push, sentence, before, after."""
        empty = {"box": "", "push": 0, "sentence": "", "before": "", "after": ""}
        self.audit.append({"at_ns": at_ns, "by": by, "origin": origin, "what": what, **empty, **more})

    def add_newer(self, newer: "Rows") -> None:
        """What was gathered while this could not be written."""
        self.texts |= newer.texts
        for box, row in newer.boxes.items():
            self.boxes.setdefault(box, {}).update(row)
        self.pushes |= newer.pushes
        self.entries |= newer.entries
        self.audit += newer.audit

    def keep(self, push: Push) -> None:
        """How far it has come, with every box of it that has moved."""
        number = push.made.number
        self.pushes[number] = {
            "course": push.course.value,
            "wave": push.wave,
            "reason": push.reason,
            "forgiven": push.forgiven,
        }
        for box in push.dirty:
            self.entries[number, box] = _moved(push.entries[box])
        push.dirty.clear()


class Store:
    """Called from one thread at a time. Every method raises sqlalchemy.exc.SQLAlchemyError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.begin() as opened:
            self._boxes = set(opened.scalars(select(schema.box.c.box)))
            self._texts = set(opened.scalars(select(schema.text.c.fingerprint)))

    def knows(self, fingerprint: str) -> bool:
        """Whether that text is kept."""
        return fingerprint in self._texts

    def boxes(self) -> list[Row]:
        """All."""
        with self._engine.connect() as opened:
            return [dict(row) for row in opened.execute(select(schema.box)).mappings()]

    def pushes(self) -> list[Push]:
        """Those that may still give something, and the newest, oldest first."""
        with self._engine.connect() as opened:
            newest = opened.scalar(select(func.max(schema.push.c.number))) or 0
            over = [one.value for one in ENDED - {Course.DONE}]
            wanted = schema.push.c.course.not_in(over) | (schema.push.c.number == newest)
            query = select(schema.push.c.number).where(wanted).order_by(schema.push.c.number)
            numbers = opened.scalars(query).all()
        return [self._push(number) for number in numbers]

    def push(self, number: int) -> Push | None:
        """By its number; 0: the newest."""
        with self._engine.connect() as opened:
            found = number or opened.scalar(select(func.max(schema.push.c.number))) or 0
            there = opened.scalar(select(schema.push.c.number).where(schema.push.c.number == found))
        return self._push(found) if there else None

    def _push(self, number: int) -> Push:
        with self._engine.connect() as opened:
            row = opened.execute(select(schema.push).where(schema.push.c.number == number)).one()
            entries = opened.execute(select(schema.entry).where(schema.entry.c.number == number)).all()
        found = Push(
            msgspec.json.decode(row.made, type=Made),
            [
                Entry(one.box, one.wave, one.base, one.after, Stage(one.stage), one.sentence, _words(one.amiss))
                for one in entries
            ],
        )
        found.course, found.wave, found.reason, found.forgiven = Course(row.course), row.wave, row.reason, row.forgiven
        return found

    def texts(self, fingerprints: Iterable[str]) -> dict[str, str]:
        """Those that are kept."""
        wanted, found = sorted(set(fingerprints)), {}
        with self._engine.connect() as opened:
            for first in range(0, len(wanted), SOME):
                some = select(schema.text).where(schema.text.c.fingerprint.in_(wanted[first : first + SOME]))
                found.update({row.fingerprint: row.text for row in opened.execute(some)})
        return found

    def audit(self, box: str, count: int) -> list[AuditEntry]:
        """The last so many, the newest first."""
        of_box = schema.audit.c.box == box if box else schema.audit.c.id > 0
        query = select(schema.audit).where(of_box).order_by(schema.audit.c.id.desc()).limit(count)
        with self._engine.connect() as opened:
            rows = opened.execute(query).mappings()
            return [AuditEntry(**{key: value for key, value in row.items() if key != "id"}) for row in rows]

    def write(self, rows: Rows) -> None:
        """All of it or nothing."""
        texts = {one: text for one, text in rows.texts.items() if one not in self._texts}
        with self._engine.begin() as opened:

            def put(statement: Any, values: Sequence[Row]) -> None:
                if values:
                    opened.execute(statement, values)

            put(insert(schema.text), [{"fingerprint": one, "text": text} for one, text in texts.items()])
            new = [{**_EMPTY, **row, "box": box} for box, row in rows.boxes.items() if box not in self._boxes]
            put(insert(schema.box), new)
            for keys, some in _alike((box, row) for box, row in rows.boxes.items() if box in self._boxes):
                put(_of_box(keys), some)
            if rows.new_push is not None:
                made = rows.new_push.made
                put(insert(schema.push), [{"number": made.number, "made": msgspec.json.encode(made).decode()}])
                put(insert(schema.entry), [_entry(made.number, one) for one in rows.new_push.entries.values()])
                of_it = {"number": made.number}
                put(insert(schema.source), [{**of_it, "name": n, "fingerprint": f} for n, f in rows.sources.items()])
            put(_PUSH, [{"its_number": number, **row} for number, row in rows.pushes.items()])
            put(_ENTRY, [{"its_number": number, "its_box": box, **row} for (number, box), row in rows.entries.items()])
            put(insert(schema.audit), rows.audit)
        self._texts.update(texts)
        self._boxes.update(rows.boxes)

    def close(self) -> None:
        """Close the engine."""
        self._engine.dispose()


_EMPTY: Row = dict.fromkeys(schema.box.c.keys())
_PUSH = update(schema.push).where(schema.push.c.number == bindparam("its_number"))
_ENTRY = update(schema.entry).where(
    and_(schema.entry.c.number == bindparam("its_number"), schema.entry.c.box == bindparam("its_box"))
)


def _words(lines: str) -> tuple[str, ...]:
    return tuple(lines.splitlines())


def _moved(entry: Entry) -> Row:
    return {"stage": entry.stage.value, "sentence": entry.sentence, "amiss": "\n".join(entry.amiss)}


def _entry(number: int, entry: Entry) -> Row:
    known = {"number": number, "box": entry.box, "wave": entry.wave, "base": entry.base, "after": entry.after}
    return known | _moved(entry)


def _alike(rows: Iterable[tuple[str, Row]]) -> Iterable[tuple[tuple[str, ...], list[Row]]]:
    """Rows that complete the same columns, for one statement."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for box, row in rows:
        found.setdefault(tuple(sorted(row)), []).append({"its_box": box, **row})
    return found.items()


def _of_box(columns: tuple[str, ...]) -> Any:
    values: Row = {name: bindparam(name) for name in columns}
    return update(schema.box).where(schema.box.c.box == bindparam("its_box")).values(**values)

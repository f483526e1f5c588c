# SPDX-License-Identifier: GPL-2.0-only
"""Rows that the events of one transaction make and complete, in any order: gathered first, then a statement for many.

rows = Rows(store, contacts)
rows.put(schema.leg, "L-1", {"ended_ns": at_ns})  # completes the row, making it where it is missing
rows.write()
"""

import functools
from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, Connection, Insert, Select, Table, Update, bindparam, insert, select, update

from appliance.headquarters.reports import schema

_ASKED = (schema.contact.c.queued_ns, schema.contact.c.talk_ns, schema.contact.c.talk_samples)


class Rows:
    """Of the one writer, so nobody comes between. `contacts`: whose values may be asked for.

    `touched`: others whose statistics have changed.
    """

    def __init__(self, store: Connection, contacts: Collection[str] = ()) -> None:
        self.store = store
        self.touched: set[str] = set()
        self._completed: dict[Table, dict[str, dict[str, Any]]] = {}
        self._added: dict[Table, list[dict[str, Any]]] = {}
        key = schema.contact.c.contact
        told = store.execute(select(key, *_ASKED).where(key.in_(contacts))).mappings() if contacts else ()
        self._contacts = {row["contact"]: row for row in told}

    def put(self, table: Table, key: str, values: dict[str, Any]) -> None:
        """The row of that key has these values from now on."""
        self._completed.setdefault(table, {}).setdefault(key, {}).update(values)

    def add(self, table: Table, values: dict[str, Any]) -> None:
        """A row that is not there yet; of one table always the same columns."""
        self._added.setdefault(table, []).append(values)

    def of_contact(self, contact: str, column: Column[int]) -> int | None:
        """What the contact's row has there, with what was put; None: nothing yet."""
        put = self._completed.get(schema.contact, {}).get(contact, {})
        row = put if column.name in put else self._contacts.get(contact)
        return None if row is None else row[column.name]

    def write(self) -> None:
        """All of it, in the transaction that has begun."""
        for table, values in self._added.items():
            self.store.execute(insert(table), values)
        for table, rows in self._completed.items():
            self._complete(table, rows)

    def _complete(self, table: Table, rows: dict[str, dict[str, Any]]) -> None:
        name, known, complete, make = _statements(table)
        empty = dict.fromkeys(table.c.keys())
        there = set(self.store.scalars(known, {"keys": list(rows)}))
        new = [{**empty, name: key, **values} for key, values in rows.items() if key not in there]
        if new:
            self.store.execute(make, new)
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for key, values in rows.items():
            if key in there:
                alike.setdefault(tuple(sorted(values)), []).append({"its_key": key, **values})
        for some in alike.values():
            self.store.execute(complete, some)


@functools.cache
def _statements(table: Table) -> tuple[str, Select[str], Update, Insert]:
    """The name of the table's key, who of many is there, what completes and makes a row: made once, as that is slow."""
    column = next(iter(table.primary_key.columns))
    known = select(column).where(column.in_(bindparam("keys", expanding=True)))
    return column.name, known, update(table).where(column == bindparam("its_key")), insert(table)

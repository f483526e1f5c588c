# SPDX-License-Identifier: GPL-2.0-only
"""Service level and short call thresholds, with the moment from which each holds.

A contact is counted by what held when it was offered, so a threshold that is changed changes no report of before, and a
recount years later comes out the same. The name '' is the default of a kind's other names, of all kinds.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, func, insert, select

from appliance.config import Headquarters
from appliance.config.headquarters import SERVICE_LEVEL_S, SHORT_CALL_S
from appliance.headquarters.reports import schema
from appliance.headquarters.reports.intervals.story import Kind

DEFAULT = ("", "")


class Threshold(msgspec.Struct, frozen=True):
    """In seconds: answered within the one is in time, abandoned under the other is a short call."""

    service_level_s: int = SERVICE_LEVEL_S
    short_call_s: int = SHORT_CALL_S


class Since(NamedTuple):
    """A threshold of (kind, name), from `since_ns` on."""

    kind: str
    name: str
    since_ns: int
    threshold: Threshold


class Thresholds:
    """All there ever were."""

    def __init__(self, rows: Iterable[Since] = ()) -> None:
        self._by_name: dict[tuple[str, str], list[Since]] = {}
        for row in sorted(rows, key=lambda one: one.since_ns):
            self._by_name.setdefault((row.kind, row.name), []).append(row)

    def of(self, kind: str, name: str, at_ns: int) -> Threshold:
        """What held at `at_ns`."""
        for key in ((kind, name), DEFAULT):
            held = [row for row in self._by_name.get(key, ()) if row.since_ns <= at_ns]
            if held:
                return held[-1].threshold
        return Threshold()


def wanted_by(config: Headquarters) -> dict[tuple[str, str], Threshold]:
    """By (kind, name), as the administrator has them."""
    short_s = config.short_call_s
    call_types = {
        (Kind.CALL_TYPE.value, one.name): Threshold(one.service_level_s, short_s) for one in config.call_types
    }
    queues = {
        (Kind.QUEUE.value, one.name): Threshold(one.service_level_s, short_s)
        for group in (config.skill_groups, config.precision_queues)
        for one in group
    }
    return {DEFAULT: Threshold(short_call_s=short_s), **call_types, **queues}


def load(store: Connection) -> Thresholds:
    """As they are kept."""
    column = schema.threshold.c
    query = select(column.kind, column.name, column.since_ns, column.service_level_s, column.short_call_s)
    return Thresholds(Since(row[0], row[1], row[2], Threshold(row[3], row[4])) for row in store.execute(query))


def keep(store: Connection, wanted: Mapping[tuple[str, str], Threshold], now_ns: int) -> int | None:
    """Let `wanted`, by (kind, name), hold from now on, the first ones ever from always. Since when, if any is new.

    A name that is wanted no more goes back to the default. A clock that was set back does not let older ones return.
    """
    held = load(store)
    column = schema.threshold.c
    names = {(row[0], row[1]) for row in store.execute(select(column.kind, column.name))}
    last_ns = store.scalar(select(func.max(column.since_ns)))
    since_ns = 0 if last_ns is None else max(now_ns, last_ns + 1)
    default = wanted.get(DEFAULT, Threshold())
    wanted = {**dict.fromkeys(names, default), DEFAULT: default, **wanted}
    new = [
        {"kind": kind, "name": name, "since_ns": since_ns, **msgspec.structs.asdict(threshold)}
        for (kind, name), threshold in wanted.items()
        if last_ns is None or held.of(kind, name, since_ns) != threshold
    ]
    if not new:
        return None
    store.execute(insert(schema.threshold), new)
    return since_ns

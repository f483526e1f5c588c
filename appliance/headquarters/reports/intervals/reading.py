# SPDX-License-Identifier: GPL-2.0-only
"""Statistics as they are asked for: rows of a kind between two moments, by 5, 15 or 30 minutes or the day.

Longer intervals are sums of the stored ones of five minutes and begin where the question does, so a day is whatever day
the asker means, 23 or 25 hours long where his clocks are set.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Engine, select

from appliance.headquarters.reports import schema
from appliance.headquarters.reports.intervals.figures import BASE_NS, FIELDS, NONE, Figures
from appliance.headquarters.reports.intervals.levels import averages_ms, percent, rounded, service_levels, utc
from appliance.headquarters.reports.intervals.story import Kind

MINUTE_NS = 60_000_000_000
WIDTHS = {"5m": 5 * MINUTE_NS, "15m": 15 * MINUTE_NS, "30m": 30 * MINUTE_NS, "day": None}
"""By its name; a day is all that was asked for, up to DAY_NS_MOST."""
DAY_NS_MOST = 25 * 60 * MINUTE_NS
GROUPED = {"service": Kind.CALL_TYPE.value, "team": Kind.AGENT.value, "site": Kind.AGENT.value}
"""What is reported as one, and of which kind its members are."""
LEVELLED = (Kind.CALL_TYPE.value, Kind.QUEUE.value, "service")
"""Those that have a service level."""


class Row(msgspec.Struct, frozen=True):
    """`name`'s figures from `start_ns` on; `revision` grows whenever one of them has changed."""

    name: str
    start_ns: int
    revision: int
    figures: Figures

    def flat(self) -> dict[str, Any]:
        """For JSON and CSV: figures, service levels in percent, averages in ms."""
        levels = {f"service_level_{name}": percent(one) for name, one in service_levels(self.figures).items()}
        averages = {f"average_{name}_ms": rounded(one) for name, one in averages_ms(self.figures).items()}
        head = {"name": self.name, "start": utc(self.start_ns), "start_ns": self.start_ns, "revision": self.revision}
        return {**head, **msgspec.structs.asdict(self.figures), **levels, **averages}


def rows(engine: Engine, kind: str, from_ns: int, to_ns: int, width_ns: int | None) -> list[Row]:
    """By start, then name; `from_ns` on a border of five minutes, `width_ns` None: one row a name."""
    table = schema.interval.c
    columns = [table[name] for name in FIELDS]
    query = select(table.name, table.start_ns, table.revision, *columns).where(table.kind == kind)
    told: dict[tuple[int, str], tuple[int, Figures]] = {}
    with engine.connect() as store:
        for row in store.execute(query.where(table.start_ns.between(from_ns, to_ns - 1))):
            start_ns = from_ns if width_ns is None else row[1] - (row[1] - from_ns) % width_ns
            revision, figures = told.get((start_ns, row[0]), (0, NONE))
            told[start_ns, row[0]] = (revision + row[2], figures + Figures(*row[3:]))
    return [
        Row(name, start_ns, revision, figures)
        for (start_ns, name), (revision, figures) in sorted(told.items())
        if figures.offered
    ]


def grouped(
    engine: Engine, kind: str, of: Mapping[str, str], from_ns: int, to_ns: int, width_ns: int | None
) -> list[Row]:
    """Likewise of a kind of groups (GROUPED): the sums of their members as they are now, by `of`.

    What two members had, one after the other, counts for both; who is in no group is left out.
    """
    found = rows(engine, GROUPED[kind], from_ns, to_ns, width_ns)
    told: dict[tuple[int, str], tuple[int, Figures]] = {}
    for row in found:
        if row.name in of:
            key = row.start_ns, of[row.name]
            revision, figures = told.get(key, (0, NONE))
            told[key] = (revision + row.revision, figures + row.figures)
    return [Row(name, start_ns, revision, figures) for (start_ns, name), (revision, figures) in sorted(told.items())]


def mistake(from_ns: int, to_ns: int) -> str:
    """Why the question cannot be answered; empty where it can."""
    if from_ns % BASE_NS or to_ns % BASE_NS:
        return "from_ns and to_ns are UTC nanoseconds on a border of five minutes"
    if not 0 < to_ns - from_ns <= DAY_NS_MOST:
        return "from_ns to to_ns is one day at most, to_ns the later"
    return ""

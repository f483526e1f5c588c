# SPDX-License-Identifier: GPL-2.0-only
"""Statistics for other programs: `/api/intervals/queue?from_ns=…&to_ns=…&interval=15m`, as JSON or `&format=csv`.

Kinds are call-type, queue, agent and trunk, whose figures `reports/intervals/figures.py` explains, service, team and
site, which are sums of those, and agent-time (`reports/intervals/agents.py`).
"""

import csv
import io
import time
from typing import Any

from litestar import Response, get
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import Engine

from appliance.config.groupings import Of
from appliance.config.scalars import suggestion
from appliance.headquarters.reports.intervals import counting
from appliance.headquarters.reports.intervals.agents import Times, times
from appliance.headquarters.reports.intervals.figures import NONE
from appliance.headquarters.reports.intervals.reading import GROUPED, WIDTHS, Row, grouped, mistake, rows
from appliance.headquarters.reports.intervals.story import Kind

AGENT_TIME = "agent-time"
KINDS = (*(kind.value for kind in Kind), *GROUPED, AGENT_TIME)
FORMATS = ("json", "csv")
_FIELDS = tuple(Row("", 0, 0, NONE).flat())
_TIME_FIELDS = tuple(Times("", 0, {}).flat())


def route(engine: Engine, groups: Of) -> HTTPRouteHandler:
    """The handler; `groups`: who is in which service, team and site."""

    @get("/api/intervals/{kind:str}", sync_to_thread=True)
    def intervals(kind: str, from_ns: int, to_ns: int, interval: str = "15m", format: str = "json") -> Response[Any]:  # noqa: A002 - the query's word
        if kind not in KINDS:
            raise NotFoundException(f"no statistics of {kind!r}; {suggestion(kind, KINDS)}")
        for word, valid in ((interval, WIDTHS), (format, FORMATS)):
            if word not in valid:
                raise ClientException(f"{word!r} is not known; {suggestion(word, valid)}")
        if sentence := mistake(from_ns, to_ns):
            raise ClientException(sentence)
        told, fields = _told(engine, groups, kind, range(from_ns, to_ns), WIDTHS[interval])
        return _csv(told, fields) if format == "csv" else Response(told, headers=_anew(engine))

    return intervals


def _told(
    engine: Engine, groups: Of, kind: str, within: range, width_ns: int | None
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    if kind == AGENT_TIME:
        return [row.flat() for row in times(engine, within.start, within.stop, width_ns, time.time_ns())], _TIME_FIELDS
    if kind in GROUPED:
        found = grouped(engine, kind, getattr(groups, kind), within.start, within.stop, width_ns)
    else:
        found = rows(engine, kind, within.start, within.stop, width_ns)
    return [row.flat() for row in found], _FIELDS


def _anew(engine: Engine) -> dict[str, str]:
    """How much is counted, where an update has changed how."""
    with engine.connect() as store:
        share = counting.progress(store)
    return {} if share is None else {"X-Counted": f"{float(share):.3f}"}


def _csv(told: list[dict[str, Any]], fields: tuple[str, ...]) -> Response[Any]:
    page = io.StringIO()
    writer = csv.DictWriter(page, fields)
    writer.writeheader()
    writer.writerows(told)
    return Response(page.getvalue(), media_type="text/csv")

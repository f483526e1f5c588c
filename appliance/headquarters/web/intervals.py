# SPDX-License-Identifier: GPL-2.0-only
"""Statistics for other programs: `/api/intervals/queue?from_ns=…&to_ns=…&interval=15m`, as JSON or `&format=csv`.

Kinds are call-type, queue, agent and trunk. Figures and what they mean: `reports/intervals/figures.py`.
"""

import csv
import io
from typing import Any

from litestar import Response, get
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import Engine

from appliance.config.scalars import suggestion
from appliance.headquarters.reports.intervals.figures import NONE
from appliance.headquarters.reports.intervals.reading import WIDTHS, Row, mistake, rows
from appliance.headquarters.reports.intervals.story import Kind

KINDS = tuple(kind.value for kind in Kind)
FORMATS = ("json", "csv")
_FIELDS = tuple(Row("", 0, 0, NONE).flat())


def route(engine: Engine) -> HTTPRouteHandler:
    """The handler."""

    @get("/api/intervals/{kind:str}", sync_to_thread=True)
    def intervals(kind: str, from_ns: int, to_ns: int, interval: str = "15m", format: str = "json") -> Response[Any]:  # noqa: A002 - the query's word
        if kind not in KINDS:
            raise NotFoundException(f"no statistics of {kind!r}; {suggestion(kind, KINDS)}")
        for word, valid in ((interval, WIDTHS), (format, FORMATS)):
            if word not in valid:
                raise ClientException(f"{word!r} is not known; {suggestion(word, valid)}")
        if sentence := mistake(from_ns, to_ns):
            raise ClientException(sentence)
        told = [row.flat() for row in rows(engine, kind, from_ns, to_ns, WIDTHS[interval])]
        return _csv(told) if format == "csv" else Response(told)

    return intervals


def _csv(told: list[dict[str, Any]]) -> Response[Any]:
    page = io.StringIO()
    writer = csv.DictWriter(page, _FIELDS)
    writer.writeheader()
    writer.writerows(told)
    return Response(page.getvalue(), media_type="text/csv")

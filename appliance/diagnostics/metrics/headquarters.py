# SPDX-License-Identifier: GPL-2.0-only
"""Metrics of headquarters: what its process tells of branches and queues, and the record of the day."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import nats.errors
import structlog
from nats.aio.client import Client
from sqlalchemy.exc import SQLAlchemyError

from appliance.config import Headquarters
from appliance.diagnostics.metrics.branch import ENTRIES, counted, floor
from appliance.diagnostics.metrics.exposition import Sample, sample
from appliance.headquarters.live import GONE_NS, State
from appliance.headquarters.reports import store
from appliance.headquarters.reports.intervals.levels import service_levels
from appliance.headquarters.reports.intervals.reading import Row, rows
from appliance.headquarters.reports.intervals.story import Kind
from appliance.router.journal import path_of as journal_path
from appliance.uplink.connection import connect, own_access

LOOK_S = 5.0
DAY_S = 30.0
"""Between two looks at the day's statistics."""
ANSWER_S = 2.0
DAY_NS = 86_400_000_000_000

log = structlog.get_logger()


class Floor:
    """What headquarters knows; `run` asks again and again, of its own process and of the record."""

    def __init__(self, headquarters: Headquarters, state: Path) -> None:
        self._headquarters, self._state = headquarters, state
        self._now: list[Sample] = []
        self._day: list[Sample] = []

    async def run(self) -> None:
        """For ever; cancel to end."""
        ours = self._headquarters
        client = await connect((ours.server.listen,), own_access(ours), f"{ours.box} diagnostics")
        looked = 0.0
        while True:
            self._now = await self._ask(client)
            if time.monotonic() - looked >= DAY_S:
                looked = time.monotonic()
                self._day = await asyncio.to_thread(self._of_day)
            await asyncio.sleep(LOOK_S)

    def samples(self) -> Iterator[Sample]:
        """As they were last seen."""
        yield from self._now
        yield from self._day
        yield from counted("router_entries_total", journal_path(self._state), ENTRIES)

    async def _ask(self, client: Client) -> list[Sample]:
        try:
            answer = await client.request("live.state", b"", timeout=ANSWER_S)
            return list(_live(msgspec.json.decode(answer.data, type=State)))
        except (nats.errors.Error, msgspec.DecodeError) as error:
            log.info("metrics.headquarters.silent", error=str(error))
            return []

    def _of_day(self) -> list[Sample]:
        """Since midnight, UTC."""
        today_ns = time.time_ns() // DAY_NS * DAY_NS
        with contextlib.suppress(OSError, SQLAlchemyError):
            engine = store.open_reader(store.place_of(self._state, self._headquarters.record))
            try:
                return list(_statistics(rows(engine, Kind.QUEUE.value, today_ns, today_ns + DAY_NS, None)))
            finally:
                engine.dispose()
        return []


def _live(told: State) -> Iterator[Sample]:
    alarms = Counter(alarm.box for alarm in told.alarms)
    now_ns = time.time_ns()
    for branch in told.branches:
        yield sample("branch_up", int(now_ns - branch.heard_ns < GONE_NS), branch.box)
        yield sample("branch_alarms", alarms[branch.box], branch.box)
    for one in told.spans:
        up = one.span.d_channel_up and not one.span.alarms
        yield sample("branch_span_up", int(up), one.box, one.span.name)
    yield from floor(told.agents, told.queues)
    yield sample("router_journal_commit_seconds", told.commit_s)


def _statistics(found: list[Row]) -> Iterator[Sample]:
    for row in found:
        yield sample("queue_offered_today", row.figures.offered, row.name)
        yield sample("queue_answered_today", row.figures.answered, row.name)
        yield sample("queue_abandoned_today", row.figures.abandoned, row.name)
        level = service_levels(row.figures)["ignored"]
        if level is not None:
            yield sample("queue_service_level_ratio", float(level), row.name)

# SPDX-License-Identifier: GPL-2.0-only
"""What the page shows, in sections that are sent when they change; of queues and agents what has changed of them.

Live state is asked of the headquarters process twice a second, the record is read when it says that it changed, and
every 2 s in case it could not. Silence of either is itself a section (`health`): old news is never shown as new.
"""

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.live import State
from appliance.headquarters.reports import store, voicemail
from appliance.headquarters.reports.reading import Record, Row
from appliance.headquarters.web.rows import One, Rows
from appliance.wire.agents import ContactNow
from appliance.wire.performance import SpanPerformance

LIVE_S = 0.5
RECORD_S = 2.0
CALM_S = 0.2
BEFORE = 50

log = structlog.get_logger()


class Feed:
    """Sections by name, as JSON. One writer (`run`), any number of `follow`ers."""

    def __init__(self, place: store.Place, site: dict[str, Any]) -> None:
        self.record = Record(store.open_reader(place))
        self._sections: dict[str, bytes] = {}
        self._many = {"queues": Rows(), "agents": Rows()}
        self._versions: dict[str, int] = {}
        self._changed = asyncio.Condition()
        self._stored = asyncio.Event()
        self._health = {"headquarters": False, "record": False}
        self._site = site
        self._client: Client | None = None

    async def run(self, client: Client) -> None:
        """Keep the sections; cancel to end."""
        self._client = client
        await client.subscribe("report.stored", cb=self._told)
        await self._put("site", self._site)
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._keep_live(client))
            parts.create_task(self._keep_record())

    async def follow(self) -> AsyncIterator[tuple[str, bytes]]:
        """Each section as it is, then each change; a slow reader skips what is outdated."""
        seen: dict[str, int] = {}
        while True:
            old = [(name, seen.get(name, 0)) for name, at in self._versions.items() if seen.get(name) != at]
            news = [(name, self._content(name, before)) for name, before in old]
            seen = dict(self._versions)
            for section in news:
                yield section
            async with self._changed:
                await self._changed.wait_for(functools.partial(self._newer_than, seen))

    async def performance(self, box: str, span: int) -> SpanPerformance | None:
        """A span's quarters and days; None where nobody has told them, or headquarters is silent."""
        if self._client is None or not self._client.is_connected:
            return None
        try:
            answer = await self._client.request(f"live.performance.{box}", str(span).encode(), timeout=1.0)
            return msgspec.json.decode(answer.data, type=SpanPerformance | None)
        except (nats.errors.Error, msgspec.DecodeError):
            return None

    async def contact_of(self, agent: str) -> ContactNow | None:
        """What an agent has before them; None where that is nothing, or headquarters is silent."""
        if self._client is None or not self._client.is_connected:
            return None
        try:
            answer = await self._client.request("live.contact", agent.encode(), timeout=1.0)
            return msgspec.json.decode(answer.data, type=ContactNow | None)
        except (nats.errors.Error, msgspec.DecodeError):
            return None

    def _content(self, name: str, seen: int) -> bytes:
        return self._many[name].since(seen) if name in self._many else self._sections[name]

    def _newer_than(self, seen: dict[str, int]) -> bool:
        return seen != self._versions

    async def _told(self, _message: Msg) -> None:
        self._stored.set()

    async def _keep_live(self, client: Client) -> None:
        while True:
            state = await _ask_live(client)
            self._health["headquarters"] = state is not None
            if state is not None:
                for name in ("branches", "spans", "alarms", "verdicts"):
                    await self._put(name, getattr(state, name))
                await self._put_rows("queues", state.queues, lambda queue: queue.name)
                await self._put_rows("agents", state.agents, lambda agent: agent.agent)
            await self._put("health", {**self._health, "now_ns": time.time_ns()})
            await asyncio.sleep(LIVE_S)

    async def _keep_record(self) -> None:
        while True:
            try:
                now, before, messages = await asyncio.to_thread(self._read)
            except SQLAlchemyError as error:
                if self._health["record"]:
                    log.error("web.record.failed", error=str(error))
                self._health["record"] = False
            else:
                self._health["record"] = True
                await self._put("now", now)
                await self._put("before", before)
                await self._put("voicemail", messages)
            await asyncio.sleep(CALM_S)
            await self._news()

    async def _news(self) -> None:
        try:
            await asyncio.wait_for(self._stored.wait(), RECORD_S)
        except TimeoutError:
            return
        self._stored.clear()

    def _read(self) -> tuple[list[Row], list[Row], list[Row]]:
        messages = voicemail.messages(self.record.engine, limit=BEFORE)
        return self.record.calls_now(), self.record.calls_before(limit=BEFORE), messages

    async def _put(self, name: str, content: object) -> None:
        octets = msgspec.json.encode(content)
        if self._sections.get(name) == octets:
            return
        self._sections[name] = octets
        await self._tell(name, self._versions.get(name, 0) + 1)

    async def _put_rows(self, name: str, rows: Sequence[One], key_of: Callable[[One], str]) -> None:
        if self._many[name].put(rows, key_of):
            await self._tell(name, self._many[name].version)

    async def _tell(self, name: str, version: int) -> None:
        async with self._changed:
            self._versions[name] = version
            self._changed.notify_all()


async def _ask_live(client: Client) -> State | None:
    """What headquarters has heard; None where it does not answer."""
    if not client.is_connected:
        return None
    try:
        answer = await client.request("live.state", b"", timeout=1.0)
        return msgspec.json.decode(answer.data, type=State)
    except (nats.errors.Error, msgspec.DecodeError):
        return None

# SPDX-License-Identifier: GPL-2.0-only
"""Agents' changes of state, from the router's journal to the record: each once, whatever dies in between.

What the record does not take is kept and told again; what a death lost is read from the journal at the next start.
"""

import asyncio
import functools
import itertools
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.reports.writer import Writer
from appliance.router.events import AgentMoved
from appliance.router.journal import Journal

RETRY_S = 1.0
TOGETHER = 500

Entry = tuple[int, tuple[AgentMoved, ...]]
log = structlog.get_logger()


def catch_up(writer: Writer, path: Path) -> None:
    """What the last life did not get to. Raises sqlite3.Error, sqlalchemy.exc.SQLAlchemyError."""
    journal = Journal(path, reads=True)
    try:
        writer.agents_moved(journal.moves(writer.newest_move_ns()))
    finally:
        journal.close()


class Moves:
    """`store` keeps some of them in the record; `missed` what the last life did not get to, before all others."""

    def __init__(
        self, store: Callable[[Iterable[Entry]], Awaitable[object]], missed: Callable[[], Awaitable[object]]
    ) -> None:
        self._store = store
        self._missed = missed
        self._waiting: deque[Entry] = deque()
        self._work = asyncio.Event()

    def told(self, seq: int, moves: tuple[AgentMoved, ...]) -> None:
        """They are in the journal."""
        self._waiting.append((seq, moves))
        self._work.set()

    async def run(self) -> None:
        """For ever; cancel to end."""
        await self._until_done(self._missed)
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                some = tuple(itertools.islice(self._waiting, TOGETHER))
                await self._until_done(functools.partial(self._store, some))
                for _ in some:
                    self._waiting.popleft()

    async def _until_done(self, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await work()
            except (SQLAlchemyError, sqlite3.Error) as error:
                log.error("report.agents.refused", error=str(error), waiting=len(self._waiting))
                await asyncio.sleep(RETRY_S)
            else:
                return

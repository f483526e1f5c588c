# SPDX-License-Identifier: GPL-2.0-only
"""Agents' changes of state, from the router's journal to the record: each once, whatever dies in between.

What the record does not take is kept and told again; what a death lost is read from the journal at the next start.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.reports.writer import Writer
from appliance.router.events import AgentMoved
from appliance.router.journal import Journal

RETRY_S = 1.0
TOGETHER = 500

Entry = tuple[int, tuple[AgentMoved, ...]]
log = structlog.get_logger()


def catch_up(writer: Writer, journal: Journal) -> None:
    """What the last life did not get to. Raises sqlite3.Error, sqlalchemy.exc.SQLAlchemyError."""
    writer.agents_moved(journal.moves(writer.newest_move_ns()))


class Moves:
    """`store` keeps some of them in the record."""

    def __init__(self, store: Callable[[Iterable[Entry]], Awaitable[object]]) -> None:
        self._store = store
        self._waiting: deque[Entry] = deque()
        self._work = asyncio.Event()

    def told(self, seq: int, moves: tuple[AgentMoved, ...]) -> None:
        """They are in the journal."""
        self._waiting.append((seq, moves))
        self._work.set()

    async def run(self) -> None:
        """For ever; cancel to end."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                some = tuple(itertools.islice(self._waiting, TOGETHER))
                try:
                    await self._store(some)
                except SQLAlchemyError as error:
                    log.error("report.agents.refused", error=str(error), waiting=len(self._waiting))
                    await asyncio.sleep(RETRY_S)
                    continue
                for _ in some:
                    self._waiting.popleft()

# SPDX-License-Identifier: GPL-2.0-only
"""What the record is told, until it has taken it: a record that is dead or stuck holds up nothing but itself."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

RETRY_S = 1.0

Work = Callable[[], None]
Write = Callable[[Work], Awaitable[None]]
log = structlog.get_logger()


async def until_kept(write: Write, work: Work) -> None:
    """Again until the record takes it; `write` runs the work in a thread."""
    while True:
        try:
            await write(work)
        except (SQLAlchemyError, sqlite3.Error) as error:
            log.error("report.work.refused", error=str(error))
            await asyncio.sleep(RETRY_S)
        else:
            return


class Backlog:
    """One after another, in the order in which they were put; whoever puts goes on."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: asyncio.Queue[Work] = asyncio.Queue()

    def put(self, work: Work) -> None:
        """To be done as soon as the record can."""
        self._waiting.put_nowait(work)

    async def run(self) -> None:
        """For ever; cancel to end."""
        while True:
            await until_kept(self._write, await self._waiting.get())

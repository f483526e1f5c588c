# SPDX-License-Identifier: GPL-2.0-only
"""Agents' changes of state, from the router's journal to the record: each once, whatever dies in between.

What the record does not take is kept and told again; what a death lost is read from the journal at the next start.
"""

import asyncio
import functools
import itertools
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from appliance.headquarters.backlog import until_kept
from appliance.headquarters.reports.writer import Keeper
from appliance.router.events import AgentMoved
from appliance.router.journal import Journal

GATHER_S = 0.2  # from one commit to the next: one for each decision would keep the record from all else
TOGETHER = 500

T = TypeVar("T")
Entry = tuple[int, tuple[AgentMoved, ...]]


def catch_up(writer: Keeper, path: Path) -> None:
    """What the last life did not get to. Raises sqlite3.Error, sqlalchemy.exc.SQLAlchemyError."""
    journal = Journal(path, reads=True)
    try:
        writer.agents_moved(journal.moves(writer.newest_move_ns()))
    finally:
        journal.close()


class Recorder(Protocol):
    """Who has the record's thread."""

    async def write(self, work: Callable[[], T]) -> T:
        """Run it there."""


class Moves:
    """`path` is the router's journal, from which what the last life did not get to comes before all others."""

    def __init__(self, recorder: Recorder, writer: Keeper, path: Path) -> None:
        self._write = recorder.write
        self._writer = writer
        self._path = path
        self._waiting: deque[Entry] = deque()
        self._work = asyncio.Event()

    def told(self, seq: int, moves: tuple[AgentMoved, ...]) -> None:
        """They are in the journal."""
        self._waiting.append((seq, moves))
        self._work.set()

    async def run(self) -> None:
        """For ever; cancel to end."""
        await until_kept(self._write, functools.partial(catch_up, self._writer, self._path))
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                some = tuple(itertools.islice(self._waiting, TOGETHER))
                await until_kept(self._write, functools.partial(self._writer.agents_moved, some))
                for _ in some:
                    self._waiting.popleft()
            await asyncio.sleep(GATHER_S)

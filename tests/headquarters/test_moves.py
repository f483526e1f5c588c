# SPDX-License-Identifier: GPL-2.0-only
"""Agents' states from the router to the record: each change once, through a death and a record that refuses."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from appliance.headquarters.moves import Moves, catch_up
from appliance.headquarters.reports import schema, store
from appliance.headquarters.reports.writer import Writer
from appliance.router.events import AgentMoved
from appliance.router.journal import Journal
from appliance.wire.agents import AgentAsked, AgentWish
from tests.headquarters.test_desk import asked, running
from tests.router.test_router_apply import BOX

T = TypeVar("T")
pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]


def kept(writer: Writer) -> list[tuple[str, str]]:
    with writer._engine.connect() as record:
        order = (schema.agent_move.c.at_ns, schema.agent_move.c.seq, schema.agent_move.c.place)
        rows = record.execute(select(schema.agent_move.c.agent, schema.agent_move.c.state).order_by(*order))
        return [(row[0], row[1]) for row in rows]


BEGAN = [("1001", "available"), ("1002", "available")]
DAY = [*BEGAN, ("1001", "reserved"), ("1002", "not-ready")]


class Refusing:
    """Takes nothing the first times."""

    def __init__(self, times: int) -> None:
        self.asked, self._times = 0, times

    async def write(self, work: Callable[[], T]) -> T:
        self.asked += 1
        if self.asked <= self._times:
            raise OperationalError("INSERT", {}, OSError("disk full"))
        return await asyncio.to_thread(work)


async def day(journal: Journal, moves: Moves | None) -> None:
    async with running(journal) as desk:
        if moves is not None:
            desk.on_moved = moves.told
        desk.heard(BOX)
        await desk.ask(BOX, asked("c1"))
        await desk.floor.command(AgentAsked(agent="1002", to=AgentWish.NOT_READY, reason="lunch"))


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_what_a_death_kept_from_the_record_comes_from_the_journal_and_once(tmp_path: Path, taken: int) -> None:
    """The record has had so many of the entries."""
    writer = Writer(store.open_writer(store.place_of(tmp_path, None)))
    asyncio.run(day(Journal(tmp_path / "router.db"), None))
    journal = Journal(tmp_path / "router.db")
    writer.agents_moved(list(journal.moves(None))[:taken])
    journal.close()
    for _ in range(2):
        catch_up(writer, tmp_path / "router.db")
        assert kept(writer) == DAY


def test_a_record_that_refuses_is_told_again_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr("appliance.headquarters.backlog.RETRY_S", 0.05)
        writer = Writer(store.open_writer(store.place_of(tmp_path, None)))
        Journal(tmp_path / "router.db").close()
        recorder = Refusing(times=2)
        moves = Moves(recorder, writer, tmp_path / "router.db")
        work = asyncio.create_task(moves.run())
        await day(Journal(tmp_path / "router.db"), moves)
        async with asyncio.timeout(5):
            while len(kept(writer)) < len(DAY):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.02)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        assert kept(writer) == DAY
        assert recorder.asked > 2

    asyncio.run(scene())


def test_many_changes_share_a_commit_of_the_record(tmp_path: Path) -> None:
    """A commit for each decision would take the record and its disk from the call events."""

    async def scene() -> None:
        writer = Writer(store.open_writer(store.place_of(tmp_path, None)))
        Journal(tmp_path / "router.db").close()
        recorder = Refusing(times=0)
        moves = Moves(recorder, writer, tmp_path / "router.db")
        work = asyncio.create_task(moves.run())
        for number in range(50):
            moves.told(number + 1, (AgentMoved(f"{1001 + number}", "available", "", number),))
            await asyncio.sleep(0.005)
        async with asyncio.timeout(5):
            while len(kept(writer)) < 50:  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.01)
        work.cancel()
        assert recorder.asked < 25, "half as many, however slow the machine"

    asyncio.run(scene())

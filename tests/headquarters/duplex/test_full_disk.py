# SPDX-License-Identifier: GPL-2.0-only
"""A standby whose disk is full: it follows in memory, says so, takes over as any, and writes all once there is room."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from appliance.headquarters.desk import Desk
from appliance.headquarters.duplex import follower as following
from appliance.headquarters.duplex.batch import Batch
from appliance.headquarters.duplex.follower import Follower
from appliance.headquarters.duplex.quorum import Quorum, Succession
from appliance.headquarters.duplex.standbys import Standby, Standbys
from appliance.router.journal import Journal
from appliance.wire.routes import RouteRequest
from tests.headquarters.duplex.test_parts import Active, Memory, began, follower
from tests.headquarters.site import BOX, until
from tests.router.test_router_apply import RULES, S, ask

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk is tried again at once."""
    monkeypatch.setattr(following, "RETRY_S", 0.0)


def fill(journal: Journal) -> None:
    """No page more."""
    (pages,) = journal._store.execute("PRAGMA page_count").fetchone()
    journal._store.execute(f"PRAGMA max_page_count = {pages}")


def make_room(journal: Journal) -> None:
    journal._store.execute("PRAGMA max_page_count = 1000000")


def seqs(path: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(path)) as store:
        return [seq for (seq,) in store.execute("SELECT seq FROM entry ORDER BY seq")]


def follow(standby: Follower) -> None:
    while asyncio.run(standby.follow()):
        pass


def full_standby(path: Path, stream: Memory, calls: int) -> tuple[Follower, Active]:
    """It has followed the beginning; then its disk was full, and so many calls came."""
    active = Active(stream, Journal(path.with_name("a.db")))
    asyncio.run(active.do(began(), ask(1 * S), whole=True))
    standby = follower(path, stream)
    follow(standby)
    fill(standby.journal)
    asyncio.run(active.do(*(ask(n * S, f"c{n}") for n in range(2, calls + 2))))
    follow(standby)
    return standby, active


def test_it_follows_on_and_writes_what_it_missed_once_there_is_room(tmp_path: Path) -> None:
    standby, active = full_standby(tmp_path / "b.db", Memory(), 60)
    assert standby.refused == "database or disk is full"
    assert standby.state == active.state
    assert standby.unwritten
    make_room(standby.journal)
    follow(standby)
    assert (standby.refused, standby.unwritten) == ("", [])
    standby.close()
    assert seqs(tmp_path / "b.db") == list(range(3, 63))  # from the state that it began with


def test_of_very_many_entries_the_state_alone_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "UNWRITTEN", 20)
    stream = Memory()
    standby, active = full_standby(tmp_path / "b.db", stream, 60)
    assert standby.gap
    make_room(standby.journal)
    follow(standby)
    standby.close()
    again = follower(tmp_path / "b.db", stream)
    assert (again.state, again.mark) == (active.state, active.quorum.mark)
    again.close()


def test_it_takes_over_and_its_journal_has_no_gap(tmp_path: Path) -> None:
    stream = Memory()
    standby, _ = full_standby(tmp_path / "b.db", stream, 60)
    troubles: list[str | None] = []

    async def scene() -> None:
        standby.journal.go_on(standby.seq)
        quorum = Quorum(stream, "HQ-B", 8, standby.mark, standby.seq)
        succession = Succession(quorum, None, (), tuple(standby.unwritten), standby.gap)
        recalled = standby.state, standby.at_ns
        desk = Desk(RULES, "two", standby.journal, recalled, (), troubles.append, succession=succession)
        work = asyncio.create_task(desk.run())
        await desk.began
        answer = await desk.ask(BOX, RouteRequest(request="r", contact="new", dnis="95588"))
        assert answer.epoch == 8
        assert str(troubles[-1]).startswith("the router's journal cannot be written")
        make_room(standby.journal)
        await asyncio.to_thread(until, lambda: troubles[-1] is None, 5, "the journal is written")
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await desk.close()

    asyncio.run(scene())
    written = seqs(tmp_path / "b.db")
    told = [entry.seq for message in stream.messages for entry in Batch.decoded(message.payload).entries]
    assert told == list(range(1, len(told) + 1))
    assert written == told[2:]  # from the state that it began with


def test_the_active_says_whose_disk_it_is() -> None:
    standbys = Standbys(began_s=0.0)
    standbys.told = Standby("HQ-B", 1 * S, refused="database or disk is full")
    assert dict(standbys.troubles(1.0, 1 * S))["duplex.standby-disk"] == (
        "standby HQ-B: its disk does not take the router's journal (database or disk is full); it follows in memory: "
        "make room on its data disk"
    )

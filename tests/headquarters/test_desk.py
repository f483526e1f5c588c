# SPDX-License-Identifier: GPL-2.0-only
"""The router's desk: what leaves is journaled, a restart knows it, and a full disk stops no call."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from appliance.config.lookups import DatabaseLookup
from appliance.headquarters.desk import Desk
from appliance.headquarters.lookups.sources import Sources
from appliance.router import agents
from appliance.router.journal import Entry, Journal, decide, digest, fingerprint
from appliance.router.state import EMPTY
from appliance.router.verify import verify
from appliance.wire.agents import AgentAsked, AgentTold, AgentWish
from appliance.wire.calls import LegBegan
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest
from appliance.wire.service_messages import Refused
from tests.router import test_lookups as lookups
from tests.router.test_router_apply import BOX, QUEUED, RULES

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]


@asynccontextmanager
async def running(
    journal: Journal, epoch: str = "one", trouble: Callable[[str | None], None] = print
) -> AsyncIterator[Desk]:
    desk = Desk(RULES, epoch, journal, journal.recall(), (), trouble)
    work = asyncio.create_task(desk.run())
    try:
        yield desk
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await desk.close()


def asked(contact: str) -> RouteRequest:
    return RouteRequest(request=f"r-{contact}", contact=contact, dnis="95588", cursor=QUEUED)


def limit(journal: Journal, pages: int = 0) -> None:
    """The file may grow to so many pages, or no more."""
    store = journal._store
    store.execute(f"PRAGMA max_page_count={pages or store.execute('PRAGMA page_count').fetchone()[0] + 2}")


def agent_of(answer: RouteAnswer) -> str | None:
    return answer.action.agent if isinstance(answer.action, RingAgent) else None


def test_an_agent_reserved_in_the_last_life_is_not_given_out_again(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tmp_path / "router.db"
        async with running(Journal(path)) as desk:
            assert agent_of(await desk.ask(BOX, asked("c1"))) == "1001"
            copy = tmp_path / "killed.db"
            with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
                source.backup(target)  # as the disk is when the answer has left
        async with running(Journal(copy), "two") as desk:
            assert agent_of(await desk.ask(BOX, asked("c2"))) == "1002"
            assert agent_of(await desk.ask(BOX, asked("c3"))) is None

    asyncio.run(scene())


def test_many_at_once_are_one_commit(tmp_path: Path) -> None:
    async def scene() -> None:
        journal = Journal(tmp_path / "router.db")
        commits: list[int] = []
        append = journal.append

        def counted(entries: list[Entry], mark: bytes) -> None:
            commits.append(len(entries))
            append(entries, mark)

        journal.append = counted  # type: ignore[method-assign,assignment]
        async with running(journal) as desk:
            await asyncio.gather(*(desk.ask(BOX, asked(f"c{n}")) for n in range(50)))
        assert sum(commits) == 51
        assert len(commits) <= 3

    asyncio.run(scene())


def test_a_snapshot_that_is_refused_costs_no_call_and_no_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.headquarters.desk.commits.SNAPSHOT_ENTRIES", 2)
    told: list[str | None] = []

    async def scene() -> None:
        journal = Journal(tmp_path / "router.db")
        kept = journal.keep

        def refused(_state: bytes, _seq: int, _at_ns: int) -> None:
            journal.keep = kept  # type: ignore[method-assign]
            raise sqlite3.OperationalError("database or disk is full")

        journal.keep = refused  # type: ignore[method-assign,assignment]
        async with running(journal, trouble=told.append) as desk:
            for n in range(6):
                await desk.ask(BOX, asked(f"c{n}"))
        journal = Journal(tmp_path / "router.db")
        assert [entry.seq for entry in journal.entries(0)] == list(range(1, 8))
        assert journal.snapshot().seq > 2
        assert told == []
        journal.close()

    asyncio.run(scene())


def test_a_disk_that_is_full_is_an_alarm_calls_go_on_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.headquarters.desk.commits.RETRY_S", 0.1)
    told: list[str | None] = []
    written = asyncio.Event()

    def trouble(sentence: str | None) -> None:
        told.append(sentence)
        if sentence is None:
            written.set()

    async def scene() -> None:
        path = tmp_path / "router.db"
        journal = Journal(path)
        async with running(journal, trouble=trouble) as desk:
            await desk.ask(BOX, asked("c0"))
            limit(journal)
            answers = 0
            while not told:
                await desk.ask(BOX, asked(f"c{answers}"))
                answers += 1
                assert answers < 5000
            for n in range(20):
                await asyncio.wait_for(desk.ask(BOX, asked(f"later{n}")), 1)
            assert "make room on headquarters' data disk" in str(told[0])
            limit(journal, 1_000_000)
            await asyncio.wait_for(written.wait(), 5)
        journal = Journal(path)
        entries = list(journal.entries(0))
        journal.close()
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert len(entries) == 1 + 1 + answers + 20
        assert len(told) == 2

    asyncio.run(scene())


def test_a_disk_that_is_full_for_long_costs_the_entries_and_not_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.headquarters.desk.commits.RETRY_S", 0.05)
    monkeypatch.setattr("appliance.headquarters.desk.commits.UNWRITTEN", 30)
    told: list[str | None] = []

    async def scene() -> None:
        path = tmp_path / "router.db"
        journal = Journal(path)
        async with running(journal, trouble=told.append) as desk:
            await desk.ask(BOX, asked("c0"))
            limit(journal)
            number = 0
            while not desk._commits._gap:
                await desk.ask(BOX, asked(f"c{number}"))
                number += 1
                await asyncio.sleep(0.001)
                assert number < 5000
            limit(journal, 1_000_000)
            while told[-1] is not None:
                await desk.ask(BOX, asked(f"again{number}"))
                number += 1
                await asyncio.sleep(0.01)
            for place in range(5):
                await desk.ask(BOX, asked(f"after{place}"))
            last = fingerprint(desk._router.state)
        journal = Journal(path)
        assert fingerprint(journal.recall()[0]) == last
        numbers = [entry.seq for entry in journal.entries(0)]
        assert len(numbers) < numbers[-1], "some were let go"
        assert verify(journal, 0, 2**62).differs == 0
        journal.close()

    asyncio.run(scene())


def test_a_branch_that_falls_silent_is_missed_and_one_that_asks_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.headquarters.desk.desk.SILENT_S", 0.3)
    monkeypatch.setattr("appliance.headquarters.desk.desk.WATCH_S", 0.05)

    async def scene() -> None:
        path = tmp_path / "router.db"
        async with running(Journal(path)) as desk:
            desk.heard(BOX)
            await asyncio.sleep(0.6)
            assert agent_of(await desk.ask(BOX, asked("c1"))) == "1001"
        journal = Journal(path)
        state, kinds = EMPTY, []
        for entry in journal.entries(0):
            state, _ = decide(state, entry)
            kinds.append((entry.event.split(b'"')[3].decode(), BOX in state.present))
        journal.close()
        assert kinds == [("LifeBegan", False), ("BranchHeard", True), ("BranchSilent", False), ("RouteAsked", True)]

    asyncio.run(scene())


def test_a_clock_on_the_wall_that_is_set_back_moves_no_timer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        path = tmp_path / "router.db"
        now = time.time_ns()
        async with running(Journal(path)) as desk:
            await desk.ask(BOX, asked("c1"))
            monkeypatch.setattr(time, "time_ns", lambda: now - 3600 * 10**9)
            await desk.ask(BOX, asked("c2"))
        async with running(Journal(path), "two") as desk:
            await desk.ask(BOX, asked("c3"))
        journal = Journal(path)
        times = [entry.at_ns for entry in journal.entries(0)]
        journal.close()
        assert times == sorted(times)
        assert times[-1] - times[0] < 60 * 10**9

    asyncio.run(scene())


def test_an_agent_says_what_they_are_and_a_wrong_name_is_told_the_right_one(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(Journal(tmp_path / "router.db")) as desk:
            desk.heard(BOX)
            lunch = AgentAsked(agent="1001", to=AgentWish.NOT_READY, reason="lunch", by="test")
            told = await desk.floor.command(lunch)
            assert isinstance(told, AgentTold)
            assert (told.now.state, told.now.reason, told.now.queues) == ("not-ready", "lunch", ("card",))
            assert agent_of(await desk.ask(BOX, asked("c1"))) == "1002"
            refused = await desk.floor.command(AgentAsked(agent="10001", to=AgentWish.READY))
            assert isinstance(refused, Refused)
            assert refused.sentence == "agent '10001' is unknown; did you mean '1001'?"
            assert [one.state for one in desk.floor.agents_now()] == ["not-ready", "reserved"]
            (queue,) = desk.floor.queues_now()
            assert (queue.name, queue.staffed, queue.free, queue.busy) == ("card", 1, 0, 1)

    asyncio.run(scene())


def test_what_is_due_happens_on_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with running(Journal(tmp_path / "router.db")) as desk:
            monkeypatch.setattr(agents, "RESERVED_NS", 300_000_000)
            began = time.monotonic()
            assert agent_of(await desk.ask(BOX, asked("c1"))) == "1001"
            while desk.floor.agents_now()[0].state == "reserved":
                assert time.monotonic() - began < 2
                await asyncio.sleep(0.005)
            assert 0.29 <= time.monotonic() - began <= 0.55, "the steps of a queue keep to 250 ms"

    asyncio.run(scene())


def test_a_script_s_question_to_a_database_is_answered_or_fails_within_its_limit(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tmp_path / "crm.db"
        with sqlite3.connect(path) as store:
            store.execute("CREATE TABLE customer (number TEXT, tier TEXT, n INTEGER)")
            store.execute("INSERT INTO customer VALUES ('02512345678', 'gold', 7)")
        store.close()
        query = "SELECT tier, n FROM customer WHERE number = :number"
        sources = Sources((DatabaseLookup("customers", f"sqlite:///file:{path}?mode=ro&uri=true", query),))
        journal = Journal(tmp_path / "router.db")
        desk = Desk(lookups.RULES, "one", journal, journal.recall(), sources=sources)
        work = asyncio.create_task(desk.run())

        def call(number: int) -> RouteRequest:
            return RouteRequest(request=f"r{number}", contact=f"c{number}", dnis="1", clid="02512345678")

        told = await desk.ask(BOX, call(1))
        assert agent_of(told) == "1001"
        again = [asyncio.create_task(desk.ask(BOX, call(2))) for _ in range(2)]
        assert [one.values["who"] for one in await asyncio.gather(*again)] == ["tier = gold, orders = 7"] * 2
        gone = DatabaseLookup("customers", f"sqlite:///file:{tmp_path}/gone.db?mode=ro&uri=true", query)
        await sources.change((gone,))
        told = await desk.ask(BOX, call(3))
        assert told.values["who"] == "failed, customers: unable to open database file"
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await desk.close()
        await sources.close()
        state = EMPTY
        journal = Journal(tmp_path / "router.db")
        for entry in journal.entries(0):
            state, effects = decide(state, entry)
            assert digest(effects) == entry.decided, "decided again from the journal, without the database"
        journal.close()

    asyncio.run(scene())


def test_contacts_that_their_branch_knows_nothing_of_are_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a box was flashed anew while its agents talked."""
    monkeypatch.setattr("appliance.headquarters.desk.desk.AGAIN_S", 0.05)

    async def scene() -> None:
        async with running(Journal(tmp_path / "router.db")) as desk:
            mine, other = f"{BOX}.x.1", "BR-0002.x.1"
            await desk.ask(BOX, msgspec.structs.replace(asked("c"), contact=mine))
            began = LegBegan(
                contact=mine, leg="l1", direction=Direction.OUTGOING, channel="sip 8001", to="8001", agent="1001"
            )
            desk.told([Sealer(Identity.take(BOX, "call")).seal(began)])
            await desk.ask("BR-0002", msgspec.structs.replace(asked("d"), contact=other, reaches=(BOX,)))
            states = [one.state for one in desk.floor.agents_now()]
            assert states == ["busy", "reserved"]
            desk.heard(BOX, {mine})
            desk.heard(BOX, set())
            assert [one.state for one in desk.floor.agents_now()] == states, "once may be a word that was overtaken"
            desk._counted_s.clear()
            desk.heard(BOX, set())
            desk.heard(BOX, set())
            assert [one.state for one in desk.floor.agents_now()] == states, "at once it says nothing new"
            await asyncio.sleep(0.06)
            desk.heard(BOX, set())
            assert [one.state for one in desk.floor.agents_now()] == ["available", "reserved"]
        journal = Journal(tmp_path / "router.db")
        assert [digest(decide(EMPTY, entry)[1]) == entry.decided for entry in journal.entries(0)][:1] == [True]
        assert journal.recall()[0].agents["1001"].legs == {}
        journal.close()

    asyncio.run(scene())

# SPDX-License-Identifier: GPL-2.0-only
"""The duplex's parts by themselves: what a batch, a local journal, a record and an active keep of each other."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine

from appliance.headquarters.duplex.batch import Batch, Mark
from appliance.headquarters.duplex.calls import Calls
from appliance.headquarters.duplex.follower import Follower
from appliance.headquarters.duplex.quorum import DeposedError, Quorum
from appliance.headquarters.duplex.standbys import ALONE, CODES, Standby, Standbys
from appliance.headquarters.duplex.stream import Extent, NoQuorumError, OvertakenError, Stored, Stream
from appliance.headquarters.reports import store
from appliance.headquarters.reports.writer import Writer
from appliance.router.apply import ENGINE, apply
from appliance.router.events import Event, LifeBegan, TimePassed
from appliance.router.journal import Entry, Journal, Snapshot, encoded
from appliance.router.state import EMPTY, State
from appliance.wire.envelope import Sealer, encode
from appliance.wire.ids import Identity
from tests.headquarters.site import BOX, contacts
from tests.router.test_router_apply import RULES, S, ask

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]


class Memory(Stream):
    """A stream without servers; `lost` publishes are stored, and nobody is told so."""

    def __init__(self, made: str = "today") -> None:
        self.name = "router"
        self.messages: list[Stored] = []
        self.gone = 0
        self.lost = 0
        self.silent = False
        self._made = made

    async def make(self) -> None:
        return

    async def extent(self) -> Extent:
        return Extent(self._made, self.gone + len(self.messages), "HQ-A", ())

    async def append(self, subject: str, payload: bytes) -> int:
        return await self.append_after(self.gone + len(self.messages), subject, payload)

    async def append_after(self, position: int, subject: str, payload: bytes) -> int:
        if self.silent:
            raise NoQuorumError("nobody")
        last = self.gone + len(self.messages)
        if position != last:
            if self.messages[position - self.gone].payload != payload:
                raise OvertakenError("somebody")
            return position + 1
        self.messages.append(Stored(last + 1, f"{self.name}.{subject}", payload))
        if self.lost:
            self.lost -= 1
            raise NoQuorumError("it was stored, and the answer was lost")
        return last + 1

    async def last(self, subject: str) -> Stored | None:
        found = [one for one in self.messages if one.subject == f"{self.name}.{subject}"]
        return found[-1] if found else None

    async def read(self, after: int) -> list[Stored]:
        return [one for one in self.messages if one.position > after]

    def forget(self, count: int) -> None:
        """The oldest."""
        self.messages, self.gone = self.messages[count:], self.gone + count


class Active:
    """Decides, and writes batches as a desk would."""

    def __init__(self, stream: Stream, journal: Journal, state: State = EMPTY) -> None:
        self.quorum = Quorum(stream, "HQ-A", 7, Mark(stream="today"))
        self.state = state
        self._journal = journal

    async def do(self, *events: Event, whole: bool = False) -> None:
        entries: list[Entry] = []
        for event in events:
            self.state, effects = apply(self.state, event)
            entries.append(self._journal.entry(event, effects))
        last = entries[-1]
        snapshot = Snapshot(last.seq, ENGINE, last.at_ns, encoded(self.state)) if whole else None
        await self.quorum.put(entries, 0, snapshot)


def follower(path: Path, stream: Memory) -> Follower:
    journal = Journal(path)
    return Follower(journal, journal.recall(), stream, asyncio.run(stream.extent()))


def began(at_ns: int = 0) -> Event:
    return LifeBegan(at_ns, "one", RULES)


def test_a_standby_that_begins_in_the_middle_has_the_same_state_and_keeps_it(tmp_path: Path) -> None:
    stream = Memory()
    active = Active(stream, Journal(tmp_path / "a.db"))

    async def scene() -> None:
        await active.do(began(), whole=True)
        await active.do(ask(1 * S), ask(2 * S, "c2"))
        await active.do(ask(3 * S, "c3"), whole=True)
        stream.forget(2)
        await active.do(ask(4 * S, "c4"), TimePassed(5 * S))

    asyncio.run(scene())
    standby = follower(tmp_path / "b.db", stream)
    while asyncio.run(standby.follow()):
        pass
    assert standby.state == active.state
    assert (standby.differs, standby.mark) == (0, active.quorum.mark)
    standby.close()
    again = follower(tmp_path / "b.db", stream)
    assert again.state == active.state
    assert again.mark == active.quorum.mark
    assert not asyncio.run(again.follow())
    again.close()


def test_a_standby_whose_past_is_another_streams_takes_the_active_ones(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "b.db")
    journal.append([journal.entry(began(), apply(EMPTY, began())[1])], Mark("yesterday", 9, 3, 4).encoded())
    journal.close()
    stream = Memory()
    active = Active(stream, Journal(tmp_path / "a.db"))
    asyncio.run(active.do(began(), ask(1 * S), whole=True))
    standby = follower(tmp_path / "b.db", stream)
    assert standby.mark == Mark("today")
    while asyncio.run(standby.follow()):
        pass
    assert standby.state == active.state
    assert [entry.seq for entry in standby.journal.entries(0)] == []
    assert standby.journal.seq == 2
    standby.close()


def test_what_joins_nothing_stops_nobody_and_the_next_whole_state_mends_it(tmp_path: Path) -> None:
    stream = Memory()
    active = Active(stream, Journal(tmp_path / "a.db"))
    asyncio.run(active.do(began()))  # and its state never came
    asyncio.run(stream.append_after(1, "entries", b"of a version to come"))
    standby = follower(tmp_path / "b.db", stream)
    while asyncio.run(standby.follow()):
        pass
    assert (standby.state, standby.mark.position, standby.journal.seq) == (EMPTY, 2, 1)
    active.quorum = Quorum(stream, "HQ-A", 8, standby.mark)
    asyncio.run(active.do(ask(2 * S), whole=True))
    while asyncio.run(standby.follow()):
        pass
    assert standby.state == active.state
    standby.close()


def test_a_standby_that_decides_otherwise_says_so(tmp_path: Path) -> None:
    stream = Memory()
    active = Active(stream, Journal(tmp_path / "a.db"))
    asyncio.run(active.do(began(), whole=True))
    standby = follower(tmp_path / "b.db", stream)
    asyncio.run(standby.follow())
    wrong = Entry(2, ENGINE, S, Journal(tmp_path / "c.db").entry(ask(S), ()).event, b"not its digest..")
    asyncio.run(stream.append_after(1, "entries", Batch("HQ-A", 7, S, 0, (wrong,)).encoded()))
    asyncio.run(standby.follow())
    assert standby.differs == 2
    standby.close()


def test_a_batch_whose_answer_was_lost_is_written_once(tmp_path: Path) -> None:
    stream = Memory()
    active = Active(stream, Journal(tmp_path / "a.db"))
    stream.lost = 1
    asyncio.run(active.do(began(), whole=True))
    assert len(stream.messages) == 1
    assert active.quorum.mark.position == 1


def test_who_was_overtaken_is_over_and_writes_no_more(tmp_path: Path) -> None:
    stream = Memory()
    active = Active(stream, Journal(tmp_path / "a.db"))

    async def scene() -> None:
        await active.do(began(), whole=True)
        await stream.append_after(1, "state", Batch("HQ-B", 8, S, 0).encoded())
        with pytest.raises(DeposedError, match="somebody"):
            await active.do(ask(2 * S))
        with pytest.raises(DeposedError):
            await active.do(ask(3 * S, "c3"))
        assert active.quorum.over
        assert len(stream.messages) == 2

    asyncio.run(scene())


def test_without_a_quorum_an_active_is_over_in_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.headquarters.duplex.quorum.GIVE_UP_S", 0.2)
    stream = Memory()
    stream.silent = True
    active = Active(stream, Journal(tmp_path / "a.db"))
    with pytest.raises(DeposedError, match="nobody"):
        asyncio.run(active.do(began(), whole=True))


def test_a_great_batch_goes_in_pieces_and_the_last_has_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.headquarters.duplex.quorum.MESSAGE_OCTETS", 2_200)
    stream = Memory()
    active = Active(stream, Journal(tmp_path / "a.db"))
    asyncio.run(active.do(began(), *(ask(n * S, f"c{n}") for n in range(1, 60)), whole=True))
    batches = [Batch.decoded(one.payload) for one in stream.messages]
    assert len(batches) > 2
    assert [entry.seq for batch in batches for entry in batch.entries] == list(range(1, 61))
    assert [batch.snapshot is not None for batch in batches] == [False] * (len(batches) - 1) + [True]
    standby = follower(tmp_path / "b.db", stream)
    while asyncio.run(standby.follow()):
        pass
    assert standby.state == active.state
    standby.close()


def calls_of(path: Path, stream: Memory) -> tuple[Calls, Engine]:
    engine = store.open_writer(path)
    return Calls(stream, Writer(engine), print), engine


def test_the_record_knows_what_the_router_was_not_told_of(tmp_path: Path) -> None:
    stream = Memory()
    stream.name = "record"
    sealer = Sealer(Identity.take(BOX, "call"))
    told = [sealer.seal(event) for event in contacts(0, 3)]
    batches = [b"[" + encode(one) + b"]" for one in told]

    async def scene() -> None:
        calls, engine = calls_of(tmp_path / "record.db", stream)
        await calls.begin()
        for batch in (*batches, batches[1]):  # one was sent again
            await calls.put(BOX, batch)
        await calls.drain()
        assert [one.seq for one in calls.missed(2)] == [3, 4, 5, 6]
        assert calls.missed(6) == calls.missed(7) == []
        engine.dispose()
        again, engine = calls_of(tmp_path / "record.db", stream)
        await again.begin()
        stream.messages.append(Stored(8, f"record.batch.{BOX}", b"what nobody can read"))
        await again.put(BOX, b"[" + encode(sealer.seal(contacts(9, 1)[0])) + b"]")
        await again.drain()
        assert [one.seq for one in again.missed(6)] == [7]
        engine.dispose()

    asyncio.run(scene())


def test_a_record_that_was_away_too_long_says_what_it_lacks(tmp_path: Path) -> None:
    stream = Memory()
    sealer = Sealer(Identity.take(BOX, "call"))
    troubles: list[str | None] = []

    async def scene() -> None:
        engine = store.open_writer(tmp_path / "record.db")
        calls = Calls(stream, Writer(engine), troubles.append)
        await calls.begin()
        for event in contacts(0, 2):
            await calls.put(BOX, b"[" + encode(sealer.seal(event)) + b"]")
        stream.forget(2)
        await calls.drain()
        engine.dispose()

    asyncio.run(scene())
    assert str(troubles[0]).startswith("messages 1 to 2 of the record's stream are gone")


def test_the_active_says_when_nobody_stands_by_or_lags_or_differs() -> None:
    standbys = Standbys(began_s=0.0)
    assert dict(standbys.troubles(2.0, 0)) == dict.fromkeys(CODES)
    assert dict(standbys.troubles(4.0, 0))["duplex.no-standby"] == ALONE
    standbys.heard(b'{"box":"HQ-B","at_ns":1000000000,"differs":0}', 4.0)
    assert dict(standbys.troubles(5.0, 2 * S)) == dict.fromkeys(CODES)
    assert dict(standbys.troubles(5.0, 11 * S))["duplex.standby-lags"] == (
        "standby HQ-B lags: taking over, it would have to catch up first"
    )
    standbys.told = Standby("HQ-B", 11 * S, differs=5)
    assert dict(standbys.troubles(5.0, 11 * S))["duplex.standby-differs"] == "standby HQ-B decided entry 5 otherwise"

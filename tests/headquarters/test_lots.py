# SPDX-License-Identifier: GPL-2.0-only
"""Many requests in one of the record's transactions: what was answered is there after any death, once."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from appliance.headquarters.reports import lots, schema, store
from appliance.headquarters.reports.inbox import Inbox, path_of
from appliance.headquarters.reports.lots import Lots
from appliance.headquarters.reports.requests import Answer, Move, Moved, Settle, Store, Stored
from appliance.headquarters.reports.service import Service
from appliance.headquarters.reports.writer import Writer
from appliance.wire.envelope import Sealer, encode
from appliance.wire.ids import Identity
from tests.headquarters.site import BOX, contacts

pytestmark = pytest.mark.unit


class Life:
    """Of the record's process, without its socket."""

    def __init__(self, folder: Path) -> None:
        self.writer = Writer(store.open_writer(folder / "record.db"))
        self._reader = store.open_reader(folder / "record.db")
        self.lots = Lots(
            self.writer, Inbox(path_of(folder / "record.db")), Service(folder / "unused", self.writer).done
        )

    def ask(self, request: Store | Moved | Settle) -> Answer:
        return self.lots.answer(msgspec.msgpack.encode(request))

    def committed(self) -> list[str]:
        with self._reader.connect() as record:
            told = record.scalars(select(schema.event.c.seq).order_by(schema.event.c.place))
            return [str(seq) for seq in told]


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    """One lot is under way: what comes now is answered from the inbox."""
    monkeypatch.setattr(lots, "EACH_S", 1e6)
    monkeypatch.setattr(lots, "LONGEST_S", 1e6)
    life = Life(tmp_path)
    assert life.ask(batch(0)) == Stored([0, 1], 0, 2)
    assert life.committed() == ["1", "2"], "the first waits for nobody"
    return life


SEALER = Sealer(Identity(BOX, "call", "0123456789abcdef"))


def batch(number: int) -> Store:
    """A contact from beginning to end."""
    return BATCHES[number]


BATCHES = [Store([encode(SEALER.seal(event)) for event in contacts(number, 1)]) for number in range(4)]


def test_what_was_answered_is_there_after_the_process_was_killed(busy: Life, tmp_path: Path) -> None:
    answers = [busy.ask(batch(number)) for number in (1, 2)]
    assert answers == [Stored([0, 1], 2, 4), Stored([0, 1], 4, 6)]
    assert busy.committed() == ["1", "2"], "not committed yet"
    busy.writer.abandon()
    again = Life(tmp_path)
    assert (again.lots.wait_s, again.committed()) == (0.0, ["1", "2"]), "it begins with what is in the inbox"
    again.lots.settle()
    assert again.committed() == ["1", "2", "3", "4", "5", "6"]
    assert again.ask(batch(2)) == Stored([], 6, 6), "and is not stored twice"


def test_one_that_was_committed_just_before_the_death_is_stored_once(busy: Life, tmp_path: Path) -> None:
    busy.ask(batch(1))
    busy.lots.settle()
    again = Life(tmp_path)
    again.lots.settle()
    assert again.committed() == ["1", "2", "3", "4"]


def test_a_request_that_is_refused_costs_the_others_nothing(busy: Life) -> None:
    busy.ask(batch(1))
    with pytest.raises(ValueError, match="'asleep' is no agent's state"):
        busy.ask(Moved([(1, [Move("1001", "asleep", "", 1)])]))
    busy.ask(batch(2))
    busy.ask(Settle())
    assert busy.committed() == ["1", "2", "3", "4", "5", "6"]


def test_a_disk_that_refuses_the_transaction_has_what_was_answered_once_it_takes_it(
    busy: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy.ask(batch(1))

    def full() -> None:
        raise OperationalError("COMMIT", None, Exception("database or disk is full"))

    with monkeypatch.context() as disk:
        disk.setattr(busy.writer, "commit", full)
        with pytest.raises(OperationalError, match="full"):
            busy.lots.settle()
    assert busy.committed() == ["1", "2"]
    assert busy.lots.wait_s is not None, "it is still to be done"
    assert busy.ask(batch(2)) == Stored([0, 1], 4, 6), "by the same places"
    busy.lots.settle()
    assert busy.committed() == ["1", "2", "3", "4", "5", "6"]


def test_the_inbox_keeps_only_what_is_not_committed(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db")
    for octets in (b"1", b"2"):
        inbox.put(octets)
    inbox.clear()
    inbox.put(b"3")
    assert inbox.pending() == [b"3"]
    inbox.close()
    again = Inbox(tmp_path / "inbox.db")
    assert again.pending() == [b"3"]
    again.put(b"4")
    assert again.pending() == [b"3", b"4"]


def test_a_damaged_inbox_is_put_aside_and_the_record_begins(tmp_path: Path) -> None:
    (tmp_path / "inbox.db").write_bytes(b"no database at all, " * 300)
    inbox = Inbox.opened(tmp_path / "inbox.db")
    inbox.put(b"1")
    assert inbox.pending() == [b"1"]
    assert len(list(tmp_path.glob("inbox.damaged-*"))) == 1

# SPDX-License-Identifier: GPL-2.0-only
"""The router's journal: a life goes on where the last one ended, whatever ended it; a day is decided again alike."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings

from appliance.router.apply import ENGINE, apply
from appliance.router.events import Event, LifeBegan, TimePassed
from appliance.router.journal import KEPT_NS, Journal, encoded, path_of
from appliance.router.state import EMPTY, State
from appliance.router.verify import verify
from tests.router.test_router_apply import PAUSES, RULES, WALKS, S, ask, leg_began, stamped

pytestmark = pytest.mark.system

BEGUN = LifeBegan(S, "epoch", RULES)
DAY_NS = 86_400 * S


def live(journal: Journal, events: list[Event], state: State = EMPTY) -> State:
    entries = []
    for event in events:
        state, effects = apply(state, event)
        entries.append(journal.entry(event, effects))
    journal.append(entries)
    return state


@settings(max_examples=30, deadline=None)
@given(WALKS, PAUSES)
def test_what_is_recalled_is_what_was(
    tmp_path_factory: pytest.TempPathFactory, walk: list[Event], pauses: list[int]
) -> None:
    path = tmp_path_factory.mktemp("walk") / "router.db"
    events = [BEGUN, *stamped(walk, pauses)]
    half = len(events) // 2
    journal = Journal(path)
    state = live(journal, events[:half])
    if half:
        journal.keep(encoded(state), journal.seq, events[half - 1].at_ns)
    state = live(journal, events[half:], state)
    journal.close()
    journal = Journal(path)
    recalled, at_ns = journal.recall()
    assert recalled == state
    assert at_ns == events[-1].at_ns
    told = verify(journal, 0, DAY_NS)
    journal.close()
    assert (told.entries, told.differs) == (len(events), 0)


def test_an_entry_that_was_altered_is_found(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "router.db")
    live(journal, [BEGUN, ask(2 * S, "c1"), ask(3 * S, "c2"), ask(4 * S, "c3")])
    assert verify(journal, 0, DAY_NS).differs == 0
    store = sqlite3.connect(tmp_path / "router.db")
    changed = msgspec.json.encode(ask(3 * S, "c2", refused_agents=("1002",)))
    with store:
        store.execute("UPDATE entry SET event = ? WHERE seq = 3", (changed,))
    store.close()
    told = verify(journal, 0, DAY_NS)
    assert (told.differs, told.differs_ns) == (3, 3 * S)
    assert verify(journal, 0, 3 * S).differs == 0
    journal.close()


def test_what_another_engine_decided_is_not_compared(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "router.db")
    live(journal, [BEGUN, ask(2 * S)])
    by_another_engine(tmp_path / "router.db")
    live(journal, [BEGUN, ask(3 * S)], journal.recall()[0])
    told = verify(journal, 0, DAY_NS)
    journal.close()
    assert (told.entries, told.other_engine, told.differs) == (4, 2, 0)


def by_another_engine(path: Path) -> None:
    """All that is there."""
    store = sqlite3.connect(path)
    with store:
        store.execute("UPDATE entry SET engine = ?, decided = x''", (ENGINE - 1,))
        store.execute("UPDATE snapshot SET engine = ?", (ENGINE - 1,))
    store.close()


def test_of_each_hour_that_is_over_one_snapshot_stays(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "router.db")
    state = live(journal, [BEGUN])
    for minute in range(0, 300, 10):
        state = live(journal, [TimePassed(minute * 60 * S)], state)
        journal.keep(encoded(state), journal.seq, minute * 60 * S)
    with sqlite3.connect(tmp_path / "router.db") as store:
        kept = [minute // (60 * S) for (minute,) in store.execute("SELECT at_ns FROM snapshot ORDER BY seq")]
    store.close()
    journal.close()
    assert kept == [50, 110, 170, *range(230, 300, 10)]


def test_what_is_older_than_eight_days_goes_and_the_rest_can_be_verified(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "router.db")
    state = live(journal, [BEGUN, ask(2 * S)])
    journal.keep(encoded(state), journal.seq, 2 * S)
    state = live(journal, [leg_began(3 * S, "1001", "l1")], state)
    journal.keep(encoded(state), journal.seq, 3 * S)
    assert [entry.seq for entry in journal.entries(0)] == [1, 2, 3], "a day may be verified from its beginning"
    state = live(journal, [ask(4 * S + KEPT_NS, "c2")], state)
    journal.keep(encoded(state), journal.seq, 4 * S + KEPT_NS)
    assert [entry.seq for entry in journal.entries(0)] == [4]
    assert verify(journal, 0, 2 * KEPT_NS).entries == 1
    assert journal.recall()[0] == state
    journal.close()


@pytest.mark.parametrize("place", [0, 20_000])
def test_a_damaged_journal_is_put_aside_and_a_new_one_begun(tmp_path: Path, place: int) -> None:
    path = tmp_path / "router.db"
    journal = Journal(path)
    live(journal, [BEGUN, *(ask((2 + n) * S, f"c{n}") for n in range(200))])
    journal.close()
    octets = bytearray(path.read_bytes())
    octets[place : place + 30_000] = bytes(30_000)
    path.write_bytes(octets)
    journal, recalled = Journal.opened(path)
    assert recalled == (EMPTY, 0)
    live(journal, [BEGUN])
    journal.close()
    assert len(list(tmp_path.glob("router.damaged-*"))) >= 1


def test_what_is_appended_again_is_there_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "router.db")
    entry = journal.entry(BEGUN, ())
    journal.append([entry])
    journal.append([entry])
    assert list(journal.entries(0)) == [entry]
    journal.close()


def test_the_journal_is_its_owner_s_alone(tmp_path: Path) -> None:
    journal = Journal(path_of(tmp_path))
    assert path_of(tmp_path).stat().st_mode & 0o777 == 0o600
    journal.close()


WRITER = """
import sys
from tests.router.test_journal import BEGUN, S, Journal, apply, ask, EMPTY
journal, state, n = Journal(__import__("pathlib").Path(sys.argv[1])), EMPTY, 0
event = BEGUN
while True:
    state, effects = apply(state, event)
    journal.append([journal.entry(event, effects)])
    print(n, flush=True)
    n += 1
    event = ask((2 + n) * S, f"c{n}")
"""


def test_what_was_said_to_be_written_outlives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "router.db"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    said = [writer.stdout.readline() for _ in range(200)]
    os.kill(writer.pid, signal.SIGKILL)
    said += writer.stdout.readlines()
    writer.wait()
    journal = Journal(path)
    kept = [entry.seq for entry in journal.entries(0)]
    assert kept == list(range(1, len(kept) + 1)), "no gap"
    assert len(kept) >= len([line for line in said if line.endswith("\n")])
    assert verify(journal, 0, 10**6 * S).differs == 0
    journal.close()


def test_the_log_is_copied_beside_the_appends_and_does_not_grow(tmp_path: Path) -> None:
    journal, wal = Journal(tmp_path / "router.db"), tmp_path / "router.db-wal"
    sizes = []
    with ThreadPoolExecutor(1) as beside:
        for _ in range(6):
            copied = beside.submit(journal.copy)
            for _ in range(200):
                journal.append([journal.entry(TimePassed(1), ())])
            copied.result()
            journal.finish()
            sizes.append(wal.stat().st_size)
    journal.close()
    assert len(list(Journal(tmp_path / "router.db", reads=True).entries(0))) == 1_200
    assert sizes[-1] == sizes[0] < 200 * 3 * 4_200, "the second time the log began anew"

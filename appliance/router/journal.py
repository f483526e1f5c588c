# SPDX-License-Identifier: GPL-2.0-only
"""The router's journal: every event on the disk before what came of it leaves, and now and then the whole state.

    journal = Journal(path)
    state, at_ns = journal.recall()                  # as the last life left it
    state, effects = apply(state, event)
    journal.append([journal.entry(event, effects)])  # one commit, however many; then let the effects go
    journal.keep(encoded(state), journal.seq, at_ns) # a snapshot: a restart reads on from there

SQLite, WAL, synchronous=FULL, mode 0600: it holds callers' numbers and digits. An entry has a digest of what was
decided, so that a day can be decided again and compared (`verify`). Called from one thread at a time, but for `copy`;
raises sqlite3.Error.
"""

import gc
import hashlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import msgspec
import structlog

from appliance.router import carrying
from appliance.router.apply import ENGINE, apply
from appliance.router.events import AgentMoved, Effect, Event, decoded
from appliance.router.indexing import indexed
from appliance.router.mappings import whole
from appliance.router.state import EMPTY, NO_INDEX, State

KEPT_NS = 8 * 86_400_000_000_000
HOUR_NS = 3_600_000_000_000
ENDLESS_NS = 2**63 - 1
DIGEST_OCTETS = 16
CHECKPOINT_PAGES = 4_000
"""Of the log, before an append copies them itself: where nobody has called `copy` in time."""

log = structlog.get_logger()

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    seq INTEGER PRIMARY KEY, engine INTEGER NOT NULL, at_ns INTEGER NOT NULL, event BLOB NOT NULL, decided BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS snapshot (
    seq INTEGER PRIMARY KEY, engine INTEGER NOT NULL, at_ns INTEGER NOT NULL, state BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS mark (one INTEGER PRIMARY KEY CHECK (one = 1), mark BLOB NOT NULL) STRICT;
"""
_COPY = "PRAGMA wal_checkpoint(PASSIVE)"
_MARK = "INSERT OR REPLACE INTO mark VALUES (1, ?)"


_THIN = """
DELETE FROM snapshot WHERE at_ns < ? AND seq NOT IN (SELECT max(seq) FROM snapshot GROUP BY at_ns / ?)
AND seq IN (SELECT seq FROM entry WHERE entry.engine = snapshot.engine)
"""  # one without its entry, or after another engine's, is what a later one goes on from


class Entry(msgspec.Struct, frozen=True):
    """An event, encoded; `decided`: the digest of its effects."""

    seq: int
    engine: int
    at_ns: int
    event: bytes
    decided: bytes


class Snapshot(msgspec.Struct, frozen=True):
    """The state after the entry of this number."""

    seq: int
    engine: int
    at_ns: int
    state: bytes

    def decoded(self) -> State:
        """Of another engine, what is open."""
        if self.engine != ENGINE:
            return carrying.taken_over(self.state)
        return indexed(msgspec.json.decode(self.state, type=State))


def path_of(state: Path) -> Path:
    """The journal's file in a state directory."""
    return state / "router.db"


def digest(effects: tuple[Effect, ...]) -> bytes:
    """Of what was decided."""
    return hashlib.blake2b(msgspec.json.encode(effects), digest_size=DIGEST_OCTETS).digest()


class Journal:
    """Of one domain."""

    def __init__(self, path: Path, *, reads: bool = False) -> None:
        """`reads`: beside the one that writes."""
        self.path = path
        self._copier: sqlite3.Connection | None = None
        if reads:
            self._store = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(0o600)
            self._store = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            if not reads:
                self._store.execute("PRAGMA journal_mode=WAL")
                self._store.execute("PRAGMA synchronous=FULL")
                self._store.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
                self._store.executescript(_SCHEMA)
            ends = self._store.execute("SELECT max(seq) FROM entry UNION ALL SELECT max(seq) FROM snapshot").fetchall()
            self._seq = max(int(end or 0) for (end,) in ends)
        except sqlite3.Error:
            self.close()
            raise

    @classmethod
    def opened(cls, path: Path) -> tuple[Self, tuple[State, int]]:
        """For a life that begins, and what `recall` gives; a damaged file is put aside, then the record alone counts.

        Raises sqlite3.Error.
        """
        try:
            return cls._recalled(path)
        except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
            if isinstance(error, sqlite3.OperationalError):  # a disk that is full, a file that may not be written
                raise
            aside = path.with_suffix(f".damaged-{time.time_ns()}")
            log.error("router.journal.damaged", error=str(error), kept_as=str(aside))
            for end in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    Path(f"{path}{end}").rename(f"{aside}{end}")
            return cls._recalled(path)

    @classmethod
    def _recalled(cls, path: Path) -> tuple[Self, tuple[State, int]]:
        """Closed where it cannot be read: a connection that lived on would unlink the next one's log by its name."""
        journal = cls(path)
        try:
            recalled = journal.recall()
            journal._take_over(*recalled)
        except (sqlite3.Error, msgspec.DecodeError):
            journal.close()
            raise
        gc.freeze()  # what a life begins with stays: no collection looks through it again
        return journal, recalled

    def recall(self) -> tuple[State, int]:
        """The state as the last life left it, and its time; EMPTY where there was none."""
        newest = self.snapshot()
        with _uncollected():
            state, at_ns = newest.decoded(), newest.at_ns
            for entry, after, _ in self._decided(newest, state):
                state, at_ns = after, entry.at_ns
        return state, at_ns

    def _take_over(self, state: State, at_ns: int) -> None:
        """From another engine: this one's entries go on from what was open then. A full disk takes it later."""
        last = self._store.execute("SELECT engine FROM entry WHERE seq = ?", (self._seq,)).fetchone()
        if last is None or last[0] == ENGINE or any(one.engine == ENGINE for one in self.at(self._seq)):
            return
        log.info(
            "router.state.carried", engine=last[0], to=ENGINE, callbacks=len(state.callbacks), places=len(state.places)
        )
        with suppress(sqlite3.OperationalError):
            self.keep(encoded(state), self._seq, at_ns)

    def decided(self, start: Snapshot) -> Iterator[tuple[Entry, State, tuple[Effect, ...]]]:
        """Each entry from there on decided once more: the state after it, and what came of it."""
        return self._decided(start, start.decoded())

    def _decided(self, start: Snapshot, state: State) -> Iterator[tuple[Entry, State, tuple[Effect, ...]]]:
        seq, engine = start.seq, start.engine
        for entry in self.entries(seq):
            gap = entry.seq != seq + 1  # a disk that was full for long has cost what is between
            if gap or entry.engine == ENGINE != engine:
                state = next((one.decoded() for one in self.at(entry.seq - 1)), EMPTY if gap else state)
            state, effects = decide(state, entry)
            seq, engine = entry.seq, entry.engine
            yield entry, state, effects

    def moves(self, after_ns: int | None) -> Iterator[tuple[int, tuple[AgentMoved, ...]]]:
        """What agents did from then on, by entry; None: since the last snapshot."""
        start = self.snapshot() if after_ns is None else self.snapshot(after_ns)
        for entry, _, effects in self.decided(start):
            moved = tuple(one for one in effects if isinstance(one, AgentMoved))
            if moved and (after_ns is None or entry.at_ns >= after_ns):
                yield entry.seq, moved

    def entry(self, event: Event, effects: tuple[Effect, ...]) -> Entry:
        """The next one; to be appended in this order."""
        self._seq += 1
        return Entry(self._seq, ENGINE, event.at_ns, msgspec.json.encode(event), digest(effects))

    def append(self, entries: Sequence[Entry], mark: bytes = b"") -> None:
        """All of them, or none; again, where nobody knows whether it was done. `mark` is kept with them."""
        rows = [msgspec.structs.astuple(entry) for entry in entries]
        marks = [(mark,)] if mark else []
        self._write(("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?)", rows), (_MARK, marks))

    def follow(self, entries: Sequence[Entry], mark: bytes) -> None:
        """Entries that another has made; the next one of ours would follow them."""
        self.append(entries, mark)
        self._seq = entries[-1].seq

    def restart(self, snapshot: Snapshot, mark: bytes) -> None:
        """Go on from another's state; what was here before is not its past."""
        self._write(
            ("DELETE FROM entry", [()]),
            ("DELETE FROM snapshot", [()]),
            ("INSERT INTO snapshot VALUES (?, ?, ?, ?)", [msgspec.structs.astuple(snapshot)]),
            (_MARK, [(mark,)]),
        )
        self._seq = snapshot.seq

    def go_on(self, seq: int) -> None:
        """The next entry follows that one, which is still to be appended."""
        self._seq = seq

    def mark(self) -> bytes:
        """As it was kept last; empty where none was."""
        found = self._store.execute("SELECT mark FROM mark").fetchone()
        return bytes(found[0]) if found else b""

    def keep(self, state: bytes, seq: int, at_ns: int) -> None:
        """A snapshot of the state after that entry; the last of each hour stays, and the last from before KEPT_NS."""
        base = self._store.execute("SELECT max(seq) FROM snapshot WHERE at_ns < ?", (at_ns - KEPT_NS,)).fetchone()[0]
        self._write(
            ("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?)", [(seq, ENGINE, at_ns, state)]),
            ("DELETE FROM snapshot WHERE seq < ?", [(base or 0,)]),
            (_THIN, [(at_ns - HOUR_NS, HOUR_NS)]),
            ("DELETE FROM entry WHERE seq <= ?", [(base or 0,)]),
        )

    def copy(self) -> None:
        """What the log has into the file, from any thread: entries are appended meanwhile. `finish` comes after it."""
        if self._copier is None:
            self._copier = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
        self._copier.execute(_COPY)

    def finish(self) -> None:
        """Copy what has come since, which is little, so that the log begins anew and does not grow."""
        self._store.execute(_COPY)

    @property
    def seq(self) -> int:
        """Of the last entry that was made."""
        return self._seq

    def snapshot(self, before_ns: int = ENDLESS_NS) -> Snapshot:
        """The last one before that time, else where the journal begins."""
        whole = self._store.execute("SELECT count(*) FROM entry WHERE seq = 1").fetchone()[0]
        beginning = [] if whole else self._snapshots("ORDER BY seq LIMIT 1")
        before = self._snapshots("WHERE at_ns < ? ORDER BY seq DESC LIMIT 1", before_ns)
        return next(iter([*before, *beginning]), Snapshot(0, ENGINE, 0, encoded(EMPTY)))

    def apart(self, after: int, before_ns: int, entries: int) -> list[int]:
        """Snapshots beyond that number and before that time, with at least so many entries from one to the next."""
        query = "SELECT seq FROM snapshot WHERE seq > ? AND at_ns < ? ORDER BY seq"
        chosen = [after]
        for (seq,) in self._store.execute(query, (after, before_ns)):
            if seq - chosen[-1] >= entries:
                chosen.append(seq)
        return chosen[1:]

    def at(self, seq: int) -> list[Snapshot]:
        """The one of that number, if it is kept."""
        return self._snapshots("WHERE seq = ?", seq)

    def _snapshots(self, which: str, *values: int) -> list[Snapshot]:
        rows = self._store.execute(f"SELECT seq, engine, at_ns, state FROM snapshot {which}", values)  # noqa: S608 - ours
        return [Snapshot(*row) for row in rows]

    def entries(self, after: int) -> Iterator[Entry]:
        """All beyond that number."""
        query = "SELECT seq, engine, at_ns, event, decided FROM entry WHERE seq > ? ORDER BY seq"
        for row in self._store.execute(query, (after,)):
            yield Entry(*row)

    def close(self) -> None:
        """Close the store."""
        if self._copier is not None:
            self._copier.close()
        self._store.close()

    def _write(self, *statements: tuple[str, Iterable[tuple[object, ...]]]) -> None:
        self._store.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in statements:
                self._store.executemany(statement, rows)
            self._store.execute("COMMIT")
        except sqlite3.Error:
            if self._store.in_transaction:
                self._store.execute("ROLLBACK")
            raise


def encoded(state: State) -> bytes:
    """For a snapshot: its index is made again."""
    return msgspec.json.encode(msgspec.structs.replace(state, index=NO_INDEX), enc_hook=whole)


def fingerprint(state: State) -> bytes:
    """The same of the same state, whoever holds it and however they came by it."""
    kept = msgspec.structs.replace(state, index=NO_INDEX)
    told = msgspec.json.encode(kept, order="deterministic", enc_hook=whole)
    return hashlib.blake2b(told, digest_size=DIGEST_OCTETS).digest()


def decide(state: State, entry: Entry) -> tuple[State, tuple[Effect, ...]]:
    """Once more; of another engine's entry what it has left open."""
    if entry.engine != ENGINE:
        return carrying.after(state, entry.event), ()
    return apply(state, decoded(entry.event))


@contextmanager
def _uncollected() -> Iterator[None]:
    """States have no cycles; to look for some in a million rows takes a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()

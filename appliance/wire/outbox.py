# SPDX-License-Identifier: GPL-2.0-only
"""The outbox: call events on the branch's disk until headquarters has them on its own.

SQLite, WAL, synchronous=FULL. An event and the writer's own state (`keep`) go to disk in one transaction, so that a
restarted writer goes on where its events end. Several processes write, each under an incarnation taken at its start, so
a store restored from an older copy never uses a key (box, process, incarnation, seq) twice. The
uplink reads in order of `place`, sends until headquarters answers after its own commit, and deletes.
"""

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import structlog

from appliance.wire.calls import CallEvent
from appliance.wire.envelope import Envelope, Sealer, encode

RETRY_S = 0.5
BATCH = 256

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    box TEXT NOT NULL, process TEXT NOT NULL, incarnation TEXT NOT NULL, seq INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    UNIQUE (box, process, incarnation, seq)
);
CREATE TABLE IF NOT EXISTS kept (
    process TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (process, key)
) WITHOUT ROWID;
"""

log = structlog.get_logger()


def connect(path: Path) -> sqlite3.Connection:
    """Open (and make) the store. Raises sqlite3.Error where it cannot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    store = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.executescript(_SCHEMA)
    return store


class _Write(msgspec.Struct, frozen=True):
    events: tuple[Envelope, ...]
    keep: tuple[tuple[str, bytes | None], ...]


class Outbox:
    """The writing end, for one process. `append` returns at once; a thread commits in groups, in order.

    A write that fails (disk full) is tried again until it succeeds, `on_trouble(sentence)` told once and
    `on_trouble(None)` when it is over, both from the writing thread; nothing is dropped while the process lives.
    """

    def __init__(self, path: Path, sealer: Sealer, on_trouble: Callable[[str | None], None] | None = None) -> None:
        self._sealer = sealer
        self._process = sealer.identity.process
        self._store = connect(path)
        self._on_trouble = on_trouble
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="outbox", daemon=True)
        self._thread.start()

    def kept(self) -> dict[str, bytes]:
        """What this process kept before, by key; to be read before the first append."""
        rows = self._store.execute("SELECT key, value FROM kept WHERE process = ?", (self._process,))
        return dict(rows.fetchall())

    def append(self, *events: CallEvent, keep: Mapping[str, bytes | None] | None = None) -> None:
        """Events in order, and the keys of the writer's state that change with them (None deletes the key)."""
        sealed = tuple(self._sealer.seal(event) for event in events)
        self._queue.put(_Write(sealed, tuple((keep or {}).items())))

    def close(self) -> None:
        """Commit what was appended and end; a disk that refuses is given one more try."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join()
        self._store.close()

    def _write_all(self) -> None:
        last = False
        while not last:
            writes = [self._queue.get()]
            while len(writes) < BATCH and not self._queue.empty():
                writes.append(self._queue.get())
            last = None in writes
            group = [write for write in writes if write is not None]
            if group:
                self._commit_until_done(group)

    def _commit_until_done(self, group: list[_Write]) -> None:
        troubled = False
        while True:
            try:
                self._commit(group)
            except sqlite3.Error as error:
                if not troubled:
                    log.error("outbox.write.failed", error=str(error))
                    self._tell(f"call events cannot be stored ({error}); make room on the data disk")
                if self._closing.is_set() and troubled:
                    return
                troubled = True
                time.sleep(RETRY_S)
                continue
            if troubled:
                self._tell(None)
            return

    def _tell(self, sentence: str | None) -> None:
        if self._on_trouble is not None:
            self._on_trouble(sentence)

    def _commit(self, group: list[_Write]) -> None:
        self._store.execute("BEGIN IMMEDIATE")
        try:
            for write in group:
                self._insert(write)
            self._store.execute("COMMIT")
        except sqlite3.Error:
            if self._store.in_transaction:
                self._store.execute("ROLLBACK")
            raise

    def _insert(self, write: _Write) -> None:
        self._store.executemany(
            "INSERT INTO event (box, process, incarnation, seq, envelope) VALUES (?, ?, ?, ?, ?)",
            [(e.box, e.process, e.incarnation, e.seq, encode(e)) for e in write.events],
        )
        for key, value in write.keep:
            if value is None:
                self._store.execute("DELETE FROM kept WHERE process = ? AND key = ?", (self._process, key))
            else:
                self._store.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (self._process, key, value))


class OutboxReader:
    """The uplink's end."""

    def __init__(self, path: Path) -> None:
        self._store = connect(path)

    def pending(self, after: int = 0, limit: int = 100) -> list[tuple[int, bytes]]:
        """(place, encoded envelope) of the oldest events beyond `after`, at most `limit`."""
        rows = self._store.execute(
            "SELECT place, envelope FROM event WHERE place > ? ORDER BY place LIMIT ?", (after, limit)
        )
        return [(int(place), bytes(envelope)) for place, envelope in rows.fetchall()]

    def delete(self, places: list[int]) -> None:
        """Forget events that headquarters has committed."""
        self._store.execute("BEGIN IMMEDIATE")
        self._store.executemany("DELETE FROM event WHERE place = ?", [(place,) for place in places])
        self._store.execute("COMMIT")

    def kept(self, process: str) -> list[str]:
        """The keys of what that process keeps; call control's are its contacts in progress."""
        rows = self._store.execute("SELECT key FROM kept WHERE process = ? ORDER BY key", (process,))
        return [str(key) for (key,) in rows.fetchall()]

    def now(self, process: str) -> tuple[dict[str, bytes], tuple[str, int], int]:
        """What that process keeps, (incarnation, seq) of its last event that waits here, and the last place given."""
        self._store.execute("BEGIN")
        try:
            kept = self._store.execute("SELECT key, value FROM kept WHERE process = ?", (process,)).fetchall()
            query = "SELECT incarnation, seq FROM event WHERE process = ? ORDER BY place DESC LIMIT 1"
            last = self._store.execute(query, (process,)).fetchone()
            place = self._store.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
        finally:
            self._store.execute("COMMIT")
        return dict(kept), (str(last[0]), int(last[1])) if last else ("", 0), int(place[0]) if place else 0

    def version(self) -> int:
        """Changes whenever another process has committed; cheap enough to be asked often."""
        return int(self._store.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the store."""
        self._store.close()

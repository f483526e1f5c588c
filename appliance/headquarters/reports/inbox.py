# SPDX-License-Identifier: GPL-2.0-only
"""Requests of the record's that are answered but not committed yet: on the disk, in order, until they are.

A page that many requests change goes to the disk once a transaction; so the record's transactions hold what comes in a
second, and what a death takes of the last one is asked again from here. SQLite, WAL, synchronous=FULL, mode 0600.
Called from one thread at a time; raises sqlite3.Error.
"""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import structlog

log = structlog.get_logger()

_SCHEMA = "CREATE TABLE IF NOT EXISTS request (number INTEGER PRIMARY KEY, octets BLOB NOT NULL) STRICT"


class Inbox:
    """Of one record."""

    def __init__(self, path: Path) -> None:
        path.touch(0o600)
        self._store = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            self._store.execute("PRAGMA journal_mode=WAL")
            self._store.execute("PRAGMA synchronous=FULL")
            self._store.execute(_SCHEMA)
            self._number = int(self._store.execute("SELECT max(number) FROM request").fetchone()[0] or 0)
        except sqlite3.Error:
            self._store.close()
            raise
        self._done = 0

    @classmethod
    def opened(cls, path: Path) -> Self:
        """For a life that begins; a damaged file is put aside. Raises sqlite3.Error where it may not be written."""
        try:
            return cls(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            aside = path.with_suffix(f".damaged-{time.time_ns()}")
            log.error("record.inbox.damaged", error=str(error), kept_as=str(aside))
            for end in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    Path(f"{path}{end}").rename(f"{aside}{end}")
            return cls(path)

    def put(self, octets: bytes) -> None:
        """The next one; once this returns it is on the disk."""
        self._store.execute("BEGIN IMMEDIATE")
        try:
            self._store.execute("DELETE FROM request WHERE number <= ?", (self._done,))
            self._store.execute("INSERT INTO request VALUES (?, ?)", (self._number + 1, octets))
            self._store.execute("COMMIT")
        except sqlite3.Error:
            if self._store.in_transaction:
                self._store.execute("ROLLBACK")
            raise
        self._number += 1

    def pending(self) -> list[bytes]:
        """Those that are not done, oldest first."""
        query = "SELECT octets FROM request WHERE number > ? ORDER BY number"
        return [bytes(octets) for (octets,) in self._store.execute(query, (self._done,))]

    def clear(self) -> None:
        """All of them are done. To ask them again would do no harm, so the disk hears of it with the next one."""
        self._done = self._number

    def close(self) -> None:
        """Close the store."""
        self._store.close()


def path_of(record: Path) -> Path:
    """Beside the record's file."""
    return record.with_name("inbox.db")

# SPDX-License-Identifier: GPL-2.0-only
"""Who is a box of ours: claims that wait, certificates that were given, what was revoked, and who did it when.

One SQLite file (WAL, FULL) that the enrolment process and the command line write; every change is one transaction with
its line of the audit. A code is kept as its hash.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

FIRST_BOX = "BR-0001"
CLAIM_DAYS = 30
KEPT = 4
"""Certificates of a box, the newest."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS box (
    box TEXT PRIMARY KEY, serial TEXT NOT NULL UNIQUE, name TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claim (
    box TEXT PRIMARY KEY REFERENCES box, hash BLOB NOT NULL, until_s INTEGER NOT NULL, key BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS certificate (
    number TEXT PRIMARY KEY, box TEXT NOT NULL REFERENCES box, key BLOB NOT NULL, pem BLOB NOT NULL,
    until_s INTEGER NOT NULL, revoked_s INTEGER, revoked TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS certificate_of_box ON certificate (box);
CREATE TABLE IF NOT EXISTS audit (
    line INTEGER PRIMARY KEY AUTOINCREMENT, at_s INTEGER NOT NULL, who TEXT NOT NULL, box TEXT NOT NULL,
    what TEXT NOT NULL
);
"""


class IdentitiesError(Exception):
    """What was asked for cannot be; the text is the sentence, nothing was changed."""


class Box(msgspec.Struct, frozen=True):
    """`claim_s`: until when an unused code is good; `until_s`: until when its certificate is; 0: there is none."""

    box: str
    serial: str
    name: str
    claim_s: int = 0
    until_s: int = 0
    revoked: str = ""

    def state(self, now_s: float) -> str:
        """A word for tables."""
        if self.revoked:
            return "revoked"
        if self.until_s:
            return "enrolled" if now_s < self.until_s else "expired"
        return "awaited" if now_s < self.claim_s else "lapsed"


class Claim(msgspec.Struct, frozen=True):
    """`key`: SHA-256 of the key (SubjectPublicKeyInfo) that used it, or None."""

    box: str
    hash: bytes
    until_s: int
    key: bytes | None


class Given(msgspec.Struct, frozen=True):
    """A certificate: `number` its serial number, `key` as in Claim; `revoked`: why, where it was."""

    number: str
    box: str
    key: bytes
    pem: bytes
    until_s: int
    revoked: str = ""


class Line(msgspec.Struct, frozen=True):
    """Of the audit; `at_s` in UTC."""

    at_s: int
    who: str
    box: str
    what: str


def path_of(state: Path) -> Path:
    """In headquarters' state."""
    return state / "identities.db"


class Identities:
    """The file, opened. Raises sqlite3.Error, OSError."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._now = now
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        self._store = sqlite3.connect(path, timeout=10, isolation_level=None)
        self._store.execute("PRAGMA journal_mode=WAL")
        self._store.execute("PRAGMA synchronous=FULL")
        self._store.executescript(_SCHEMA)

    def close(self) -> None:
        """No more."""
        self._store.close()

    def claim(self, serial: str, code: bytes, who: str, box: str = "", name: str = "") -> Box:
        """The box with this serial number may enrol, once, with the code of this hash; a code before it is void.

        Raises IdentitiesError.
        """
        until_s = int(self._now()) + CLAIM_DAYS * 86_400
        with self._change():
            box = self._placed(serial, box, name)
            self._store.execute("REPLACE INTO claim VALUES (?, ?, ?, NULL)", (box, code, until_s))
            self.note(who, box, f"claim added for serial number {serial}")
        return self.box(box)

    def box(self, box: str) -> Box:
        """Raises IdentitiesError."""
        found = self._box("box", box)
        if found is None:
            raise IdentitiesError(f"no box {box} is known; `show boxes` has all, `claim add` makes one")
        return found

    def boxes(self) -> list[Box]:
        """All, by name."""
        return [_box(row) for row in self._store.execute(f"{_BOXES} ORDER BY box.box")]

    def of_serial(self, serial: str) -> Box | None:
        """Whose it is."""
        return self._box("serial", serial)

    def claim_of(self, box: str) -> Claim | None:
        """The newest, used or not."""
        row = self._store.execute("SELECT box, hash, until_s, key FROM claim WHERE box = ?", (box,)).fetchone()
        return Claim(*row) if row else None

    def certificate(self, number: str) -> Given | None:
        """By its serial number, in hexadecimal."""
        row = self._store.execute(f"{_GIVEN} WHERE number = ?", (number,)).fetchone()
        return Given(*row) if row else None

    def newest(self, box: str) -> Given | None:
        """The box's certificate that lasts longest, of those not revoked."""
        where = "WHERE box = ? AND revoked_s IS NULL ORDER BY until_s DESC LIMIT 1"
        row = self._store.execute(f"{_GIVEN} {where}", (box,)).fetchone()
        return Given(*row) if row else None

    def certificate_of(self, box: str) -> bytes | None:
        """The newest in PEM; None where it has none that counts."""
        found = self.newest(box)
        return found.pem if found else None

    def is_revoked(self, key: bytes) -> bool:
        """Whether a certificate of it ever was."""
        query = "SELECT 1 FROM certificate WHERE key = ? AND revoked_s IS NOT NULL"
        return self._store.execute(query, (key,)).fetchone() is not None

    def enrolled(self, given: Given, who: str) -> None:
        """The claim is used, by this key and no other; certificates of other keys that the box had are void."""
        with self._change():
            self._store.execute("UPDATE claim SET key = ? WHERE box = ?", (given.key, given.box))
            self._revoke("box = ? AND key != ?", (given.box, given.key), "the box was enrolled anew with another key")
            self._give(given)
            self.note(who, given.box, f"enrolled, certificate {given.number}")

    def renewed(self, given: Given, who: str) -> None:
        """One more; of those before some are kept, for a box whose disk is an older copy."""
        with self._change():
            self._give(given)
            self._store.execute(_OLD, {"box": given.box, "kept": KEPT})
            self.note(who, given.box, f"renewed, certificate {given.number}")

    def revoke(self, box: str, who: str, why: str = "") -> int:
        """All it has, and its claim; returns how many certificates. Raises IdentitiesError."""
        with self._change():
            self.box(box)
            text = f"revoked by {who}{f': {why}' if why else ''}"
            count = self._revoke("box = ?", (box,), text)
            claims = self._store.execute("DELETE FROM claim WHERE box = ?", (box,)).rowcount
            if not count and not claims:
                raise IdentitiesError(f"{box} has neither certificate nor claim, there is nothing to revoke")
            self.note(who, box, text)
            return count

    def note(self, who: str, box: str, what: str) -> None:
        """A line of the audit."""
        at_s = int(self._now())
        self._store.execute("INSERT INTO audit (at_s, who, box, what) VALUES (?, ?, ?, ?)", (at_s, who, box, what))

    def audit(self, most: int = 100) -> list[Line]:
        """The newest first."""
        rows = self._store.execute("SELECT at_s, who, box, what FROM audit ORDER BY line DESC LIMIT ?", (most,))
        return [Line(*row) for row in rows]

    def gone(self, since_s: float) -> list[str]:
        """Boxes of which since then a certificate was revoked, or the last good one has ended."""
        times = {"since": since_s, "now": self._now()}
        return [str(row[0]) for row in self._store.execute(_GONE, times)]

    def _placed(self, serial: str, box: str, name: str) -> str:
        """The box with this serial number; `box` may be another's name once that one was revoked."""
        known = self._box("serial", serial)
        if known is not None:
            if box and box != known.box:
                raise IdentitiesError(f"serial number {serial} is {known.box}; a box keeps its name")
            self._store.execute("UPDATE box SET name = ? WHERE box = ?", (name or known.name, known.box))
            return known.box
        box = box or self._free()
        other = self._box("box", box)
        if other is not None and (other.until_s or other.claim_s):
            sentence = f"{box} is the box with serial number {other.serial}"
            raise IdentitiesError(f"{sentence}; `box revoke {box}` first, where this one takes its place")
        self._store.execute("REPLACE INTO box VALUES (?, ?, ?)", (box, serial, name or (other.name if other else "")))
        return box

    def _free(self) -> str:
        """The first BR-nnnn above all that there are."""
        rows = self._store.execute("SELECT box FROM box WHERE box GLOB 'BR-[0-9][0-9][0-9][0-9]*'")
        taken = [int(row[0].removeprefix("BR-")) for row in rows if row[0].removeprefix("BR-").isdigit()]
        return f"BR-{max(taken) + 1:04}" if taken else FIRST_BOX

    def _give(self, given: Given) -> None:
        row = (given.number, given.box, given.key, given.pem, given.until_s)
        self._store.execute("INSERT INTO certificate (number, box, key, pem, until_s) VALUES (?, ?, ?, ?, ?)", row)

    def _revoke(self, which: str, of: tuple[str | bytes, ...], why: str) -> int:
        query = f"UPDATE certificate SET revoked_s = ?, revoked = ? WHERE revoked_s IS NULL AND {which}"  # noqa: S608  # ours
        return self._store.execute(query, (int(self._now()), why, *of)).rowcount

    def _box(self, column: str, value: str) -> Box | None:
        row = self._store.execute(f"{_BOXES} WHERE box.{column} = ?", (value,)).fetchone()
        return _box(row) if row else None

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        self._store.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._store.execute("ROLLBACK")
            raise
        self._store.execute("COMMIT")


_GONE = """
SELECT DISTINCT box FROM certificate AS one WHERE revoked_s >= :since
    OR (revoked_s IS NULL AND until_s BETWEEN :since AND :now AND NOT EXISTS (
        SELECT 1 FROM certificate WHERE box = one.box AND revoked_s IS NULL AND until_s > :now))
"""
_OLD = """
DELETE FROM certificate WHERE box = :box AND revoked_s IS NULL AND number NOT IN (
    SELECT number FROM certificate WHERE box = :box AND revoked_s IS NULL ORDER BY until_s DESC LIMIT :kept)
"""
_GIVEN = "SELECT number, box, key, pem, until_s, revoked FROM certificate"
_BOXES = """
SELECT box.box, serial, name,
    ifnull((SELECT until_s FROM claim WHERE claim.box = box.box AND key IS NULL), 0),
    ifnull((SELECT max(until_s) FROM certificate WHERE certificate.box = box.box AND revoked_s IS NULL), 0),
    ifnull((SELECT revoked FROM certificate WHERE certificate.box = box.box ORDER BY revoked_s DESC LIMIT 1), '')
FROM box
"""


def _box(row: tuple[str, str, str, int, int, str]) -> Box:
    """Who has a good certificate or a fresh claim is not revoked, whatever was before."""
    box, serial, name, claim_s, until_s, revoked = row
    return Box(box, serial, name, claim_s, until_s, "" if until_s or claim_s else revoked)

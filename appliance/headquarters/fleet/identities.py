# SPDX-License-Identifier: GPL-2.0-only
"""Who is a box of ours: claims that wait, certificates that were given, what was revoked, and who did it when.

One SQLite file (WAL, FULL) that the enrolment process and the command line write; every change is one transaction with
its line of the audit. A code is kept as its hash. Of two headquarters each has such a file, and they agree on each
change before it is one (`agreed.py`): who was overtaken decides anew by what the other has done.
"""

import contextlib
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from appliance.headquarters.duplex.stream import NoQuorumError, OvertakenError
from appliance.headquarters.fleet.agreed import Agreed

FIRST_BOX = "BR-0001"
CLAIM_DAYS = 30
KEPT = 4
"""Certificates of a box, the newest."""
LINES = 20
"""Of a box's audit, told with each change: for the other headquarters, which may have been away."""
TRIES, AGAIN_S = 24, 0.02
"""How often the other headquarters may be first, and how much longer it may be each time until it is tried again."""
T = TypeVar("T")

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
CREATE INDEX IF NOT EXISTS audit_of_box ON audit (box);
CREATE TABLE IF NOT EXISTS agreed (stream TEXT NOT NULL, position INTEGER NOT NULL);
"""


class IdentitiesError(Exception):
    """What was asked for cannot be; the text is the sentence, nothing was changed."""


class OtherwiseError(Exception):
    """What was decided by is so no more: to be decided anew."""


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
    revoked_s: int | None = None


class Line(msgspec.Struct, frozen=True):
    """Of the audit; `at_s` in UTC."""

    at_s: int
    who: str
    box: str
    what: str


class Standing(msgspec.Struct, frozen=True):
    """All of a box, as the two headquarters tell each other, with the last lines of its audit."""

    box: str
    serial: str
    name: str
    claim: Claim | None
    certificates: tuple[Given, ...]
    lines: tuple[Line, ...]


def path_of(state: Path) -> Path:
    """In headquarters' state."""
    return state / "identities.db"


class Identities:
    """The file, opened, for any thread. Raises sqlite3.Error, OSError.

    `agreed`: of two headquarters; whatever changes something raises NoQuorumError too then.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.time, agreed: Agreed | None = None) -> None:
        self._now, self._agreed = now, agreed
        self._lock = threading.RLock()
        self._changing = ""
        """The box whose change is under way."""
        self._stream = ""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        self._store = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._store.execute("PRAGMA journal_mode=WAL")
        self._store.execute("PRAGMA synchronous=FULL")
        self._store.executescript(_SCHEMA)

    def close(self) -> None:
        """No more."""
        self._store.close()

    def follow(self) -> frozenset[str]:
        """What the other headquarters has changed since; returns the boxes. Raises NoQuorumError, IdentitiesError."""
        if self._agreed is None:
            return frozenset()
        with self._transaction():
            return self._taken_over(self._agreed)

    def catch_up(self) -> None:
        """Follow to what the leader had when asked: the server that is read may be behind. Raises as `follow`."""
        if self._agreed is None:
            return
        last = self._agreed.extent().last
        for number in range(TRIES):
            time.sleep(AGAIN_S * number)
            self.follow()
            ((position,),) = self._rows("SELECT position FROM agreed")
            if position >= last:
                return
        raise NoQuorumError("the message servers that are read are behind their leader")

    def claim(self, serial: str, code: bytes, who: str, box: str = "", name: str = "") -> Box:
        """The box with this serial number may enrol, once, with the code of this hash; a code before it is void.

        Raises IdentitiesError.
        """
        until_s = int(self._now()) + CLAIM_DAYS * 86_400

        def change() -> str:
            placed = self._placed(serial, box, name)
            self._store.execute("REPLACE INTO claim VALUES (?, ?, ?, NULL)", (placed, code, until_s))
            self._note(who, placed, f"claim added for serial number {serial}")
            return placed

        return self.box(self._changed(change))

    def box(self, box: str) -> Box:
        """Raises IdentitiesError."""
        found = self._box("box", box)
        if found is None:
            raise IdentitiesError(f"no box {box} is known; `show boxes` has all, `claim add` makes one")
        return found

    def boxes(self) -> list[Box]:
        """All, by name."""
        return [_box(row) for row in self._rows(f"{_BOXES} ORDER BY box.box")]

    def of_serial(self, serial: str) -> Box | None:
        """Whose it is."""
        return self._box("serial", serial)

    def claim_of(self, box: str) -> Claim | None:
        """The newest, used or not."""
        rows = self._rows("SELECT box, hash, until_s, key FROM claim WHERE box = ?", box)
        return next((Claim(*row) for row in rows), None)

    def certificate(self, number: str) -> Given | None:
        """By its serial number, in hexadecimal."""
        return next((Given(*row) for row in self._rows(f"{_GIVEN} WHERE number = ?", number)), None)

    def newest(self, box: str) -> Given | None:
        """The box's certificate that lasts longest, of those not revoked."""
        where = "WHERE box = ? AND revoked_s IS NULL ORDER BY until_s DESC LIMIT 1"
        return next((Given(*row) for row in self._rows(f"{_GIVEN} {where}", box)), None)

    def certificate_of(self, box: str) -> bytes | None:
        """The newest in PEM; None where it has none that counts."""
        found = self.newest(box)
        return found.pem if found else None

    def is_revoked(self, key: bytes) -> bool:
        """Whether a certificate of it ever was."""
        return bool(self._rows("SELECT 1 FROM certificate WHERE key = ? AND revoked_s IS NOT NULL", key))

    def enrolled(self, given: Given, claim: Claim, who: str) -> None:
        """The claim is used, by this key and no other; certificates of other keys that the box had are void.

        Raises OtherwiseError: it was used, replaced or revoked meanwhile.
        """

        def change() -> None:
            fresh = "UPDATE claim SET key = ? WHERE box = ? AND hash = ? AND key IS NULL"
            if not self._store.execute(fresh, (given.key, given.box, claim.hash)).rowcount:
                raise OtherwiseError
            self._revoke("box = ? AND key != ?", (given.box, given.key), "the box was enrolled anew with another key")
            self._give(given)
            self._note(who, given.box, f"enrolled, certificate {given.number}")

        self._changed(change)

    def renewed(self, given: Given, who: str) -> None:
        """One more; of those before some are kept, for a box whose disk is an older copy.

        Raises OtherwiseError: its key was revoked meanwhile.
        """

        def change() -> None:
            if self.is_revoked(given.key):
                raise OtherwiseError
            self._give(given)
            self._store.execute(_OLD, {"box": given.box, "kept": KEPT})
            self._note(who, given.box, f"renewed, certificate {given.number}")

        self._changed(change)

    def revoke(self, box: str, who: str, why: str = "") -> int:
        """All it has, and its claim; returns how many certificates. Raises IdentitiesError."""

        def change() -> int:
            self.box(box)
            text = f"revoked by {who}{f': {why}' if why else ''}"
            count = self._revoke("box = ?", (box,), text)
            claims = self._store.execute("DELETE FROM claim WHERE box = ?", (box,)).rowcount
            if not count and not claims:
                raise IdentitiesError(f"{box} has neither certificate nor claim, there is nothing to revoke")
            self._note(who, box, text)
            return count

        return self._changed(change)

    def note(self, who: str, box: str, what: str) -> None:
        """A line of the audit; where nobody agrees it is here alone."""
        try:
            self._changed(lambda: self._note(who, box, what))
        except NoQuorumError:
            with self._transaction():
                self._note(who, box, what)

    def audit(self, most: int = 100) -> list[Line]:
        """The newest first."""
        rows = self._rows("SELECT at_s, who, box, what FROM audit ORDER BY at_s DESC, line DESC LIMIT ?", most)
        return [Line(*row) for row in rows]

    def gone(self, since_s: float) -> list[str]:
        """Boxes of which since then a certificate was revoked, or the last good one has ended."""
        return [str(row[0]) for row in self._rows(_GONE, since_s, since_s, self._now(), self._now())]

    def revoked(self, boxes: frozenset[str]) -> list[str]:
        """Those that have a certificate which was."""
        known = self._rows("SELECT DISTINCT box FROM certificate WHERE revoked_s IS NOT NULL") if boxes else ()
        return [str(box) for (box,) in known if box in boxes]

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

    def _note(self, who: str, box: str, what: str) -> None:
        self._changing = box
        row = (int(self._now()), who, box, what)
        self._store.execute("INSERT INTO audit (at_s, who, box, what) VALUES (?, ?, ?, ?)", row)

    def _box(self, column: str, value: str) -> Box | None:
        return next((_box(row) for row in self._rows(f"{_BOXES} WHERE box.{column} = ?", value)), None)

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._store.execute(query, values).fetchall()

    def _changed(self, work: Callable[[], T]) -> T:
        """One change with its line of the audit: both headquarters have it, or neither."""
        for number in range(TRIES):
            time.sleep(random.uniform(0, AGAIN_S * number))  # noqa: S311  # no secret
            with contextlib.suppress(OvertakenError), self._transaction():
                if self._agreed is None:
                    return work()
                self._taken_over(self._agreed)
                done = work()
                self._agree(self._agreed, self._changing)
                return done
        raise NoQuorumError("the other headquarters was first, each time")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._store.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._store.execute("ROLLBACK")
                raise
            self._store.execute("COMMIT")

    # With the other headquarters.

    def _taken_over(self, agreed: Agreed) -> frozenset[str]:
        position = self._begun(agreed)
        boxes: set[str] = set()
        while messages := agreed.read(position):
            for message in messages:
                standing = msgspec.json.decode(message.payload, type=Standing)
                self._put(standing)
                boxes.add(standing.box)
            position = messages[-1].position
        self._store.execute("UPDATE agreed SET position = ?", (position,))
        return frozenset(boxes)

    def _begun(self, agreed: Agreed) -> int:
        """How far this file has come in the stream. The first of the two gives it what it has."""
        rows = self._rows("SELECT stream, position FROM agreed")
        if rows and self._stream == rows[0][0]:
            return int(rows[0][1])
        extent = agreed.extent()
        self._stream = extent.made
        if rows and rows[0][0] == extent.made:
            return int(rows[0][1])
        boxes = self.boxes()
        if not rows and boxes and extent.last:
            sentence = f"the other headquarters has a list of boxes, and identities.db here has {len(boxes)} of its own"
            raise IdentitiesError(f"{sentence}: take that file away, and add what the other has not")
        self._store.execute("DELETE FROM agreed")
        self._store.execute("INSERT INTO agreed VALUES (?, 0)", (extent.made,))
        for box in boxes if not extent.last else ():
            self._agree(agreed, box.box)
        return int(self._rows("SELECT position FROM agreed")[0][0])

    def _agree(self, agreed: Agreed, box: str) -> None:
        """Raises OvertakenError."""
        (position,) = self._rows("SELECT position FROM agreed")[0]
        found = self.box(box)
        certificates = tuple(Given(*row) for row in self._rows(f"{_GIVEN} WHERE box = ?", box))
        last = self._rows("SELECT at_s, who, box, what FROM audit WHERE box = ? ORDER BY line DESC LIMIT ?", box, LINES)
        lines = tuple(Line(*row) for row in reversed(last))
        standing = Standing(box, found.serial, found.name, self.claim_of(box), certificates, lines)
        position = agreed.append_after(position, box, msgspec.json.encode(standing))
        self._store.execute("UPDATE agreed SET position = ?", (position,))

    def _put(self, told: Standing) -> None:
        self._store.execute("REPLACE INTO box VALUES (?, ?, ?)", (told.box, told.serial, told.name))
        for table in ("claim", "certificate"):
            self._store.execute(f"DELETE FROM {table} WHERE box = ?", (told.box,))  # noqa: S608  # ours
        if (claim := told.claim) is not None:
            row = (claim.box, claim.hash, claim.until_s, claim.key)
            self._store.execute("INSERT INTO claim VALUES (?, ?, ?, ?)", row)
        for one in told.certificates:
            given = (one.number, one.box, one.key, one.pem, one.until_s, one.revoked_s, one.revoked)
            self._store.execute("INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?)", given)
        known = set(self._rows("SELECT at_s, who, box, what FROM audit WHERE box = ?", told.box))
        for said in ((line.at_s, line.who, line.box, line.what) for line in told.lines):
            if said not in known:
                self._store.execute("INSERT INTO audit (at_s, who, box, what) VALUES (?, ?, ?, ?)", said)


_GONE = """
SELECT DISTINCT box FROM certificate AS one WHERE revoked_s >= ?
    OR (revoked_s IS NULL AND until_s BETWEEN ? AND ? AND NOT EXISTS (
        SELECT 1 FROM certificate WHERE box = one.box AND revoked_s IS NULL AND until_s > ?))
"""
_OLD = """
DELETE FROM certificate WHERE box = :box AND revoked_s IS NULL AND number NOT IN (
    SELECT number FROM certificate WHERE box = :box AND revoked_s IS NULL ORDER BY until_s DESC LIMIT :kept)
"""
_GIVEN = "SELECT number, box, key, pem, until_s, revoked, revoked_s FROM certificate"
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

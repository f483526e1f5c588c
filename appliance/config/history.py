# SPDX-License-Identifier: GPL-2.0-only
"""The versions of a box's file, who made each and why; the one that is in force; one that waits to be confirmed.

Beside the file `branch.yaml` stands the folder `branch.versions`: `0007.yaml` begins with a line of JSON that says
author, comment and time; `unconfirmed.json` says until when a version is on trial, and which one returns. Every file
is whole or not there (written, synced, renamed), so that a power cut leaves the version before or the one after.
`schema` says which schema the file was last read by, `schema-1.yaml` how the file was when a newer system took over.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

SCHEMA = 1
"""Raised where what this system writes cannot be read by the one before it; tests/config/test_schema.py asks for it."""
HEAD = "# "
KEPT = 50
"""Versions; older ones go."""


DRAIN_S = 300.0
LOOKED_S = 90.0
"""Before calls are waited for it is looked at what is good now, test calls among it, for no longer than this."""


class Version(msgspec.Struct, frozen=True):
    """One version; `number` counts from 1, `at` is ISO 8601 in UTC.

    `drain_s`: how long calls that it would end may go on before it comes into force. `push`: headquarters' name of it,
    where it came from there. `origin`: the terminal, or the far end of an SSH session, at which it was made.
    """

    number: int
    at: str
    author: str
    comment: str = ""
    drain_s: float = DRAIN_S
    push: str = ""
    origin: str = ""


class Trying(msgspec.Struct, frozen=True):
    """How a version comes into force: all as above; with `confirm_s` on trial for so long from when it is in force.

    `now_s`: of the commit. `healthy_s`: confirmed by itself when nothing has been worse than before for so long; 0: by
    somebody's word.
    """

    drain_s: float = DRAIN_S
    confirm_s: float = 0.0
    now_s: float = 0.0
    healthy_s: float = 0.0
    push: str = ""
    origin: str = ""


class Trial(msgspec.Struct, frozen=True):
    """`version` is in force until `until_s` (of the system clock); then, or after a restart, `back_to` returns.

    `confirm_s`: how long it will be, where it waits for calls and is not in force yet; `until_s` bounds all of it then.
    `good`: what of the telephone service was, before it came into force; None: nobody has looked yet.
    """

    version: int
    back_to: int
    until_s: float
    good: tuple[str, ...] | None = None
    healthy_s: float = 0.0
    confirm_s: float = 0.0


FOR_GOOD = Trying()


class History:
    """Of one box's file. Every change is made under a lock, so two sessions cannot make the same version."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def _folder(self) -> Path:
        return self.file.with_suffix(".versions")

    def versions(self) -> list[Version]:
        """All that are kept, the newest first."""
        found = (self._version(path) for path in self._folder.glob("[0-9]*.yaml"))
        return sorted(filter(None, found), key=lambda one: -one.number)

    def text(self, number: int) -> str:
        """What it says. Raises: KeyError if it is not kept."""
        try:
            return self._path(number).read_text("utf-8")
        except FileNotFoundError:
            raise KeyError(number) from None

    def running(self) -> Version | None:
        """Whose text the file has; None where it was written by hand since."""
        try:
            text = self.file.read_text("utf-8")
        except OSError:
            return None
        return next((one for one in self.versions() if _bare(self.text(one.number)) == _bare(text)), None)

    def trial(self) -> Trial | None:
        """What waits to be confirmed."""
        try:
            return msgspec.json.decode((self._folder / "unconfirmed.json").read_bytes(), type=Trial)
        except FileNotFoundError:
            return None

    def keep(self, author: str, comment: str = "") -> Version:
        """The file as it is now, as a version; the running one if it has this text already."""
        with self._locked():
            found = self.running()
            return found or self._add(self.file.read_text("utf-8"), author, comment)

    def commit(self, body: str, author: str, comment: str = "", how: Trying = FOR_GOOD) -> Version:
        """`body` as a new version, in force; where there was none before it is not on trial."""
        before = self.keep("unknown", "written by hand") if self.file.exists() else None
        with self._locked():
            trial = self.trial()
            version = self._add(body, author, comment, how)
            if how.confirm_s and before:
                back_to = trial.back_to if trial else before.number
                good = trial.good if trial else None
                until_s = how.now_s + LOOKED_S + how.drain_s + how.confirm_s
                trial = Trial(version.number, back_to, until_s, good, how.healthy_s, how.confirm_s)
                self._write("unconfirmed.json", msgspec.json.encode(trial))
            self._put_in_force(version)
            if not how.confirm_s:
                self._forget_trial()
            return version

    def confirm(self) -> Trial | None:
        """The trial is over, its version stays; None where there is none."""
        with self._locked():
            trial = self.trial()
            self._forget_trial()
            return trial

    def begin(self, number: int, now_s: float) -> None:
        """That version is in force from now on: where it is on trial, its time is counted from here."""
        with self._locked():
            trial = self.trial()
            if trial is not None and trial.version == number and trial.confirm_s:
                begun = msgspec.structs.replace(trial, until_s=now_s + trial.confirm_s, confirm_s=0.0)
                self._write("unconfirmed.json", msgspec.json.encode(begun))

    def note(self, good: Iterable[str]) -> None:
        """What was good before the version on trial came into force."""
        with self._locked():
            trial = self.trial()
            if trial is not None:
                self._write("unconfirmed.json", msgspec.json.encode(msgspec.structs.replace(trial, good=tuple(good))))

    def back(self) -> Trial | None:
        """The trial is over, and the version before it is in force again; None where there is none."""
        if self.trial() is None:
            return None
        with self._locked():
            trial = self.trial()
            if trial is not None:
                self._write(self.file, self._path(trial.back_to).read_bytes())
                self._forget_trial()
            return trial

    def settle(self, schema: int = SCHEMA) -> int | None:
        """Before the file is read: make it one of this system's schema.

        A newer system keeps what the older one had. An older one that is back finds that in force again, and what the
        newer one had is kept as well. Returns the schema that gave way, None where nothing has changed.
        """
        stood, _, moving = self._schema().partition(">")
        if int(stood) == schema or not self.file.exists():
            return None
        with self._locked():
            kept = self._folder / f"schema-{schema}.yaml"
            if moving != str(schema):  # else a power cut came between: what was kept is right, and the file may not be
                self._write(f"schema-{stood}.yaml", self.file.read_bytes())
                self._write("schema", f"{stood}>{schema}".encode())
            back = int(stood) > schema and kept.exists()
            if back:
                self._write(self.file, kept.read_bytes())
                self._forget_trial()
            self._write("schema", str(schema).encode())
            return int(stood) if back else None

    def _schema(self) -> str:
        try:
            return (self._folder / "schema").read_text("ascii")
        except FileNotFoundError:
            return "1"

    def _add(self, body: str, author: str, comment: str, how: Trying = FOR_GOOD) -> Version:
        number = max((one.number for one in self.versions()), default=0) + 1
        at = datetime.now(UTC).isoformat(timespec="seconds")
        version = Version(number, at, author, comment, how.drain_s, how.push, how.origin)
        text = f"{HEAD}{msgspec.json.encode(version).decode()}\n{_bare(body)}"
        self._write(self._path(number), text.encode())
        trial = self.trial()
        for old in self.versions()[KEPT:]:
            if trial is None or old.number != trial.back_to:
                self._path(old.number).unlink()
        return version

    def _put_in_force(self, version: Version) -> None:
        self._write(self.file, self._path(version.number).read_bytes())

    def _forget_trial(self) -> None:
        (self._folder / "unconfirmed.json").unlink(missing_ok=True)
        _sync(self._folder)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:04}.yaml"

    def _version(self, path: Path) -> Version | None:
        with path.open("rb") as opened:
            first = opened.readline()
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(first.removeprefix(HEAD.encode()), type=Version)
        return None

    def _write(self, name: str | Path, octets: bytes) -> None:
        path = self._folder / name
        new = path.with_name(f".{path.name}.new")
        with open(new, "wb", opener=_owner_s_alone) as opened:
            opened.write(octets)
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(path)
        _sync(path.parent)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with (self._folder / "lock").open("ab") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield


def fingerprint(text: str) -> str:
    """16 hexadecimal digits that tell two files apart, whatever versions they are."""
    return hashlib.sha256(_bare(text).encode()).hexdigest()[:16]


def _bare(text: str) -> str:
    """Without the line that says which version it was."""
    first, newline, rest = text.partition("\n")
    with contextlib.suppress(msgspec.DecodeError):
        msgspec.json.decode(first.removeprefix(HEAD), type=Version)
        return rest
    return first + newline + rest


def _owner_s_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

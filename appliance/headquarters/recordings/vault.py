# SPDX-License-Identifier: GPL-2.0-only
"""Recordings as files. A chunk is taken only where the file ends, the whole only with its SHA-256; then it is for good.

`<recording>.<hash>.part` grows; when it is complete and right it is synced and renamed to `<recording>.wav`. Names are
letters, digits, `_` and `-`, so none can lead out of the folder.
"""

import hashlib
import os
import re
from pathlib import Path

import msgspec

from appliance.wire.envelope import UnknownMessageError

CHUNK_LIMIT = 262_144
FILE_LIMIT = 2_147_483_648
READ_OCTETS = 1_048_576

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Header(msgspec.Struct, frozen=True):
    """First line of a chunk; `octets` is the whole file's length."""

    recording: str
    contact: str
    offset: int
    octets: int
    sha256: str


class Have(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer: how many octets are held, and why a chunk or the whole was refused."""

    have: int
    error: str | None = None


def is_name(recording: str) -> bool:
    """Whether a recording can have this name."""
    return _NAME.fullmatch(recording) is not None


def read_chunk(payload: bytes) -> tuple[Header, bytes]:
    """Header and sound. Raises UnknownMessageError where either is not as docs/wire.md says."""
    line, end, sound = payload.partition(b"\n")
    try:
        header = msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnknownMessageError(f"not a chunk's header: {error}") from error
    if not end or len(sound) > CHUNK_LIMIT:
        raise UnknownMessageError(f"a chunk is a line and at most {CHUNK_LIMIT} octets")
    if not is_name(header.recording) or not _SHA256.fullmatch(header.sha256) or len(header.contact) > 128:
        raise UnknownMessageError("a recording's name, contact or SHA-256 has not its form")
    if not (0 < header.octets <= FILE_LIMIT and 0 <= header.offset <= header.octets):
        raise UnknownMessageError(f"offset {header.offset} of {header.octets} octets is out of range")
    return header, sound


class Vault:
    """The `folder`. One caller at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path_of(self, recording: str) -> Path | None:
        """The file of a recording that is here; None for one that is not, and for names that cannot be."""
        path = self.folder / f"{recording}.wav"
        return path if is_name(recording) and path.is_file() else None

    def remove(self, recording: str) -> None:
        """It is gone for good; one that is not here changes nothing. Raises OSError."""
        path = self.path_of(recording)
        if path is not None:
            path.unlink(missing_ok=True)

    def take(self, header: Header, sound: bytes) -> Have:
        """Take a chunk (none: only tell what is held). `have` = `octets` is the acknowledgement. Raises OSError."""
        whole = self.folder / f"{header.recording}.wav"
        if whole.is_file():
            return _compared(whole, header)
        part = self.folder / f"{header.recording}.{header.sha256[:16]}.part"
        have = part.stat().st_size if part.exists() else 0
        if sound and header.offset == have:
            if have + len(sound) > header.octets:
                return Have(have, f"the chunk ends behind the file's {header.octets} octets")
            _append(part, sound)
            have += len(sound)
        if have < header.octets:
            return Have(have)
        return self._complete(part, whole, header)

    def _complete(self, part: Path, whole: Path, header: Header) -> Have:
        if _sha256(part) != header.sha256:
            part.unlink()
            return Have(0, "the SHA-256 of the whole is not the one announced; it is to be sent again")
        part.rename(whole)
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return Have(header.octets)


def _compared(whole: Path, header: Header) -> Have:
    if _sha256(whole) == header.sha256:
        return Have(header.octets)
    return Have(0, f"another recording is here as {header.recording}")


def _append(part: Path, sound: bytes) -> None:
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
        file.write(sound)
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while octets := file.read(READ_OCTETS):
            digest.update(octets)
    return digest.hexdigest()

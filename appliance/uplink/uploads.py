# SPDX-License-Identifier: GPL-2.0-only
"""Brings sealed recordings to headquarters, chunk by chunk, and goes on where a cut left off.

Which ones is noted in the outbox's file, from RecordingSealed. Headquarters tells how much it has and acknowledges the
whole only after it has checked the SHA-256; then `<recording>.wav.sent` appears beside the sound, and the recorder may
delete both when it needs the room.
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from appliance.uplink.link import Link, LinkDownError, LinkSilentError
from appliance.wire.calls import RecordingSealed
from appliance.wire.outbox import connect

CHUNK_OCTETS = 262_144
ANSWER_S = 10.0
POLL_S = 0.5
RETRY_S = 2.0

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS upload (
    recording TEXT PRIMARY KEY, contact TEXT NOT NULL, octets INTEGER NOT NULL, sha256 TEXT NOT NULL
) WITHOUT ROWID
"""

log = structlog.get_logger()


class Upload(msgspec.Struct, frozen=True):
    """A sealed recording that headquarters has not acknowledged."""

    recording: str
    contact: str
    octets: int
    sha256: str


class _Have(msgspec.Struct, frozen=True):
    """Headquarters' answer: octets held, and why a chunk was not taken."""

    have: int
    error: str | None = None


class UploadRefusedError(Exception):
    """Headquarters will not have this sound as it is."""


class UploadList:
    """What is still to be sent, kept on disk. Any thread may call."""

    def __init__(self, path: Path) -> None:
        self._store = connect(path)
        self._store.execute(_SCHEMA)

    def add(self, sealed: RecordingSealed) -> None:
        """Note a recording; a second time changes nothing. Raises sqlite3.Error."""
        row = (sealed.recording, sealed.contact, sealed.octets, sealed.sha256)
        self._store.execute("INSERT OR IGNORE INTO upload VALUES (?, ?, ?, ?)", row)

    def waiting(self) -> list[Upload]:
        """All of them."""
        rows = self._store.execute("SELECT recording, contact, octets, sha256 FROM upload").fetchall()
        return [Upload(*row) for row in rows]

    def strike_off(self, recording: str) -> None:
        """It is done, or never will be. Raises sqlite3.Error."""
        self._store.execute("DELETE FROM upload WHERE recording = ?", (recording,))

    def close(self) -> None:
        """Close the store."""
        self._store.close()


class Uploader:
    """Sends one recording at a time, so that sound never crowds out calls."""

    def __init__(
        self, uploads: UploadList, folder: Path, link: Link, on_trouble: Callable[[str, str | None], None]
    ) -> None:
        self._uploads = uploads
        self._folder = folder
        self._link = link
        self._on_trouble = on_trouble

    async def run(self) -> None:
        """Upload for ever; cancel to end."""
        while True:
            for upload in self._uploads.waiting() if self._link.up else []:
                if not await self._attempt(upload):
                    await asyncio.sleep(RETRY_S)
            await asyncio.sleep(POLL_S)

    async def _attempt(self, upload: Upload) -> bool:
        try:
            await self._send(upload)
        except (LinkDownError, LinkSilentError) as error:
            log.info("upload.recording.delayed", recording=upload.recording, why=str(error))
            return False
        except (UploadRefusedError, OSError) as error:
            log.error("upload.recording.failed", recording=upload.recording, error=str(error))
            self._on_trouble(
                upload.recording, f"recording {upload.recording} cannot be brought to headquarters: {error}"
            )
            return False
        self._uploads.strike_off(upload.recording)
        self._on_trouble(upload.recording, None)
        log.info("upload.recording.acknowledged", recording=upload.recording, octets=upload.octets)
        return True

    async def _send(self, upload: Upload) -> None:
        """Raises LinkDownError, LinkSilentError, UploadRefusedError, OSError."""
        if not _NAME.fullmatch(upload.recording):
            raise UploadRefusedError("its name is not one of ours")
        path = self._folder / f"{upload.recording}.wav"
        have = await self._chunk(upload, 0, b"")
        while have < upload.octets:
            chunk = await asyncio.to_thread(_read, path, have)
            if not chunk:
                raise UploadRefusedError(f"the file is shorter than its record, {have} of {upload.octets} octets")
            now = await self._chunk(upload, have, chunk)
            if now <= have:
                raise UploadRefusedError(f"headquarters holds {now} octets after a chunk at {have}")
            have = now
        path.with_name(path.name + ".sent").touch()

    async def _chunk(self, upload: Upload, offset: int, sound: bytes) -> int:
        header = {"offset": offset, **msgspec.structs.asdict(upload)}
        payload = msgspec.json.encode(header) + b"\n" + sound
        answer = await self._link.ask(f"recording.{self._link.identity.box}.chunk", payload, ANSWER_S)
        try:
            told = msgspec.json.decode(answer, type=_Have)
        except msgspec.DecodeError as error:
            raise LinkSilentError(f"headquarters' answer was not understood: {error}") from error
        if told.error is not None:
            raise UploadRefusedError(told.error)
        return told.have


def _read(path: Path, offset: int) -> bytes:
    with path.open("rb") as sound:
        sound.seek(offset)
        return sound.read(CHUNK_OCTETS)

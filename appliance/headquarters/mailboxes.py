# SPDX-License-Identifier: GPL-2.0-only
"""Messages of callers, as they are marked from headquarters' own box: heard, new, or deleted with their sound."""

import functools
import time

from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.moves import Recorder
from appliance.headquarters.recordings.vault import Vault
from appliance.headquarters.reports.writer import Keeper
from appliance.wire.envelope import Envelope, UnknownMessageError, decode
from appliance.wire.service_messages import Refused
from appliance.wire.voicemail import Mark, MarkVoicemail, VoicemailMarked


class Mailboxes:
    """`recorder` has the record's thread, `box` is headquarters'."""

    def __init__(self, recorder: Recorder, writer: Keeper, vault: Vault, box: str) -> None:
        self._recorder = recorder
        self._writer = writer
        self._vault = vault
        self._box = box

    async def command(self, payload: bytes) -> tuple[VoicemailMarked | Refused, str | None]:
        """What the sender of a mark is told, and its id."""
        try:
            envelope = decode(payload)
        except UnknownMessageError as error:
            return Refused(code="message.unknown", sentence=f"no command: {error}"), None
        return await self._commanded(envelope), envelope.id

    async def _commanded(self, envelope: Envelope) -> VoicemailMarked | Refused:
        asked = envelope.body
        if not isinstance(asked, MarkVoicemail):
            sentence = f"{type(asked).__name__} marks no message; MarkVoicemail does"
            return Refused(code="message.unknown", sentence=sentence)
        if envelope.box != self._box:
            sentence = f"box {envelope.box} may not mark messages; headquarters {self._box} may"
            return Refused(code="voicemail.box", sentence=sentence)
        try:
            return await self._mark(asked)
        except (SQLAlchemyError, OSError) as error:
            return Refused(code="voicemail.record", sentence=f"the record does not take it: {error}")

    async def _mark(self, asked: MarkVoicemail) -> VoicemailMarked | Refused:
        """Deleted in the record first: sound without a message is found by nobody, a message without sound is."""
        work = functools.partial(self._writer.mark, asked.recording, asked.mark, time.time_ns())
        if not await self._recorder.write(work):
            return Refused(code="voicemail.unknown", sentence=f"no message {asked.recording!r} is here")
        if asked.mark is Mark.DELETED:
            self._vault.remove(asked.recording)
        return VoicemailMarked(recording=asked.recording, mark=asked.mark)

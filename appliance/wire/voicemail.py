# SPDX-License-Identifier: GPL-2.0-only
"""Commands for messages of callers, from headquarters' box."""

import enum

from appliance.wire.message import Message


class Mark(enum.StrEnum):
    """What is to be so of a message."""

    HEARD = "heard"
    NEW = "new"
    DELETED = "deleted"


class MarkVoicemail(Message, frozen=True):
    """Mark the message with that recording's name; deleted, its sound goes too."""

    recording: str
    mark: Mark
    by: str = ""


class VoicemailMarked(Message, frozen=True):
    """It is so."""

    recording: str
    mark: Mark

# SPDX-License-Identifier: GPL-2.0-only
"""The few messages that every in-box socket speaks, whatever its service."""

from appliance.wire.message import Message


class Attach(Message, frozen=True):
    """First line of a client: `controller` (commands; the newest one wins) or `observer` (only listens)."""

    role: str = "observer"


class Accepted(Message, frozen=True):
    """The command whose id is the envelope's `cause` is taken; its outcome comes as events."""


class Refused(Message, frozen=True):
    """The command whose id is the envelope's `cause` changed nothing; `code` is stable, `sentence` for people."""

    code: str
    sentence: str

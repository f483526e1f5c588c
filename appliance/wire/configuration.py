# SPDX-License-Identifier: GPL-2.0-only
"""How far a box has come with its configuration; told by the supervisor."""

import enum

from appliance.wire.message import Message


class Progress(enum.StrEnum):
    """Of the file as it is now."""

    APPLIED = "applied"
    TESTING = "testing"
    """What is good before a version on trial is looked at, by test calls too."""
    DRAINING = "draining"
    """Processes take no new calls; they are started again when the present ones are over, or their time is."""
    REFUSED = "refused"
    """It has mistakes: what was good last goes on."""


class Configured(Message, frozen=True):
    """`version`: of the file's history, None: it was written by hand. `waiting`: calls by process that is drained.

    `restarted`: processes that were started again for it, or reread it; `until_s`: when a version on trial goes back,
    by the system clock; at the latest, while it waits for calls. `amiss`: what of the telephone service is not good
    now, by names for people.
    """

    progress: Progress
    version: int | None = None
    waiting: tuple[tuple[str, int], ...] = ()
    restarted: tuple[str, ...] = ()
    sentence: str = ""
    until_s: float | None = None
    amiss: tuple[str, ...] = ()

# SPDX-License-Identifier: GPL-2.0-only
"""The box's own update, on `update.sock`: what may be asked of it, and how far it has come.

Whoever attaches hears UpdateTold, and each change of it. A command that may not be given now is Refused with the
sentence; one that fails later says so in `why`.
"""

from appliance.wire.message import Message


class CheckBundle(Message, frozen=True):
    """Would the box take it? `source`: a file of the box, or an address. Answered by BundleChecked."""

    source: str
    allow_older: bool = False


class BundleChecked(Message, frozen=True):
    """`sentence` says why not, where it is not `good`."""

    good: bool
    version: str = ""
    sentence: str = ""


class InstallBundle(Message, frozen=True):
    """Into the slot that does not run; then calls end, the box starts with it, and it is confirmed or given up."""

    source: str
    allow_older: bool = False


class ConfirmUpdate(Message, frozen=True):
    """What is on trial stays, whatever the service is like."""


class FallBack(Message, frozen=True):
    """What waits for the switch is forgotten; what is on trial, or was confirmed, gives way to the version before."""


class UpdateTold(Message, frozen=True):
    """`state`: of appliance.update.states; `running` is the version in `slot`, `version` the update's.

    `before`: the confirmed version that the other slot has, if any. `until_s`: when a trial ends, or calls do, by the
    system clock. `doing` and `percent`: of a check, a download or an installation. `why`: how the last one ended.
    """

    state: str
    slot: str
    running: str
    version: str = ""
    before: str = ""
    percent: int | None = None
    doing: str = ""
    waiting: int = 0
    until_s: float | None = None
    why: str = ""

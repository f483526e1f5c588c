# SPDX-License-Identifier: GPL-2.0-only
"""Alarms: one code, one address, one sentence that tells a technician what is wrong and what to do."""

from appliance.wire.message import Message


class AlarmRaised(Message, frozen=True):
    """`code` is stable (`span.red`, `recorder.disk-full`, `process.restarted`), `address` says where."""

    code: str
    address: str
    sentence: str


class AlarmCleared(Message, frozen=True):
    """The condition is gone."""

    code: str
    address: str


class ClearAlarms(Message, frozen=True):
    """To the supervisor: what its alarms tell that is over needs no look any more. `by` is who says so, for the log."""

    by: str

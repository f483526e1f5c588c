# SPDX-License-Identifier: GPL-2.0-only
"""How a branch stands to its headquarters; told by the uplink, at attachment and every few seconds."""

from appliance.wire.message import Message


class LinkNow(Message, frozen=True):
    """`round_trip_ms`: of the last heartbeat that was answered. `decides`: headquarters, branch, or nobody."""

    up: bool
    decides: str
    round_trip_ms: float | None = None

# SPDX-License-Identifier: GPL-2.0-only
"""What a channel tells its user, and what it orders of the line. Causes are Q.850."""

import enum
from dataclasses import dataclass

from appliance.signalling.events import (
    CallAnswered,
    CallCleared,
    CallDisconnected,
    CallSeized,
    ChannelBlocked,
    ChannelIdle,
    SetBits,
)

__all__ = [
    "CallAccepted",
    "CallAnswered",
    "CallCleared",
    "CallDisconnected",
    "CallOffered",
    "CallSeized",
    "ChannelBlocked",
    "ChannelIdle",
    "Direction",
    "Event",
    "Listen",
    "Order",
    "PulseReceived",
    "Send",
    "SetBits",
]


class Direction(enum.StrEnum):
    """Of a register signal: from the caller's exchange or towards it (Q.440)."""

    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class CallOffered:
    """All is told: answer with accept, answer or release within 9 s; after that the line counts as free.

    `clid` None: not asked or not known; `restricted`: refused. `category` None: not asked, or a signal that has no name
    in the variant; `service` likewise, where the variant tells it apart.
    """

    dnis: str
    clid: str | None
    restricted: bool
    category: str | None
    service: str | None


@dataclass(frozen=True, slots=True)
class CallAccepted:
    """The called line is free and rung; the ringing tone comes as sound. `charge`: by the far end's signal."""

    charge: bool


@dataclass(frozen=True, slots=True)
class PulseReceived:
    """A metering pulse (or the gap of a double answer)."""


Event = (
    CallSeized
    | CallOffered
    | CallAccepted
    | CallAnswered
    | PulseReceived
    | CallDisconnected
    | CallCleared
    | ChannelBlocked
    | ChannelIdle
)


@dataclass(frozen=True, slots=True)
class Send:
    """Hold this register signal, 1 to 15, or silence: 0."""

    direction: Direction
    signal: int


@dataclass(frozen=True, slots=True)
class Listen:
    """Tell register signals of this direction as they begin and end; None: no more."""

    direction: Direction | None


Order = SetBits | Send | Listen

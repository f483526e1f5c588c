# SPDX-License-Identifier: GPL-2.0-only
"""What a line tells its user, what it orders, and what it is shown."""

import enum
from dataclasses import dataclass

from appliance.signalling.events import (
    CallAccepted,
    CallAnswered,
    CallCleared,
    CallDisconnected,
    CallSeized,
    ChannelBlocked,
    ChannelIdle,
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
    "Dial",
    "Ear",
    "Event",
    "Feed",
    "Hook",
    "Listen",
    "Order",
    "Pulse",
    "SetHook",
    "SetMode",
]


class Feed(enum.StrEnum):
    """What the exchange, or another phone, makes of the pair."""

    NORMAL = "normal"
    REVERSED = "reversed"
    OPEN = "open"  # no battery; with ground start no ground on tip
    SHARED = "shared"  # on-hook, but little voltage: a parallel phone is off-hook


class Hook(enum.StrEnum):
    """What we make of it."""

    ON = "on"
    OFF = "off"
    BREAK = "break"  # open for a moment while the call goes on: a pulse, a flash
    GROUND = "ground"  # ground on ring: a ground start line is asked for


class Ear(enum.StrEnum):
    """What is to be listened for."""

    CALLER_ID = "caller ID"  # of the kind that is set; receivers begin anew
    PROGRESS = "call progress"  # of the zone that is set
    VOICE = "voice"
    SOUND = "sound"  # both ways, for who learns
    STIR = "stir"  # the same, where there is any, for who learns on-hook
    ECHO = "echo"  # beside it, what returns of what we send


@dataclass(frozen=True, slots=True)
class CallOffered:
    """It rings, and as much is known as will be: answer or release. Fields as in dsp/include/caller_id_message.h."""

    clid: str | None
    restricted: bool
    name: str | None


Event = (
    CallSeized
    | CallOffered
    | CallAccepted
    | CallAnswered
    | CallDisconnected
    | CallCleared
    | ChannelBlocked
    | ChannelIdle
)


@dataclass(frozen=True, slots=True)
class SetHook:
    """Until another is ordered."""

    hook: Hook


@dataclass(frozen=True, slots=True)
class SetMode:
    """Set the port to this line mode and impedance, and what hears to these tones; first, and when settings change."""

    mode: str
    acim: int
    zone: str
    busy_ms: tuple[int, int] | None = None  # besides the zone's, for cadence.BusyEar


@dataclass(frozen=True, slots=True)
class Dial:
    """Send these digits by DTMF, then call `dialled`."""

    digits: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """Open (Hook.BREAK) and close the loop for so many milliseconds each, then call `dialled`."""

    steps: tuple[tuple[Hook, int], ...]


@dataclass(frozen=True, slots=True)
class Listen:
    """Tell what these hear; nothing else any more."""

    ears: frozenset[Ear]


Order = SetHook | SetMode | Dial | Pulse | Listen

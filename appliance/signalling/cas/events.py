# SPDX-License-Identifier: GPL-2.0-only
"""What a channel tells its user, and what it orders of the line."""

import enum
from dataclasses import dataclass

from appliance.signalling.events import (
    CallAccepted,
    CallAnswered,
    CallCleared,
    CallSeized,
    ChannelBlocked,
    ChannelIdle,
    HookFlashed,
    SetBits,
)

__all__ = [
    "CallAccepted",
    "CallAnswered",
    "CallCleared",
    "CallOffered",
    "CallSeized",
    "ChannelBlocked",
    "ChannelIdle",
    "Dial",
    "DialTone",
    "Digits",
    "Event",
    "HookFlashed",
    "Listen",
    "Order",
    "SetBits",
]


class Digits(enum.StrEnum):
    """How a number is sent: dsp/dtmf.py, or dsp/mf.py with KP and ST about it."""

    DTMF = "dtmf"
    MF = "mf"


@dataclass(frozen=True, slots=True)
class CallOffered:
    """The number is there: answer or release. `ani` None: not told."""

    dnis: str
    ani: str | None


Event = (
    CallSeized | CallOffered | CallAccepted | CallAnswered | HookFlashed | CallCleared | ChannelBlocked | ChannelIdle
)


@dataclass(frozen=True, slots=True)
class Dial:
    """Send these signals, then call `dialled`. Of MF, * is KP and # is ST."""

    signals: str
    by: Digits


@dataclass(frozen=True, slots=True)
class Listen:
    """Tell signals of this kind by `hear`; None: no more."""

    by: Digits | None


@dataclass(frozen=True, slots=True)
class DialTone:
    """Play it, or stop."""

    on: bool


Order = SetBits | Dial | Listen | DialTone

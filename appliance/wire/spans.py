# SPDX-License-Identifier: GPL-2.0-only
"""What a line worker tells of its spans: to call control (which channels are usable) and to headquarters (the map)."""

import enum

import msgspec

from appliance.wire.message import Message


class Alarm(enum.StrEnum):
    """Line alarms by their trade names; RED is a loss of signal or frame that has persisted, FAULT the card's own."""

    LOS = "LOS"
    LFA = "LFA"
    AIS = "AIS"
    RAI = "RAI"
    RED = "RED"
    FAULT = "FAULT"


class ChannelState(enum.StrEnum):
    """A bearer's service state."""

    IDLE = "idle"
    BUSY = "busy"
    BLOCKED = "blocked"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One E1 or T1 as it stands. `span` counts from 1. `channels` maps each B-channel's timeslot to its state."""

    span: int
    name: str
    alarms: tuple[Alarm, ...]
    d_channel_up: bool
    channels: dict[int, ChannelState]
    counters: dict[str, int]


class SpanChanged(Message, frozen=True):
    """The span's state, on every change of an alarm or a channel, and at least once a second."""

    span: Span

# SPDX-License-Identifier: GPL-2.0-only
"""What the router is told and what it wants done. `at_ns` is stamped once, by whoever hands the event in."""

import msgspec

from appliance.wire.calls import CallEvent
from appliance.wire.routes import RouteAnswer, RouteRequest


class RouteAsked(msgspec.Struct, frozen=True):
    """A branch asks what to do with a contact."""

    at_ns: int
    box: str
    request: RouteRequest


class CallTold(msgspec.Struct, frozen=True):
    """A call event that the store has committed for the first time."""

    at_ns: int
    box: str
    event: CallEvent


class BranchHeard(msgspec.Struct, frozen=True):
    """A heartbeat."""

    at_ns: int
    box: str


class TimePassed(msgspec.Struct, frozen=True):
    """It is now `at_ns`."""

    at_ns: int


Event = RouteAsked | CallTold | BranchHeard | TimePassed


class Answer(msgspec.Struct, frozen=True):
    """Tell the branch."""

    box: str
    answer: RouteAnswer


class ReservationEnded(msgspec.Struct, frozen=True):
    """`why`: arrived, lapsed, overtaken (another leg began), asked-again, contact-ended."""

    token: str
    agent: str
    contact: str
    why: str


Effect = Answer | ReservationEnded

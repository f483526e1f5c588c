# SPDX-License-Identifier: GPL-2.0-only
"""Callbacks: who waits without a line, the order to ring an agent for one, commands for them from headquarters' box.

A callback is the router's. Each try to reach its customer is a contact of its own at a branch, named by the router.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.wire.message import Message
from appliance.wire.routes import RingAgent


class PlaceContact(Message, frozen=True):
    """The router to a branch: begin `contact`, ring this agent for a callback's `number`, and ask before it is dialled.

    `ring.token` lapses unless the agent's leg begins. `origin`: the contact that asked to be called back, if one did.
    `epoch` as of a RouteAnswer.
    """

    contact: str
    callback: str
    number: str
    ring: RingAgent
    reason: str
    origin: str = ""
    epoch: int = 0


class AddCallback(Message, frozen=True):
    """Somebody (`by`) wants a number to be called, as if it waited in that queue from now on."""

    number: str
    queue: str
    tries: Annotated[int, Meta(ge=1, le=10)] = 3
    pause_s: Annotated[int, Meta(ge=1, le=86_400)] = 300
    window_s: Annotated[int, Meta(ge=1, le=604_800)] = 7200
    by: str = ""


class CancelCallback(Message, frozen=True):
    """Somebody (`by`) wants a callback not to be made."""

    callback: str
    by: str = ""


class CallbackNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A callback. `state`: waiting, reserved, ringing (the agent), dialling (the customer), talking, paused or over.

    `queued_ns` is the age of its place, `due_ns` when its pause, else its window, ends, `tries` are made of `most`;
    `outcome` tells how it ended, or what came of the last try.
    """

    callback: str
    number: str
    queues: tuple[str, ...]
    state: str
    priority: int
    queued_ns: int
    due_ns: int
    tries: int
    most: int
    origin: str = ""
    contact: str = ""
    outcome: str = ""


class CallbackTold(Message, frozen=True):
    """The answer to both commands: what it is now."""

    now: CallbackNow

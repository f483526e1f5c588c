# SPDX-License-Identifier: GPL-2.0-only
"""Agents and queues: what an agent's state shall be, and what is so now, for pages, the CLI and statistics.

Times are UTC nanoseconds by the router's clock, which is set at its start and steady from then on.
"""

import enum

import msgspec

from appliance.wire.message import Message


class AgentWish(enum.StrEnum):
    """What an agent, or somebody for them, can ask for; during a call it is kept until the call is over."""

    LOG_IN = "log-in"
    LOG_OUT = "log-out"
    READY = "ready"
    NOT_READY = "not-ready"


class AgentAsked(Message, frozen=True):
    """Somebody (`by`) wants an agent's state changed; `reason` goes with not-ready."""

    agent: str
    to: AgentWish
    reason: str = ""
    by: str = ""


class AgentNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent. `state`: logged-out, not-ready, available, reserved, busy or wrap-up, with its `reason`, since when.

    `then`: what they will be after the call, where that was asked for; `queues`: whose contacts they may be given now.
    """

    agent: str
    name: str
    box: str
    extension: str
    state: str
    since_ns: int
    reason: str = ""
    then: str = ""
    queues: tuple[str, ...] = ()


class AgentTold(Message, frozen=True):
    """The answer to AgentAsked: what the agent is now."""

    now: AgentNow


class QueueNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A queue. `oldest_ns`: the first wait of whoever is next; `expected_s`: how long a new caller would wait.

    `callbacks` of those that wait have no line. Of its agents `staffed` are logged in, `free` could be rung, `busy` are
    reserved, talk or wrap up.
    """

    name: str
    waiting: int = 0
    oldest_ns: int | None = None
    staffed: int = 0
    free: int = 0
    busy: int = 0
    expected_s: int | None = None
    callbacks: int = 0

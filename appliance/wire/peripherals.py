# SPDX-License-Identifier: GPL-2.0-only
"""What a peripheral says of its agents: it alone knows them, and is believed (docs/peripheral.md)."""

import enum

import msgspec

from appliance.wire.message import Message


class Truth(enum.StrEnum):
    """What a foreign agent is. Busy: with work that no call event tells of, such as a call of their own."""

    LOGGED_OUT = "logged-out"
    NOT_READY = "not-ready"
    AVAILABLE = "available"
    BUSY = "busy"
    WRAP_UP = "wrap-up"


class AgentIs(msgspec.Struct, frozen=True, omit_defaults=True):
    """One agent from now on, or one of their channels (`1001/chat`); `reason` goes with not-ready."""

    agent: str
    state: Truth
    reason: str = ""


class AgentLeg(msgspec.Struct, frozen=True, omit_defaults=True):
    """A leg that an agent has, of a contact of that `kind` that call events tell of."""

    agent: str
    leg: str
    contact: str
    kind: str = "voice"


class AgentsChanged(Message, frozen=True):
    """These agents are something else; of the others nothing is said."""

    agents: tuple[AgentIs, ...]


class PeripheralSnapshot(Message, frozen=True):
    """All agents and all their legs; whose telephone is not named is logged out, a leg that is not named is over.

    A channel that is not named stays as it was.
    """

    agents: tuple[AgentIs, ...] = ()
    legs: tuple[AgentLeg, ...] = ()

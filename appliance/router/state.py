# SPDX-License-Identifier: GPL-2.0-only
"""All that the router remembers. Frozen; mappings are replaced, never changed.

A reservation is a token on one agent for one contact. An agent has a token exactly while RESERVED and legs exactly
while BUSY, and each token stands in `reservations` once.
"""

from collections.abc import Mapping

import msgspec

from appliance.router.rules import Rules
from appliance.router.states import AgentState


class Agent(msgspec.Struct, frozen=True):
    """`since_ns`: when the agent's work last began or ended, by the writer's clock; 0 before the first."""

    state: AgentState = AgentState.AVAILABLE
    since_ns: int = 0
    token: str | None = None
    legs: frozenset[str] = frozenset()


class Reservation(msgspec.Struct, frozen=True):
    """It lapses by itself at `expires_ns`."""

    token: str
    agent: str
    contact: str
    expires_ns: int


class State(msgspec.Struct, frozen=True):
    """`epoch` names one life of the router, in the tokens it gives; `present`: branches that are heard."""

    rules: Rules
    epoch: str
    agents: Mapping[str, Agent]
    reservations: Mapping[str, Reservation]
    present: frozenset[str]
    serial: int = 0
    shared: Mapping[str, Mapping[str, int]] = {}
    """Of this hundred, by script and node: how many contacts each target has had."""

    def next_expiry_ns(self) -> int | None:
        """When the first reservation lapses."""
        return min((one.expires_ns for one in self.reservations.values()), default=None)


EMPTY = State(Rules({}, {}, {}, {}), "", {}, {}, frozenset())
"""Before the first life."""

# SPDX-License-Identifier: GPL-2.0-only
"""All that the router remembers. Frozen; mappings are replaced, never changed.

A reservation is a token on one agent for one contact. An agent has a token exactly while RESERVED and legs exactly
while BUSY, and each token stands in `reservations` once.
"""

from collections.abc import Mapping

import msgspec

from appliance.router.rules import Rules
from appliance.router.states import AgentState
from appliance.script.nodes import Queue
from appliance.wire.routes import RouteAnswer


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


class Place(msgspec.Struct, frozen=True):
    """A contact's, from its first wait to its end. `here_ns`: since when it is at this `node` of its script."""

    priority: int
    queued_ns: int
    tie: int
    node: str
    here_ns: int


class Waiting(msgspec.Struct, frozen=True):
    """A contact that waits for an agent; its branch asks again before `until_ns`, or it is lost.

    `answer` was given to it last; with `token` an agent is reserved, and the branch told so.
    """

    contact: str
    box: str
    place: Place
    queue: Queue
    refused: tuple[str, ...]
    answer: RouteAnswer
    until_ns: int
    token: str | None = None


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
    places: Mapping[str, Place] = {}
    waiting: Mapping[str, Waiting] = {}

    def next_expiry_ns(self) -> int | None:
        """When the first reservation lapses, or somebody who waits should have asked again."""
        lapses = [one.expires_ns for one in self.reservations.values()]
        return min([*lapses, *(one.until_ns for one in self.waiting.values())], default=None)


EMPTY = State(Rules({}, {}, {}, {}), "", {}, {}, frozenset())
"""Before the first life."""

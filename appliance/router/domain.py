# SPDX-License-Identifier: GPL-2.0-only
"""A branch as a router domain: what its own router needs to decide alone, and what heartbeats carry so that it has it.

A heartbeat has a Lease, its answer a Terms. Rules are fetched when their version has changed; agents' states come with
the answer while the branch has others.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from appliance.router.branch_now import BranchNow
from appliance.router.events import AgentMoved, Effect
from appliance.router.lease import Ask, Grant
from appliance.router.rules import QueueRule, Rules
from appliance.router.state import State
from appliance.wire.agents import AgentRest

VERSION_OCTETS = 8

_replace = msgspec.structs.replace


class Lease(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of a branch that is a domain: what it grants, of what it has the newest version, and what is so there.

    `snapshot`: while headquarters does not say that it has one of this epoch.
    """

    grant: Grant | None = None
    agents: str = ""
    snapshot: BranchNow | None = None


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """Headquarters' answer: its question, its router's time, and the versions that hold now."""

    ask: Ask
    now_ns: int
    rules: str
    agents: str
    states: Mapping[str, AgentRest] = {}
    """Of the branch's agents, where it has another version."""


class DomainRules(msgspec.Struct, frozen=True):
    """What a branch keeps of headquarters' rules."""

    version: str
    rules: Rules


def rules_of(rules: Rules, box: str, version: str) -> DomainRules:
    """A branch's, of that version: its own agents in every queue, all numbers, scripts, nothing to look up or dial."""
    seats = {name: seat for name, seat in rules.seats.items() if seat.box == box}
    queues = {name: _within(queue, seats) for name, queue in rules.queues.items()}
    outbound = _replace(rules.outbound, branches=())
    mine = _replace(rules, seats=seats, queues=queues, lookups={}, outbound=outbound, alone=True)
    return DomainRules(version, mine)


def version_of(told: object) -> str:
    """The same of the same."""
    encoded = msgspec.json.encode(told, order="deterministic")
    return hashlib.blake2b(encoded, digest_size=VERSION_OCTETS).hexdigest()


# What the branch's own router tells of its agents: all from when it begins to decide, nothing while headquarters does.


def begun(state: State, box: str, at_ns: int) -> tuple[Effect, ...]:
    """What each agent is."""
    if box in state.present:
        return ()
    agents = ((name, state.agents[name]) for name in state.index.seats.get(box, ()))
    return tuple(AgentMoved(name, now.state.value, now.reason, at_ns) for name, now in agents)


def seen(state: State, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """Those that are so."""
    return effects if state.present else tuple(one for one in effects if not isinstance(one, AgentMoved))


def _within(queue: QueueRule, seats: Mapping[str, object]) -> QueueRule:
    steps = tuple(_replace(step, agents=tuple(one for one in step.agents if one in seats)) for step in queue.steps)
    return _replace(queue, steps=steps)

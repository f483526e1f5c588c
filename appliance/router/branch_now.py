# SPDX-License-Identifier: GPL-2.0-only
"""What a branch's agents and contacts are at an instant, for whoever is to assign them from now on."""

from collections.abc import Mapping

import msgspec

from appliance.config.scalars import suggestion
from appliance.router.states import AgentState
from appliance.script.nodes import Queue
from appliance.wire.agents import AgentRest, ContactNow

_RESTS = (AgentState.LOGGED_OUT.value, AgentState.NOT_READY.value, AgentState.AVAILABLE.value)
_WRAP_UP = AgentState.WRAP_UP.value


class Leg(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent's leg of a contact of the branch, wherever the agent is."""

    agent: str
    leg: str
    contact: str
    talks: bool = False


class Reserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """A label that is on its way: the agent's phone is to ring for that contact."""

    agent: str
    contact: str
    queue: str = ""


class Promise(msgspec.Struct, frozen=True, omit_defaults=True):
    """A callback that the branch has promised while it was alone: as `state.Callback`, with its place in the queues."""

    callback: str
    number: str
    reaches: tuple[str, ...]
    node: Queue
    dial_s: int
    most: int
    pause_ns: int
    until_ns: int
    due_ns: int
    origin: str
    queued_ns: int
    tie: int
    shown: ContactNow | None = None


class BranchNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one branch. What it has told until `told` (incarnation, seq), and what comes of that late, is history.

    `known`: what a router knows of contacts (`knowing.py`); `promises`: to customers, all that are kept there.
    """

    contacts: tuple[str, ...] = ()
    legs: tuple[Leg, ...] = ()
    reserved: tuple[Reserved, ...] = ()
    agents: Mapping[str, AgentRest] = {}
    told: tuple[str, int] = ("", 0)
    known: Mapping[str, str] = {}
    promises: tuple[Promise, ...] = ()


def mistake(now: BranchNow) -> str:
    """Why it cannot be so; empty where it can. Who is at work is told by legs, and nobody else waits for an end."""
    for name, rest in now.agents.items():
        if rest.state not in (*_RESTS, _WRAP_UP):
            return f"agent {name} cannot rest as {rest.state!r}; {suggestion(rest.state, (*_RESTS, _WRAP_UP))}"
        if rest.then not in ("", *_RESTS):
            return f"agent {name} cannot be {rest.then!r} after work; {suggestion(rest.then, _RESTS)}"
        if rest.until_ns is not None and rest.state != _WRAP_UP:
            return f"agent {name} is {rest.state}, which has no end; wrap-up has"
    return ""

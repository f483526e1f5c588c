# SPDX-License-Identifier: GPL-2.0-only
"""What a branch's agents and contacts are at an instant, for whoever is to assign them from now on."""

from collections.abc import Mapping

import msgspec

from appliance.config.scalars import suggestion
from appliance.router.states import AgentState
from appliance.wire.agents import AgentRest

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


class BranchNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one branch. What it has told until `told` (incarnation, seq), and what comes of that late, is history."""

    contacts: tuple[str, ...] = ()
    legs: tuple[Leg, ...] = ()
    reserved: tuple[Reserved, ...] = ()
    agents: Mapping[str, AgentRest] = {}
    told: tuple[str, int] = ("", 0)


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

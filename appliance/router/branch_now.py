# SPDX-License-Identifier: GPL-2.0-only
"""What a branch's agents and contacts are at an instant, for whoever is to assign them from now on."""

from collections.abc import Mapping

import msgspec

from appliance.wire.agents import AgentRest


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

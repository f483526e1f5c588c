# SPDX-License-Identifier: GPL-2.0-only
"""What an administrator has decided: call types, skill groups, agents, scripts."""

from collections.abc import Mapping

import msgspec

from appliance.script import switch
from appliance.script.nodes import Script


class Seat(msgspec.Struct, frozen=True):
    """An agent and the telephone that rings for them."""

    agent: str
    name: str
    box: str
    extension: str


class CallType(msgspec.Struct, frozen=True):
    """`dnis` is a number, a prefix ending in `*`, or `*` alone."""

    name: str
    dnis: str
    script: str


class Rules(msgspec.Struct, frozen=True):
    """All of it; names have been checked against one another when the configuration was loaded."""

    call_types: Mapping[str, CallType]
    skill_groups: Mapping[str, tuple[str, ...]]
    seats: Mapping[str, Seat]
    scripts: Mapping[str, Script]

    def call_type_of(self, dnis: str) -> CallType | None:
        """By the called number: exactly, else by the longest prefix, else the default `*`."""
        key = switch.chosen({one: one for one in self.call_types}, dnis)
        return self.call_types[key] if key is not None else None

    def agent_at(self, box: str, extension: str) -> str | None:
        """Whose telephone it is."""
        for seat in self.seats.values():
            if (seat.box, seat.extension) == (box, extension):
                return seat.agent
        return None

# SPDX-License-Identifier: GPL-2.0-only
"""What an administrator has decided: call types, queues, agents, scripts."""

from collections.abc import Mapping

import msgspec

from appliance.config.outbound import Policy
from appliance.config.peripherals import TranslationRoute
from appliance.config.schedule import Period
from appliance.router import schedule
from appliance.script import switch
from appliance.script.nodes import Script


class Seat(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent and the telephone that rings for them. `automatic`: ready from the first, without logging in."""

    agent: str
    name: str
    box: str
    extension: str
    automatic: bool = True


class CallType(msgspec.Struct, frozen=True, omit_defaults=True):
    """`dnis` is a number, a prefix ending in `*`, or `*` alone."""

    name: str
    dnis: str
    script: str
    schedule: tuple[Period, ...] = ()
    zone: str = "UTC"

    def script_at(self, day_ns: int) -> str:
        """For who calls at that time, UTC."""
        return schedule.script_at(self.script, self.schedule, day_ns, self.zone)


class QueueStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """These agents, for `wait_s` seconds; the last step has no end. `consider_if` that is no passes the step over."""

    agents: tuple[str, ...]
    wait_s: int = 0
    consider_if: str = ""


class QueueRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A skill group, which is one step, or a precision queue, which is up to ten that widen the choice."""

    steps: tuple[QueueStep, ...]
    wrap_up_s: int = 0


class Peripheral(msgspec.Struct, frozen=True):
    """What is no branch of ours, what it may do, and how many messages a second are read of it."""

    box: str
    name: str
    may: tuple[str, ...]
    messages_s: int


class Rules(msgspec.Struct, frozen=True, omit_defaults=True):
    """All of it; names have been checked against one another when the configuration was loaded.

    `call_types` by number; to those that are `unnumbered` only a script leads. `lookups`: the time limit of each in ms.
    `no_answer_not_ready`: an agent who does not answer is not rung again until they say that they are ready.
    `outbound`: what callbacks may dial.
    """

    call_types: Mapping[str, CallType]
    queues: Mapping[str, QueueRule]
    seats: Mapping[str, Seat]
    scripts: Mapping[str, Script]
    unnumbered: tuple[CallType, ...] = ()
    lookups: Mapping[str, int] = {}
    no_answer_not_ready: bool = False
    outbound: Policy = Policy()
    peripherals: Mapping[str, Peripheral] = {}
    translation_routes: tuple[TranslationRoute, ...] = ()

    def is_foreign(self, agent: str) -> bool:
        """Whether a peripheral says what this agent is."""
        seat = self.seats.get(agent)
        return seat is not None and seat.box in self.peripherals

    def call_type_of(self, dnis: str) -> CallType | None:
        """By the called number: exactly, else by the longest prefix, else the default `*`."""
        exact = self.call_types.get(dnis)
        if exact is not None:
            return exact
        key = switch.chosen({one: one for one in self.call_types}, dnis)
        return self.call_types[key] if key is not None else None

    def call_types_named(self) -> dict[str, CallType]:
        """By their names, whatever the number."""
        return {one.name: one for one in (*self.call_types.values(), *self.unnumbered)}


def skill_group(*agents: str, wrap_up_s: int = 0) -> QueueRule:
    """A queue of one step."""
    return QueueRule((QueueStep(agents),), wrap_up_s)

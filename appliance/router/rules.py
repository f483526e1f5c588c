# SPDX-License-Identifier: GPL-2.0-only
"""What an administrator has decided: call types, queues, agents, scripts."""

from collections.abc import Mapping

import msgspec

from appliance.config.calendars import Calendar
from appliance.config.outbound import Policy
from appliance.config.peripherals import TranslationRoute
from appliance.config.schedule import Period
from appliance.router import schedule
from appliance.script import switch
from appliance.script.nodes import Script

VOICE = "voice"
"""The channel of calls: one slot an agent, which is their telephone."""
DAY_S = 86_400


class Seat(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent and the telephone that rings for them. `automatic`: ready from the first, without logging in.

    Of another channel each slot is a seat (`slots.py`), which has no telephone. `total`: of its person's weights.
    """

    agent: str
    name: str
    box: str
    extension: str
    automatic: bool = True
    total: int = 0


class Channel(msgspec.Struct, frozen=True, omit_defaults=True):
    """How contacts of one kind go beside others: what each weighs, and beside which no new one is given.

    Work of the channels `interrupted_by` comes first: until it is over this one's is interrupted. What is known of a
    contact that waits is kept for `kept_s`.
    """

    weight: int = 1
    not_beside: tuple[str, ...] = ()
    interrupted_by: tuple[str, ...] = ()
    kept_s: int = DAY_S


ALONE = Channel()


class CallType(msgspec.Struct, frozen=True, omit_defaults=True):
    """`dnis` is a number, a prefix ending in `*`, or `*` alone; `calendars`: those of its schedule."""

    name: str
    dnis: str
    script: str
    schedule: tuple[Period, ...] = ()
    zone: str = "UTC"
    channel: str = VOICE
    calendars: Mapping[str, Calendar] = {}

    def script_at(self, day_ns: int) -> str:
        """For who calls at that time, UTC."""
        return schedule.script_at(self.script, self.schedule, day_ns, self.zone, self.calendars)

    @property
    def key(self) -> str:
        """The number, for calls as it is."""
        return _key(self.dnis, self.channel)


class QueueStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """These agents, for `wait_s` seconds; the last step has no end. `consider_if` that is no passes the step over."""

    agents: tuple[str, ...]
    wait_s: int = 0
    consider_if: str = ""


class QueueRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A skill group, which is one step, or a precision queue, which is up to ten that widen the choice."""

    steps: tuple[QueueStep, ...]
    wrap_up_s: int = 0
    channel: str = VOICE


class Peripheral(msgspec.Struct, frozen=True):
    """What is no branch of ours, what it may do, and how many messages a second are read of it."""

    box: str
    name: str
    may: tuple[str, ...]
    messages_s: int


class Rules(msgspec.Struct, frozen=True, omit_defaults=True):
    """All of it; names have been checked against one another when the configuration was loaded.

    `call_types` by key; to those that are `unnumbered` only a script leads. `lookups`: the time limit of each in ms.
    `no_answer_not_ready`: an agent who does not answer is not rung again until they say that they are ready.
    `outbound`: what callbacks and labels may dial. `alone`: of a branch's own router, which keeps callbacks for
    headquarters.
    """

    call_types: Mapping[str, CallType]
    queues: Mapping[str, QueueRule]
    seats: Mapping[str, Seat]
    scripts: Mapping[str, Script]
    unnumbered: tuple[CallType, ...] = ()
    lookups: Mapping[str, int] = {}
    no_answer_not_ready: bool = False
    outbound: Policy = Policy()
    channels: Mapping[str, Channel] = {}
    peripherals: Mapping[str, Peripheral] = {}
    translation_routes: tuple[TranslationRoute, ...] = ()
    alone: bool = False

    def is_foreign(self, agent: str) -> bool:
        """Whether a peripheral says what this agent is; of other channels than voice it is the router."""
        seat = self.seats.get(agent)
        return seat is not None and "/" not in agent and seat.box in self.peripherals

    def channel(self, name: str) -> Channel:
        """How its contacts go beside others."""
        return self.channels.get(name, ALONE)

    def call_type_of(self, dnis: str, channel: str = VOICE) -> CallType | None:
        """By the called number: exactly, else by the longest prefix, else the default `*`; of that channel alone."""
        number = _key(dnis, channel)
        exact = self.call_types.get(number)
        if exact is not None:
            return exact
        key = switch.chosen({one: one for one in self.call_types}, number)
        found = self.call_types[key] if key is not None else None
        return found if found is not None and found.channel == channel else None

    def call_types_named(self) -> dict[str, CallType]:
        """By their names, whatever the number."""
        return {one.name: one for one in (*self.call_types.values(), *self.unnumbered)}


def _key(dnis: str, channel: str) -> str:
    return dnis if channel == VOICE else f"{channel}/{dnis}"


def skill_group(*agents: str, wrap_up_s: int = 0, channel: str = VOICE) -> QueueRule:
    """A queue of one step."""
    return QueueRule((QueueStep(agents),), wrap_up_s, channel)

# SPDX-License-Identifier: GPL-2.0-only
"""What stands in the index for an agent, and for a contact that waits."""

import enum
from collections.abc import Iterable, Mapping

from appliance.router import slots
from appliance.router.mappings import QueuedRow
from appliance.router.state import Agent, Place, Pool, State, Waiting
from appliance.router.states import AVAILABLE, BUSY, AgentState

AgentRow = tuple[tuple[int, str] | None, AgentState | None]


class Due(enum.StrEnum):
    """What happens by itself; of one instant in this order."""

    LAPSE = "1 reservation lapses"
    WAITS = "2 contact has not asked again, or goes to the next step"
    WRAPPED = "3 wrap-up is over"
    UNANSWERED = "4 lookup has not been answered"
    SWEEP = "5 what is over is forgotten"
    CALLBACK = "6 callback goes on, or has had its time"
    RESTED = "7 number of a translation route can be given again"


LAPSE, WAITS, WRAPPED = Due.LAPSE, Due.WAITS, Due.WRAPPED


def agent_row(state: State, name: str, agent: Agent | None) -> AgentRow:
    """As it stands in the pools while it can be chosen, and as what it counts in the queues while it is there."""
    seat = state.rules.seats.get(name)
    if agent is None or seat is None or seat.box not in state.present:
        return None, None
    if agent.state is not AVAILABLE:
        return None, agent.state
    if name not in state.index.hands:
        return (agent.free_ns, name), agent.state
    if slots.hindrance(state, name):
        return None, BUSY
    return (slots.rank(state, name, agent), name), agent.state


def queues_of(pools: Mapping[str, tuple[Pool, ...]], agent: str) -> Iterable[str]:
    """Each once."""
    found = pools.get(agent, ())
    return (found[0][0],) if len(found) == 1 else dict.fromkeys([queue for queue, _ in found])


def hands_of(state: State) -> dict[str, tuple[str, ...]]:
    """Of everybody whom the rules name, or who still talks."""
    return slots.hands(dict.fromkeys((*state.rules.seats, *state.agents)))


def order(waits: Waiting) -> tuple[int, int, int, str]:
    """Who is first: the most urgent, then who waits longest, then who came first."""
    return order_of(waits.place, waits.contact)


def order_of(place: Place, contact: str) -> tuple[int, int, int, str]:
    """Of a contact with that place."""
    return place.priority, place.queued_ns, place.tie, contact


def queued_row(state: State, waits: Waiting | None) -> QueuedRow | None:
    """As it stands in its pools while it can be given an agent."""
    if waits is None or waits.token is not None or waits.box not in state.present:
        return None
    return order_of(waits.place, waits.contact)


def stood_in(waits: Waiting | None) -> tuple[Pool, ...]:
    """The pools that could serve it."""
    if waits is None:
        return ()
    return tuple([(stand.queue, stand.step) for stand in waits.place.stands])


def group(waits: Waiting) -> frozenset[str]:
    """Contacts of one group are as good as one to each agent; however many branches there are, groups are few."""
    return frozenset(waits.reach.boxes)


def lines_of(waits: Waiting | None) -> tuple[str, ...]:
    """The queues that it is in."""
    return () if waits is None else tuple([stand.queue for stand in waits.place.stands])


def next_ns(waits: Waiting | None) -> int | None:
    """When it is missed, or goes to the next step of a queue."""
    if waits is None:
        return None
    steps = [one.until_ns for one in waits.place.stands if one.until_ns is not None]
    return min(waits.until_ns, *steps) if steps else waits.until_ns

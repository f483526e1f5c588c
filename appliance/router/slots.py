# SPDX-License-Identifier: GPL-2.0-only
"""Slots: what of a person can be given one contact, and whether it can beside what the person does already.

An agent's telephone is the slot with the agent's own id; of another channel they are `1001/chat.1`, `1001/chat.2`.
Each is an agent of `states.TABLE` by itself. All work of a person weighs together, up to a total. Work that gives way
(`interrupted_by`) weighs nothing to what it gives way to: it is interrupted, and goes on afterwards.
"""

from collections.abc import Iterable, Iterator, Mapping

from appliance.router.rules import VOICE
from appliance.router.state import Agent, State
from appliance.router.states import AgentState

IN_HAND = frozenset({AgentState.RESERVED, AgentState.BUSY, AgentState.WRAP_UP, AgentState.INTERRUPTED})
FULL = "no room for more"
BURDEN_NS = 1 << 62
"""Who has less in hand is before who has more, whatever the times."""


def slot(agent: str, channel: str, number: int) -> str:
    """Its id."""
    return agent if channel == VOICE else f"{agent}/{channel}.{number}"


def agent_of(name: str) -> str:
    """Whose slot, or whose channel, it is."""
    return name.partition("/")[0]


def channel_of(name: str) -> str:
    """Of a slot."""
    return name.partition("/")[2].rpartition(".")[0] or VOICE


def key_of(name: str) -> str:
    """What a slot is called in the record, where a channel's slots are one: `1001`, `1001/chat`."""
    return name.rpartition(".")[0] if "/" in name else name


def in_channel(agent: str, channel: str) -> str:
    """As `key_of` has it."""
    return agent if channel == VOICE else f"{agent}/{channel}"


def slots_of(known: Mapping[str, object], agent: str, channel: str) -> Iterator[str]:
    """Those among the known that are this agent's of that channel."""
    number = 1
    while (name := slot(agent, channel, number)) in known:
        yield name
        if channel == VOICE:
            return
        number += 1


def meant(state: State, name: str) -> tuple[str, ...]:
    """What somebody means by `1001` (all slots), `1001/voice` or `1001/chat`; empty where there is no such."""
    agent, slash, channel = name.partition("/")
    if slash:
        return tuple(slots_of(state.rules.seats, agent, channel))
    return tuple(one for one in state.index.hands.get(agent, (agent,)) if one in state.rules.seats)


def arriving(state: State, agent: str, channel: str, contact: str) -> str:
    """The slot in which an agent takes a contact: that which is reserved for it, else the first that is idle."""
    token = state.index.held.get(contact)
    names = tuple(slots_of(state.rules.seats, agent, channel))
    if token is not None and state.reservations[token].agent in names:
        return state.reservations[token].agent
    idle = (one for one in names if state.agents[one].state not in IN_HAND)
    return next(idle, names[0] if names else slot(agent, channel, 1))


def hindrance(state: State, name: str) -> str:
    """Why this slot can be given nothing beside the person's other work; empty where it can."""
    others = state.index.hands.get(name)
    if others is None:
        return ""
    channel, rules = channel_of(name), state.rules
    rule = rules.channel(channel)
    room = rules.seats[name].total - rule.weight
    for other in others:
        if other == name or (agent := state.agents.get(other)) is None or agent.state not in IN_HAND:
            continue
        beside = channel_of(other)
        if agent.state is not AgentState.INTERRUPTED and beside in (*rule.not_beside, *rule.interrupted_by):
            return f"no {channel} beside {beside}"
        if channel not in rules.channel(beside).interrupted_by:
            room -= rules.channel(beside).weight
    return FULL if room < 0 else ""


def rank(state: State, name: str, agent: Agent) -> int:
    """Of an available slot among others: by what its person has in hand, then by the time it has been available."""
    others = state.index.hands.get(name)
    if others is None:
        return agent.free_ns
    burden = sum(
        state.rules.channel(channel_of(one)).weight
        for one in others
        if (other := state.agents.get(one)) is not None and other.state in IN_HAND
    )
    return agent.free_ns + burden * BURDEN_NS


def hands(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Slot → all slots of its person, for those who have several."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(agent_of(name), []).append(name)
    return {one: tuple(all_of) for all_of in found.values() if len(all_of) > 1 for one in all_of}

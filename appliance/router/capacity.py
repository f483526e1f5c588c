# SPDX-License-Identifier: GPL-2.0-only
"""A person's slots together: what gives way to other work, and what a channel's slots are as one."""

from collections.abc import Iterator

import msgspec

from appliance.router import slots
from appliance.router.events import AgentMoved, Effect, Interrupted, RouteAsked
from appliance.router.index import put_agent
from appliance.router.rules import VOICE
from appliance.router.state import Agent, State
from appliance.router.states import AgentState, AgentStep, step
from appliance.wire.routes import LegInterrupted

WORKS = frozenset({AgentState.BUSY, AgentState.WRAP_UP})
"""What others give way to; a reservation may lapse."""
RULING = (
    AgentState.BUSY,
    AgentState.RESERVED,
    AgentState.WRAP_UP,
    AgentState.INTERRUPTED,
    AgentState.AVAILABLE,
    AgentState.NOT_READY,
)
"""A channel is as the slot of it that has the first of these."""

Step = tuple[State, tuple[Effect, ...]]
_replace = msgspec.structs.replace


def settle(state: State, effects: tuple[Effect, ...], at_ns: int) -> Step:
    """What gives way to other work of a person who has moved is interrupted, and goes on when that is over."""
    moved: tuple[Effect, ...] = ()
    if not state.index.hands:
        return state, moved
    for name in dict.fromkeys(slots.agent_of(one.agent) for one in effects if isinstance(one, AgentMoved)):
        for _ in state.index.hands.get(name, ()):  # what gives way may have been given way to
            turned = tuple(_turns(state, name))
            for one, by in turned:
                state, told = _turned(state, one, by, at_ns)
                moved = (*moved, *told)
            if not turned:
                break
    return state, moved


def _turns(state: State, person: str) -> Iterator[tuple[str, AgentStep]]:
    hands = [one for one in state.index.hands[person] if one in state.agents]
    working = {slots.channel_of(one) for one in hands if state.agents[one].state in WORKS}
    for name in hands:
        now = state.agents[name].state
        gives_way = not working.isdisjoint(state.rules.channel(slots.channel_of(name)).interrupted_by)
        if now is AgentState.BUSY and gives_way:
            yield name, AgentStep.INTERRUPT
        elif now is AgentState.INTERRUPTED and not gives_way:
            yield name, AgentStep.RESUME


def _turned(state: State, name: str, by: AgentStep, at_ns: int) -> Step:
    before = state.agents[name]
    now = _replace(before, state=step(before.state, by), since_ns=at_ns)
    moved = AgentMoved(name, now.state.value, now.reason, at_ns)
    told = interrupted(state, name, over=by is AgentStep.RESUME)
    return put_agent(state, name, now), (moved, *told)


def interrupted(state: State, name: str, *, over: bool) -> Iterator[Effect]:
    """Word of the slot's legs, to the box that has them: other work comes first, or (`over`) does no more."""
    seat = state.rules.seats.get(name)
    if seat is None:
        return
    for leg, contact in sorted(state.agents[name].legs.items()):
        told = LegInterrupted(contact=contact, leg=leg, agent=slots.agent_of(name), over=over)
        yield Interrupted(seat.box, told)


def by_channel(state: State, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """What was told of slots, told of their channels as they are now."""
    if not [one for one in effects if isinstance(one, AgentMoved) and "/" in one.agent]:
        return effects
    return tuple(
        [_of_channel(state, one) if isinstance(one, AgentMoved) and "/" in one.agent else one for one in effects]
    )


def _of_channel(state: State, moved: AgentMoved) -> AgentMoved:
    ruling = channel_now(state, slots.agent_of(moved.agent), slots.channel_of(moved.agent))
    now = ruling.state if ruling is not None else AgentState.LOGGED_OUT
    contact = moved.contact if now == moved.state else ""
    return AgentMoved(slots.key_of(moved.agent), now.value, ruling.reason if ruling else "", moved.at_ns, contact)


def channel_now(state: State, agent: str, channel: str) -> Agent | None:
    """The slot that the channel is as; None: the agent has none."""
    known = [state.agents[one] for one in slots.slots_of(state.agents, agent, channel)]
    if not known:
        return None
    return min(known, key=lambda one: (RULING.index(one.state) if one.state in RULING else len(RULING), one.since_ns))


def refused(state: State, asked: RouteAsked) -> RouteAsked:
    """A contact that was refused by an agent is in all their slots of its kind."""
    kind, names = asked.request.kind, asked.request.refused_agents
    if kind == VOICE or not names:
        return asked
    all_of = tuple(one for name in names for one in slots.slots_of(state.rules.seats, name, kind))
    return _replace(asked, request=_replace(asked.request, refused_agents=all_of))

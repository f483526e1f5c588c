# SPDX-License-Identifier: GPL-2.0-only
"""Agents of a peripheral: what it says of them is so. Every function gives a new state.

A peripheral is there from its snapshot until it is missed. Work of its own, told as busy, is a leg of no contact. Of a
channel that it has it may say what the agent wants there, as the agent may; who does not is left as they are.
"""

from collections.abc import Iterable

import msgspec

from appliance.router import agents, capacity, slots
from appliance.router.events import Effect, ForeignAgentsTold, PeripheralReturned
from appliance.router.index import put_agent, put_present
from appliance.router.rules import VOICE
from appliance.router.state import Pending, State
from appliance.router.states import AgentState
from appliance.wire.peripherals import AgentIs, AgentLeg, Truth

Step = tuple[State, tuple[Effect, ...]]


def happened(state: State, event: PeripheralReturned | ForeignAgentsTold) -> Step:
    """It is there again, or some of its agents are something else."""
    if isinstance(event, PeripheralReturned):
        return _returned(state, event.box, event.agents, event.legs, event.at_ns)
    return _told(state, event.box, event.agents, event.at_ns)


def _told(state: State, box: str, those: Iterable[AgentIs], at_ns: int) -> Step:
    """These agents are so; who is not the peripheral's is passed over."""
    effects: tuple[Effect, ...] = ()
    seats = state.rules.seats
    for one in those:
        agent, _, channel = one.agent.partition("/")
        for name in slots.slots_of(seats, agent, channel or VOICE):
            if seats[name].box == box:
                state, moved = _is(state, msgspec.structs.replace(one, agent=name), at_ns)
                effects = (*effects, *moved)
    return state, effects


def _returned(state: State, box: str, those: Iterable[AgentIs], legs: Iterable[AgentLeg], at_ns: int) -> Step:
    """It is there again, and this is all that is so; what is interrupted is told once more."""
    mine = state.index.seats.get(box, ())
    now = {one.leg: one for one in legs if slots.slot(one.agent, one.kind, 1) in mine}
    gone = {agent: AgentIs(agent, Truth.LOGGED_OUT) for agent in mine if slots.channel_of(agent) == VOICE}
    everybody = (gone | {one.agent: one for one in those}).values()
    effects: tuple[Effect, ...] = ()
    over = [leg for agent in mine for leg in sorted(state.agents[agent].legs) if leg not in now and leg != own(agent)]
    for leg in over:
        state, moved = agents.leg_ended(state, leg, at_ns)
        effects = (*effects, *moved)
    for leg, one in sorted(now.items()):
        taken = slots.arriving(state, one.agent, one.kind, one.contact)
        state, began = agents.leg_began(state, taken, leg, one.contact, None, at_ns)
        effects = (*effects, *began)
    state, moved = _told(state, box, everybody, at_ns)
    waits = [agent for agent in mine if state.agents[agent].state is AgentState.INTERRUPTED]
    again = tuple(told for agent in waits for told in capacity.interrupted(state, agent, over=False))
    return agents.heard(put_present(state, box, there=True), box, at_ns), (*effects, *moved, *again)


def own(agent: str) -> str:
    """The leg that stands for work of which no call event tells."""
    return f"{agent}'s own"


def _is(state: State, one: AgentIs, at_ns: int) -> Step:
    agent, leg = one.agent, own(one.agent)
    before = state.agents[agent]
    if one.state is Truth.BUSY:
        return (state, ()) if before.legs else agents.leg_began(state, agent, leg, "", None, at_ns)
    to = AgentState(one.state.value)
    reason = one.reason if to is AgentState.NOT_READY else ""
    if before.state not in agents.TAKEN:
        return agents.tell(state, agent, to, reason, at_ns)
    then = None if to is AgentState.AVAILABLE else Pending(to, reason)
    return agents.leg_ended(put_agent(state, agent, msgspec.structs.replace(before, then=then)), leg, at_ns)

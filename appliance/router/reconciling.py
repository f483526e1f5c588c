# SPDX-License-Identifier: GPL-2.0-only
"""A branch's agents from one router to another: what is so there wins; what was thought of them before is forgotten.

`now_at` is for who assigns no more, `settle` for who assigns from now on.
"""

import msgspec

from appliance.router import agents
from appliance.router.branch_now import BranchNow, Reserved
from appliance.router.events import AgentMoved, Effect
from appliance.router.index import put_agent
from appliance.router.state import Agent, Pending, State
from appliance.router.states import AgentState
from appliance.wire.agents import AgentRest

Step = tuple[State, tuple[Effect, ...]]
_replace = msgspec.structs.replace


def rest_of(agent: Agent) -> AgentRest:
    """What the agent is, or will be; reserved and busy follow from what is told beside it."""
    then = agent.then or Pending(AgentState.AVAILABLE)
    if agent.state in agents.TAKEN:
        return AgentRest(state=then.state.value, reason=then.reason, since_ns=agent.since_ns, free_ns=agent.free_ns)
    return AgentRest(
        state=agent.state.value,
        since_ns=agent.since_ns,
        free_ns=agent.free_ns,
        reason=agent.reason,
        then=agent.then.state.value if agent.then else "",
        then_reason=agent.then.reason if agent.then else "",
        queue=agent.queue,
        talk_ns=agent.talk_ns,
        until_ns=agent.until_ns,
    )


def rests_at(state: State, box: str) -> dict[str, AgentRest]:
    """Of every agent of that branch."""
    return {name: rest_of(state.agents[name]) for name in state.index.seats.get(box, ())}


def now_at(state: State, box: str) -> BranchNow:
    """Of the branch's agents; contacts and their legs are call control's to tell."""
    reserved = (Reserved(held.agent, held.contact, held.queue) for held in state.reservations.values())
    return BranchNow(reserved=tuple(reserved), agents=rests_at(state, box))


def settle(state: State, box: str, now: BranchNow, at_ns: int) -> Step:
    """Legs of the branch's contacts first, then what its agents are; then labels that are on their way."""
    state, effects = _legs(state, box, now, at_ns)
    for name in state.index.seats.get(box, ()):
        if (told := now.agents.get(name)) is not None:
            state, moved = _rested(state, name, told, at_ns)
            effects = (*effects, *moved)
    for one in now.reserved:
        if one.agent in state.agents and state.agents[one.agent].state is AgentState.AVAILABLE:
            queue = one.queue if one.queue in state.rules.queues else ""
            state, _, reserved = agents.reserve(state, one.agent, one.contact, queue, at_ns, box)
            effects = (*effects, reserved)
    return state, effects


def _legs(state: State, box: str, now: BranchNow, at_ns: int) -> Step:
    effects: tuple[Effect, ...] = ()
    known = {leg.leg for leg in now.legs}
    of_box = f"{box}."
    over = [
        leg
        for leg, name in state.index.legs.items()
        if leg not in known and state.agents[name].legs[leg].startswith(of_box)
    ]
    for leg in sorted(over):
        state, moved = agents.leg_ended(state, leg, at_ns)
        effects = (*effects, *moved)
    for one in now.legs:
        state, began = agents.leg_began(state, one.agent, one.leg, one.contact, None, at_ns)
        effects = (*effects, *began)
        if one.talks:
            state = agents.leg_connected(state, one.leg, at_ns)
    return state, effects


def _rested(state: State, name: str, told: AgentRest, at_ns: int) -> Step:
    """Who is at work here will be that when the work is over."""
    before, to = state.agents[name], AgentState(told.state)
    if before.state in agents.TAKEN:
        final = AgentState(told.then) if told.then else AgentState.AVAILABLE if to is AgentState.WRAP_UP else to
        reason = told.then_reason if told.then else told.reason
        then = None if final is AgentState.AVAILABLE else Pending(final, reason)
        return put_agent(state, name, _replace(before, then=then)), ()
    then = Pending(AgentState(told.then), told.then_reason) if told.then else None
    queue = told.queue if told.queue in state.rules.queues else ""
    now = Agent(to, told.since_ns, told.free_ns, told.reason, then, None, {}, queue, told.talk_ns, told.until_ns)
    if now == before:
        return state, ()
    state = put_agent(state, name, now)
    if (before.state, before.reason) == (now.state, now.reason):
        return state, ()
    return state, (AgentMoved(name, now.state.value, now.reason, at_ns),)

# SPDX-License-Identifier: GPL-2.0-only
"""A branch's agents from one router to another: what is so there wins; what was thought of them before is forgotten.

`now_at` is for who assigns no more, `settle` for who assigns from now on. But of what somebody wants an agent to be the
last word counts, on whichever side it was said: one that the other side has not heard of must not be lost.
"""

import msgspec

from appliance.router import agents, knowing
from appliance.router.branch_now import BranchNow, Reserved
from appliance.router.callbacks import promises
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
        return AgentRest(
            state=then.state.value,
            reason=then.reason,
            since_ns=agent.since_ns,
            free_ns=agent.free_ns,
            asked_ns=agent.asked_ns,
        )
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
        asked_ns=agent.asked_ns,
    )


def rests_at(state: State, box: str) -> dict[str, AgentRest]:
    """Of every agent of that branch."""
    return {name: rest_of(state.agents[name]) for name in state.index.seats.get(box, ())}


def now_at(state: State, box: str) -> BranchNow:
    """Of the branch's agents, and what is known of its contacts; these and their legs are call control's to tell."""
    reserved = (Reserved(held.agent, held.contact, held.queue) for held in state.reservations.values())
    contacts = {contact for of in (state.contexts, state.typed, state.shown) for contact in of}
    known = {one: knowing.known(state, one) for one in sorted(contacts) if one.startswith(f"{box}.")}
    return BranchNow(
        reserved=tuple(reserved), agents=rests_at(state, box), known=known, promises=tuple(promises.promises(state))
    )


def settle(state: State, box: str, now: BranchNow, at_ns: int) -> Step:
    """Legs of the branch's contacts first, then what its agents are; then labels that are on their way."""
    before = rests_at(state, box)
    state, effects = _legs(state, box, now, at_ns)
    for name in state.index.seats.get(box, ()):
        if (told := now.agents.get(name)) is not None:
            state, moved = _rested(state, name, _last_word(before[name], told, at_ns), at_ns)
            effects = (*effects, *moved)
    for one in now.reserved:
        if one.agent in state.agents and state.agents[one.agent].state is AgentState.AVAILABLE:
            queue = one.queue if one.queue in state.rules.queues else ""
            state, _, reserved = agents.reserve(state, one.agent, one.contact, queue, at_ns, box)
            effects = (*effects, reserved)
    for contact, text in now.known.items():
        if contact in now.contacts:
            state = knowing.know(state, contact, text, at_ns)
    return promises.take(state, box, now.promises, at_ns), effects


def _last_word(ours: AgentRest, told: AgentRest, at_ns: int) -> AgentRest:
    """What the agent is there, but for what somebody has asked for here since."""
    if ours.asked_ns <= told.asked_ns:
        return told
    work_over = ours.state == AgentState.WRAP_UP
    state, reason = (ours.then, ours.then_reason) if ours.then else (ours.state, ours.reason)
    state = AgentState.AVAILABLE.value if work_over and not ours.then else state
    if (told.state, told.reason, told.then) == (state, reason, ""):
        return _replace(told, asked_ns=ours.asked_ns)
    return AgentRest(state=state, reason=reason, since_ns=at_ns, free_ns=at_ns, asked_ns=ours.asked_ns)


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
        return put_agent(state, name, _replace(before, then=then, asked_ns=told.asked_ns)), ()
    then = Pending(AgentState(told.then), told.then_reason) if told.then else None
    queue = told.queue if told.queue in state.rules.queues else ""
    now = Agent(
        to,
        told.since_ns,
        told.free_ns,
        told.reason,
        then,
        queue=queue,
        talk_ns=told.talk_ns,
        until_ns=told.until_ns,
        asked_ns=told.asked_ns,
    )
    if now == before:
        return state, ()
    state = put_agent(state, name, now)
    if (before.state, before.reason) == (now.state, now.reason):
        return state, ()
    return state, (AgentMoved(name, now.state.value, now.reason, at_ns),)

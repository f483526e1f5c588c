# SPDX-License-Identifier: GPL-2.0-only
"""Agents and queues as they are now, for those who look."""

from appliance.router import agents
from appliance.router.state import State
from appliance.router.states import AgentState
from appliance.wire.agents import AgentNow, QueueNow


def agent_now(state: State, agent: str) -> AgentNow:
    """One agent."""
    seat, now = state.rules.seats[agent], state.agents[agent]
    then = "" if now.then is None else f"{now.then.state}: {now.then.reason}" if now.then.reason else now.then.state
    return AgentNow(
        agent=agent,
        name=seat.name,
        box=seat.box,
        extension=seat.extension,
        state=now.state.value,
        since_ns=now.since_ns,
        reason=now.reason,
        then=str(then),
        queues=tuple(dict.fromkeys(queue for queue, _ in state.index.pools.get(agent, ()))),
    )


def queue_now(state: State, queue: str) -> QueueNow:
    """One queue."""
    steps = state.rules.queues[queue].steps
    everybody = {agent for step in steps for agent in step.agents}
    states = [state.agents[agent].state for agent in everybody if state.rules.seats[agent].box in state.present]
    heads = [rows[0] for number in range(len(steps)) if (rows := state.index.queued.get((queue, number)))]
    return QueueNow(
        name=queue,
        waiting=agents.waiting(state, queue),
        oldest_ns=min(heads)[1] if heads else None,
        staffed=sum(one not in {AgentState.LOGGED_OUT, AgentState.NOT_READY} for one in states),
        free=states.count(AgentState.AVAILABLE),
        busy=sum(one in {AgentState.RESERVED, AgentState.BUSY, AgentState.WRAP_UP} for one in states),
        expected_s=agents.figure(state, (), "expected", queue),
    )

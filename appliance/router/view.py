# SPDX-License-Identifier: GPL-2.0-only
"""Agents and queues as they are now, for those who look."""

from collections.abc import Iterator

from appliance.router import agents, capacity, slots
from appliance.router.callbacks import life
from appliance.router.callbacks.states import CallbackState
from appliance.router.expected import expected_s
from appliance.router.rules import VOICE
from appliance.router.state import Agent, State
from appliance.router.states import AgentState
from appliance.wire.agents import AgentNow, ChannelNow, QueueNow
from appliance.wire.callbacks import CallbackNow


def agent_now(state: State, agent: str) -> AgentNow:
    """One agent."""
    seat, now = state.rules.seats[agent], state.agents[agent]
    mine = slots.meant(state, agent)
    return AgentNow(
        agent=agent,
        name=seat.name,
        box=seat.box,
        extension=seat.extension,
        state=now.state.value,
        since_ns=now.since_ns,
        reason=now.reason,
        then=_then(now),
        queues=tuple(dict.fromkeys(queue for one in mine for queue, _ in state.index.pools.get(one, ()))),
        channels=tuple(
            _channel_now(state, agent, channel)
            for channel in dict.fromkeys(slots.channel_of(one) for one in mine)
            if channel != VOICE
        ),
    )


def agents_now(state: State) -> dict[str, AgentNow]:
    """All of them."""
    return {agent: agent_now(state, agent) for agent in state.rules.seats if slots.agent_of(agent) == agent}


def _channel_now(state: State, agent: str, channel: str) -> ChannelNow:
    names = tuple(slots.slots_of(state.rules.seats, agent, channel))
    now = capacity.channel_now(state, agent, channel) or Agent()
    return ChannelNow(
        channel=channel,
        state=now.state.value,
        since_ns=now.since_ns,
        slots=len(names),
        at_work=sum(state.agents[one].state in slots.IN_HAND for one in names),
        reason=now.reason,
        then=_then(now),
    )


def _then(now: Agent) -> str:
    if now.then is None:
        return ""
    return f"{now.then.state}: {now.then.reason}" if now.then.reason else str(now.then.state.value)


def queue_now(state: State, queue: str, at_ns: int) -> QueueNow:
    """One queue."""
    counts, line = state.index.tally[queue], state.index.lines.get(queue, ())
    free = counts.get(AgentState.AVAILABLE, 0)
    return QueueNow(
        name=queue,
        waiting=len(line),
        callbacks=sum(row[-1] in state.callbacks for row in line),
        oldest_ns=line[0][1] if line else None,
        staffed=agents.staffed(state, queue),
        free=free,
        busy=sum(counts.get(one, 0) for one in agents.AT_WORK),
        expected_s=0 if free else expected_s(state, queue, len(line), at_ns),
        channel=state.rules.queues[queue].channel,
    )


def callback_now(state: State, name: str) -> CallbackNow:
    """One callback."""
    one, place = state.callbacks[name], state.places.get(name)
    return CallbackNow(
        callback=name,
        number=one.number,
        queues=one.node.queues,
        state=one.state.value,
        priority=one.node.priority,
        queued_ns=place.queued_ns if place is not None else 0,
        due_ns=one.due_ns if one.state is CallbackState.PAUSED else one.until_ns,
        tries=one.tries,
        most=one.most,
        origin=one.origin,
        contact=one.contact,
        outcome=one.outcome,
    )


def contacts_at(state: State, box: str) -> Iterator[str]:
    """Contacts of that branch of which something is remembered."""
    of_box = f"{box}."
    for known in (state.places, state.contexts, state.shown, state.waiting, state.index.calls, state.typed):
        yield from (contact for contact in known if contact.startswith(of_box))
    yield from life.contacts_of(state, box)

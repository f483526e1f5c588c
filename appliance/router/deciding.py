# SPDX-License-Identifier: GPL-2.0-only
"""One decision: called number → call type → script → agent, and the reason in words."""

from appliance.router import agents
from appliance.router.events import RouteAsked
from appliance.router.rules import CallType
from appliance.router.state import State
from appliance.script.nodes import Queue
from appliance.script.walk import Contact, Walk
from appliance.wire.routes import Action, Release, RingAgent, RouteAnswer

UNALLOCATED = 1  # Q.850: unallocated number


def decide(state: State, asked: RouteAsked) -> tuple[State, RouteAnswer]:
    """The state with the reservation made, and the answer."""
    request = asked.request
    call_type = state.rules.call_type_of(request.dnis)
    if call_type is None:
        reason = f"no call type for called number {request.dnis}"
        return state, RouteAnswer(request=request.request, action=Release(cause=UNALLOCATED), reason=reason)
    script = state.rules.scripts[call_type.script]
    walk = Walk(script, request.cursor, _contact(asked))
    stop = walk.go_on()
    while isinstance(stop, Queue):
        state, rung = _queued(state, asked, stop, walk)
        if rung is not None:
            return state, _answer(request.request, rung, walk, call_type, script.version)
        missed = stop.skill_group
        stop = walk.go_otherwise()
        walk.reason = f"no agent of skill group {missed} is available; {walk.reason}"
    return state, _answer(request.request, stop, walk, call_type, script.version)


def _contact(asked: RouteAsked) -> Contact:
    request = asked.request
    return Contact(
        dnis=request.dnis,
        clid=request.clid or "",
        ani=request.ani or "",
        ced=request.ced,
        outcome=request.outcome,
        at_ns=asked.day_ns,
    )


def _queued(state: State, asked: RouteAsked, queue: Queue, walk: Walk) -> tuple[State, RingAgent | None]:
    group, request = queue.skill_group, asked.request
    agent, verdicts = agents.choose(state, group, request.refused_agents, asked.at_ns)
    walk.values[group] = "; ".join(f"{one} {verdict}" for one, verdict in verdicts.items())
    if agent is None:
        return state, None
    state, held = agents.reserve(state, agent, request.contact, asked.at_ns)
    seat = state.rules.seats[agent]
    walk.reason = f"{seat.name} ({agent}) has been available longest in skill group {group}"
    rung = RingAgent(
        agent=agent,
        extension=seat.extension,
        skill_group=group,
        token=held.token,
        ring_s=queue.ring_s,
        record=queue.record,
    )
    return state, rung


def _answer(request: str, action: Action, walk: Walk, call_type: CallType, version: str) -> RouteAnswer:
    return RouteAnswer(
        request=request,
        action=action,
        reason=walk.reason,
        call_type=call_type.name,
        script=call_type.script,
        version=version,
        path=tuple(walk.path),
        values=dict(walk.values),
        cursor=walk.cursor,
    )

# SPDX-License-Identifier: GPL-2.0-only
"""One decision: called number → call type → script → agent, and the reason in words."""

from functools import partial

import msgspec

from appliance.router import agents, waiting
from appliance.router.events import RouteAsked
from appliance.router.rules import CallType
from appliance.router.state import State
from appliance.script.nodes import Percent, Queue
from appliance.script.share import turn
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
    walk = Walk(script, request.cursor, _contact(state, asked))
    stop = walk.go_on()
    while isinstance(stop, Queue | Percent):
        if isinstance(stop, Percent):
            state, target = _shared(state, stop, walk, call_type.script)
            stop = walk.go_to(target)
            continue
        state, rung = _queued(state, asked, stop, walk)
        if rung is not None:
            return state, _answer(request.request, rung, walk, call_type, script.version)
        place = waiting.place_of(state, request.contact, stop, walk.node, asked.at_ns)
        if waiting.piece(stop, place, asked.at_ns):
            held = _answer(request.request, Release(), walk, call_type, script.version)
            return waiting.join(state, asked, stop, place, held)
        missed = stop.skill_group
        stop = walk.go_to(stop.otherwise)
        walk.reason = f"no agent of skill group {missed} is available; {walk.reason}"
    return state, _answer(request.request, stop, walk, call_type, script.version)


def _contact(state: State, asked: RouteAsked) -> Contact:
    request = asked.request
    return Contact(
        dnis=request.dnis,
        clid=request.clid or "",
        ani=request.ani or "",
        ced=request.ced,
        outcome=request.outcome,
        at_ns=asked.day_ns,
        free=partial(agents.free, state, request.refused_agents),
    )


def _shared(state: State, percent: Percent, walk: Walk, script: str) -> tuple[State, str]:
    """Whose turn it is; scripts of one name and node share one count."""
    key = f"{script}/{walk.node}"
    target, given = turn(percent.shares, state.shared.get(key, {}))
    walk.values[walk.node] = f"{percent.shares[target]} % to {target}"
    return msgspec.structs.replace(state, shared={**state.shared, key: given}), target


def _queued(state: State, asked: RouteAsked, queue: Queue, walk: Walk) -> tuple[State, RingAgent | None]:
    group, request = queue.skill_group, asked.request
    agent, verdicts = agents.choose(state, group, request.refused_agents, asked.at_ns)
    walk.values[group] = agents.told(verdicts)
    if agent is None:
        return state, None
    state, held = agents.reserve(state, agent, request.contact, asked.at_ns)
    walk.reason = f"{state.rules.seats[agent].name} ({agent}) has been available longest in skill group {group}"
    return state, waiting.ring(state, queue, held)


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

# SPDX-License-Identifier: GPL-2.0-only
"""One decision: called number → call type → script → agent, and the reason in words."""

from functools import partial

import msgspec

from appliance.router import agents, waiting
from appliance.router.events import Effect, RouteAsked
from appliance.router.rules import CallType
from appliance.router.state import Place, Pool, Stand, State
from appliance.router.world import considered
from appliance.script.nodes import Percent, Queue
from appliance.script.share import turn
from appliance.script.walk import Contact, Walk
from appliance.wire.routes import Action, Release, RouteAnswer

UNALLOCATED = 1  # Q.850: unallocated number

Decided = tuple[State, tuple[Effect, ...], RouteAnswer]


def decide(state: State, asked: RouteAsked) -> Decided:
    """The state with the reservation made, what it moved, and the answer."""
    request = asked.request
    call_type = state.rules.call_type_of(request.dnis)
    if call_type is None:
        reason = f"no call type for called number {request.dnis}"
        return state, (), RouteAnswer(request=request.request, action=Release(cause=UNALLOCATED), reason=reason)
    script = state.rules.scripts[call_type.script]
    walk = Walk(script, request.cursor, _contact(state, asked))
    stop = walk.go_on()
    while isinstance(stop, Queue | Percent):
        if isinstance(stop, Percent):
            state, target = _shared(state, stop, walk, call_type.script)
            stop = walk.go_to(target)
            continue
        place = waiting.place_of(state, request.contact, stop, walk.node, asked.at_ns)
        found = _found(state, asked, stop, place, walk)
        if found is not None:
            return _rung(state, asked, stop, found, walk, call_type, script.version)
        if waiting.piece(stop, place, asked.at_ns):
            held = _answer(request.request, Release(), walk, call_type, script.version)
            state, answer = waiting.join(state, asked, stop, place, held)
            return state, (), answer
        missed = " or ".join(stop.queues)
        stop = walk.go_to(stop.otherwise)
        walk.reason = f"no agent of {missed} is available; {walk.reason}"
    return state, (), _answer(request.request, stop, walk, call_type, script.version)


def _contact(state: State, asked: RouteAsked) -> Contact:
    request = asked.request
    return Contact(
        dnis=request.dnis,
        clid=request.clid or "",
        ani=request.ani or "",
        ced=request.ced,
        outcome=request.outcome,
        at_ns=asked.day_ns,
        free=partial(agents.free, state, refused=request.refused_agents),
    )


def _shared(state: State, percent: Percent, walk: Walk, script: str) -> tuple[State, str]:
    """Whose turn it is; scripts of one name and node share one count."""
    key = f"{script}/{walk.node}"
    target, given = turn(percent.shares, state.shared.get(key, {}))
    walk.values[walk.node] = f"{percent.shares[target]} % to {target}"
    return msgspec.structs.replace(state, shared={**state.shared, key: given}), target


def _found(state: State, asked: RouteAsked, queue: Queue, place: Place, walk: Walk) -> tuple[Pool, str] | None:
    """An agent for a contact that does not wait yet; where nobody may wait, of any step that is considered."""
    if not queue.hold:
        place = msgspec.structs.replace(place, stands=_every_step(state, queue))
    refused = asked.request.refused_agents
    for stand in place.stands:
        told = agents.verdicts(state, (stand.queue, stand.step), refused, asked.at_ns)
        walk.values[stand.queue] = told
    found = waiting.find(state, place, refused)
    if found is None or waiting.ahead(state, found[1], asked.request.contact, place):
        return None
    return found


def _every_step(state: State, queue: Queue) -> tuple[Stand, ...]:
    return tuple(
        Stand(name, number, None)
        for name in queue.queues
        for number, step in enumerate(state.rules.queues[name].steps)
        if considered(state, step.consider_if)
    )


def _rung(
    state: State,
    asked: RouteAsked,
    queue: Queue,
    found: tuple[Pool, str],
    walk: Walk,
    call_type: CallType,
    version: str,
) -> Decided:
    (name, _), agent = found
    state, held, moved = agents.reserve(state, agent, asked.request.contact, name, asked.at_ns)
    walk.reason = f"{state.rules.seats[agent].name} ({agent}) has been available longest in {name}"
    ring = waiting.ring(state, queue, held)
    return state, (moved,), _answer(asked.request.request, ring, walk, call_type, version)


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

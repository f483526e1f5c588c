# SPDX-License-Identifier: GPL-2.0-only
"""One decision: called number → call type → script → agent, and the reason in words."""

from functools import partial

import msgspec

from appliance.router import agents, waiting
from appliance.router.events import Effect, RouteAsked
from appliance.router.index import order_of, put_context
from appliance.router.rules import CallType
from appliance.router.state import Context, Place, Pool, Stand, State
from appliance.router.world import considered
from appliance.script import context
from appliance.script import cursor as cursors
from appliance.script.nodes import GoToScript, Percent, Queue, Requalify
from appliance.script.share import turn
from appliance.script.walk import Contact, Ring, Stop, Walk
from appliance.wire.routes import Action, Release, RingAgent, RouteAnswer

UNALLOCATED = 1  # Q.850: unallocated number
PRIORITY = 5  # of who asks for one agent by name

Decided = tuple[State, tuple[Effect, ...], RouteAnswer]
_replace = msgspec.structs.replace


def decide(state: State, asked: RouteAsked) -> Decided:
    """The state with the reservation made, what it moved, and the answer."""
    request = asked.request
    call_type = state.rules.call_type_of(request.dnis)
    if call_type is None:
        reason = f"no call type for called number {request.dnis}"
        return state, (), RouteAnswer(request=request.request, action=Release(cause=UNALLOCATED), reason=reason)
    before, scripts = cursors.read(request.cursor), state.rules.scripts
    script = scripts[before.script if before and before.script in scripts else call_type.script]
    walk = Walk(script, request.cursor, _contact(state, asked))
    state, moved, stop = _walked(state, asked, walk)
    if isinstance(stop, Queue):
        place = waiting.place_of(state, request.contact, stop, _node(walk), asked.at_ns)
        held = _answer(state, request.request, Release(), walk, call_type)
        state, answer = waiting.join(state, asked, stop, place, held, walk.language)
    else:
        answer = _answer(state, request.request, stop, walk, call_type)
    return _kept(state, asked, walk), moved, answer


def _walked(state: State, asked: RouteAsked, walk: Walk) -> tuple[State, tuple[Effect, ...], Action | Queue]:
    """On to what the branch is told; a Queue is where it waits."""
    stop: Stop | RingAgent = walk.go_on()
    while not isinstance(stop, Action):
        if isinstance(stop, Queue):
            place = waiting.place_of(state, asked.request.contact, stop, _node(walk), asked.at_ns)
            found = _found(state, asked, stop, place, walk)
            if found is not None:
                return _rung(state, asked, stop, found, walk)
            if waiting.piece(stop, place, asked.at_ns):
                return state, (), stop
            stop = _missed(walk, f"no agent of {' or '.join(stop.queues)} is available", stop.otherwise)
        elif isinstance(stop, Ring):
            verdict = _verdict(state, asked, stop, walk)
            if not verdict:
                return _rung_by_name(state, asked, stop, walk)
            stop = _missed(walk, f"agent {stop.agent} cannot be rung: {verdict}", stop.node.otherwise)
        elif isinstance(stop, Percent):
            state, target = _shared(state, stop, walk)
            stop = walk.go_to(target)
        else:
            stop = _elsewhere(state, stop, walk)
    return state, (), stop


def _node(walk: Walk) -> str:
    return f"{walk.script.name}/{walk.node}"


def _contact(state: State, asked: RouteAsked) -> Contact:
    request = asked.request
    kept = state.contexts.get(request.contact)
    return Contact(
        dnis=request.dnis,
        clid=request.clid or "",
        ani=request.ani or "",
        ced=request.ced,
        outcome=request.outcome,
        at_ns=asked.day_ns,
        queue=partial(agents.figure, state, request.refused_agents),
        fields={} if kept is None else context.decoded(kept.fields.encode()),
    )


def _kept(state: State, asked: RouteAsked, walk: Walk) -> State:
    """The context that the walk leaves, for the next question and the next script."""
    if not walk.fields:
        return state
    fields = context.encoded(walk.fields).decode()
    return put_context(state, asked.request.contact, Context(fields, asked.at_ns + waiting.FORGOTTEN_NS))


# What the router decides on the way.


def _shared(state: State, percent: Percent, walk: Walk) -> tuple[State, str]:
    """Whose turn it is; scripts of one name and node share one count."""
    target, given = turn(percent.shares, state.shared.get(_node(walk), {}))
    walk.values[walk.node] = f"{percent.shares[target]} % to {target}"
    return _replace(state, shared={**state.shared, _node(walk): given}), target


def _elsewhere(state: State, stop: GoToScript | Requalify, walk: Walk) -> Stop:
    """Loading has proved that script and call type are there."""
    if isinstance(stop, GoToScript):
        return walk.enter(state.rules.scripts[stop.script])
    call_type = state.rules.call_types_named()[stop.call_type]
    return walk.enter(state.rules.scripts[call_type.script], call_type.name)


def _missed(walk: Walk, why: str, otherwise: str) -> Stop:
    stop = walk.go_to(otherwise)
    walk.reason = "; ".join(filter(None, (why, walk.reason)))
    return stop


def _found(state: State, asked: RouteAsked, queue: Queue, place: Place, walk: Walk) -> tuple[Pool, str] | None:
    """An agent for a contact that does not wait yet; where nobody may wait, of any step that is considered."""
    if not queue.hold:
        place = _replace(place, stands=_every_step(state, queue))
    refused = asked.request.refused_agents
    for stand in place.stands:
        walk.values[stand.queue] = agents.verdicts(state, (stand.queue, stand.step), refused, asked.at_ns)
    found = waiting.find(state, place, refused)
    if found is None or waiting.ahead(state, found[1], order_of(place, asked.request.contact)):
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
    state: State, asked: RouteAsked, queue: Queue, found: tuple[Pool, str], walk: Walk
) -> tuple[State, tuple[Effect, ...], RingAgent]:
    (name, _), agent = found
    state, held, moved = agents.reserve(state, agent, asked.request.contact, name, asked.at_ns)
    walk.because(f"{state.rules.seats[agent].name} ({agent}) has been available longest in {name}")
    return state, (moved,), waiting.ring(state, queue, held)


def _verdict(state: State, asked: RouteAsked, ring: Ring, walk: Walk) -> str:
    """Why the one agent who is asked for cannot be rung; empty where they can."""
    refused, mine = asked.request.refused_agents, (PRIORITY, asked.at_ns, state.serial + 1, asked.request.contact)
    told = agents.verdict(state, ring.agent, refused, asked.at_ns)
    walk.values[f"agent {ring.agent}"] = told
    if not agents.can_choose(state, ring.agent, refused):
        return told
    return "is awaited by others" if waiting.ahead(state, ring.agent, mine) else ""


def _rung_by_name(
    state: State, asked: RouteAsked, ring: Ring, walk: Walk
) -> tuple[State, tuple[Effect, ...], RingAgent]:
    state, held, moved = agents.reserve(state, ring.agent, asked.request.contact, "", asked.at_ns)
    walk.because(
        f"script {walk.script.name} asks for {state.rules.seats[ring.agent].name} ({ring.agent}) at {walk.node}"
    )
    return state, (moved,), waiting.ring(state, ring.node, held)


def _answer(state: State, request: str, action: Action, walk: Walk, dialled: CallType) -> RouteAnswer:
    call_type = state.rules.call_types_named()[walk.call_type] if walk.call_type else dialled
    return RouteAnswer(
        request=request,
        action=action,
        reason=walk.reason,
        call_type=call_type.name,
        script=walk.script.name,
        version=walk.script.version,
        path=tuple(walk.path),
        values=dict(walk.values),
        cursor=walk.cursor,
    )

# SPDX-License-Identifier: GPL-2.0-only
"""One decision: called number → call type → script → agent, and the reason in words."""

from collections.abc import Mapping
from fractions import Fraction

import msgspec

from appliance.config.outbound import label_verdict
from appliance.router import choosing, direct, knowing, shown, slots, standing, translation, waiting
from appliance.router.callbacks import life
from appliance.router.callbacks.asking import RefusedError, wanted
from appliance.router.choosing import Question
from appliance.router.events import Answer, Effect, LookupAsked, RouteAsked
from appliance.router.index import put_asking, put_context, put_typed
from appliance.router.rules import VOICE
from appliance.router.state import Asking, Context, Place, State, Typed
from appliance.router.world import View
from appliance.script import context, nodes
from appliance.script import cursor as cursors
from appliance.script.knowledge import Contact
from appliance.script.nodes import (
    Callback,
    Cancel,
    Distribute,
    GoToScript,
    Lookup,
    Percent,
    Priority,
    Queue,
    Requalify,
    Return,
    Run,
)
from appliance.script.share import turn
from appliance.script.stops import CallBack, Look, Onward, Ring, Stop
from appliance.script.walk import Walk
from appliance.wire.routes import Action, Label, RingAgent, RouteAnswer, Treat
from appliance.wire.treatments import Music

LATE_NS = 100_000_000  # beyond its limit a source is not waited for, whoever should have said so
Decided = tuple[State, tuple[Effect, ...]]
_replace = msgspec.structs.replace


class Waits(msgspec.Struct, frozen=True):
    """Where the contact waits: the end of its way for now."""

    node: Queue
    place: Place


def decide(state: State, asked: RouteAsked) -> Decided:
    """The state with the reservation made, what it moved, and the answer, or what is to be looked up for it."""
    request = asked.request
    if request.transfer_to:
        return _handed_on(state, asked)
    before, call_type = cursors.read(request.cursor), state.rules.call_type_of(request.dnis, request.kind)
    script = state.rules.scripts.get(before.script) if before is not None else None
    if script is None:
        if call_type is None:
            agent = direct.by_phone(state, asked) if request.kind == VOICE else None
            return direct.ring(state, asked, agent) if agent is not None else direct.nobody(state, asked)
        script = state.rules.scripts[call_type.script_at(asked.day_ns)]
    question = choosing.question_of(state, asked)
    walk = Walk(script, request.cursor, _contact(state, question))
    if vain := translation.in_vain(state, request.contact):
        walk.values[translation.TOLD] = vain
    state, stop = standing.go_on(state, asked, walk)
    return _decided(state, question, walk, stop)


def _handed_on(state: State, asked: RouteAsked) -> Decided:
    """To the number that an agent has dialled: that agent, or that call type's script from its start."""
    request = asked.request
    found = direct.at(state, asked.box, request.transfer_to, request.kind)
    if found is None:
        return direct.nobody(state, asked)
    if isinstance(found, str):
        return direct.ring(state, asked, found)
    question = choosing.question_of(state, asked)
    walk = Walk(state.rules.scripts[found.script], request.cursor, _contact(state, question))
    walk.because(f"{request.transferred_by} asks for {request.transfer_to}")
    return _decided(state, question, walk, walk.enter(state.rules.scripts[found.script], found.name))


def looked_up(state: State, asking: Asking, answer: Mapping[str, str], failed: str, at_ns: int) -> Decided:
    """The same question now, from the lookup on; where its script or the node is gone the script begins anew."""
    asked = _replace(asking.asked, at_ns=at_ns)
    script = state.rules.scripts.get(asking.script)
    place = cursors.read(asking.cursor)
    if script is None or place is None or not isinstance(script.text.nodes.get(place.node), Lookup):
        return decide(state, asked)
    question = choosing.question_of(state, asked)
    walk = Walk(script, asking.cursor, _contact(state, question))
    walk.carry(asking.path, asking.values, asking.reason, asking.callback)
    return _decided(state, question, walk, walk.lost(failed) if failed else walk.found(answer))


def _decided(state: State, question: Question, walk: Walk, stop: Stop) -> Decided:
    state, moved, last = _walked(state, question, walk, stop)
    asked = question.asked
    if isinstance(last, Look):
        return _looking(_kept(state, question, walk), asked, walk, last)
    name = _call_type(state, asked, walk)
    state = put_typed(state, question.contact, Typed(name, question.forget_ns))
    if isinstance(last, Waits):
        state, answer = _waits(state, question, last, walk, name)
    else:
        state, answer = _told(state, question, last, walk, name)
    if isinstance(last, (Waits, RingAgent)):
        state = shown.keep(state, asked, walk, name)
    state, contact = _kept(state, question, walk), question.contact
    known = knowing.known(state, contact) if state.rules.alone or asked.request.lease else ""
    answer = _replace(answer, place=waiting.carried(state, contact), known=known)
    return state, (*moved, Answer(asked.box, answer))


def _waits(state: State, question: Question, waits: Waits, walk: Walk, call_type: str) -> tuple[State, RouteAnswer]:
    asked, node = question.asked, waits.node
    walk.sees(_view(state, question, waits.place))
    music = Music(prompts=walk.announced(node.hold), seconds=waiting.piece(node, waits.place, asked))
    held = _answer(asked.request.request, Treat(verbs=(music,), language=walk.language), walk, call_type)
    return waiting.join(state, asked, node, waits.place, question.reach, held)


def _told(state: State, question: Question, action: Action, walk: Walk, call_type: str) -> tuple[State, RouteAnswer]:
    asked, reach = question.asked, question.reach
    answer = _answer(asked.request.request, action, walk, call_type)
    if isinstance(action, Treat) and (place := standing.place_now(state, asked, reach)) is not None:
        return standing.join(state, asked, place, reach, answer, action)
    if walk.callback in state.callbacks:
        answer = _replace(answer, queues=state.callbacks[walk.callback].node.queues)
    return translation.begin(state, answer, reach, asked.request.clid or "", asked.at_ns)


def _call_type(state: State, asked: RouteAsked, walk: Walk) -> str:
    """Its name, of the number or of what a script has made of the contact."""
    call_type = state.rules.call_type_of(asked.request.dnis, asked.request.kind)
    if walk.call_type or call_type is None:
        call_type = state.rules.call_types_named().get(walk.call_type, call_type)
    return call_type.name if call_type is not None else ""


def _walked(
    state: State, question: Question, walk: Walk, stop: Stop | RingAgent
) -> tuple[State, tuple[Effect, ...], Action | Waits | Look]:
    """On to what the branch is told; a Waits is where it waits, a Look what has to be known first."""
    while True:
        stop = _of_kind(state, question.asked, stop, walk)
        if isinstance(stop, Queue):
            state, done, after = _queued(state, question, stop, walk)
            if isinstance(after, (Waits, RingAgent)):
                return state, done, after
            stop = after
        elif isinstance(stop, Action):
            return _unless_free(state, question, walk, stop)
        elif isinstance(stop, Ring):
            verdict = choosing.hindrance(state, question, stop, walk)
            if not verdict:
                return choosing.ring_by_name(state, question, stop, walk)
            stop = _missed(walk, f"agent {stop.agent} cannot be rung: {verdict}", stop.node.otherwise)
        elif isinstance(stop, Look) and stop.source in state.rules.lookups:
            return state, (), stop
        elif isinstance(stop, Look):
            stop = walk.lost(f"no lookup {stop.source}")
        else:
            state, stop = _onward(state, question, stop, walk)


def _queued(
    state: State, question: Question, queue: Queue, walk: Walk
) -> tuple[State, tuple[Effect, ...], Stop | RingAgent | Waits]:
    """Its agent, or itself where the contact waits in it, or the next stop."""
    place = _place(state, question, queue, walk)
    state = standing.left(state, question.contact, unless=choosing.node_of(walk))
    found = choosing.found(state, question, queue, place, walk)
    if found is not None:
        return choosing.ring(state, question, queue, place, found, walk)
    if queue.next is not None and not standing.over(place, question.asked.at_ns):
        state = standing.enter(state, question.asked, place)
        walk.sees(_view(state, question, place))
        return state, (), walk.go_to(queue.next)
    if waiting.piece(queue, place, question.asked):
        return state, (), Waits(queue, place)
    why = f"no agent of {' or '.join(queue.queues)} is available"
    return standing.left(state, question.contact), (), _missed(walk, why, queue.otherwise)


def _unless_free(
    state: State, question: Question, walk: Walk, stop: Action
) -> tuple[State, tuple[Effect, ...], Action | Waits | Look]:
    """Who stands in queues is treated unless an agent is free."""
    place = standing.place_now(state, question.asked, question.reach)
    if isinstance(stop, Treat) and place is not None and place.standing is not None:
        found = choosing.found(state, question, place.standing, place, walk)
        if found is not None:
            return choosing.ring(state, question, place.standing, place, found, walk)
    return state, (), stop


def _onward(state: State, question: Question, stop: Onward, walk: Walk) -> tuple[State, Stop]:
    match stop:
        case CallBack():
            return _called_back(state, question, stop, walk)
        case Percent():
            return _shared(state, stop.shares, walk)
        case Distribute():
            return _distributed(state, question, stop, walk)
        case Run():
            place = state.places.get(question.contact)
            stands = place.node if place is not None and place.standing is not None else ""
            return state, walk.run(state.rules.scripts[stop.script], stands)
        case Return():
            return _returned(state, question, walk)
        case Priority() | Cancel():
            state = standing.change(state, question.contact, stop)
            walk.sees(_view(state, question, standing.place_now(state, question.asked, question.reach)))
            return state, walk.go_to(stop.next)
    return state, _elsewhere(state, question.asked, stop, walk)


def _looking(state: State, asked: RouteAsked, walk: Walk, look: Look) -> Decided:
    contact, name = asked.request.contact, f"{state.epoch}.{state.serial + 1}"
    until_ns = asked.at_ns + state.rules.lookups[look.source] * 1_000_000 + LATE_NS
    asking = Asking(
        name,
        asked,
        walk.script.name,
        walk.cursor,
        tuple(walk.path),
        dict(walk.values),
        walk.reason,
        until_ns,
        walk.callback,
    )
    state = put_asking(_replace(state, serial=state.serial + 1), contact, asking)
    return state, (LookupAsked(contact, name, look.source, look.parameters),)


def _of_kind(state: State, asked: RouteAsked, stop: Stop | RingAgent, walk: Walk) -> Stop | RingAgent:
    """An agent in a slot of the contact's channel; queues of another, to which only other rules lead, are missed.

    So is a label that a branch must not dial.
    """
    kind = asked.request.kind
    if isinstance(stop, Queue):
        others = [name for name in stop.queues if state.rules.queues[name].channel != kind]
        if others:
            passed = _missed(walk, f"no {kind} waits in {' or '.join(others)}", stop.otherwise)
            return _of_kind(state, asked, passed, walk)
    elif isinstance(stop, Label) and asked.box not in state.rules.peripherals:
        node, why = walk.script.text.nodes[walk.node], label_verdict(state.rules.outbound, stop.label)
        if why and isinstance(node, nodes.Label):
            return _of_kind(state, asked, _missed(walk, why, node.otherwise), walk)
    elif isinstance(stop, Ring):
        return _replace(stop, agent=slots.arriving(state, stop.agent, kind, asked.request.contact))
    return stop


def _place(state: State, question: Question, queue: Queue, walk: Walk) -> Place:
    return waiting.place_of(state, question.asked, queue, choosing.node_of(walk), question.reach, again=walk.again)


def _contact(state: State, question: Question) -> Contact:
    asked, request = question.asked, question.asked.request
    kept, place = state.contexts.get(request.contact), state.places.get(request.contact)
    stands = place is not None and place.standing is not None
    return Contact(
        dnis=request.dnis,
        clid=request.clid or "",
        ani=request.ani or "",
        ced=request.ced,
        outcome=request.outcome,
        because=request.because,
        at_ns=asked.day_ns,
        queue=_view(state, question, place if stands else None),
        stands=stands,
        fields={} if kept is None else context.decoded(kept.fields.encode()),
    )


def _view(state: State, question: Question, place: Place | None) -> View:
    return View(state, question.reach, question.contact, question.asked.at_ns, place)


def _kept(state: State, question: Question, walk: Walk) -> State:
    """The context that the walk leaves, for the next question and the next script."""
    if not walk.fields:
        return state
    fields = context.encoded(walk.fields).decode()
    return put_context(state, question.contact, Context(fields, question.forget_ns))


# What the router decides on the way.


def _called_back(state: State, question: Question, stop: CallBack, walk: Walk) -> tuple[State, Stop]:
    asked, node, at = question.asked, stop.node, walk.node
    try:
        state, name = wanted(state, asked, node, stop.number, stop.wait_s)
    except RefusedError as error:
        return state, walk.refuse(str(error))
    state = life.known(shown.keep(state, asked, walk, _call_type(state, asked, walk)), name)
    later = ", kept until headquarters is back" if state.rules.alone else ""
    walk.values[at] = f"callback {name} to {stop.number} in {' or '.join(node.queues)}{later}"
    if isinstance(node, Callback):
        walk.callback = name
    return state, walk.go_to(node.next)


def _distributed(state: State, question: Question, stop: Distribute, walk: Walk) -> tuple[State, Stop]:
    """By weight, or to where least is to be done; those that have alike take turns."""
    if stop.weights:
        return _shared(state, stop.weights, walk, whole=f"of {sum(stop.weights.values())}")
    see = _view(state, question, None)
    loads, told = dict[str, Fraction](), []
    for target, queue in stop.load.items():
        staffed, work = see("staffed", queue) or 0, see("waiting", queue) or 0
        work += staffed - (see("free", queue) or 0)
        told.append(f"{queue} {work} for {staffed}" if staffed else f"{queue} nobody")
        if staffed:
            loads[target] = Fraction(work, staffed)
    if not loads:
        walk.values[walk.node] = f"failed, {', '.join(told)}"
        return state, _missed(walk, f"nobody is there for {' or '.join(stop.load.values())}", stop.failed or walk.node)
    least = min(loads.values())
    return _shared(state, {one: 1 for one, load in loads.items() if load == least}, walk, told=", ".join(told))


def _returned(state: State, question: Question, walk: Walk) -> tuple[State, Stop]:
    """To the script that waits, out of queues that it did not stand in; where it is gone its call type begins anew."""
    frame = walk.awaited
    if frame is None:
        raise AssertionError("no script waits for this one")
    state = standing.left(state, question.contact, unless=frame.stands)
    script = state.rules.scripts.get(frame.script)
    if script is None:
        name = _call_type(state, question.asked, walk)
        call_type = state.rules.call_types_named().get(name)
        script = walk.script if call_type is None else state.rules.scripts[call_type.script_at(question.asked.day_ns)]
    walk.sees(_view(state, question, standing.place_now(state, question.asked, question.reach)))
    return state, walk.back(script)


def _shared(
    state: State, shares: Mapping[str, int], walk: Walk, *, whole: str = "%", told: str = ""
) -> tuple[State, Stop]:
    """Whose turn it is; scripts of one name and node share one count."""
    target, given = turn(shares, state.shared.get(choosing.node_of(walk), {}))
    walk.values[walk.node] = f"{told or f'{shares[target]} {whole}'} to {target}"
    return _replace(state, shared={**state.shared, choosing.node_of(walk): given}), walk.go_to(target)


def _elsewhere(state: State, asked: RouteAsked, stop: GoToScript | Requalify, walk: Walk) -> Stop:
    """Loading has proved that script and call type are there."""
    if isinstance(stop, GoToScript):
        return walk.enter(state.rules.scripts[stop.script])
    call_type = state.rules.call_types_named()[stop.call_type]
    return walk.enter(state.rules.scripts[call_type.script_at(asked.day_ns)], call_type.name)


def _missed(walk: Walk, why: str, otherwise: str) -> Stop:
    stop = walk.go_to(otherwise)
    walk.reason = "; ".join(filter(None, (why, walk.reason)))
    return stop


def _answer(request: str, action: Action, walk: Walk, call_type: str) -> RouteAnswer:
    return RouteAnswer(
        request=request,
        action=action,
        reason=walk.reason,
        call_type=call_type,
        script=walk.script.name,
        version=walk.script.version,
        path=tuple(walk.path),
        values=dict(walk.values),
        cursor=walk.cursor,
        callback=walk.callback,
    )

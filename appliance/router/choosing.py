# SPDX-License-Identifier: GPL-2.0-only
"""Which agent a contact is given by the decision that asks for one, and why."""

import msgspec

from appliance.router import agents, translation, waiting
from appliance.router.events import Effect, RouteAsked
from appliance.router.index import put_place
from appliance.router.rows import order_of
from appliance.router.state import Place, Reach, Stand, State
from appliance.router.world import considered
from appliance.script.nodes import Agent, Queue, Select
from appliance.script.stops import Ring
from appliance.script.walk import Walk
from appliance.wire.routes import RingAgent

WHY = {
    Select.LONGEST_AVAILABLE: "has been available longest",
    Select.MINIMUM_EXPECTED_DELAY: "has been available longest",
    Select.LEAST_OCCUPIED: "is least occupied",
    Select.NEXT: "is next",
}
PRIORITY = 5  # of who asks for one agent by name

Rung = tuple[State, tuple[Effect, ...], RingAgent]
_replace = msgspec.structs.replace


class Question(msgspec.Struct, frozen=True):
    """What is asked, whose it is, whom that contact could be given, and when it is over though nobody has said so."""

    asked: RouteAsked
    contact: str
    reach: Reach
    forget_ns: int


def node_of(walk: Walk) -> str:
    """Where it stands, in all scripts."""
    return f"{walk.script.name}/{walk.node}"


def question_of(state: State, asked: RouteAsked) -> Question:
    """Of what is asked."""
    request = asked.request
    near = (asked.box, *request.reaches)
    routed = translation.reached(state.rules, asked.box, near) if state.rules.translation_routes else ()
    refused = request.refused_agents + translation.given_in_vain(state, request.contact)
    reach = Reach(near + routed, refused, routed, request.full)
    return Question(asked, request.contact, reach, waiting.forgotten_ns(state, asked))


def found(state: State, question: Question, queue: Queue, place: Place, walk: Walk) -> tuple[Stand, str] | None:
    """An agent for a contact that does not wait yet; where nobody may wait, of any step that is considered."""
    reach, at_ns = question.reach, question.asked.at_ns
    stands = place.stands if queue.hold or queue.next else _every_step(state, queue, reach)
    for stand in stands:
        walk.values[stand.queue] = agents.verdicts(state, stand.queue, stand.step, reach, at_ns)
    chosen = waiting.find(state, stands, reach, queue.select, at_ns)
    if chosen is None or waiting.ahead(state, chosen[1], order_of(place, question.contact)):
        return None
    return chosen


def _every_step(state: State, queue: Queue, reach: Reach) -> tuple[Stand, ...]:
    return tuple(
        Stand(name, number, None)
        for name in queue.queues
        for number, step in enumerate(state.rules.queues[name].steps)
        if considered(state, step.consider_if, reach)
    )


def ring(state: State, question: Question, queue: Queue, place: Place, chosen: tuple[Stand, str], walk: Walk) -> Rung:
    """The agent who was found."""
    (stand, agent), why = chosen, WHY[queue.select]
    walk.because(f"{state.rules.seats[agent].name} ({agent}) {why} in {stand.queue}")
    return _reserved(state, question, queue, _replace(place, rung=agent), stand.queue, walk)


def hindrance(state: State, question: Question, ring: Ring, walk: Walk) -> str:
    """Why the one agent who is asked for cannot be rung; empty where they can."""
    reach, at_ns = question.reach, question.asked.at_ns
    told = agents.verdict(state, ring.agent, reach, at_ns)
    walk.values[f"agent {ring.agent}"] = told
    if not agents.can_choose(state, ring.agent, reach):
        return told
    mine = (PRIORITY, at_ns, state.serial + 1, question.contact)
    return "is awaited by others" if waiting.ahead(state, ring.agent, mine) else ""


def ring_by_name(state: State, question: Question, ring: Ring, walk: Walk) -> Rung:
    """The agent whom the script asks for."""
    asked, seat = question.asked, state.rules.seats[ring.agent]
    place = state.places.get(question.contact) or Place(
        PRIORITY, asked.at_ns, state.serial + 1, node_of(walk), asked.at_ns, question.forget_ns, ()
    )
    walk.because(f"script {walk.script.name} asks for {seat.name} ({ring.agent}) at {walk.node}")
    return _reserved(state, question, ring.node, _replace(place, rung=ring.agent), "", walk)


def _reserved(state: State, question: Question, node: Queue | Agent, place: Place, queue: str, walk: Walk) -> Rung:
    """The agent whom the place says to be rung."""
    asked, contact = question.asked, question.contact
    state, held, moved = agents.reserve(state, place.rung, contact, queue, asked.at_ns, asked.box)
    return put_place(state, contact, place), (moved,), waiting.ring(state, node, held, asked.box, record=walk.record)

# SPDX-License-Identifier: GPL-2.0-only
"""Contacts that wait: their place, and who is given the agent that has become free. Every function gives a new state.

A contact keeps its place until it ends: through agents who do not answer, from queue to queue, over a restart. While it
waits its branch plays to it and asks again each PIECE_S, so one that is lost is missed.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from appliance.router import agents
from appliance.router.events import Assigned, Effect, ReservationEnded, RouteAsked
from appliance.router.state import Place, Reservation, State, Waiting
from appliance.script.nodes import Queue
from appliance.wire.routes import RingAgent, RouteAnswer, Treat
from appliance.wire.treatments import Music

PIECE_S = 20
GRACE_NS = 10_000_000_000
SECOND_NS = 1_000_000_000

T = TypeVar("T")
Step = tuple[State, tuple[Effect, ...]]


def place_of(state: State, contact: str, queue: Queue, node: str, at_ns: int) -> Place:
    """Where it stands in this queue: as old as the contact's first wait; how long here counts from its entry."""
    before = state.places.get(contact)
    if before is None:
        return Place(queue.priority, at_ns, state.serial + 1, node, at_ns)
    here_ns = before.here_ns if before.node == node else at_ns
    return Place(queue.priority, before.queued_ns, before.tie, node, here_ns)


def piece(queue: Queue, place: Place, at_ns: int) -> int:
    """Seconds for which it is played to, 0: it has waited as long as it may, or nobody waits here."""
    if not queue.hold:
        return 0
    left_ns = place.here_ns + queue.wait_s * SECOND_NS - at_ns
    return max(0, min(PIECE_S, -(-left_ns // SECOND_NS)))


def join(state: State, asked: RouteAsked, queue: Queue, place: Place, answer: RouteAnswer) -> tuple[State, RouteAnswer]:
    """It waits; `answer` with what its branch does meanwhile, and its number in the queue."""
    contact, seconds = asked.request.contact, piece(queue, place, asked.at_ns)
    treat = Treat(verbs=(Music(prompts=queue.hold, seconds=seconds),), language=_language(state, answer))
    waits = Waiting(
        contact,
        asked.box,
        place,
        queue,
        asked.request.refused_agents,
        msgspec.structs.replace(answer, action=treat),
        asked.at_ns + seconds * SECOND_NS + GRACE_NS,
    )
    state = msgspec.structs.replace(
        state,
        serial=max(state.serial, place.tie),
        places={**state.places, contact: place},
        waiting={**state.waiting, contact: waits},
    )
    there = [one for one in state.waiting.values() if one.queue.skill_group == queue.skill_group]
    number = sum(_order(one) <= _order(waits) for one in there)
    reason = f"no agent of skill group {queue.skill_group} is available; waits as number {number} of {len(there)}"
    return state, msgspec.structs.replace(answer, action=treat, reason=reason)


def leave(state: State, contact: str, *, ended: bool = False) -> State:
    """It waits no more; `ended`: nor has it a place."""
    if contact in state.waiting:
        state = msgspec.structs.replace(state, waiting=_without(state.waiting, contact))
    if ended and contact in state.places:
        state = msgspec.structs.replace(state, places=_without(state.places, contact))
    return state


def miss(state: State, at_ns: int) -> State:
    """Those that should have asked again by now wait no more."""
    for one in tuple(state.waiting.values()):
        if one.until_ns <= at_ns:
            state = leave(state, one.contact)
    return state


def settle(state: State, effects: tuple[Effect, ...]) -> State:
    """Reservations have ended: who was rung waits no more, who was not waits on."""
    for ended in effects:
        if not isinstance(ended, ReservationEnded):
            continue
        waits = state.waiting.get(ended.contact)
        if waits is None or waits.token != ended.token:
            continue
        if ended.why == "arrived":
            state = leave(state, ended.contact)
        else:
            state = _with(state, msgspec.structs.replace(waits, token=None))
    return state


def assign(state: State, at_ns: int) -> Step:
    """Agents who are free, to those who wait, in their order."""
    effects: tuple[Effect, ...] = ()
    groups = {waits.queue.skill_group for waits in state.waiting.values() if waits.token is None}
    if not any(agents.free(state, (), group) for group in sorted(groups)):
        return state, effects
    for waits in sorted(state.waiting.values(), key=_order):
        if waits.token is not None or waits.box not in state.present:
            continue
        agent, verdicts = agents.choose(state, waits.queue.skill_group, waits.refused, at_ns)
        if agent is None:
            continue
        state, held = agents.reserve(state, agent, waits.contact, at_ns)
        state = _with(state, msgspec.structs.replace(waits, token=held.token))
        effects = (*effects, Assigned(waits.box, _label(state, waits, held, verdicts, at_ns)))
    return state, effects


def _label(state: State, waits: Waiting, held: Reservation, verdicts: dict[str, str], at_ns: int) -> RouteAnswer:
    group, seat = waits.queue.skill_group, state.rules.seats[held.agent]
    waited_s = (at_ns - waits.place.queued_ns) // SECOND_NS
    return msgspec.structs.replace(
        waits.answer,
        action=ring(state, waits.queue, held),
        reason=f"{seat.name} ({held.agent}) is free; the caller has waited {waited_s} s in skill group {group}",
        values={**waits.answer.values, group: agents.told(verdicts)},
    )


def ring(state: State, queue: Queue, held: Reservation) -> RingAgent:
    """The reserved agent's phone."""
    return RingAgent(
        agent=held.agent,
        extension=state.rules.seats[held.agent].extension,
        queue=queue.skill_group,
        token=held.token,
        ring_s=queue.ring_s,
        record=queue.record,
    )


def _order(waits: Waiting) -> tuple[int, int, int]:
    return waits.place.priority, waits.place.queued_ns, waits.place.tie


def _with(state: State, waits: Waiting) -> State:
    return msgspec.structs.replace(state, waiting={**state.waiting, waits.contact: waits})


def _without(mapping: Mapping[str, T], contact: str) -> dict[str, T]:
    return {name: one for name, one in mapping.items() if name != contact}


def _language(state: State, answer: RouteAnswer) -> str:
    return state.rules.scripts[answer.script].text.language

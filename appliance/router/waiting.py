# SPDX-License-Identifier: GPL-2.0-only
"""Contacts that wait: their place, and who is given the agent that has become free. Every function gives a new state.

A contact keeps its place until it ends: through agents who do not answer, from queue to queue, over a restart. It waits
in all queues of its node at once, in each at a step that widens with time. While it waits its branch plays to it and
asks again each PIECE_S, so one that is lost is missed.
"""

import heapq
import itertools
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import msgspec

from appliance.router import agents, expected, slots, translation
from appliance.router.callbacks.ordering import order as order_contact
from appliance.router.events import Assigned, Effect, ReservationEnded, RouteAsked
from appliance.router.index import put_place, put_sweep, put_typed, put_waiting
from appliance.router.mappings import QueuedRow
from appliance.router.rows import order
from appliance.router.rules import VOICE
from appliance.router.state import Place, Reach, Reservation, Stand, State, Waiting
from appliance.router.world import considered
from appliance.script import cursor as cursors
from appliance.script.nodes import Agent, Queue, Select
from appliance.wire.routes import ContactPlace, RingAgent, RouteAnswer

PIECE_S = 20
LOWEST = 10  # of priorities
GRACE_NS = 10_000_000_000
SECOND_NS = 1_000_000_000
SWEPT_NS = 3_600 * SECOND_NS
QUICKEST = Select.MINIMUM_EXPECTED_DELAY
USUAL_S = 180  # of a talk, where a queue has had none

Step = tuple[State, tuple[Effect, ...]]
_replace = msgspec.structs.replace


def place_of(state: State, asked: RouteAsked, queue: Queue, node: str, reach: Reach, *, again: bool) -> Place:
    """Where it stands at this node: as old as the contact; how long here counts from its entry, `again` from before."""
    at_ns, before = asked.at_ns, state.places.get(asked.request.contact)
    forget_ns = forgotten_ns(state, asked)
    stays = before is not None and (again or before.standing is not None)
    if stays and before is not None and before.node == node and _stands_there(before, queue):
        stands = tuple([gone_on(state, one, reach, at_ns) for one in before.stands])
        priority = queue.priority if before.standing is None else before.priority
        return _replace(before, priority=priority, forget_ns=forget_ns, stands=stands)
    stands = tuple([enter(state, name, 0, reach, at_ns) for name in queue.queues])
    if queue.select is QUICKEST:
        stands = quickest(state, stands, reach, at_ns)
    queued_ns, tie = (at_ns, state.serial + 1) if before is None else (before.queued_ns, before.tie)
    standing = None if queue.next is None else queue
    return Place(queue.priority, queued_ns, tie, node, at_ns, forget_ns, stands, standing=standing)


def _stands_there(place: Place, queue: Queue) -> bool:
    names = _names(place)
    quickest = queue.select is QUICKEST
    return bool(names) and set(names) <= set(queue.queues) if quickest else names == queue.queues


def quickest(state: State, stands: tuple[Stand, ...], reach: Reach, at_ns: int) -> tuple[Stand, ...]:
    """The one queue that is expected to be, of several that would be; who is free longest serves at once."""

    def delay(stand: Stand) -> tuple[bool, int, int]:
        free = [state.index.free.get((stand.queue, stand.step), {}).get(box, ()) for box in reach.boxes]
        since = [at for rows in free for at, agent in rows if agent not in reach.refused]
        staffed, ahead = agents.staffed(state, stand.queue), agents.waiting(state, stand.queue)
        if since:
            return False, 0, min(since)
        seconds = expected.expected_s(state, stand.queue, ahead, at_ns) if staffed else None
        return not staffed, USUAL_S * (ahead + 1) // max(1, staffed) if seconds is None else seconds, 0

    return (min(stands, key=delay),) if stands else ()


def forgotten_ns(state: State, asked: RouteAsked) -> int:
    """When the contact is over, though nobody has said so."""
    return asked.at_ns + state.rules.channel(asked.request.kind).kept_s * SECOND_NS


def brought(state: State, asked: RouteAsked) -> State:
    """A place that another router gave, of a contact that has none here."""
    told, contact, at_ns = asked.request.place, asked.request.contact, asked.at_ns
    if told is None or contact in state.places:
        return state
    queues = state.rules.queues
    stands = tuple(Stand(*one) for one in told.stands if one[0] in queues and 0 <= one[1] < len(queues[one[0]].steps))
    place = Place(
        max(1, min(told.priority, LOWEST)),
        min(told.queued_ns, at_ns),
        told.tie,
        told.node,
        min(told.here_ns, at_ns),
        forgotten_ns(state, asked),
        stands,
        standing=_stood_at(state, told.node) if stands else None,
    )
    return put_place(state, contact, place)


def _stood_at(state: State, at: str) -> Queue | None:
    """The queue of that node, where its script goes on meanwhile."""
    script, _, name = at.partition("/")
    node = state.rules.scripts[script].text.nodes.get(name) if script in state.rules.scripts else None
    return node if isinstance(node, Queue) and node.next is not None else None


def carried(state: State, contact: str) -> ContactPlace | None:
    """A contact's place, for whoever may have to go on with it."""
    place = state.places.get(contact)
    if place is None:
        return None
    stands = tuple([(one.queue, one.step, one.until_ns) for one in place.stands])
    return ContactPlace(place.priority, place.queued_ns, place.tie, place.node, place.here_ns, stands)


def rung(state: State, contact: str, agent: str) -> State:
    """The contact, which has a place, has been given that agent."""
    return put_place(state, contact, _replace(state.places[contact], rung=agent))


def enter(state: State, queue: str, number: int, reach: Reach, at_ns: int) -> Stand:
    """At that step, or the first after it that is considered; the last is, whatever it says."""
    steps = state.rules.queues[queue].steps
    last = len(steps) - 1
    number = min(number, last)
    while number < last and not considered(state, steps[number].consider_if, reach):
        number += 1
    return Stand(queue, number, None if number == last else at_ns + steps[number].wait_s * SECOND_NS)


def gone_on(state: State, stand: Stand, reach: Reach, at_ns: int) -> Stand:
    """The next step where this one is over."""
    over = stand.until_ns is not None and stand.until_ns <= at_ns
    return enter(state, stand.queue, stand.step + 1, reach, at_ns) if over else stand


def find(state: State, stands: Iterable[Stand], reach: Reach, select: Select, at_ns: int) -> tuple[Stand, str] | None:
    """The agent in the first queue that has one, at the first branch that has."""
    for stand in stands:
        pool = (stand.queue, stand.step)
        for box in reach.boxes if pool in state.index.free else ():
            if reach.routed and translation.blocked(state, reach, box):
                continue
            agent = agents.choose(state, pool, box, reach, select, at_ns)
            if agent is not None:
                return stand, agent
    return None


def ahead(state: State, agent: str, mine: tuple[int, int, int, str]) -> bool:
    """Whether somebody waits who is to have this agent before a contact of this order, which does not wait."""
    box, pools = state.rules.seats[agent].box, state.index.pools.get(agent, ())
    queued = state.index.queued
    if queued.keys().isdisjoint(pools):
        return False
    lines = (line for pool in pools for boxes, line in queued.get(pool, {}).items() if box in boxes)
    reaches = (
        state.waiting[row[-1]].reach for line in lines for row in itertools.takewhile(lambda row: row < mine, line)
    )
    return any(agent not in one.refused and not translation.blocked(state, one, box) for one in reaches)


def piece(queue: Queue, place: Place, asked: RouteAsked) -> int:
    """Seconds for which it is played to, 0: it has waited as long as it may, or nobody waits here.

    A caller can be lost; of other contacts their peripheral tells what it has.
    """
    if not queue.hold:
        return 0
    left_s = -(-(place.here_ns + queue.wait_s * SECOND_NS - asked.at_ns) // SECOND_NS)
    return max(0, min(PIECE_S, left_s) if asked.request.kind == VOICE else left_s)


def join(
    state: State, asked: RouteAsked, queue: Queue, place: Place, reach: Reach, answer: RouteAnswer
) -> tuple[State, RouteAnswer]:
    """It waits while its branch plays what `answer` says; with its number in the first of its queues."""
    state, answer, number = wait(state, asked, queue, place, reach, answer, piece(queue, place, asked))
    reason = f"no agent of {' or '.join(answer.queues)} is available; {number}"
    return state, _replace(answer, reason=reason, anew=True)


def wait(
    state: State, asked: RouteAsked, queue: Queue, place: Place, reach: Reach, answer: RouteAnswer, seconds: int
) -> tuple[State, RouteAnswer, str]:
    """It waits while its branch does what `answer` says, for so many seconds at most; and its number, in words."""
    contact, until_ns = asked.request.contact, asked.at_ns + seconds * SECOND_NS + GRACE_NS
    answer = _replace(answer, queues=_names(place))
    waits = Waiting(contact, asked.box, place, queue, reach, answer, until_ns, clid=asked.request.clid or "")
    state = put_waiting(put_place(state, contact, place), contact, waits)
    state = _replace(state, serial=max(state.serial, place.tie))
    before, there = _number(state, waits)
    return state, answer, f"waits as number {before + 1} of {there}"


def leave(state: State, contact: str) -> State:
    """It waits no more."""
    return put_waiting(state, contact, None) if contact in state.waiting else state


def rings(state: State, contact: str, at_ns: int) -> State:
    """A phone rings for it, so it waits no more."""
    waits = state.waiting.get(contact)
    return state if waits is None else expected.gone(leave(state, contact), waits, at_ns, gave_up=False)


def end(state: State, contact: str, at_ns: int) -> State:
    """It waits no more, nor has it a place."""
    waits = state.waiting.get(contact)
    if waits is not None:
        state = expected.gone(leave(state, contact), waits, at_ns, gave_up=True)
    return put_place(state, contact, None) if contact in state.places else state


def go_on(state: State, contact: str, at_ns: int) -> State:
    """It should have asked again by now, or the choice is wider from now on in the queues whose step is over."""
    waits = state.waiting[contact]
    if waits.until_ns <= at_ns:
        return put_waiting(state, contact, None)
    stands = tuple(gone_on(state, one, waits.reach, at_ns) for one in waits.place.stands)
    return _put(state, waits, _replace(waits.place, stands=stands))


def follow(state: State, at_ns: int) -> State:
    """Other rules: who waits in a queue that is gone asks again; a queue that has lost steps has its last."""
    for contact, place in state.places.items():
        waits = state.waiting.get(contact)
        if not all(name in state.rules.queues for name in _names(place)):
            state = put_waiting(state, contact, None) if waits is not None else state
            state = put_place(state, contact, _replace(place, stands=()))
            continue
        stands = tuple(_within(state, one, at_ns) for one in place.stands)
        if stands != place.stands:
            now = _replace(place, stands=stands)
            state = put_place(state, contact, now) if waits is None else _put(state, waits, now)
    return state


def _within(state: State, stand: Stand, at_ns: int) -> Stand:
    last = len(state.rules.queues[stand.queue].steps) - 1
    if stand.step < last and stand.until_ns is not None:
        return stand
    return enter(state, stand.queue, min(stand.step, last), Reach(()), at_ns)


def _put(state: State, waits: Waiting, place: Place) -> State:
    return put_waiting(put_place(state, waits.contact, place), waits.contact, _replace(waits, place=place))


def _names(place: Place) -> tuple[str, ...]:
    return tuple([stand.queue for stand in place.stands])


def sweep(state: State, at_ns: int) -> State:
    """What nobody has said to be over, of contacts neither waiting nor at an agent."""
    there = state.waiting.keys() | state.index.calls.keys()
    places = {contact: one for contact, one in state.places.items() if one.forget_ns > at_ns or contact in there}
    contexts = {contact: one for contact, one in state.contexts.items() if one.forget_ns > at_ns or contact in there}
    shown = {contact: one for contact, one in state.shown.items() if one.forget_ns > at_ns or contact in there}
    for contact in tuple(contact for contact, one in state.typed.items() if one.forget_ns <= at_ns):
        state = put_typed(state, contact, None)
    state = put_sweep(_replace(state, places=places, contexts=contexts, shown=shown), 0)
    return put_sweep(state, at_ns + SWEPT_NS) if places or contexts or shown or state.typed else state


def settle(state: State, over: Iterable[ReservationEnded]) -> State:
    """Reservations have ended: who was rung waits no more, who was not waits on."""
    for ended in over:
        waits = state.waiting.get(ended.contact)
        if waits is None or waits.token != ended.token:
            continue
        after = None if ended.why == "arrived" else _replace(waits, token=None)
        state = put_waiting(state, ended.contact, after)
    return state


def assign(state: State, at_ns: int) -> Step:
    """Agents who are free, to those who wait, in their order."""
    effects: tuple[Effect, ...] = ()
    if not state.index.queued or state.index.queued.keys().isdisjoint(state.index.free.keys()):
        return state, effects
    for contact in _next(_served(state)):
        waits = state.waiting[contact]
        found = find(state, waits.place.stands, waits.reach, waits.node.select, at_ns)
        if found is None:
            continue
        stand, agent = found
        told = agents.verdicts(state, stand.queue, stand.step, waits.reach, at_ns)
        state, held, moved = agents.reserve(state, agent, contact, stand.queue, at_ns, waits.box)
        state = put_waiting(rung(state, contact, agent), contact, _replace(waits, token=held.token))
        label = _label(state, waits, held, told, at_ns)
        if contact in state.callbacks and isinstance(label.action, RingAgent):
            state, ordered = order_contact(state, contact, waits.box, label.action, label.reason)
            effects = (*effects, moved, ordered)
        else:
            state, label = translation.begin(state, label, waits.reach, waits.clid, at_ns)
            effects = (*effects, moved, Assigned(waits.box, label))
        if not _served(state):
            break
    return state, effects


def _served(state: State) -> list[tuple[QueuedRow, ...]]:
    """Who waits in a pool for branches of which one has somebody."""
    queued, free = state.index.queued, state.index.free
    return [
        line
        for pool in sorted(queued.keys() & free.keys())
        for boxes, line in queued[pool].items()
        if not boxes.isdisjoint(free[pool])
    ]


def _next(lines: list[tuple[QueuedRow, ...]]) -> Iterator[str]:
    """Who waits in these, in order, each contact once."""
    seen = set()
    for _, _, _, contact in heapq.merge(*lines):
        if contact not in seen:
            seen.add(contact)
            yield contact


def _label(state: State, waits: Waiting, held: Reservation, told: str, at_ns: int) -> RouteAnswer:
    seat = state.rules.seats[held.agent]
    waited_s = (at_ns - waits.place.queued_ns) // SECOND_NS
    return _replace(
        waits.answer,
        action=ring(state, waits.node, held, waits.box, record=said(waits.answer.cursor)),
        reason=f"{seat.name} ({held.agent}) is free; the caller has waited {waited_s} s in {held.queue}",
        values={**waits.answer.values, held.queue: told},
        queues=(),
        place=carried(state, waits.contact),
    )


def said(cursor: str) -> bool | None:
    """Whether the contact is to be recorded, where its script has said so on its way."""
    before = cursors.read(cursor)
    return None if before is None else before.record


def ring(state: State, node: Queue | Agent, held: Reservation, box: str, *, record: bool | None) -> RingAgent:
    """The reserved agent's phone, for a contact at `box`; recorded as its script has said on its way, else the node."""
    seat = state.rules.seats[held.agent]
    return RingAgent(
        agent=slots.agent_of(held.agent),
        extension=seat.extension,
        queue=held.queue,
        token=held.token,
        ring_s=node.ring_s,
        record=node.record if record is None else record,
        box="" if seat.box == box else seat.box,
    )


def _number(state: State, waits: Waiting) -> tuple[int, int]:
    """How many are before it in the first of its queues, and how many are there."""
    line = state.index.lines.get(waits.place.stands[0].queue, ())
    return bisect_left(line, order(waits)), len(line)

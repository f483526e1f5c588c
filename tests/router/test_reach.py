# SPDX-License-Identifier: GPL-2.0-only
"""Contacts that reach different branches: whoever is given whom, a plain search through all of them says the same."""

from itertools import product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.router.events import Assigned
from appliance.router.index import put_agent, put_present, put_waiting
from appliance.router.indexing import indexed
from appliance.router.rows import order, order_of
from appliance.router.rules import QueueRule, QueueStep, Rules, Seat
from appliance.router.state import Agent, Place, Reach, Stand, State, Waiting
from appliance.router.states import AgentState
from appliance.router.waiting import ahead, assign, find
from appliance.script.nodes import Queue
from appliance.wire.routes import Release, RingAgent, RouteAnswer

pytestmark = pytest.mark.unit

BOXES = ("BR-0001", "BR-0002", "BR-0003", "BR-0004")
AGENTS = tuple(f"a{number}" for number in range(8))
SEATS = {name: Seat(name, name, BOXES[number % 4], str(8_000 + number)) for number, name in enumerate(AGENTS)}
QUEUES = {
    "card": QueueRule((QueueStep(AGENTS[:4], 10), QueueStep(AGENTS[:6], 0))),
    "loans": QueueRule((QueueStep(AGENTS[2:], 0),)),
    "gold": QueueRule((QueueStep(AGENTS[::2], 5), QueueStep(AGENTS, 0))),
}
STANDS = tuple((name, number) for name, queue in QUEUES.items() for number in range(len(queue.steps)))
RULES = Rules({}, QUEUES, SEATS, {})
NODE = Queue(queues=("card",), otherwise="gone")

PLACES = st.builds(
    lambda priority, queued_ns, tie, stands: Place(
        priority, queued_ns, tie, "s/n", 0, 0, tuple(Stand(name, number, None) for name, number in stands)
    ),
    st.integers(1, 3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.lists(st.sampled_from(STANDS), min_size=1, max_size=3, unique_by=lambda stand: stand[0]),
)
REACHES = st.builds(
    lambda boxes, refused: Reach(tuple(boxes), tuple(refused)),
    st.lists(st.sampled_from(BOXES), min_size=1, unique=True),
    st.lists(st.sampled_from(AGENTS), max_size=2, unique=True),
)
CONTACTS = st.sampled_from([f"c{number}" for number in range(8)])
CHANGES = st.one_of(
    st.tuples(CONTACTS, st.one_of(st.none(), st.tuples(PLACES, REACHES, st.booleans()))),
    st.tuples(
        st.sampled_from(AGENTS),
        st.builds(lambda state, ns: Agent(state, free_ns=ns), st.sampled_from(AgentState), st.integers(0, 3)),
    ),
    st.tuples(st.sampled_from(BOXES), st.booleans()),
)


def changed(state: State, who: str, now: object) -> State:
    """A branch comes or goes, an agent or a contact changes."""
    if isinstance(now, bool):
        return put_present(state, who, there=now)
    if isinstance(now, Agent):
        return put_agent(state, who, now)
    if not isinstance(now, tuple):
        return put_waiting(state, who, None)
    place, reach, rung = now
    answer, token = RouteAnswer(request=f"r-{who}", action=Release(), reason=""), "t" if rung else None
    return put_waiting(state, who, Waiting(who, reach.boxes[0], place, NODE, reach, answer, 10**12, token))


def searched(state: State, waits: Waiting, taken: set[str]) -> tuple[str, str] | None:
    """(queue, agent): through all agents of all steps and branches, in the order that was promised."""
    for stand, box in product(waits.place.stands, waits.reach.boxes):
        able = [
            (state.agents[name].free_ns, name)
            for name in QUEUES[stand.queue].steps[stand.step].agents
            if SEATS[name].box == box and box in state.present and name not in {*taken, *waits.reach.refused}
            if state.agents[name].state is AgentState.AVAILABLE
        ]
        if able:
            return stand.queue, min(able)[1]
    return None


def served(state: State) -> list[Waiting]:
    """All who wait, in their order."""
    able = [waits for waits in state.waiting.values() if waits.token is None and waits.box in state.present]
    return sorted(able, key=order)


@settings(max_examples=300, deadline=None)
@given(st.lists(CHANGES, max_size=60))
def test_a_freed_agent_goes_to_whom_a_plain_search_finds(changes: list[tuple[str, object]]) -> None:
    state = indexed(State(RULES, "e", {name: Agent(AgentState.BUSY) for name in AGENTS}, {}, frozenset()))
    for who, now in changes:
        state = changed(state, who, now)
    assert state.index == indexed(state).index
    expected, taken = [], set[str]()
    for waits in served(state):
        found = searched(state, waits, set())
        told = find(state, waits.place.stands, waits.reach, NODE.select, 10)
        assert (told and (told[0].queue, told[1])) == found
        given_to = searched(state, waits, taken)
        if given_to is not None:
            taken.add(given_to[1])
            expected.append((waits.answer.request, *given_to))
    placed = msgspec.structs.replace(state, places={name: one.place for name, one in state.waiting.items()})
    _, effects = assign(placed, 10)
    labels = [(effect.answer.request, effect.answer.action) for effect in effects if isinstance(effect, Assigned)]
    assert [(r, one.queue, one.agent) for r, one in labels if isinstance(one, RingAgent)] == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(CHANGES, max_size=40), st.sampled_from(AGENTS), PLACES)
def test_who_asks_now_gives_way_to_whom_a_plain_search_finds(
    changes: list[tuple[str, object]], agent: str, mine: Place
) -> None:
    state = indexed(State(RULES, "e", {name: Agent(AgentState.BUSY) for name in AGENTS}, {}, frozenset()))
    for who, now in changes:
        state = changed(state, who, now)
    before = [
        waits
        for waits in served(state)
        if order(waits) < order_of(mine, "c4") and agent not in waits.reach.refused
        if SEATS[agent].box in waits.reach.boxes
        if any(agent in QUEUES[stand.queue].steps[stand.step].agents for stand in waits.place.stands)
    ]
    assert ahead(state, agent, order_of(mine, "c4")) == bool(before)

# SPDX-License-Identifier: GPL-2.0-only
"""Who waits keeps his place, the oldest of the most urgent has the agent who is free, and nobody is forgotten."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.router.apply import apply
from appliance.router.events import (
    Assigned,
    BranchHeard,
    BranchSilent,
    Effect,
    Event,
    LifeBegan,
    RouteAsked,
    TimePassed,
)
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State, Waiting
from appliance.router.states import AgentState
from appliance.router.waiting import GRACE_NS, PIECE_S
from appliance.script.nodes import Node, Queue, Release, Script, Text
from appliance.wire.routes import Release as ReleaseLabel
from appliance.wire.routes import RingAgent, Treat
from appliance.wire.treatments import Music
from tests.router import test_router_apply as tests
from tests.router.test_router_apply import (
    AGENTS,
    BOX,
    CONTACTS,
    LEGS,
    PAUSES,
    S,
    answers,
    contact_ended,
    leg_began,
    leg_ended,
    rung,
    stamped,
)

pytestmark = pytest.mark.unit

HOLD = ("queue-thankyou",)
NODES: dict[str, Node] = {
    "card": Queue(queues=("card",), otherwise="gone", hold=HOLD, wait_s=60),
    "gone": Release(cause=17),
}
GOLD: dict[str, Node] = {**NODES, "card": Queue(queues=("card",), otherwise="gone", hold=HOLD, priority=1)}
SCRIPTS = {
    name: Script(name, "v1", Text(start="card", nodes=nodes)) for name, nodes in (("card", NODES), ("gold", GOLD))
}
RULES = Rules(
    call_types={"1": CallType("card", "1", "card"), "2": CallType("gold", "2", "gold")},
    queues={"card": skill_group("1001")},
    seats={"1001": Seat("1001", "Li Na", BOX, "8001"), "1002": Seat("1002", "Wang Wei", "BR-0002", "8002")},
    scripts=SCRIPTS,
)
BEGUN = LifeBegan(0, "epoch", RULES)
CURSOR = "card/v1/card/1"


def ask(at_ns: int, contact: str, *, dnis: str = "1", cursor: str = "", **known: object) -> RouteAsked:
    return tests.ask(at_ns, contact, dnis=dnis, cursor=cursor, **known)


def run(*events: Event, state: State | None = None) -> tuple[State, list[Effect]]:
    return tests.run(events, state or apply(EMPTY, BEGUN)[0])


def assigned(effects: Sequence[Effect]) -> list[tuple[str, str]]:
    """Request and agent."""
    told = [one.answer for one in effects if isinstance(one, Assigned)]
    return [(one.request, one.action.agent) for one in told if isinstance(one.action, RingAgent)]


BUSY = (ask(S, "c0"), leg_began(2 * S, "1001", "l0", "c0", "epoch.1"))


def test_who_finds_nobody_is_played_to_and_told_his_number() -> None:
    _, effects = run(*BUSY, ask(3 * S, "c1"), ask(4 * S, "c2"))
    *_, first, second = answers(effects)
    assert first.action == second.action == Treat(verbs=(Music(prompts=HOLD, seconds=PIECE_S),))
    assert first.reason.endswith("waits as number 1 of 1")
    assert second.reason == "no agent of card is available; waits as number 2 of 2"


def test_the_first_who_waits_has_the_agent_who_is_free_and_the_next_the_next_time() -> None:
    state, effects = run(*BUSY, ask(3 * S, "c1"), ask(4 * S, "c2"), leg_ended(9 * S, "l0", "c0"))
    assert assigned(effects) == [("r-c1-3000000000", "1001")]
    (told,) = (one.answer for one in effects if isinstance(one, Assigned))
    assert told.reason == "Li Na (1001) is free; the caller has waited 6 s in card"
    assert told.cursor.startswith("card/v1/card/")
    state, effects = run(leg_began(10 * S, "1001", "l1", "c1", "epoch.4"), leg_ended(20 * S, "l1", "c1"), state=state)
    assert assigned(effects) == [("r-c2-4000000000", "1001")]


def test_priority_goes_before_age() -> None:
    _, effects = run(*BUSY, ask(3 * S, "c1"), ask(4 * S, "c2", dnis="2"), leg_ended(9 * S, "l0", "c0"))
    assert assigned(effects) == [("r-c2-4000000000", "1001")]


def test_his_place_outlives_asking_again_an_agent_who_does_not_answer_and_a_restart() -> None:
    state, effects = run(*BUSY, ask(3 * S, "c1"), ask(4 * S, "c2"), ask(23 * S, "c1", cursor=CURSOR))
    assert answers(effects)[-1].reason.endswith("waits as number 1 of 2")
    state, effects = run(
        LifeBegan(24 * S, "next", RULES, (("1001", "l0", "c0"),)),
        BranchHeard(24 * S, BOX),
        leg_ended(25 * S, "l0", "c0"),
        ask(26 * S, "c1", cursor=CURSOR, outcome="no-answer", refused_agents=("1001",)),
        state=state,
    )
    assert assigned(effects) == [("r-c1-23000000000", "1001"), ("r-c2-4000000000", "1001")]
    assert answers(effects)[-1].reason.endswith("waits as number 1 of 2")
    assert state.places["c1"].queued_ns == 3 * S


def test_an_assignment_that_nobody_hears_goes_to_the_same_caller_again() -> None:
    _, effects = run(*BUSY, ask(3 * S, "c1"), leg_ended(9 * S, "l0", "c0"), TimePassed(17 * S))
    assert assigned(effects) == [("r-c1-3000000000", "1001")] * 2


def test_callers_of_a_silent_branch_are_passed_over() -> None:
    events = (*BUSY, ask(3 * S, "c1"), BranchSilent(8 * S, BOX), leg_ended(9 * S, "l0", "c0"))
    _, effects = run(*events)
    assert assigned(effects) == []
    _, effects = run(*events, BranchHeard(10 * S, BOX))
    assert assigned(effects) == [("r-c1-3000000000", "1001")]


def test_who_has_waited_as_long_as_he_may_goes_otherwise() -> None:
    _, effects = run(*BUSY, ask(3 * S, "c1"), *(ask(at * S, "c1", cursor=CURSOR) for at in (23, 43, 60, 63)))
    *waits, last = answers(effects)[1:]
    assert [one.action.verbs[0].seconds for one in waits if isinstance(one.action, Treat)] == [20, 20, 20, 3]  # type: ignore[union-attr]
    assert last.action == ReleaseLabel(cause=17)


def test_who_waits_long_passes_his_queue_once() -> None:
    state, _ = run(*BUSY, ask(3 * S, "c1"))
    cursor = CURSOR
    for number in range(150):
        state, effects = run(ask(3 * S + number, "c1", cursor=cursor), state=state)
        (told,) = answers(effects)
        assert isinstance(told.action, Treat)
        cursor = told.cursor


@pytest.mark.parametrize("gone", [contact_ended(5 * S, "c1"), TimePassed(3 * S + PIECE_S * S + GRACE_NS)])
def test_who_is_gone_waits_no_more(gone: Event) -> None:
    state, effects = run(*BUSY, ask(3 * S, "c1"), gone, leg_ended(60 * S, "l0", "c0"))
    assert assigned(effects) == []
    assert state.waiting == {}


WALKS = st.lists(
    st.one_of(
        st.builds(
            lambda c, script, a: ask(0, c, cursor=f"{script}/v1/card/1", refused_agents=a),
            CONTACTS,
            st.sampled_from(sorted(SCRIPTS)),
            st.sampled_from([(), ("1001",)]),
        ),
        st.builds(lambda c, a, leg: leg_began(0, a, leg, c), CONTACTS, AGENTS, LEGS),
        st.builds(lambda leg: leg_ended(0, leg), LEGS),
        st.builds(lambda c: contact_ended(0, c), CONTACTS),
        st.just(BranchHeard(0, BOX)),
        st.just(BranchSilent(0, BOX)),
        st.just(TimePassed(0)),
        st.just(LifeBegan(0, "again", RULES)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(WALKS, PAUSES)
def test_nobody_waits_while_an_agent_of_his_is_free_and_nobody_is_overtaken(
    walk: list[Event], pauses: list[int]
) -> None:
    state, _ = apply(EMPTY, BEGUN)
    for event in stamped(walk, pauses):
        before = state
        state, effects = apply(state, event)
        tests.check(state)
        free = BOX in state.present and state.agents["1001"].state is AgentState.AVAILABLE
        waits = [one for one in state.waiting.values() if one.token is None and one.reach.refused == ()]
        assert not (free and waits)
        for request, _agent in assigned(effects):
            (had,) = (one for one in state.waiting.values() if one.answer.request == request)
            assert all(_key(had) < _key(one) for one in waits), "an inversion"
        for contact, place in before.places.items():
            assert contact not in state.places or state.places[contact].queued_ns == place.queued_ns
        for one in state.waiting.values():
            assert one.token is None or state.reservations[one.token].contact == one.contact


def _key(waits: Waiting) -> tuple[int, int, int]:
    place = waits.place
    return place.priority, place.queued_ns, place.tie


def test_what_is_rung_at_once_is_no_assignment() -> None:
    _, effects = run(ask(S, "c1"))
    assert (rung(effects), assigned(effects)) == (["1001"], [])

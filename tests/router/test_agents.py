# SPDX-License-Identifier: GPL-2.0-only
"""An agent's day: log in, ready, a call, wrap-up, lunch; and every transition there is."""

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.router.apply import apply
from appliance.router.events import (
    AgentAnswer,
    AgentMoved,
    AgentWished,
    BranchHeard,
    Effect,
    Event,
    LifeBegan,
    RulesChanged,
    TimePassed,
)
from appliance.router.rules import Rules, Seat, skill_group
from appliance.router.state import EMPTY, Agent, Pending, State
from appliance.router.states import TABLE, AgentState, AgentStep, step
from appliance.wire.agents import AgentAsked, AgentWish
from tests.router import test_router_apply as tests
from tests.router.test_router_apply import BOX, S, connected, leg_began, leg_ended, rung
from tests.router.test_waiting import RULES as QUEUED
from tests.router.test_waiting import ask, assigned

pytestmark = pytest.mark.unit

WRAP_S = 30
SEATS = {
    "1001": Seat("1001", "Li Na", BOX, "8001"),
    "1002": Seat("1002", "Wang Wei", BOX, "8002", automatic=False),
}
RULES = Rules(
    call_types=QUEUED.call_types,
    queues={"card": skill_group("1001", wrap_up_s=WRAP_S)},
    seats=SEATS,
    scripts=QUEUED.scripts,
    no_answer_not_ready=True,
)
BEGUN = apply(apply(EMPTY, LifeBegan(0, "epoch", RULES))[0], BranchHeard(0, BOX))[0]


def wish(at_ns: int, to: AgentWish, reason: str = "", agent: str = "1001") -> AgentWished:
    return AgentWished(at_ns, AgentAsked(agent=agent, to=to, reason=reason))


def run(*events: Event, state: State = BEGUN) -> tuple[State, list[Effect]]:
    return tests.run(events, state)


def moves(effects: list[Effect], agent: str = "1001") -> list[tuple[int, str, str]]:
    """(second, state, reason)."""
    told = [one for one in effects if isinstance(one, AgentMoved) and one.agent == agent]
    return [(one.at_ns // S, one.state, one.reason) for one in told]


CALL = (ask(S, "c1"), leg_began(2 * S, "1001", "l1", "c1", "epoch.1"), connected(4 * S, "l1"))


def test_every_cell_of_the_table_and_no_other() -> None:
    for state, by in itertools.product(AgentState, AgentStep):
        if by in TABLE[state]:
            assert step(state, by, AgentState.NOT_READY) in AgentState
        else:
            with pytest.raises(KeyError):
                step(state, by)
    reached = {step(state, by, rest) for state in AgentState for by in TABLE[state] for rest in AgentState}
    assert reached == set(AgentState)


def test_a_call_is_reserved_busy_wrapped_up_and_the_agent_free_again() -> None:
    _, effects = run(*CALL, leg_ended(64 * S, "l1"), TimePassed(200 * S))
    told = moves(effects)
    assert told == [(1, "reserved", ""), (2, "busy", ""), (64, "wrap-up", ""), (64 + WRAP_S, "available", "")]


def test_who_wraps_up_is_given_nobody_and_the_next_as_soon_as_ready() -> None:
    state, effects = run(*CALL, leg_ended(64 * S, "l1"), ask(70 * S, "c2"))
    assert (rung(effects), assigned(effects)) == (["1001"], [])
    _, effects = run(wish(75 * S, AgentWish.READY), state=state)
    assert assigned(effects) == [("r-c2-70000000000", "1001")]


def test_a_call_that_nobody_answered_needs_no_wrap_up() -> None:
    _, effects = run(*CALL[:2], leg_ended(20 * S, "l1"))
    assert moves(effects)[-1] == (20, "available", "")


def test_not_ready_during_a_call_comes_after_its_wrap_up_with_its_reason() -> None:
    state, effects = run(*CALL, wish(9 * S, AgentWish.NOT_READY, "lunch"))
    assert state.agents["1001"].then == Pending(AgentState.NOT_READY, "lunch")
    _, effects = run(leg_ended(64 * S, "l1"), TimePassed(200 * S), state=state)
    assert moves(effects) == [(64, "wrap-up", ""), (94, "not-ready", "lunch")]
    _, effects = run(wish(10 * S, AgentWish.READY), leg_ended(64 * S, "l1"), TimePassed(200 * S), state=state)
    assert moves(effects) == [(64, "wrap-up", ""), (94, "available", "")]


def test_a_reservation_that_lapses_leaves_what_was_asked_for() -> None:
    _, effects = run(ask(S, "c1"), wish(2 * S, AgentWish.LOG_OUT), TimePassed(9 * S))
    assert moves(effects) == [(1, "reserved", ""), (9, "logged-out", "")]


def test_who_logs_in_by_hand_is_not_ready_until_they_say_so() -> None:
    refused, effects = run(wish(S, AgentWish.READY, agent="1002"))
    assert effects == [AgentAnswer("1002", "Wang Wei (1002) is logged out; log in first")]
    assert refused.agents["1002"] == BEGUN.agents["1002"]
    _, effects = run(wish(2 * S, AgentWish.LOG_IN, agent="1002"), wish(3 * S, AgentWish.READY, agent="1002"))
    assert moves(effects, "1002") == [(2, "not-ready", ""), (3, "available", "")]


def test_who_is_not_ready_and_telephones_is_not_ready_afterwards() -> None:
    _, effects = run(wish(S, AgentWish.NOT_READY, "mail"), leg_began(2 * S, "1001", "l1"), leg_ended(9 * S, "l1"))
    assert moves(effects) == [(1, "not-ready", "mail"), (2, "busy", ""), (9, "not-ready", "mail")]


def test_the_same_state_again_is_no_move() -> None:
    _, effects = run(wish(S, AgentWish.READY), wish(2 * S, AgentWish.LOG_IN))
    assert effects == [AgentAnswer("1001"), AgentAnswer("1001")]


@pytest.mark.parametrize("leg_s", [(2, 22), (23, 23)], ids=["leg first", "leg after"])
def test_who_does_not_answer_is_not_ready_and_the_contact_keeps_its_place(leg_s: tuple[int, int]) -> None:
    again = ask(22 * S, "c1", cursor="card/v1/card/1", outcome="no-answer", refused_agents=("1001",))
    began_s, ended_s = leg_s
    leg = (leg_began(began_s * S, "1001", "l1", "c1", "epoch.1"), leg_ended(ended_s * S, "l1"))
    state, effects = run(ask(S, "c1"), *((again, *leg) if began_s > 22 else (*leg, again)))
    assert moves(effects)[-1][1:] == ("not-ready", "no answer")
    assert "c1" in state.waiting
    _, effects = run(ask(30 * S, "c2"), wish(31 * S, AgentWish.READY), state=state)
    assert assigned(effects) == [("r-c2-30000000000", "1001")], "who refused this contact is given the next"


def test_handle_time_is_talk_and_wrap_up_and_gives_the_expected_wait() -> None:
    state, _ = run(*CALL, leg_ended(64 * S, "l1"), wish(74 * S, AgentWish.READY))
    assert (state.handled["card"].contacts, state.handled["card"].mean_ns) == (1, 70 * S)


def test_new_rules_take_effect_at_once_and_leave_calls_alone() -> None:
    state, _ = run(*CALL, ask(9 * S, "c2"))
    both = {"card": skill_group("1001", "1002")}
    now = msgspec.structs.replace(RULES, queues=both, seats={**SEATS, "1002": Seat("1002", "Wang Wei", BOX, "8002")})
    state, effects = run(RulesChanged(10 * S, now), state=state)
    assert assigned(effects) == [], "she has not said that she is ready"
    state, effects = run(
        wish(11 * S, AgentWish.LOG_IN, agent="1002"), wish(12 * S, AgentWish.READY, agent="1002"), state=state
    )
    assert assigned(effects) == [("r-c2-9000000000", "1002")]
    assert state.agents["1001"].state is AgentState.BUSY


WISHES = st.builds(
    lambda agent, to, reason: AgentWished(0, AgentAsked(agent=agent, to=to, reason=reason)),
    st.sampled_from(["1001", "1002"]),
    st.sampled_from(list(AgentWish)),
    st.sampled_from(["", "lunch"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(WISHES, *[tests.STEPS]), max_size=60), st.lists(st.integers(0, 9 * S), min_size=60))
def test_whatever_happens_each_agent_s_moves_follow_the_table(walk: list[Event], pauses: list[int]) -> None:
    now = {name: agent.state.value for name, agent in BEGUN.agents.items()}
    state = BEGUN
    after = {state.value: {to or None for to in TABLE[state].values()} for state in AgentState}
    for event in tests.stamped(walk, pauses):
        state, effects = apply(state, event)
        tests.check(state)
        for moved in (one for one in effects if isinstance(one, AgentMoved)):
            allowed = after[now[moved.agent]]
            idle = moved.state in {"logged-out", "not-ready", "available"}
            assert moved.state in allowed or (None in allowed and idle), (now, moved)
            now[moved.agent] = moved.state
        for name, agent in state.agents.items():
            assert agent.state.value == now[name]
            assert_well_formed(agent)


def assert_well_formed(agent: Agent) -> None:
    """Nothing of a work that is over."""
    assert (agent.until_ns is not None) == (agent.state is AgentState.WRAP_UP)
    working = agent.state in {AgentState.RESERVED, AgentState.BUSY, AgentState.WRAP_UP}
    assert working or (agent.then, agent.queue, agent.talk_ns) == (None, "", None)
    assert agent.reason == "" or agent.state is AgentState.NOT_READY

# SPDX-License-Identifier: GPL-2.0-only
"""Whatever happens to several queues, their steps, agents, branches and rules: what must always be so."""

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.router.apply import ENGINE, apply
from appliance.router.events import (
    AgentWished,
    Assigned,
    BranchHeard,
    BranchSilent,
    Event,
    ForeignAgentsTold,
    LifeBegan,
    PeripheralReturned,
    RulesChanged,
    TimePassed,
)
from appliance.router.journal import Snapshot, encoded, fingerprint
from appliance.router.rows import order
from appliance.router.rules import Peripheral, skill_group
from appliance.router.state import EMPTY, State, Waiting
from appliance.router.states import AgentState
from appliance.wire.agents import AgentAsked, AgentWish
from appliance.wire.peripherals import AgentIs, AgentLeg, Truth
from appliance.wire.routes import RingAgent
from tests.router import test_router_apply as tests
from tests.router.test_precision import AGENTS, GOLD, RULES
from tests.router.test_router_apply import BOX, S
from tests.router.test_waiting import ask

pytestmark = pytest.mark.unit

ELSEWHERE = {**RULES.seats, "1003": msgspec.structs.replace(RULES.seats["1003"], box="BR-0002")}
PERIPHERAL = Peripheral("BR-0002", "PBX", ("agents",), 100)
RULE_SETS = (
    msgspec.structs.replace(RULES, seats=ELSEWHERE, peripherals={"BR-0002": PERIPHERAL}),
    msgspec.structs.replace(RULES, seats=ELSEWHERE, no_answer_not_ready=True),
    msgspec.structs.replace(RULES, queues={**RULES.queues, "card": skill_group(*AGENTS, wrap_up_s=2)}),
    msgspec.structs.replace(
        RULES, queues={**RULES.queues, "gold": msgspec.structs.replace(GOLD, steps=GOLD.steps[:1])}
    ),
)
FOREIGN = st.lists(st.builds(AgentIs, st.just("1003"), st.sampled_from(list(Truth))), max_size=1).map(tuple)
"""What a peripheral says, also where it is none: of an agent of its own by some rules, and of nobody's by others."""
CONTACTS = st.sampled_from([f"c{number}" for number in range(5)])
AGENT = st.sampled_from(AGENTS)
LEGS = st.sampled_from(["l1", "l2", "l3", "l4"])
BOXES = st.sampled_from([BOX, "BR-0002"])
STEPS = st.one_of(
    st.builds(
        lambda c, n, o, a, r: ask(0, c, cursor=f"{n}/v1/card/1", outcome=o, refused_agents=a, reaches=r),
        CONTACTS,
        st.sampled_from(["gold", "both", "card", "urgent"]),
        st.sampled_from(["played", "no-answer"]),
        st.lists(AGENT, max_size=1).map(tuple),
        st.sampled_from([(), ("BR-0002",)]),
    ),
    st.builds(lambda c, a, leg: tests.leg_began(0, a, leg, c), CONTACTS, AGENT, LEGS),
    st.builds(lambda leg: tests.connected(0, leg), LEGS),
    st.builds(lambda leg: tests.leg_ended(0, leg), LEGS),
    st.builds(lambda c: tests.contact_ended(0, c), CONTACTS),
    st.builds(lambda a, to: AgentWished(0, AgentAsked(agent=a, to=to)), AGENT, st.sampled_from(list(AgentWish))),
    st.builds(lambda box: BranchHeard(0, box), BOXES),
    st.builds(lambda box: BranchSilent(0, box), BOXES),
    st.builds(lambda those: ForeignAgentsTold(0, "BR-0002", those), FOREIGN),
    st.builds(
        lambda those, legs: PeripheralReturned(0, "BR-0002", those, legs),
        FOREIGN,
        st.lists(st.builds(AgentLeg, AGENT, LEGS, CONTACTS), max_size=2, unique_by=lambda one: one.leg).map(tuple),
    ),
    st.just(TimePassed(0)),
    st.sampled_from([RulesChanged(0, one) for one in RULE_SETS]),
    st.just(LifeBegan(0, "again", RULE_SETS[0])),
)


def may_have(state: State, waits: Waiting) -> set[str]:
    """Whom a contact that waits could be given, were they free."""
    if waits.token is not None or waits.box not in state.present:
        return set()
    steps = (state.rules.queues[stand.queue].steps[stand.step] for stand in waits.place.stands)
    able = {agent for step in steps for agent in step.agents} - set(waits.reach.refused)
    return {agent for agent in able if state.rules.seats[agent].box in waits.reach.boxes}


def free(state: State) -> Iterator[str]:
    for name, agent in state.agents.items():
        if agent.state is AgentState.AVAILABLE and state.rules.seats[name].box in state.present:
            yield name


@settings(max_examples=400, deadline=None)
@given(st.lists(STEPS, max_size=50), st.lists(st.integers(0, 6 * S), min_size=50, max_size=50))
def test_nobody_waits_beside_a_free_agent_nobody_is_overtaken_nobody_is_given_out_twice(
    walk: list[Event], pauses: list[int]
) -> None:
    state = apply(EMPTY, LifeBegan(0, "epoch", RULE_SETS[0]))[0]
    for event in tests.stamped(walk, pauses):
        state, effects = apply(state, event)
        tests.check(state)
        there = set(free(state))
        for waits in state.waiting.values():
            assert not may_have(state, waits) & there, "somebody waits beside a free agent"
        given_out = Counter(held.agent for held in state.reservations.values())
        assert max(given_out.values(), default=0) <= 1
        for told in (one.answer for one in effects if isinstance(one, Assigned)):
            had = next((one for one in state.waiting.values() if one.answer.request == told.request), None)
            assert isinstance(told.action, RingAgent)
            if had is not None:  # else it has asked again in the same instant
                before = [one for one in state.waiting.values() if order(one) < order(had)]
                assert all(told.action.agent not in may_have(state, one) for one in before), "somebody was overtaken"


@settings(max_examples=50, deadline=None)
@given(st.lists(STEPS, max_size=50), st.lists(st.integers(0, 6 * S), min_size=50, max_size=50))
def test_a_snapshot_is_all_that_is_remembered(walk: list[Event], pauses: list[int]) -> None:
    state = apply(EMPTY, LifeBegan(0, "epoch", RULE_SETS[0]))[0]
    for event in tests.stamped(walk, pauses):
        state = apply(state, event)[0]
        kept = restored(state)
        assert (kept, fingerprint(kept)) == (state, fingerprint(state))
        assert apply(kept, TimePassed(event.at_ns + S)) == apply(state, TimePassed(event.at_ns + S))


def restored(state: State) -> State:
    """As a restart reads it."""
    return Snapshot(1, ENGINE, 0, encoded(state)).decoded()

# SPDX-License-Identifier: GPL-2.0-only
"""Who is available longest is chosen; no agent twice, no reservation lost, the same decisions on replay."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.router.apply import apply
from appliance.router.events import (
    AgentMoved,
    Answer,
    BranchHeard,
    BranchSilent,
    CallTold,
    Effect,
    Event,
    LifeBegan,
    ReservationEnded,
    RouteAsked,
    TimePassed,
)
from appliance.router.indexing import indexed
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State
from appliance.router.states import AgentState
from appliance.script.loading import load
from appliance.script.nodes import Node, Percent, Script, Text
from appliance.script.nodes import Release as ReleaseNode
from appliance.wire.calls import ContactEnded, LegBegan, LegConnected, LegEnded
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import Release, RingAgent, RouteAnswer, RouteRequest, Treat

pytestmark = pytest.mark.unit

S = 1_000_000_000
BOX = "BR-0001"
WELCOME = load(Path("appliance/simulator/site/scripts/welcome.yaml"), ["card"])
QUEUED = f"welcome/{WELCOME.version}/ask/2"
RULES = Rules(
    call_types={"95588": CallType("card-service", "95588", "welcome")},
    queues={"card": skill_group("1001", "1002")},
    seats={"1001": Seat("1001", "Li Na", BOX, "8001"), "1002": Seat("1002", "Wang Wei", BOX, "8002")},
    scripts={"welcome": WELCOME},
)


def ask(at_ns: int, contact: str = "c1", *, cursor: str = QUEUED, dnis: str = "95588", **known: object) -> RouteAsked:
    request = RouteRequest(request=f"r-{contact}-{at_ns}", contact=contact, dnis=dnis, cursor=cursor, **known)  # type: ignore[arg-type]
    return RouteAsked(at_ns, BOX, request, at_ns)


def begin(
    rules: Rules, epoch: str, at_ns: int, legs: Sequence[tuple[str, str, str]] = (), before: State = EMPTY
) -> State:
    return apply(before, LifeBegan(at_ns, epoch, rules, tuple(legs)))[0]


def leg_began(at_ns: int, agent: str, leg: str, contact: str = "c1", reserved: str | None = None) -> CallTold:
    event = LegBegan(
        contact=contact, leg=leg, direction=Direction.OUTGOING, channel="sip", to="8001", agent=agent, token=reserved
    )
    return CallTold(at_ns, BOX, event)


def connected(at_ns: int, leg: str, contact: str = "c1") -> CallTold:
    return CallTold(at_ns, BOX, LegConnected(contact=contact, leg=leg, sample=0))


def leg_ended(at_ns: int, leg: str, contact: str = "c1") -> CallTold:
    return CallTold(at_ns, BOX, LegEnded(contact=contact, leg=leg, cause=16, by=ReleasedBy.PEER, sample=0))


def contact_ended(at_ns: int, contact: str) -> CallTold:
    return CallTold(at_ns, BOX, ContactEnded(contact=contact, cause=16, by="caller"))


def run(events: Sequence[Event], state: State | None = None) -> tuple[State, list[Effect]]:
    state = state or begin(RULES, "epoch", 0)
    effects: list[Effect] = []
    for event in events:
        state, more = apply(state, event)
        effects.extend(more)
    return state, effects


def answers(effects: Sequence[Effect]) -> list[RouteAnswer]:
    return [effect.answer for effect in effects if isinstance(effect, Answer)]


def rung(effects: Sequence[Effect]) -> list[str]:
    return [one.action.agent for one in answers(effects) if isinstance(one.action, RingAgent)]


def test_first_request_is_treated_by_the_script_of_its_call_type() -> None:
    _, effects = run([ask(1 * S, cursor="")])
    (answer,) = answers(effects)
    assert isinstance(answer.action, Treat)
    assert (answer.call_type, answer.script, answer.version) == ("card-service", "welcome", WELCOME.version)
    assert answer.path == ("greet", "ask")


def test_unknown_called_number_is_released_with_cause_1() -> None:
    _, effects = run([ask(1 * S, dnis="10086", cursor="")])
    assert answers(effects)[0].action == Release(cause=1)
    assert "10086" in answers(effects)[0].reason


def test_the_agent_available_longest_is_chosen_with_the_reason() -> None:
    work: list[Event] = [leg_began(1 * S, "1001", "l1"), leg_ended(9 * S, "l1"), ask(10 * S, "c2", ced="1")]
    _, effects = run(work)
    (answer,) = answers(effects)
    assert rung(effects) == ["1002"]
    assert answer.reason == "Wang Wei (1002) has been available longest in card"
    assert answer.values == {"ced": "1", "card": "1001 available for 1 s; 1002 available since the start"}


def test_two_callers_get_two_agents_and_the_third_the_apology() -> None:
    _, effects = run([ask(S, "c1"), ask(S, "c2"), ask(S, "c3")])
    assert rung(effects) == ["1001", "1002"]
    last = answers(effects)[-1]
    assert isinstance(last.action, Treat)
    assert last.reason.startswith("no agent of card is available")
    assert last.values["card"] == "1001 reserved; 1002 reserved"


def test_percent_is_exact_over_all_contacts_and_outlives_a_restart() -> None:
    nodes: dict[str, Node] = {
        "share": Percent({"one": 70, "two": 30}),
        "one": ReleaseNode(cause=1),
        "two": ReleaseNode(cause=2),
    }
    rules = Rules(RULES.call_types, {}, {}, {"welcome": Script("welcome", "v", Text(start="share", nodes=nodes))})
    told: list[RouteAnswer] = []
    state = begin(rules, "epoch", 0)
    for number in range(1000):
        if number == 555:
            state = begin(rules, "next", number * S, [], state)
        state, effects = apply(state, ask(number * S, f"c{number}", cursor=""))
        told += answers(effects)
    assert [one.action for one in told].count(Release(cause=1)) == 700
    assert {one.values["share"] for one in told} == {"70 % to one", "30 % to two"}


@pytest.mark.parametrize("outcome", ["no-answer", "busy", "unreachable", "agent-gone"])
def test_an_agent_who_did_not_take_it_is_passed_over_for_this_contact(outcome: str) -> None:
    _, effects = run([ask(S), ask(2 * S, outcome=outcome, refused_agents=("1001",))])
    assert rung(effects) == ["1001", "1002"]
    assert ReservationEnded("epoch.1", "1001", "c1", "asked-again") in effects


def test_a_reservation_lapses_when_no_leg_came() -> None:
    state, effects = run([ask(S), TimePassed(9 * S)])
    assert effects[-2] == ReservationEnded("epoch.1", "1001", "c1", "lapsed")
    assert state.agents["1001"].state is AgentState.AVAILABLE


def test_arrival_turns_the_reservation_into_work_until_the_leg_ends() -> None:
    state, effects = run([ask(S), leg_began(2 * S, "1001", "l1", reserved="epoch.1"), TimePassed(60 * S)])
    assert effects[-2] == ReservationEnded("epoch.1", "1001", "c1", "arrived")
    assert state.agents["1001"].state is AgentState.BUSY
    state, _ = run([leg_ended(70 * S, "l1")], state)
    assert state.agents["1001"].state is AgentState.AVAILABLE


def test_a_leg_that_the_branch_placed_by_itself_makes_its_agent_busy() -> None:
    own = LegBegan(contact="c9", leg="l9", direction=Direction.OUTGOING, channel="sip 8001", to="8001")
    _, effects = run([BranchHeard(S, BOX), CallTold(S, BOX, own), ask(S)])
    assert rung(effects) == ["1002"]


def test_a_tandem_call_to_an_agent_s_number_on_a_trunk_makes_nobody_busy() -> None:
    passing = LegBegan(
        contact="c9", leg="l9", direction=Direction.OUTGOING, channel="trunk pbx", to="8001", trunk="pbx"
    )
    _, effects = run([BranchHeard(S, BOX), CallTold(S, BOX, passing), ask(S)])
    assert rung(effects) == ["1001"]


def test_agents_of_a_silent_branch_are_not_chosen() -> None:
    elsewhere = {"1001": Seat("1001", "Li Na", "BR-0002", "8001"), "1002": RULES.seats["1002"]}
    rules = Rules(RULES.call_types, RULES.queues, elsewhere, RULES.scripts)
    state, _ = run([BranchHeard(S, "BR-0002")], begin(rules, "epoch", 0))
    asked = ask(6 * S, refused_agents=("1002",), reaches=("BR-0002",))
    _, heard = run([asked], state)
    _, silent = run([BranchSilent(6 * S, "BR-0002"), asked], state)
    assert (rung(heard), rung(silent)) == (["1001"], [])
    assert answers(silent)[0].values["card"].startswith("1001 branch not heard")


def test_an_agent_at_another_branch_is_rung_there_where_it_is_reached_after_those_here() -> None:
    elsewhere = {"1001": Seat("1001", "Li Na", "BR-0002", "8001"), "1002": RULES.seats["1002"]}
    rules = Rules(RULES.call_types, RULES.queues, elsewhere, RULES.scripts)
    state, _ = run([BranchHeard(S, "BR-0002")], begin(rules, "epoch", 0))
    _, alone = run([ask(2 * S, "c1"), ask(3 * S, "c2")], state)
    assert rung(alone) == ["1002"]
    assert answers(alone)[-1].values["card"] == "1001 at another branch; 1002 reserved"
    _, reached = run([ask(2 * S, "c1", reaches=("BR-0002",)), ask(3 * S, "c2", reaches=("BR-0002",))], state)
    labels = [one.action for one in answers(reached) if isinstance(one.action, RingAgent)]
    assert [(label.agent, label.box, label.extension) for label in labels] == [
        ("1002", "", "8002"),
        ("1001", "BR-0002", "8001"),
    ]


def test_a_restarted_router_finds_its_busy_agents_in_the_record() -> None:
    _, effects = run([ask(S)], begin(RULES, "next", S, [("1001", "l1", "c1")]))
    assert rung(effects) == ["1002"]


def test_the_next_life_keeps_reservations_and_follows_the_record() -> None:
    before, _ = run([ask(S, "c1"), leg_began(2 * S, "1002", "l2", "c2")])
    after = begin(RULES, "next", 3 * S, [], before)
    assert [agent.state for agent in after.agents.values()] == [AgentState.RESERVED, AgentState.AVAILABLE]
    assert after.agents["1002"].since_ns == 3 * S, "the leg ended while nobody looked"
    state, effects = run([leg_began(4 * S, "1001", "l1", "c1", "epoch.1"), ask(5 * S, "c3")], after)
    assert effects[0] == ReservationEnded("epoch.1", "1001", "c1", "arrived")
    assert rung(effects) == ["1002"]
    assert state.agents["1002"].token == "next.2"  # noqa: S105


def test_an_agent_who_is_no_longer_in_the_rules_lets_the_reservation_go() -> None:
    before, _ = run([ask(S)])
    rules = Rules(RULES.call_types, {"card": skill_group("1002")}, {"1002": RULES.seats["1002"]}, RULES.scripts)
    after, effects = apply(before, LifeBegan(2 * S, "next", rules))
    gone = ReservationEnded("epoch.1", "1001", "c1", "agent-gone")
    assert effects == (gone, AgentMoved("1001", "logged-out", "", 2 * S))
    assert (list(after.agents), dict(after.reservations)) == (["1002"], {})


CONTACTS = st.sampled_from(["c1", "c2", "c3", "c4"])
AGENTS = st.sampled_from(["1001", "1002", "ghost"])
LEGS = st.sampled_from(["l1", "l2", "l3", "l4"])
TOKENS = st.sampled_from([None, "epoch.1", "epoch.2", "again.3", "old.1"])
STEPS = st.one_of(
    st.builds(lambda c, a: ask(0, c, refused_agents=a), CONTACTS, st.lists(AGENTS, max_size=2).map(tuple)),
    st.builds(lambda c, a, leg, t: leg_began(0, a, leg, c, t), CONTACTS, AGENTS, LEGS, TOKENS),
    st.builds(lambda leg: connected(0, leg), LEGS),
    st.builds(lambda leg: leg_ended(0, leg), LEGS),
    st.builds(lambda c: contact_ended(0, c), CONTACTS),
    st.just(BranchHeard(0, BOX)),
    st.just(BranchSilent(0, BOX)),
    st.builds(
        lambda legs: LifeBegan(0, "again", RULES, legs),
        st.lists(st.tuples(AGENTS, LEGS, CONTACTS), max_size=2).map(tuple),
    ),
    st.just(TimePassed(0)),
)
WALKS = st.lists(STEPS, max_size=40)
PAUSES = st.lists(st.integers(0, 3 * S), min_size=40, max_size=40)


def stamped(events: list[Event], pauses: list[int]) -> list[Event]:
    now, result = S, []
    for event, pause in zip(events, pauses, strict=False):
        now += pause
        result.append(type(event)(now, *[getattr(event, field) for field in event.__struct_fields__[1:]]))
    return result


@settings(max_examples=150, deadline=None)
@given(WALKS, PAUSES)
def test_never_two_contacts_on_one_agent_and_never_a_lost_reservation(events: list[Event], pauses: list[int]) -> None:
    state, given_out, ended = begin(RULES, "epoch", 0), set[str](), list[str]()
    for event in stamped(events, pauses):
        before = state
        state, effects = apply(state, event)
        lapsed = {one.agent for one in effects if isinstance(one, ReservationEnded)}
        for effect in effects:
            if isinstance(effect, ReservationEnded):
                ended.append(effect.token)
            elif isinstance(effect, Answer) and isinstance(effect.answer.action, RingAgent):
                agent = effect.answer.action.agent
                assert before.agents[agent].state is AgentState.AVAILABLE or agent in lapsed
                given_out.add(effect.answer.action.token)
        check(state)
    assert sorted(given_out) == sorted([*ended, *state.reservations])


def check(state: State) -> None:
    assert state.index == indexed(state).index
    held = {one.agent: token for token, one in state.reservations.items()}
    assert len(held) == len(state.reservations)
    for name, agent in state.agents.items():
        assert agent.token == held.get(name)
        assert (agent.state is AgentState.RESERVED) == (agent.token is not None)
        assert (agent.state in {AgentState.BUSY, AgentState.INTERRUPTED}) == bool(agent.legs)


@settings(max_examples=50, deadline=None)
@given(WALKS, PAUSES)
def test_the_same_events_give_the_same_decisions(events: list[Event], pauses: list[int]) -> None:
    told = stamped(events, pauses)
    assert run(told) == run(told)

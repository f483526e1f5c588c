# SPDX-License-Identifier: GPL-2.0-only
"""A branch was away, or goes on alone: what is so there wins, places are kept, what comes late is history."""

import msgspec
import pytest

from appliance.config.outbound import Policy
from appliance.router.apply import apply
from appliance.router.branch_now import BranchNow, Leg, Reserved
from appliance.router.domain import rules_of, version_of
from appliance.router.events import (
    AgentMoved,
    AgentWished,
    BranchHeard,
    BranchSilent,
    CallTold,
    Effect,
    Event,
    LifeBegan,
    Reconciled,
    ReservationEnded,
)
from appliance.router.reconciling import now_at
from appliance.router.rules import QueueRule, QueueStep
from appliance.router.state import EMPTY, State
from appliance.router.states import AgentState
from appliance.wire.agents import AgentAsked, AgentRest, AgentWish
from appliance.wire.calls import CallEvent
from appliance.wire.routes import ContactPlace, RingAgent, Treat
from tests.router import test_router_apply as tests
from tests.router.test_precision import NUMBERS, RULES
from tests.router.test_router_apply import BOX, S, answers, leg_began, leg_ended
from tests.router.test_waiting import ask, assigned

pytestmark = pytest.mark.unit

CARD = NUMBERS["card"]
AGENTS = tuple(agent for agent, seat in RULES.seats.items() if seat.box == BOX)
C1, C2, C3 = (f"{BOX}.x.{number}" for number in range(1, 4))
BEGUN = apply(apply(EMPTY, LifeBegan(0, "hq", RULES))[0], BranchHeard(0, BOX))[0]


def run(*events: Event, state: State = BEGUN) -> tuple[State, list[Effect]]:
    state, effects = tests.run(events, state)
    tests.check(state)
    return state, effects


def own() -> State:
    """The branch's own router, before it is needed."""
    return apply(EMPTY, LifeBegan(0, "own", rules_of(RULES, BOX, "1").rules))[0]


def late(at_ns: int, event: CallEvent, seq: int) -> CallTold:
    return CallTold(at_ns, BOX, event, "call", "life", seq)


def states(state: State) -> list[str]:
    return [f"{state.agents[one].state} {state.agents[one].reason}".strip() for one in AGENTS]


BUSY = tuple(leg_began(S, agent, f"leg-{agent}", f"{BOX}.other.{agent}") for agent in AGENTS)
LEGS = tuple(Leg(agent, f"leg-{agent}", f"{BOX}.other.{agent}", talks=True) for agent in AGENTS)
OTHERS = tuple(leg.contact for leg in LEGS)


def test_a_reservation_of_another_lease_is_void() -> None:
    state, effects = run(ask(S, C1, dnis=CARD), BranchSilent(2 * S, BOX), Reconciled(2 * S, BOX, BranchNow((C1,))))
    ended = [one for one in effects if isinstance(one, ReservationEnded)]
    assert [(one.contact, one.why) for one in ended] == [(C1, "branch-away")]
    assert not state.reservations
    _, effects = run(ask(3 * S, C2, dnis=CARD), state=apply(state, BranchSilent(3 * S, BOX))[0])
    assert isinstance(answers(effects)[0].action, RingAgent), "a question without a lease says that it is there"


def test_contacts_go_on_at_the_branch_with_the_place_that_headquarters_gave() -> None:
    """The older one is first, though it asks last."""
    _, effects = run(*BUSY, ask(2 * S, C1, dnis=CARD), ask(3 * S, C2, dnis=CARD))
    first, second = (answer.place for answer in answers(effects))
    state, _ = run(Reconciled(9 * S, BOX, BranchNow((C1, C2, *OTHERS), LEGS)), BranchHeard(9 * S, BOX), state=own())
    again = ask(10 * S, C2, dnis=CARD, place=second), ask(11 * S, C1, dnis=CARD, place=first)
    state, effects = run(*again, state=state)
    assert [answer.place.queued_ns for answer in answers(effects) if answer.place] == [3 * S, 2 * S]
    _, effects = run(leg_ended(12 * S, LEGS[0].leg, LEGS[0].contact), state=state)
    assert assigned(effects)[0][0] == again[1].request.request


def test_a_place_from_a_clock_that_is_ahead_is_as_old_as_the_question() -> None:
    ahead = ContactPlace(0, 99 * S, 1, "card/card", 99 * S, (("card", 7, None), ("gone", 0, None)))
    state, _ = run(*BUSY, ask(2 * S, C1, dnis=CARD, place=ahead))
    place = state.places[C1]
    assert (place.queued_ns, place.here_ns) == (2 * S, 2 * S)
    assert [stand.step for stand in place.stands] == [0]


def test_who_talks_at_the_branch_is_busy_who_went_is_free_and_labels_on_their_way_hold_their_agent() -> None:
    told = BranchNow((C1, C2, OTHERS[0]), LEGS[:1], (Reserved(AGENTS[1], C2, "card"),))
    state, _ = run(*BUSY, ask(2 * S, C1, dnis=CARD), Reconciled(9 * S, BOX, told))
    assert states(state)[:2] == ["busy", "reserved"]
    assert set(states(state)[2:]) <= {"available"}
    assert C1 not in state.waiting, "asks again, and brings its place"
    state, effects = run(leg_began(10 * S, AGENTS[1], "l2", C2), state=state)
    assert [one.why for one in effects if isinstance(one, ReservationEnded)] == ["arrived"]


def test_what_agents_said_at_the_branch_meanwhile_is_so() -> None:
    went = AgentWished(5 * S, AgentAsked(agent=AGENTS[0], to=AgentWish.LOG_OUT))
    lunch = AgentWished(6 * S, AgentAsked(agent=AGENTS[1], to=AgentWish.NOT_READY, reason="lunch"))
    alone, _ = run(Reconciled(4 * S, BOX, now_at(BEGUN, BOX)), BranchHeard(4 * S, BOX), went, lunch, state=own())
    state, effects = run(Reconciled(9 * S, BOX, now_at(alone, BOX)))
    assert states(state)[:2] == ["logged-out", "not-ready lunch"]
    assert [one.agent for one in effects if isinstance(one, AgentMoved)] == list(AGENTS[:2])


def test_wrap_up_ends_when_it_would_have_ended_and_who_talks_is_then_what_they_asked_for() -> None:
    rests = {
        AGENTS[0]: AgentRest(state="wrap-up", since_ns=8 * S, until_ns=20 * S, queue="card", talk_ns=2 * S),
        AGENTS[1]: AgentRest(state="not-ready", reason="lunch"),
    }
    state, _ = run(*BUSY, Reconciled(9 * S, BOX, BranchNow((OTHERS[1],), LEGS[1:2], agents=rests)))
    assert states(state)[:2] == ["wrap-up", "busy"]
    state, _ = run(BranchSilent(21 * S, BOX), leg_ended(22 * S, LEGS[1].leg, LEGS[1].contact), state=state)
    assert states(state)[:2] == ["available", "not-ready lunch"]


def test_what_happened_before_the_branch_was_back_moves_nobody_and_what_happens_then_does() -> None:
    began, ended = (event.event for event in (leg_began(0, AGENTS[0], "old", C3), leg_ended(0, "old", C3)))
    state, _ = run(Reconciled(9 * S, BOX, BranchNow(told=("life", 7))))
    after, effects = run(late(10 * S, began, 6), late(10 * S, ended, 7), state=state)
    assert after.agents == state.agents
    assert not effects
    after, _ = run(late(11 * S, began, 8), state=state)
    assert after.agents[AGENTS[0]].state is AgentState.BUSY
    newer = CallTold(11 * S, BOX, began, "call", "lift", 1)
    assert run(newer, state=state)[0].agents[AGENTS[0]].state is AgentState.BUSY, "of a later life of call control"


def test_a_leg_of_another_branch_s_caller_is_not_ended_by_the_branch_where_the_phone_is() -> None:
    foreign = leg_began(S, AGENTS[0], "far", "BR-0002.x.1")
    state, _ = run(foreign, Reconciled(9 * S, BOX, BranchNow()))
    assert state.agents[AGENTS[0]].legs == {"far": "BR-0002.x.1"}


def test_a_branch_has_its_own_agents_in_every_queue_every_script_and_nothing_to_look_up() -> None:
    rules = msgspec.structs.replace(RULES, lookups={"crm": 500}, outbound=Policy(numbers=("0",), branches=(BOX,)))
    told = rules_of(rules, BOX, "1").rules
    assert set(told.seats) == set(AGENTS)
    assert told.scripts == RULES.scripts
    assert not told.lookups
    assert told.outbound == Policy(numbers=("0",)), "promised, but not dialled"
    assert told.alone
    named = {agent for queue in told.queues.values() for step in queue.steps for agent in step.agents}
    assert named <= set(AGENTS)
    assert set(told.queues) == set(RULES.queues)
    assert version_of(told) != version_of(rules_of(rules, "BR-0009", "1").rules)


def test_who_calls_a_queue_without_an_agent_of_the_branch_waits_as_before() -> None:
    queues = {**RULES.queues, "card": QueueRule((QueueStep(()),))}
    rules = msgspec.structs.replace(rules_of(RULES, BOX, "1").rules, queues=queues)
    state = apply(EMPTY, LifeBegan(0, "own", rules))[0]
    _, effects = run(ask(S, C1, dnis=CARD), state=state)
    assert isinstance(answers(effects)[0].action, Treat)


# What agents are asked to be, on either side of the cut.


def wished(at_s: int, to: AgentWish, agent: str = AGENTS[0], reason: str = "") -> AgentWished:
    return AgentWished(at_s * S, AgentAsked(agent=agent, to=to, reason=reason))


@pytest.mark.parametrize("works", [False, True])
def test_the_last_word_counts_on_whichever_side_of_the_cut_it_was_said(*, works: bool) -> None:
    """Headquarters has answered that the agent is logged out; the branch was cut off before it heard of that."""
    now = BranchNow((OTHERS[0],), LEGS[:1]) if works else BranchNow()
    heard = msgspec.structs.replace(now, agents=now_at(BEGUN, BOX).agents)
    thought, _ = run(wished(2, AgentWish.LOG_OUT))
    alone, _ = run(Reconciled(5 * S, BOX, heard), BranchHeard(5 * S, BOX), state=own())
    back = msgspec.structs.replace(now, agents=now_at(alone, BOX).agents)
    state, _ = run(Reconciled(9 * S, BOX, back), state=thought)
    then = leg_ended(10 * S, LEGS[0].leg, LEGS[0].contact)
    assert states(run(then, state=state)[0])[0] == "logged-out"
    alone, _ = run(wished(6, AgentWish.NOT_READY, reason="lunch"), state=alone)
    back = msgspec.structs.replace(now, agents=now_at(alone, BOX).agents)
    state, _ = run(Reconciled(9 * S, BOX, back), state=thought)
    assert states(run(then, state=state)[0])[0] == "not-ready lunch", "said at the branch since"


def test_a_word_of_headquarters_while_the_branch_is_alone_counts_when_it_is_back() -> None:
    alone, _ = run(Reconciled(4 * S, BOX, now_at(BEGUN, BOX)), BranchHeard(4 * S, BOX), state=own())
    alone, _ = run(wished(5, AgentWish.NOT_READY, reason="lunch"), state=alone)
    thought, _ = run(BranchSilent(4 * S, BOX), wished(6, AgentWish.LOG_OUT), wished(6, AgentWish.LOG_OUT, AGENTS[1]))
    state, _ = run(Reconciled(9 * S, BOX, now_at(alone, BOX)), state=thought)
    assert states(state)[:2] == ["logged-out", "logged-out"]
    again, _ = run(Reconciled(20 * S, BOX, now_at(state, BOX)), BranchHeard(20 * S, BOX), state=alone)
    assert states(again)[:2] == ["logged-out", "logged-out"], "and at the branch, the next time that it is alone"


def test_a_branch_tells_what_its_agents_do_from_when_it_decides_until_it_does_not() -> None:
    _, effects = run(Reconciled(4 * S, BOX, now_at(BEGUN, BOX)), state=own())
    assert not [one for one in effects if isinstance(one, AgentMoved)], "nobody has asked it yet"
    alone, effects = run(BranchHeard(4 * S, BOX), wished(5, AgentWish.NOT_READY), state=own())
    moved = [one for one in effects if isinstance(one, AgentMoved)]
    assert [one.agent for one in moved] == [*AGENTS, AGENTS[0]]
    assert {one.at_ns for one in moved[:-1]} == {4 * S}
    _, effects = run(BranchSilent(6 * S, BOX), wished(7, AgentWish.LOG_OUT), state=alone)
    assert not [one for one in effects if isinstance(one, AgentMoved)]

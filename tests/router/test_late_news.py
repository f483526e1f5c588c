# SPDX-License-Identifier: GPL-2.0-only
"""What comes late, twice or from somebody else: nobody waits who talks, nobody is busy for ever, no place is lost."""

import msgspec
import pytest

from appliance.router.apply import apply
from appliance.router.events import (
    AgentMoved,
    AgentWished,
    BranchHeard,
    BranchSilent,
    CallTold,
    Effect,
    Event,
    LifeBegan,
    ReservationEnded,
    RulesChanged,
    TimePassed,
)
from appliance.router.rules import QueueRule, QueueStep, skill_group
from appliance.router.state import EMPTY, State
from appliance.router.states import AgentState
from appliance.script.nodes import Node, Play, Queue, Script, Text
from appliance.wire.agents import AgentAsked, AgentWish
from appliance.wire.calls import LegBegan
from appliance.wire.legs import Direction
from appliance.wire.routes import Treat
from appliance.wire.treatments import Music
from tests.router import test_router_apply as tests
from tests.router.test_precision import AGENTS, NUMBERS, RULES
from tests.router.test_router_apply import BOX, S, answers, connected, contact_ended, leg_began, leg_ended, rung
from tests.router.test_waiting import ask, assigned

pytestmark = pytest.mark.unit

BEGUN = apply(apply(EMPTY, LifeBegan(0, "epoch", RULES))[0], BranchHeard(0, BOX))[0]
CARD = NUMBERS["card"]
AT_CARD = "card/v1/card/1"
BUSY = tuple(leg_began(S, agent, f"leg-{agent}", f"other-{agent}") for agent in AGENTS)


def run(*events: Event, state: State = BEGUN) -> tuple[State, list[Effect]]:
    state, effects = tests.run(events, state)
    tests.check(state)
    return state, effects


def free(at_ns: int, agent: str) -> Event:
    return leg_ended(at_ns, f"leg-{agent}", f"other-{agent}")


def test_a_contact_that_the_branch_s_default_rings_waits_no_more() -> None:
    """Its question was answered too late for the branch."""
    default = LegBegan(contact="c1", leg="l1", direction=Direction.OUTGOING, channel="sip 8009", to="8009")
    state, _ = run(*BUSY, ask(2 * S, "c1", dnis=CARD), ask(3 * S, "c2", dnis=CARD))
    _, effects = run(CallTold(4 * S, BOX, default), free(9 * S, "1001"), state=state)
    assert assigned(effects) == [(f"r-c2-{3 * S}", "1001")]


def test_a_leg_that_begins_after_its_reservation_lapsed_ends_the_wait_and_frees_who_was_given_since() -> None:
    state, _ = run(*BUSY, ask(2 * S, "c1", dnis=CARD), free(3 * S, "1001"), TimePassed(11 * S + 1))
    assert state.reservations[state.index.held["c1"]].agent == "1001", "given to it again"
    state, effects = run(leg_began(12 * S, "1001", "l1", "c1", "epoch.1"), free(13 * S, "1002"), state=state)
    assert (state.waiting, state.reservations, assigned(effects)) == ({}, {}, [])
    assert state.agents["1001"].queue == "card", "it is the queue's contact all the same"


def test_news_from_before_the_last_question_end_no_wait() -> None:
    again = ask(22 * S, "c1", dnis=CARD, cursor=AT_CARD, outcome="no-answer", refused_agents=("1001",))
    state, _ = run(ask(S, "c1", dnis=CARD), *BUSY[1:], again)
    assert "c1" in state.waiting
    state, _ = run(leg_began(23 * S, "1001", "l1", "c1", "epoch.1"), leg_ended(23 * S, "l1", "c1"), state=state)
    assert "c1" in state.waiting


def test_a_leg_that_only_the_record_knows_is_the_reserved_agent_s_arrival() -> None:
    state, _ = run(ask(S, "c1", dnis=CARD))
    _, effects = run(LifeBegan(2 * S, "next", RULES, (("1001", "l1", "c1"),)), state=state)
    assert [one.why for one in effects if isinstance(one, ReservationEnded)] == ["arrived"]


def test_a_queue_that_is_entered_a_second_time_waits_a_second_time_and_keeps_the_age() -> None:
    nodes: dict[str, Node] = {
        "card": Queue(queues=("card",), otherwise="sorry", hold=("music",), wait_s=40),
        "sorry": Play(prompts=("sorry",), next="card"),
    }
    rules = msgspec.structs.replace(
        RULES, scripts={**RULES.scripts, "card": Script("card", "v1", Text(start="card", nodes=nodes))}
    )
    state, _ = run(RulesChanged(0, rules), *BUSY)
    cursor, now, waits = "", 2, []
    for _ in range(6):
        state, effects = run(ask(now * S, "c1", dnis=CARD, cursor=cursor, outcome="played"), state=state)
        (told,) = answers(effects)
        assert isinstance(told.action, Treat)
        (verb,) = told.action.verbs
        waits.append(verb.seconds if isinstance(verb, Music) else 0)
        cursor, now = told.cursor, now + (waits[-1] or 5)
    assert waits == [20, 20, 0, 20, 20, 0]
    assert state.places["c1"].queued_ns == 2 * S


def test_the_end_of_a_contact_ends_legs_of_which_nobody_has_said_so() -> None:
    state, effects = run(
        ask(S, "c1", dnis=CARD), leg_began(2 * S, "1001", "l1", "c1", "epoch.1"), contact_ended(9 * S, "c1")
    )
    assert state.agents["1001"].state is AgentState.AVAILABLE
    assert effects[-1] == AgentMoved("1001", "available", "", 9 * S)


def test_an_agent_who_is_removed_and_comes_back_while_they_talk_is_given_nobody() -> None:
    without = msgspec.structs.replace(
        RULES,
        queues={name: skill_group("1003") for name in RULES.queues},
        seats={"1003": RULES.seats["1003"]},
    )
    state, _ = run(leg_began(S, "1001", "l1", "c1"), RulesChanged(2 * S, without))
    assert state.agents["1001"].state is AgentState.BUSY
    back, _ = run(RulesChanged(3 * S, RULES), leg_began(4 * S, "1002", "l2", "c2"), state=state)
    _, effects = run(ask(5 * S, "c3", dnis=CARD), state=back)
    assert rung(effects) == []
    gone, effects = run(leg_ended(6 * S, "l1", "c1"), state=state)
    assert "1001" not in gone.agents
    assert effects == [AgentMoved("1001", "logged-out", "", 6 * S)]


@pytest.mark.parametrize("wait_s", [5, 0])
def test_steps_that_are_added_are_reached_by_who_waits_already(wait_s: int) -> None:
    state, _ = run(*BUSY, ask(2 * S, "c1", dnis=NUMBERS["loans"]))
    wider = QueueRule((QueueStep(("1003",), wait_s=wait_s), QueueStep(("1002", "1003"))))
    changed = msgspec.structs.replace(RULES, queues={**RULES.queues, "loans": wider})
    _, effects = run(RulesChanged(3 * S, changed), free(4 * S, "1002"), TimePassed(30 * S), state=state)
    assert assigned(effects)[0] == (f"r-c1-{2 * S}", "1002")


def wish(at_ns: int, to: AgentWish) -> AgentWished:
    return AgentWished(at_ns, AgentAsked(agent="1001", to=to))


@pytest.mark.parametrize(
    ("wishes", "after"),
    [
        ((AgentWish.LOG_IN,), "not-ready"),
        ((AgentWish.LOG_IN, AgentWish.READY), "available"),
        ((AgentWish.READY,), "logged-out"),
        ((AgentWish.LOG_IN, AgentWish.LOG_OUT), "logged-out"),
    ],
)
def test_who_is_logged_out_and_telephones_logs_in_for_afterwards(wishes: tuple[AgentWish, ...], after: str) -> None:
    state, _ = run(wish(S, AgentWish.LOG_OUT), leg_began(2 * S, "1001", "l1"))
    state, _ = run(*(wish(3 * S, one) for one in wishes), leg_ended(9 * S, "l1"), state=state)
    assert state.agents["1001"].state.value == after


def test_a_phone_that_the_branch_rang_by_itself_makes_no_agent_not_ready() -> None:
    strict = msgspec.structs.replace(RULES, no_answer_not_ready=True)
    first = ask(22 * S, "c1", dnis=CARD, cursor=AT_CARD, outcome="no-answer", refused_agents=("1001",))
    state, _ = run(RulesChanged(0, strict), ask(S, "c1", dnis=CARD), *BUSY[1:], first)
    assert state.agents["1001"].state is AgentState.NOT_READY
    state, _ = run(wish(23 * S, AgentWish.READY), msgspec.structs.replace(first, at_ns=44 * S), state=state)
    assert state.agents["1001"].state is AgentState.AVAILABLE


def test_who_came_first_and_was_not_answered_is_before_who_came_while_it_rang() -> None:
    state, _ = run(*BUSY[1:], ask(S, "c1", dnis=CARD), leg_began(2 * S, "1001", "l1", "c1", "epoch.1"))
    state, _ = run(ask(3 * S, "c2", dnis=CARD), leg_ended(21 * S, "l1", "c1"), state=state)
    again = ask(22 * S, "c1", dnis=CARD, cursor=AT_CARD, outcome="no-answer", refused_agents=("1001",))
    state, _ = run(again, state=state)
    _, effects = run(free(23 * S, "1002"), state=state)
    assert assigned(effects) == [(f"r-c1-{22 * S}", "1002")]


def test_wrap_up_follows_a_reservation_that_was_made_twice() -> None:
    slow = msgspec.structs.replace(RULES, queues={**RULES.queues, "card": skill_group("1001", "1002", wrap_up_s=9)})
    state, effects = run(
        RulesChanged(0, slow),
        *BUSY,
        ask(2 * S, "c1", dnis=CARD),
        free(3 * S, "1001"),
        TimePassed(8 * S + 1),
        leg_began(9 * S, "1001", "l1", "c1", "epoch.1"),
        connected(10 * S, "l1", "c1"),
        leg_ended(20 * S, "l1", "c1"),
    )
    assert isinstance(effects[-1], AgentMoved)
    assert effects[-1].state == "wrap-up"
    assert state.agents["1001"].until_ns == 29 * S


OTHERS = tuple((agent, f"leg-{agent}", f"other-{agent}") for agent in AGENTS[1:])


@pytest.mark.parametrize("away", [BranchSilent(6 * S, BOX), LifeBegan(6 * S, "next", RULES, OTHERS)])
def test_an_agent_who_rang_before_an_outage_is_given_to_nobody_until_the_branch_has_said_what_came_of_it(
    away: Event,
) -> None:
    state, _ = run(*BUSY[1:], ask(2 * S, "c1", dnis=CARD), away, TimePassed(60 * S))
    state, effects = run(BranchHeard(61 * S, BOX), ask(62 * S, "c2", dnis=CARD), state=state)
    assert (rung(effects), assigned(effects)) == ([], [])
    talks, _ = run(leg_began(63 * S, "1001", "l1", "c1", "epoch.1"), TimePassed(80 * S), state=state)
    assert talks.agents["1001"].state is AgentState.BUSY
    _, effects = run(TimePassed(70 * S), state=state)
    assert assigned(effects) == [(f"r-c2-{62 * S}", "1001")], "it has said nothing"


def test_what_a_branch_says_again_counts_once() -> None:
    """It says so until the record has it; the router hears at once. A new life begins with the record, and hears."""
    began, ended = leg_began(2 * S, "1001", "l1", "c1"), leg_ended(3 * S, "l1", "c1")
    assert isinstance(began, CallTold)
    assert isinstance(ended, CallTold)

    def said(event: CallTold, at_s: int, seq: int, incarnation: str = "one") -> CallTold:
        return msgspec.structs.replace(event, at_ns=at_s * S, process="call", incarnation=incarnation, seq=seq)

    once, _ = run(said(began, 2, 1), said(ended, 3, 2))
    again, effects = run(said(began, 4, 1), said(ended, 4, 2), state=once)
    assert (again, effects) == (once, [])
    other, _ = run(said(began, 5, 1, "two"), said(began, 5, 1), state=once)
    assert other.agents["1001"].state is AgentState.BUSY
    life, _ = run(LifeBegan(6 * S, "next", RULES), said(began, 7, 1), state=once)
    assert life.agents["1001"].state is AgentState.BUSY

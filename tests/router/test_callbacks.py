# SPDX-License-Identifier: GPL-2.0-only
"""A customer who hangs up is called back in his place, once a try, by whoever may dial; nothing is lost on the way."""

from collections.abc import Sequence

import msgspec
import pytest

from appliance.config.outbound import Policy
from appliance.router.apply import apply
from appliance.router.callbacks.states import CallbackState
from appliance.router.events import (
    BranchHeard,
    BranchSilent,
    CallbackAnswer,
    CallbackWished,
    CallTold,
    ContactOrdered,
    ContactsLost,
    Effect,
    Event,
    LifeBegan,
    RouteAsked,
    RulesChanged,
    TimePassed,
)
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.shown import contact_of
from appliance.router.state import EMPTY, Callback, State
from appliance.router.view import callback_now, contacts_at, queue_now
from appliance.script.nodes import Callback as CallbackNode
from appliance.script.nodes import Menu, Node, Play, Queue, Release, Script, Text
from appliance.wire.callbacks import AddCallback, CancelCallback, PlaceContact
from appliance.wire.calls import ContactEnded, TalkBegan
from appliance.wire.routes import Dial, RouteAnswer, RouteRequest
from appliance.wire.routes import Release as ReleaseLabel
from tests.router import test_router_apply as tests
from tests.router.test_router_apply import BOX, S, answers, leg_began, leg_ended
from tests.router.test_waiting import assigned

pytestmark = pytest.mark.unit

NUMBER = "02512345678"
NODES: dict[str, Node] = {
    "card": Queue(queues=("card",), otherwise="offer", hold=("queue-thankyou",), wait_s=10),
    "offer": CallbackNode(queues=("card",), next="thanks", failed="sorry", tries=2, pause_s=60, window_s=600),
    "thanks": Release(cause=16),
    "sorry": Release(cause=17),
}
RULES = Rules(
    call_types={"1": CallType("card", "1", "card")},
    queues={"card": skill_group("1001")},
    seats={"1001": Seat("1001", "Li Na", BOX, "8001"), "1002": Seat("1002", "Wang Wei", "BR-0002", "8002")},
    scripts={"card": Script("card", "v1", Text(start="card", nodes=NODES))},
    outbound=Policy(numbers=("025",), branches=("BR-0002",), open=2),
)
BEGUN = LifeBegan(0, "epoch", RULES)
CURSOR = "card/v1/card/1"
BUSY = (tests.ask(S, "c0", dnis="1", cursor=""), leg_began(2 * S, "1001", "l0", "c0", "epoch.1"))


def run(*events: Event, state: State | None = None) -> tuple[State, list[Effect]]:
    return tests.run(events, state or apply(EMPTY, BEGUN)[0])


def ask(at_s: int, contact: str, cursor: str = "", clid: str = NUMBER) -> RouteAsked:
    return tests.ask(at_s * S, contact, dnis="1", cursor=cursor, clid=clid, outcome="played")


def wished() -> tuple[State, str]:
    """c1 has waited from the third second and asks to be called back at the thirteenth; its name."""
    state, effects = run(*BUSY, ask(3, "c1"), ask(13, "c1", CURSOR))
    assert answers(effects)[-1].action == ReleaseLabel(cause=16)
    assert answers(effects)[-1].queues == ("card",)
    return state, answers(effects)[-1].callback


def orders(effects: Sequence[Effect]) -> list[PlaceContact]:
    return [one.order for one in effects if isinstance(one, ContactOrdered)]


def ordered(free_s: int = 30) -> tuple[State, PlaceContact]:
    state, _ = wished()
    state, effects = run(tests.contact_ended(14 * S, "c1"), leg_ended(free_s * S, "l0", "c0"), state=state)
    (order,) = orders(effects)
    return state, order


def answered(at_s: int, order: PlaceContact, request: str = "r-try") -> RouteAsked:
    """The agent has."""
    body = RouteRequest(
        request=request, contact=order.contact, dnis=order.number, outcome="agent-answered", callback=order.callback
    )
    return RouteAsked(at_s * S, BOX, body, at_s * S)


def rings(at_s: int, order: PlaceContact, leg: str = "l1") -> CallTold:
    return leg_began(at_s * S, order.ring.agent, leg, order.contact, order.ring.token)


def ended(at_s: int, order: PlaceContact, cause: int, by: str = "called") -> CallTold:
    return CallTold(at_s * S, BOX, ContactEnded(contact=order.contact, cause=cause, by=by))


def talks(at_s: int, order: PlaceContact) -> CallTold:
    return CallTold(at_s * S, BOX, TalkBegan(contact=order.contact, leg="l1", sample=0))


def only(state: State) -> Callback:
    (one,) = state.callbacks.values()
    return one


def dialled() -> tuple[State, PlaceContact]:
    state, order = ordered()
    state, effects = run(rings(31, order), answered(35, order), state=state)
    assert answers(effects)[-1].action == Dial(NUMBER, 40)
    return state, order


def test_who_hangs_up_keeps_his_place_before_one_who_came_later_and_waits_on_the_line() -> None:
    state, name = wished()
    state, effects = run(
        tests.contact_ended(14 * S, "c1"), ask(20, "c2", clid="02500000002"), leg_ended(30 * S, "l0", "c0"), state=state
    )
    (order,) = orders(effects)
    assert (order.callback, order.number, order.origin, order.ring.agent) == (name, NUMBER, "c1", "1001")
    assert order.reason == "Li Na (1001) is free; the caller has waited 27 s in card"
    assert assigned(effects) == []
    state, effects = run(rings(31, order), leg_ended(38 * S, "l1", order.contact), state=state)
    assert [agent for _, agent in assigned(effects)] == ["1001"], "then it is the other's turn"


def test_who_presses_a_key_while_he_stands_in_the_queue_gives_his_place_away_and_stands_in_it_no_more() -> None:
    nodes: dict[str, Node] = {
        "card": Queue(queues=("card",), next="ask", otherwise="sorry", hold=("queue-thankyou",), priority=2),
        "ask": Menu(prompts=("vm-press",), cases={"1": "offer"}, nothing="sorry", invalid="sorry"),
        "offer": CallbackNode(queues=("card",), next="thanks", failed="sorry"),
        "thanks": Play(prompts=("vm-goodbye",), next="gone"),
        "gone": Release(),
        "sorry": Release(cause=17),
    }
    stands = msgspec.structs.replace(RULES, scripts={"card": Script("card", "v1", Text(start="card", nodes=nodes))})
    state, effects = run(RulesChanged(0, stands), *BUSY, ask(3, "c1"))
    assert state.waiting["c1"].place.queued_ns == 3 * S
    pressed = tests.ask(
        9 * S, "c1", dnis="1", cursor=answers(effects)[-1].cursor, clid=NUMBER, outcome="digits", ced="1"
    )
    state, effects = run(pressed, state=state)
    (name,) = state.callbacks
    assert (answers(effects)[-1].callback, set(state.waiting)) == (name, {name})
    assert (state.waiting[name].place.queued_ns, state.waiting[name].place.priority) == (3 * S, 2)
    state, effects = run(leg_ended(10 * S, "l0", "c0"), state=state)
    assert ([one.callback for one in orders(effects)], assigned(effects)) == ([name], [])


def test_the_caller_s_end_and_a_heartbeat_without_him_take_nothing_away() -> None:
    state, name = wished()
    state, _ = run(tests.contact_ended(14 * S, "c1"), ContactsLost(90 * S, BOX, ("c1",)), state=state)
    assert state.waiting[name].place.queued_ns == 3 * S
    assert queue_now(state, "card", 90 * S).callbacks == 1
    assert list(contacts_at(state, BOX)) == []


def test_it_waits_without_asking_again_and_over_a_restart() -> None:
    state, name = wished()
    state, _ = run(TimePassed(300 * S), LifeBegan(301 * S, "next", RULES, (("1001", "l0", "c0"),)), state=state)
    state, effects = run(BranchHeard(302 * S, BOX), leg_ended(303 * S, "l0", "c0"), state=state)
    assert [one.callback for one in orders(effects)] == [name]


def test_the_customer_is_dialled_when_the_agent_has_answered_and_reached_when_they_talk() -> None:
    state, order = dialled()
    assert (only(state).state, only(state).tries) == (CallbackState.DIALLING, 1)
    state, _ = run(talks(40, order), state=state)
    assert only(state).state is CallbackState.TALKING
    state, _ = run(leg_ended(60 * S, "l1", order.contact), ended(60, order, 16, "caller"), state=state)
    assert (only(state).state, only(state).outcome) == (CallbackState.OVER, "reached")
    assert (dict(state.waiting), set(state.places), dict(state.tries)) == ({}, {"c0"}, {})
    assert orders(run(TimePassed(900 * S), state=state)[1]) == []
    assert run(TimePassed(100_000 * S), state=state)[0].callbacks == {}, "and forgotten a day later"


def test_the_agent_is_shown_what_the_caller_has_told_before_he_hung_up() -> None:
    state, order = ordered()
    state, _ = run(rings(31, order), state=state)
    now = contact_of(state, "1001")
    assert now is not None
    assert (now.contact, now.clid, now.dnis, now.call_type) == (order.contact, NUMBER, "1", "card")
    state, _ = run(leg_ended(60 * S, "l1", order.contact), ended(60, order, 19, "us"), state=state)
    assert set(state.shown) == {"c0", order.callback}, "kept for the next try"


def test_a_customer_who_was_called_back_is_handed_on_as_any_caller_is() -> None:
    state, order = dialled()
    handed = RouteRequest(
        request="r-on", contact=order.contact, dnis=NUMBER, clid=NUMBER, outcome="transferred", callback=order.callback,
        transfer_to="1", transferred_by="1001",
    )  # fmt: skip
    state, effects = run(talks(40, order), RouteAsked(50 * S, BOX, handed, 50 * S), state=state)
    assert answers(effects)[-1].queues == ("card",)
    again = msgspec.structs.replace(handed, cursor=answers(effects)[-1].cursor, transfer_to="", outcome="played")
    state, effects = run(RouteAsked(55 * S, BOX, again, 55 * S), state=state)
    assert answers(effects)[-1].queues == ("card",), "his number is no call type's, his script goes on"
    state, _ = run(leg_ended(56 * S, "l1", order.contact), ended(57, order, 16, "caller"), state=state)
    assert (order.contact in state.waiting, order.contact in state.places, only(state).outcome) == (
        False,
        False,
        "reached",
    )


def test_a_question_that_is_asked_twice_is_one_try() -> None:
    state, order = dialled()
    state, effects = run(answered(36, order, "r-again"), state=state)
    assert (answers(effects)[-1].action, only(state).tries) == (Dial(NUMBER, 40), 1)


def test_the_branch_s_question_may_overtake_its_news_of_the_agent_s_leg() -> None:
    state, order = ordered()
    state, effects = run(answered(31, order), rings(32, order), TimePassed(50 * S), state=state)
    assert (answers(effects)[-1].action, orders(effects)) == (Dial(NUMBER, 40), [])
    assert only(state).state is CallbackState.DIALLING


def test_a_customer_who_is_busy_is_tried_again_after_the_pause_with_his_age_then_given_up() -> None:
    state, order = dialled()
    state, effects = run(leg_ended(41 * S, "l1", order.contact), ended(41, order, 17), state=state)
    assert (only(state).state, only(state).outcome, orders(effects)) == (CallbackState.PAUSED, "busy", [])
    assert state.agents["1001"].state == "available"
    state, effects = run(TimePassed(102 * S), state=state)
    (again,) = orders(effects)
    assert again.contact != order.contact
    assert again.reason.endswith("waited 98 s in card"), "from the third second on"
    state, effects = run(rings(103, again), answered(104, again), leg_ended(105 * S, "l1", again.contact), state=state)
    state, _ = run(ended(105, again, 19), state=state)
    assert (only(state).state, only(state).tries, only(state).outcome) == (CallbackState.OVER, 2, "no answer")


def test_an_agent_who_does_not_answer_is_passed_over_until_the_pause_and_no_try_is_counted() -> None:
    state, order = ordered()
    state, effects = run(rings(31, order), leg_ended(51 * S, "l1", order.contact), state=state)
    state, effects = run(ended(51, order, 19, "us"), state=state)
    assert (only(state).state, only(state).tries, orders(effects)) == (CallbackState.WAITING, 0, [])
    assert state.waiting[order.callback].place.queued_ns == 3 * S
    assert [one.ring.agent for one in orders(run(TimePassed(112 * S), state=state)[1])] == ["1001"]


def test_an_order_that_nobody_heard_lapses_and_its_contact_may_dial_no_more() -> None:
    state, order = ordered()
    state, effects = run(TimePassed(39 * S), state=state)
    (again,) = orders(effects)
    assert again.contact != order.contact
    _, effects = run(answered(40, order), state=state)
    assert answers(effects)[-1].action == ReleaseLabel(cause=16)
    assert answers(effects)[-1].reason == f"callback {order.callback} has gone on to another try"


def test_a_try_of_which_the_branch_knows_nothing_is_tried_again() -> None:
    state, order = dialled()
    assert set(contacts_at(state, BOX)) == {order.contact}
    state, _ = run(ContactsLost(60 * S, BOX, (order.contact,)), state=state)
    assert (only(state).state, only(state).outcome) == (CallbackState.PAUSED, "lost")
    assert state.agents["1001"].state == "available"


def test_a_branch_that_cannot_dial_the_number_frees_the_agent_and_counts_a_try() -> None:
    state, order = ordered()
    state, _ = run(ended(31, order, 3, "us"), state=state)
    assert (only(state).state, only(state).outcome) == (CallbackState.PAUSED, "unreachable (cause 3)")
    assert (state.agents["1001"].state, dict(state.waiting)) == ("available", {})


def test_while_its_branch_is_away_another_one_with_lines_carries_it_until_it_is_back() -> None:
    queue = {"card": skill_group("1002")}
    state = apply(EMPTY, LifeBegan(0, "epoch", msgspec.structs.replace(RULES, queues=queue)))[0]
    state, effects = run(ask(3, "c1"), ask(13, "c1", CURSOR), BranchHeard(14 * S, "BR-0002"), state=state)
    name = answers(effects)[-1].callback
    assert orders(effects) == [], "the agent cannot be rung from here"
    state, effects = run(BranchSilent(15 * S, BOX), state=state)
    assert [
        (one.box, one.order.ring.agent, one.order.ring.box) for one in effects if isinstance(one, ContactOrdered)
    ] == [("BR-0002", "1002", "")]
    state, _ = run(TimePassed(21 * S), BranchHeard(22 * S, BOX), state=state)
    assert state.callbacks[name].contact.startswith("BR-0002.")


def test_at_its_window_s_end_it_is_over_with_an_outcome() -> None:
    state, name = wished()
    state, effects = run(TimePassed(613 * S), leg_ended(614 * S, "l0", "c0"), state=state)
    assert (only(state).outcome, orders(effects), dict(state.waiting)) == ("expired", [], {})
    assert callback_now(state, name).state == "over"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("110", "110 has 3 digits"),
        ("1101234567", "begin with 110 are refused"),
        ("09001234567", "begin with 0900 are refused"),
        ("13800000001", "outbound.numbers does not allow 13800000001"),
        ("", "'' is no telephone number"),
    ],
)
def test_only_numbers_that_the_administrator_allows_are_called_back(number: str, why: str) -> None:
    state, effects = run(*BUSY, ask(3, "c1", clid=number), ask(13, "c1", CURSOR, number))
    answer = answers(effects)[-1]
    assert (answer.action, state.callbacks) == (ReleaseLabel(cause=17), {})
    assert why in answer.reason or why in answer.values.get("offer", "")


def test_one_callback_a_number_and_no_more_than_are_allowed_at_once() -> None:
    state, _ = wished()
    told: list[RouteAnswer] = []
    for contact, clid in (("c2", NUMBER), ("c3", "02500000003"), ("c4", "02500000004")):
        state, effects = run(ask(20, contact, clid=clid), ask(30, contact, CURSOR, clid), state=state)
        told.append(answers(effects)[-1])
    assert [bool(one.callback) for one in told] == [False, True, False]
    assert "is called back already" in told[0].reason
    assert "2 callbacks are open, as many as outbound.open allows" in told[2].reason


def test_headquarters_adds_one_and_cancels_it() -> None:
    state, effects = run(
        BranchHeard(S, "BR-0002"), CallbackWished(2 * S, AddCallback(number=NUMBER, queue="card", by="root"))
    )
    (done,) = (one for one in effects if isinstance(one, CallbackAnswer))
    assert (state.callbacks[done.callback].box, done.refused) == ("BR-0002", "")
    state, effects = run(CallbackWished(3 * S, CancelCallback(callback=done.callback)), state=state)
    assert (only(state).outcome, dict(state.waiting), dict(state.index.numbers)) == ("cancelled", {}, {})
    _, effects = run(CallbackWished(4 * S, CancelCallback(callback=done.callback)), state=state)
    assert effects == [CallbackAnswer("", f"callback {done.callback} is over and cannot be cancelled")]
    _, effects = run(CallbackWished(4 * S, AddCallback(number=NUMBER, queue="crad")), state=state)
    assert effects == [CallbackAnswer("", "queue 'crad' is unknown; did you mean 'card'?")]


def test_who_is_cancelled_while_an_agent_is_reserved_frees_them() -> None:
    state, order = ordered()
    state, _ = run(CallbackWished(31 * S, CancelCallback(callback=order.callback)), state=state)
    assert (state.agents["1001"].state, dict(state.waiting), dict(state.reservations)) == ("available", {}, {})
    assert answers(run(answered(32, order), state=state)[1])[-1].action == ReleaseLabel(cause=16)


def test_rules_that_allow_it_no_more_end_it() -> None:
    state, _ = wished()
    stricter = msgspec.structs.replace(RULES, outbound=Policy(numbers=("13",)))
    state, _ = run(RulesChanged(20 * S, stricter), state=state)
    assert only(state).outcome == f"outbound.numbers does not allow {NUMBER}"
    state, order = ordered()
    state, effects = run(RulesChanged(31 * S, stricter), rings(32, order), answered(33, order), state=state)
    assert answers(effects)[-1].action == ReleaseLabel(cause=16)

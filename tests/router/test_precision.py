# SPDX-License-Identifier: GPL-2.0-only
"""Several queues at once, and queues that widen step by step."""

import msgspec
import pytest

from appliance.router.apply import apply
from appliance.router.events import (
    AgentWished,
    Assigned,
    BranchHeard,
    Effect,
    Event,
    LifeBegan,
    RulesChanged,
    TimePassed,
)
from appliance.router.rules import CallType, QueueRule, QueueStep, Rules, Seat, skill_group
from appliance.router.state import EMPTY, Handled, State
from appliance.router.view import queue_now
from appliance.script.nodes import Node, Queue, Release, Script, Text
from appliance.wire.agents import AgentAsked, AgentWish
from appliance.wire.routes import RingAgent
from tests.router import test_router_apply as tests
from tests.router.test_router_apply import BOX, S, answers, leg_began, leg_ended, rung
from tests.router.test_waiting import ask, assigned

pytestmark = pytest.mark.unit

HOLD = ("music",)


def script(name: str, *queues: str, priority: int = 5, hold: tuple[str, ...] = HOLD) -> Script:
    nodes: dict[str, Node] = {
        "card": Queue(queues=queues, otherwise="gone", hold=hold, priority=priority),
        "gone": Release(cause=17),
    }
    return Script(name, "v1", Text(start="card", nodes=nodes))


SCRIPTS = {
    "gold": script("gold", "gold"),
    "both": script("both", "loans", "card"),
    "card": script("card", "card"),
    "loans": script("loans", "loans"),
    "urgent": script("urgent", "card", priority=1),
    "now": script("now", "gold", hold=()),
}
NUMBERS = {name: str(number) for number, name in enumerate(SCRIPTS)}
AGENTS = ("1001", "1002", "1003")
GOLD = QueueRule(
    (
        QueueStep(("1001",), wait_s=10),
        QueueStep(("1001", "1002"), wait_s=20, consider_if="free('loans') > 0"),
        QueueStep(AGENTS),
    )
)
RULES = Rules(
    call_types={number: CallType(name, number, name) for name, number in NUMBERS.items()},
    queues={"gold": GOLD, "card": skill_group("1001", "1002"), "loans": skill_group("1003")},
    seats={agent: Seat(agent, agent, BOX, agent) for agent in AGENTS},
    scripts=SCRIPTS,
)
BEGUN = apply(apply(EMPTY, LifeBegan(0, "epoch", RULES))[0], BranchHeard(0, BOX))[0]


def run(*events: Event, state: State = BEGUN) -> tuple[State, list[Effect]]:
    return tests.run(events, state)


def busy(*agents: str) -> list[Event]:
    return [leg_began(S, agent, f"leg-{agent}", f"other-{agent}") for agent in agents]


def free(at_ns: int, agent: str) -> Event:
    return leg_ended(at_ns, f"leg-{agent}", f"other-{agent}")


def test_the_first_queue_that_has_somebody_is_rung() -> None:
    _, effects = run(ask(2 * S, "c1", dnis=NUMBERS["both"]))
    assert rung(effects) == ["1003"]
    _, effects = run(*busy("1003"), ask(2 * S, "c1", dnis=NUMBERS["both"]))
    assert rung(effects) == ["1001"]
    assert answers(effects)[-1].values["loans"] == "1003 busy"


@pytest.mark.parametrize(("agent", "queue"), [("1003", "loans"), ("1002", "card")])
def test_who_waits_in_two_queues_is_taken_by_the_first_agent_of_either_and_leaves_both(agent: str, queue: str) -> None:
    state, effects = run(*busy(*AGENTS), ask(2 * S, "c1", dnis=NUMBERS["both"]))
    assert answers(effects)[-1].queues == ("loans", "card")
    state, effects = run(free(9 * S, agent), state=state)
    (told,) = [one.answer for one in effects if isinstance(one, Assigned)]
    assert isinstance(told.action, RingAgent)
    assert (told.action.agent, told.action.queue) == (agent, queue)
    assert state.index.queued == {}
    others = [other for other in AGENTS if other != agent]
    _, effects = run(*(free(10 * S, other) for other in others), state=state)
    assert assigned(effects) == [], "one contact, one agent"


def test_a7_of_three_queues_the_third_has_an_agent_first_and_the_others_drop_the_caller_at_once() -> None:
    three = msgspec.structs.replace(
        RULES,
        call_types={"9": CallType("three", "9", "three")},
        queues={name: skill_group(agent) for name, agent in zip(("card", "loans", "funds"), AGENTS, strict=True)},
        scripts={"three": script("three", "card", "loans", "funds")},
    )
    begun = apply(apply(EMPTY, LifeBegan(0, "epoch", three))[0], BranchHeard(0, BOX))[0]
    state, _ = run(*busy(*AGENTS), ask(2 * S, "c1", dnis="9"), state=begun)
    assert [queue_now(state, name, 3 * S).waiting for name in three.queues] == [1, 1, 1]
    state, effects = run(free(9 * S, "1003"), state=state)
    assert assigned(effects) == [(f"r-c1-{2 * S}", "1003")]
    assert [queue_now(state, name, 9 * S).waiting for name in three.queues] == [0, 0, 0]
    state, effects = run(free(9 * S, "1001"), free(9 * S, "1002"), state=state)
    assert assigned(effects) == []
    assert [one.agent for one in state.reservations.values()] == ["1003"], "never two agents reserved"


def test_a_freed_agent_goes_to_the_most_urgent_of_all_queues_they_serve() -> None:
    waits = [ask((2 + place) * S, f"c{place}", dnis=NUMBERS[name]) for place, name in enumerate(("both", "urgent"))]
    _, effects = run(*busy(*AGENTS), *waits, free(9 * S, "1002"))
    assert assigned(effects) == [(f"r-c1-{3 * S}", "1002")]


def test_the_second_step_is_rung_when_its_time_has_come_and_not_before() -> None:
    state, effects = run(*busy("1001"), ask(2 * S, "c1", dnis=NUMBERS["gold"]))
    assert (rung(effects), state.next_due_ns()) == ([], 12 * S)
    _, effects = run(TimePassed(12 * S - 1), state=state)
    assert assigned(effects) == []
    _, effects = run(TimePassed(12 * S), state=state)
    assert assigned(effects) == [(f"r-c1-{2 * S}", "1002")]


def test_a_step_that_is_not_considered_is_passed_over_with_its_wait() -> None:
    state, _ = run(*busy("1001", "1003"), ask(2 * S, "c1", dnis=NUMBERS["gold"]))
    _, effects = run(TimePassed(12 * S), state=state)
    assert assigned(effects) == [(f"r-c1-{2 * S}", "1002")], "loans has nobody, so the last step at once"


def test_steps_go_on_through_an_agent_who_does_not_answer() -> None:
    state, _ = run(*busy(*AGENTS), ask(2 * S, "c1", dnis=NUMBERS["gold"]), TimePassed(12 * S))
    again = ask(
        14 * S, "c1", dnis=NUMBERS["gold"], cursor="gold/v1/card/1", outcome="no-answer", refused_agents=("1002",)
    )
    state, effects = run(again, free(15 * S, "1003"), state=state)
    assert assigned(effects) == [(f"r-c1-{14 * S}", "1003")]


def test_where_nobody_may_wait_every_step_is_tried_at_once() -> None:
    _, effects = run(*busy("1001", "1002"), ask(2 * S, "c1", dnis=NUMBERS["now"]))
    assert rung(effects) == ["1003"]


def test_an_agent_let_go_by_one_contact_goes_to_who_waits_before_it() -> None:
    """The assignment was not heard; its contact asks again while a more urgent one waits."""
    state, _ = run(*busy(*AGENTS), ask(2 * S, "c1", dnis=NUMBERS["card"]), free(9 * S, "1001"))
    state, _ = run(ask(10 * S, "c2", dnis=NUMBERS["urgent"]), state=state)
    again = ask(11 * S, "c1", dnis=NUMBERS["card"], cursor="card/v1/card/1", outcome="played")
    _, effects = run(again, state=state)
    assert (rung(effects), assigned(effects)) == ([], [(f"r-c2-{10 * S}", "1001")])


def test_an_agent_who_can_do_more_from_now_on_is_given_who_waits_at_once() -> None:
    state, _ = run(*busy("1003"), ask(2 * S, "c1", dnis=NUMBERS["loans"]))
    able = msgspec.structs.replace(RULES, queues={**RULES.queues, "loans": skill_group("1002", "1003")})
    _, effects = run(RulesChanged(3 * S, able), state=state)
    assert assigned(effects) == [(f"r-c1-{2 * S}", "1002")]


def test_a_queue_that_is_gone_lets_its_contacts_go_and_one_that_lost_steps_keeps_them() -> None:
    state, _ = run(
        *busy(*AGENTS),
        ask(2 * S, "c1", dnis=NUMBERS["loans"]),
        ask(3 * S, "c2", dnis=NUMBERS["gold"]),
        TimePassed(13 * S),
    )
    fewer = msgspec.structs.replace(RULES, queues={"gold": skill_group("1002"), "card": RULES.queues["card"]})
    state, _ = run(RulesChanged(14 * S, fewer), state=state)
    assert set(state.waiting) == {"c2"}
    assert state.places["c1"].queued_ns == 2 * S, "its place is kept for the next queue"
    tests.check(state)
    _, effects = run(free(15 * S, "1002"), state=state)
    assert assigned(effects) == [(f"r-c2-{3 * S}", "1002")]


def told_of(many: int, busy: int, *refused: str, name: str = "a{}") -> str:
    """What a decision keeps of a queue of so many agents, the first of whom are busy and the last but one not ready."""
    crowd = tuple(name.format(number) for number in range(many))
    rules = msgspec.structs.replace(
        RULES,
        queues={"card": skill_group(*crowd), "gold": GOLD, "loans": RULES.queues["loans"]},
        seats={**RULES.seats, **{name: Seat(name, name, BOX, name) for name in crowd}},
    )
    state = apply(apply(EMPTY, LifeBegan(0, "epoch", rules))[0], BranchHeard(0, BOX))[0]
    work = [leg_began(S, name, f"leg-{name}", name) for name in crowd[:busy]]
    lunch = AgentAsked(agent=crowd[-2], to=AgentWish.NOT_READY, reason="lunch")
    question = ask(2 * S, "c1", dnis=NUMBERS["card"], refused_agents=refused)
    _, effects = run(*work, AgentWished(S, lunch), question, state=state)
    return answers(effects)[-1].values["card"]


def test_of_forty_agents_a_decision_tells_why_each_could_not_be_given() -> None:
    told = told_of(40, 30, "a30").split("; ")
    assert told[:30] == [f"a{number} busy" for number in range(30)]
    assert told[30] == "a30 refused this contact"
    assert told[31] == "a31 available since the start"
    assert told[38] == "a38 not-ready (lunch)"
    assert len(told) == 40


def test_of_more_agents_a_decision_names_those_of_a_kind_together() -> None:
    kinds = [part.rpartition(" ") for part in told_of(160, 100, "a100").split("; ")]
    assert [kind for _, _, kind in kinds] == ["busy", "contact", "available", "not-ready"]
    assert kinds[0][0].split(",") == [f"a{number}" for number in range(100)]
    assert kinds[3][0] == "a158"


def test_of_a_crowd_and_where_names_are_long_a_decision_tells_how_many_of_each_kind() -> None:
    told = "{} agents; of the queue {} available, {} busy, 1 not-ready; refused by {}"
    assert told_of(161, 30, "a30", "a31") == told.format(161, 130, 30, "a30, a31")
    long = "a" * 25 + "{}"
    refused = long.format(30)
    assert told_of(80, 30, refused, name=long) == told.format(80, 49, 30, refused)


def test_the_expected_wait_is_the_middle_one_of_those_before_over_those_who_serve() -> None:
    state, _ = run()
    card = queue_now(state, "card", 60 * S)
    assert (card.free, card.expected_s) == (2, 0)
    talk = [*busy(*AGENTS), *(tests.connected(S, f"leg-{agent}") for agent in AGENTS)]
    state, _ = run(*talk, ask(2 * S, "c1", dnis=NUMBERS["card"]), state=state)
    assert queue_now(state, "card", 60 * S).expected_s is None, "nobody has talked there yet"
    state = msgspec.structs.replace(state, handled={"card": Handled(1, 60 * S, 48 * S)})
    told = queue_now(state, "card", 60 * S)
    assert (told.waiting, told.oldest_ns, told.staffed, told.busy) == (1, 2 * S, 2, 2)
    assert told.expected_s is not None
    assert 40 < told.expected_s < 60, "talks of any length: 2 before, 30 s each, and half of such waits are below 50 s"

# SPDX-License-Identifier: GPL-2.0-only
"""A script looks something up: its answer, none, a late one, a caller who goes on or away meanwhile."""

import pytest

from appliance.router.apply import ENGINE, apply
from appliance.router.deciding import LATE_NS
from appliance.router.events import (
    Answer,
    BranchHeard,
    Effect,
    Event,
    LifeBegan,
    LookupAnswered,
    LookupAsked,
    RulesChanged,
    TimePassed,
)
from appliance.router.journal import Snapshot, encoded
from appliance.router.rows import Due
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State
from appliance.script.nodes import ContextField, If, Kind, Lookup, Node, Play, Queue, Script, Text
from appliance.script.nodes import Release as ReleaseNode
from appliance.wire.routes import Release, RouteAnswer, Treat
from tests.router import test_router_apply as tests
from tests.router.test_router_apply import BOX, S, answers, rung

pytestmark = pytest.mark.unit

LIMIT_MS = 200
NODES: dict[str, Node] = {
    "who": Lookup(
        source="customers", ask={"number": "clid"}, into={"tier": "tier", "orders": "n"}, next="ask", failed="sorry"
    ),
    "ask": If(that="tier == 'gold' and orders > 5", then="gold", otherwise="gone"),
    "gold": Queue(queues=("card",), otherwise="gone"),
    "sorry": Play(prompts=("sorry",), next="gone"),
    "gone": ReleaseNode(cause=17),
}
CONTEXT = {"tier": ContextField(Kind.TEXT), "orders": ContextField(Kind.NUMBER)}
RULES = Rules(
    call_types={"1": CallType("card", "1", "card")},
    queues={"card": skill_group("1001")},
    seats={"1001": Seat("1001", "Li Na", BOX, "8001")},
    scripts={"card": Script("card", "v1", Text(start="who", nodes=NODES, context=CONTEXT))},
    lookups={"customers": LIMIT_MS},
)
BEGUN = apply(apply(EMPTY, LifeBegan(0, "epoch", RULES))[0], BranchHeard(0, BOX))[0]
ASKED = tests.ask(S, "c1", dnis="1", cursor="", clid="02512345678")


def run(*events: Event, state: State = BEGUN) -> tuple[State, list[Effect]]:
    state, effects = tests.run(events, state)
    tests.check(state)
    return state, effects


SOON = S + S // 10


def found(at_ns: int = SOON, *, lookup: str = "epoch.1", failed: str = "", **values: str) -> LookupAnswered:
    return LookupAnswered(at_ns, "c1", lookup, values, failed)


def last(effects: list[Effect]) -> RouteAnswer:
    return answers(effects)[-1]


def test_the_source_is_asked_first_and_the_branch_answered_by_what_it_says() -> None:
    state, effects = run(ASKED)
    assert effects == [LookupAsked("c1", "epoch.1", "customers", {"number": "02512345678"})]
    state, effects = run(found(tier="gold", n="7"), state=state)
    told = last(effects)
    assert (told.request, rung(effects)) == (f"r-c1-{S}", ["1001"])
    assert told.path == ("who", "ask", "gold")
    assert told.values["who"] == "tier = gold, orders = 7"
    assert state.asking == {}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (found(failed="customers did not answer within 200 ms"), "failed, customers did not answer within 200 ms"),
        (found(tier="gold"), "failed, the answer has no n"),
        (found(tier="gold", n="many"), "failed, number('many'): that is none"),
        (found(tier="x" * 17_000, n="1"), "failed, the context would have"),
        (TimePassed(S + LIMIT_MS * 1_000_000 + LATE_NS), "failed, nobody has said what came of it"),
    ],
    ids=["sentence", "column", "kind", "size", "silence"],
)
def test_no_answer_leads_to_failed_with_the_reason_in_the_decision(answer: Event, why: str) -> None:
    _, effects = run(ASKED, answer)
    told = last(effects)
    assert isinstance(told.action, Treat)
    assert told.path == ("who", "sorry")
    assert told.values["who"].startswith(why)


def test_an_answer_that_comes_late_or_to_another_question_changes_nothing() -> None:
    _, effects = run(ASKED, found(lookup="epoch.9", tier="gold", n="7"))
    assert answers(effects) == []
    state, effects = run(ASKED, found(failed="gone"))
    assert run(found(SOON, tier="gold", n="7"), state=state) == (state, [])


def test_a_caller_who_asks_again_gives_up_what_was_looked_up_and_its_question_is_answered() -> None:
    again = tests.ask(SOON, "c1", dnis="1", cursor="", clid="110")
    _, effects = run(ASKED, again)
    gone_on, asked = effects[-2:]
    assert isinstance(gone_on, Answer)
    assert (gone_on.answer.request, gone_on.answer.action) == (f"r-c1-{S}", Release(cause=41))
    assert asked == LookupAsked("c1", "epoch.2", "customers", {"number": "110"})


def test_the_same_question_once_more_is_looked_up_once_more_and_answered_once() -> None:
    state, effects = run(ASKED, ASKED)
    assert answers(effects) == []
    _, effects = run(found(lookup="epoch.2", tier="gold", n="7"), state=state)
    assert rung(effects) == ["1001"]


def test_a_caller_who_hangs_up_leaves_nothing_behind() -> None:
    state, effects = run(ASKED, tests.contact_ended(SOON, "c1"))
    assert (state.asking, state.contexts) == ({}, {})
    assert [what for _, what, _ in state.index.due] == [Due.SWEEP]
    assert last(effects).request == f"r-c1-{S}", "whoever has asked is not left waiting"


def test_a_restart_forgets_what_nobody_waits_for_any_more() -> None:
    state, _ = run(ASKED)
    state, _ = run(LifeBegan(SOON, "next", RULES), state=Snapshot(1, ENGINE, 0, encoded(state)).decoded())
    assert state.asking == {}
    assert run(found(SOON, tier="gold", n="7"), state=state)[1] == []


def test_a_script_that_changes_meanwhile_goes_on_or_begins_anew() -> None:
    state, _ = run(ASKED)
    other = Text(start="gone", nodes={"gone": ReleaseNode(cause=21)})
    changed = RulesChanged(
        SOON, Rules(RULES.call_types, RULES.queues, RULES.seats, {"card": Script("card", "v2", other)})
    )
    _, effects = run(changed, found(tier="gold", n="7"), state=state)
    assert last(effects).action == Release(cause=21)


def test_a_lookup_that_is_no_longer_configured_fails_at_once() -> None:
    none = RulesChanged(0, Rules(RULES.call_types, RULES.queues, RULES.seats, RULES.scripts))
    _, effects = run(none, ASKED)
    assert last(effects).values["who"] == "failed, no lookup customers"

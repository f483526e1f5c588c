# SPDX-License-Identifier: GPL-2.0-only
"""What the router does where a script goes on as another one, as another call type, or asks for one agent."""

from typing import Any

import msgspec
import pytest

from appliance.router.apply import ENGINE, apply
from appliance.router.events import BranchHeard, BranchSilent, Effect, Event, LifeBegan, ReservationEnded, TimePassed
from appliance.router.journal import Snapshot, encoded
from appliance.router.rules import DAY_S, CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State
from appliance.router.states import AgentState
from appliance.script import cursor as cursors
from appliance.script.nodes import (
    Agent,
    ContextField,
    GoToScript,
    If,
    Kind,
    Language,
    Node,
    Play,
    Queue,
    Requalify,
    Script,
    Set,
    Text,
)
from appliance.script.nodes import CallType as CallTypeNode
from appliance.script.nodes import Release as ReleaseNode
from appliance.wire.routes import Release, RingAgent, RouteAnswer, Treat
from appliance.wire.treatments import Music
from appliance.wire.treatments import Play as PlayVerb
from tests.router import test_router_apply as tests
from tests.router.test_router_apply import BOX, S, answers, check, leg_began, rung
from tests.router.test_waiting import assigned

pytestmark = pytest.mark.unit

CONTEXT = {"wanted": ContextField(Kind.TEXT)}
GONE = ReleaseNode(cause=17)
SCRIPTS: dict[str, dict[str, Node]] = {
    "menu": {
        "start": Play(prompts=("hello",), next="zh"),
        "zh": Language(language="zh", next="on"),
        "on": GoToScript(script="team"),
    },
    "team": {
        "start": Play(prompts=("hold-on",), next="card"),
        "card": Queue(queues=("card",), otherwise="gone", hold=("song",), wait_s=60),
        "gone": GONE,
    },
    "loan": {"start": Requalify(call_type="gold")},
    "gold": {"start": Play(prompts=("gold",), next="gone"), "gone": GONE},
    "known": {
        "start": CallTypeNode(call_type="gold", next="say"),
        "say": Play(prompts=("hello",), next="gone"),
        "gone": GONE,
    },
    "one": {
        "start": Set(fields={"wanted": "ced"}, next="agent", failed="gone"),
        "agent": Agent(agent="wanted", otherwise="gone", ring_s=15, record=False),
        "gone": GONE,
    },
    "ping": {"start": GoToScript(script="pong")},
    "pong": {"start": GoToScript(script="ping")},
    "fields": {
        "start": Set(fields={"wanted": "ced"}, next="say", failed="gone"),
        "say": Play(prompts=("hello",), next="agent"),
        "agent": Agent(agent="wanted", otherwise="gone"),
        "gone": GONE,
    },
    "carry": {"start": Set(fields={"wanted": "'1002'"}, next="on", failed="on"), "on": GoToScript(script="carried")},
    "carried": {
        "start": If(that="wanted == '1002' and staffed('card') == 2", then="agent", otherwise="gone"),
        "agent": Agent(agent="wanted", otherwise="gone"),
        "gone": GONE,
    },
}
RULES = Rules(
    call_types={str(number): CallType(f"type-{name}", str(number), name) for number, name in enumerate(SCRIPTS)},
    queues={"card": skill_group("1001", "1002")},
    seats={"1001": Seat("1001", "Li Na", BOX, "8001"), "1002": Seat("1002", "Wang Wei", BOX, "8002")},
    scripts={
        name: Script(name, "abc", Text(start="start", nodes=nodes, context=CONTEXT)) for name, nodes in SCRIPTS.items()
    },
    unnumbered=(CallType("gold", "", "gold"),),
)
NUMBERS = {name: str(number) for number, name in enumerate(SCRIPTS)}


def ask(at_ns: int, script: str, contact: str = "c1", *, cursor: str = "", **known: object) -> Event:
    return tests.ask(at_ns, contact, dnis=NUMBERS[script], cursor=cursor, **known)


def run(*events: Event, state: State | None = None) -> tuple[State, list[Effect]]:
    begun = state or apply(EMPTY, LifeBegan(0, "epoch", RULES))[0]
    after, effects = tests.run([BranchHeard(1, BOX), *events], begun)
    check(after)
    return after, effects


def last(effects: list[Effect]) -> RouteAnswer:
    return answers(effects)[-1]


def test_a_contact_of_another_call_type_goes_on_in_its_script_and_is_counted_as_that() -> None:
    state, effects = run(ask(S, "known"))
    told = last(effects)
    assert (told.script, told.call_type, told.path) == ("known", "gold", ("start", "say"))
    state, effects = run(ask(2 * S, "known", cursor=told.cursor, outcome="played"), state=state)
    assert (last(effects).call_type, last(effects).action) == ("gold", Release(cause=17))


def test_another_script_goes_on_and_is_stood_in_at_the_next_request() -> None:
    state, effects = run(ask(S, "menu"))
    state, effects = run(ask(2 * S, "menu", cursor=last(effects).cursor, outcome="played"), state=state)
    told = last(effects)
    assert told.action == Treat(verbs=(PlayVerb(prompts=("hold-on",)),), language="zh")
    assert (told.script, told.call_type, told.path) == ("team", "type-menu", ("zh", "on", "start"))
    assert told.reason == "script team treats the caller at start"
    busy = (leg_began(3 * S, "1001", "l1", "c8"), leg_began(3 * S, "1002", "l2", "c9"))
    state, effects = run(*busy, ask(4 * S, "menu", cursor=told.cursor, outcome="played"), state=state)
    assert last(effects).action == Treat(verbs=(Music(prompts=("song",), seconds=20),), language="zh")
    assert (last(effects).script, last(effects).path) == ("team", ("card",))


def test_a_script_that_is_gone_is_begun_anew_by_the_called_number() -> None:
    _, effects = run(ask(S, "gold", cursor="vanished/abc/somewhere/3"))
    assert (last(effects).script, last(effects).path) == ("gold", ("start",))
    assert cursors.read(last(effects).cursor) == cursors.Cursor("gold", "abc", "start", 4)


def test_scripts_that_lead_to_one_another_end_by_the_limit() -> None:
    _, effects = run(ask(S, "ping"))
    assert last(effects).action == Release(cause=41)
    assert len(last(effects).path) == 100


def test_a_call_type_of_several_numbers_is_one() -> None:
    numbered = {number: CallType("gold", number, "gold") for number in ("90", "91")}
    rules = msgspec.structs.replace(RULES, call_types={**RULES.call_types, **numbered}, unnumbered=())
    _, effects = run(ask(S, "loan"), state=apply(EMPTY, LifeBegan(0, "epoch", rules))[0])
    assert (last(effects).call_type, last(effects).script) == ("gold", "gold")


def test_another_call_type_is_that_of_every_later_answer() -> None:
    state, effects = run(ask(S, "loan"))
    first = last(effects)
    assert (first.call_type, first.script) == ("gold", "gold")
    assert first.action == Treat(verbs=(PlayVerb(prompts=("gold",)),))
    _, effects = run(ask(2 * S, "loan", cursor=first.cursor, outcome="played"), state=state)
    assert (last(effects).call_type, last(effects).action) == ("gold", Release(cause=17))


def test_the_agent_who_is_asked_for_is_reserved_and_rung() -> None:
    state, effects = run(ask(S, "one", ced="1002"))
    told = last(effects)
    assert told.action == RingAgent(
        agent="1002",
        extension="8002",
        queue="",
        token="epoch.1",
        ring_s=15,
        record=False,
    )
    assert told.reason == "script one asks for Wang Wei (1002) at agent"
    assert state.agents["1002"].state is AgentState.RESERVED
    state, effects = run(leg_began(2 * S, "1002", "l1", "c1", "epoch.1"), state=state)
    assert effects[0] == ReservationEnded("epoch.1", "1002", "c1", "arrived")


@pytest.mark.parametrize(
    ("ced", "before", "known", "why"),
    [
        ("9999", (), {}, "unknown"),
        ("", (), {}, "unknown"),
        ("1001", (leg_began(S, "1001", "l1", "c9"),), {}, "busy"),
        ("1001", (ask(S, "one", "c9", ced="1001"),), {}, "reserved"),
        ("1001", (), {"refused_agents": ("1001",), "outcome": "no-answer"}, "refused this contact"),
    ],
)
def test_who_cannot_be_rung_is_not_and_the_script_goes_on(
    ced: str, before: tuple[Event, ...], known: dict[str, Any], why: str
) -> None:
    state, effects = run(*before, ask(2 * S, "one", ced=ced, **known))
    assert last(effects).action == Release(cause=17)
    assert last(effects).reason == f"agent {ced} cannot be rung: {why}; script one releases the caller at gone"
    assert last(effects).values[f"agent {ced}"] == why
    assert not [one for one in state.reservations.values() if one.contact == "c1"]


def test_an_agent_of_a_silent_branch_cannot_be_rung() -> None:
    asked = tests.ask(3 * S, dnis=NUMBERS["one"], cursor="", ced="1001", reaches=("BR-0002",))
    elsewhere = Rules(RULES.call_types, {}, {"1001": Seat("1001", "Li Na", "BR-0002", "8001")}, RULES.scripts)
    state = apply(EMPTY, LifeBegan(0, "epoch", elsewhere))[0]
    _, effects = run(BranchHeard(S, "BR-0002"), BranchSilent(2 * S, "BR-0002"), asked, state=state)
    assert "cannot be rung: branch not heard" in last(effects).reason


def test_who_did_not_answer_is_not_rung_again() -> None:
    state, effects = run(ask(S, "one", ced="1001"))
    again = ask(9 * S, "one", ced="1001", cursor=last(effects).cursor, outcome="no-answer", refused_agents=("1001",))
    _, effects = run(again, state=state)
    assert rung(effects) == []
    assert last(effects).action == Release(cause=17)


def test_fields_and_figures_go_along_to_the_next_script() -> None:
    _, effects = run(ask(S, "carry"))
    assert rung(effects) == ["1002"]
    assert last(effects).values["staffed(card)"] == "2"


def test_what_a_script_sets_is_known_at_the_next_question_and_dropped_with_the_contact() -> None:
    state, effects = run(ask(S, "fields", ced="1001"))
    told = last(effects)
    assert isinstance(told.action, Treat)
    assert state.contexts["c1"].fields == '{"wanted":"1001"}'
    restored = Snapshot(1, ENGINE, 0, encoded(state)).decoded()
    later = run(ask(2 * S, "fields", cursor=told.cursor), state=restored)
    assert rung(later[1]) == ["1001"]
    ended, _ = run(tests.contact_ended(3 * S, "c1"), state=later[0])
    assert ended.contexts == {}
    forgotten, _ = run(TimePassed(2 * S + DAY_S * S), state=state)
    assert forgotten.contexts == {}
    check(forgotten)


def test_who_asks_for_one_agent_does_not_overtake_who_waits_for_them() -> None:
    """The assignment was not heard; its contact asks again by name while another one waits."""
    state, effects = run(
        ask(S, "team", contact="c1", cursor="team/v/card/1"),
        ask(S, "team", contact="c2", cursor="team/v/card/1"),
        ask(2 * S, "team", contact="c3", cursor="team/v/card/1"),
    )
    assert rung(effects) == ["1001", "1002"]
    _, effects = run(ask(3 * S, "one", contact="c1", ced="1001"), state=state)
    assert rung(effects) == []
    assert assigned(effects) == [(f"r-c3-{2 * S}", "1001")]

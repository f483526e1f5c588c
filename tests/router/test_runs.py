# SPDX-License-Identifier: GPL-2.0-only
"""Scripts that run one another and return, and contacts shared out by load and by weight."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest

from appliance.router.apply import ENGINE, apply
from appliance.router.events import BranchHeard, Effect, Event, LifeBegan, LookupAnswered, RulesChanged
from appliance.router.journal import Snapshot, encoded
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State
from appliance.script import context
from appliance.script import cursor as cursors
from appliance.script.expression import Value
from appliance.script.nodes import (
    Collect,
    ContextField,
    Count,
    Distribute,
    If,
    Kind,
    Lookup,
    Node,
    Play,
    Queue,
    Requalify,
    Return,
    Run,
    Script,
    Set,
    Text,
    Wait,
)
from appliance.script.nodes import Release as ReleaseNode
from appliance.wire.routes import Release, RouteAnswer
from tests.router import test_router_apply as tests
from tests.router.test_router_apply import BOX, S, answers, check, leg_began, rung

pytestmark = pytest.mark.unit

GONE, LOST, DONE = ReleaseNode(cause=17), ReleaseNode(cause=2), ReleaseNode(cause=3)
HAS: dict[str, ContextField] = {"tries": ContextField(Kind.NUMBER), "pin": ContextField(Kind.TEXT, secret=True)}
OWN: dict[str, ContextField] = {"account": ContextField(Kind.TEXT)}
SCRIPTS: dict[str, tuple[dict[str, ContextField], dict[str, Node]]] = {
    "main": (
        HAS,
        {
            "start": Set({"tries": "7", "pin": "'8642'"}, next="again", failed="lost"),
            "again": Count(limit=2, next="ask", otherwise="done"),
            "ask": Run("identify", next="look", failed="lost"),
            "look": If("tries == 7 and pin == '8642'", then="again", otherwise="gone"),
            "gone": GONE,
            "lost": LOST,
            "done": DONE,
        },
    ),
    "identify": (
        OWN,
        {
            "start": Collect(("account",), max_digits=4, into="account", next="known", failed="no"),
            "known": If("account == '1234'", then="yes", otherwise="no"),
            "yes": Return(),
            "no": Return(failed=True),
        },
    ),
    "deep": (
        HAS,
        {"start": Run("deep", next="gone", failed="up"), "up": Return(failed=True), "gone": GONE},
    ),
    "alone": (HAS, {"start": Return()}),
    "looks": (HAS, {"start": Run("finds", next="gone", failed="lost"), "gone": GONE, "lost": LOST}),
    "finds": (
        OWN,
        {
            "start": Lookup("crm", {"account": "a"}, next="back", failed="no"),
            "back": Return(),
            "no": Return(failed=True),
        },
    ),
    "stands": (
        HAS,
        {
            "start": Queue(("card",), otherwise="lost", next="away", wait_s=60),
            "away": Run("songs", next="gone", failed="lost"),
            "gone": Wait(("music",), 20, "gone"),
            "lost": LOST,
        },
    ),
    "songs": (
        OWN,
        {
            "start": Queue(("loan",), otherwise="no", next="song", wait_s=300),
            "song": Play(("song",), "back"),
            "back": Return(),
            "no": Return(failed=True),
        },
    ),
    "other": (HAS, {"start": Run("gives-up", next="gone", failed="lost"), "gone": GONE, "lost": LOST}),
    "gives-up": (OWN, {"start": Requalify("type-alone")}),
    "weights": (
        HAS,
        {"start": Distribute(weights={"gone": 5, "lost": 2, "done": 1}), "gone": GONE, "lost": LOST, "done": DONE},
    ),
    "load": (
        HAS,
        {
            "start": Distribute(load={"gone": "card", "lost": "loan"}, failed="done"),
            "gone": GONE,
            "lost": LOST,
            "done": DONE,
        },
    ),
}
NUMBERS = {name: str(number) for number, name in enumerate(SCRIPTS)}
SEATS = {agent: Seat(agent, agent, BOX, f"8{agent}") for agent in ("1001", "1002", "1003")}
AWAY = {agent: Seat(agent, agent, BOX, f"8{agent}", automatic=False) for agent in SEATS}
RULES = Rules(
    call_types={number: CallType(f"type-{name}", number, name) for name, number in NUMBERS.items()},
    queues={"card": skill_group("1001", "1002"), "loan": skill_group("1003")},
    seats=SEATS,
    scripts={
        name: Script(name, "v", Text(start="start", nodes=nodes, context=has)) for name, (has, nodes) in SCRIPTS.items()
    },
    lookups={"crm": 200},
)
BUSY = tuple(leg_began(2 + number, agent, f"l{agent}", f"x{agent}") for number, agent in enumerate(SEATS))


def ask(at_ns: int, script: str, before: RouteAnswer | None = None, contact: str = "c1", **known: object) -> Event:
    return tests.ask(at_ns, contact, dnis=NUMBERS[script], cursor=before.cursor if before else "", **known)


def run(*events: Event, state: State | None = None) -> tuple[State, list[Effect]]:
    begun = state or apply(EMPTY, LifeBegan(0, "epoch", RULES))[0]
    after, effects = tests.run([BranchHeard(1, BOX), *events], begun)
    check(after)
    return after, effects


def but(**nodes: Mapping[str, Node]) -> State:
    """With these scripts otherwise."""
    scripts = {name: Script(name, "v", Text(start="start", nodes={**one})) for name, one in nodes.items()}
    rules = msgspec.structs.replace(RULES, scripts={**RULES.scripts, **scripts})
    return apply(EMPTY, LifeBegan(0, "epoch", rules))[0]


def last(effects: list[Effect]) -> RouteAnswer:
    return answers(effects)[-1]


def fields(state: State) -> dict[str, Value]:
    return context.decoded(state.contexts["c1"].fields.encode())


def test_a_script_that_was_run_returns_to_the_next_node_and_the_fields_have_waited() -> None:
    state, effects = run(ask(S, "main"))
    told = last(effects)
    assert (told.script, told.path) == ("identify", ("start", "again", "ask", "start"))
    assert cursors.read(told.cursor) == cursors.Cursor(
        "identify", "v", "start", 4, frames=(cursors.Frame("main", "ask", {"again": 1}),)
    )
    assert fields(state) == {"tries": Decimal(7), "pin": "8642", "account": ""}
    state = Snapshot(1, ENGINE, 0, encoded(state)).decoded()
    state, effects = run(ask(2 * S, "main", told, outcome="digits", ced="1234"), state=state)
    told = last(effects)
    assert told.path == ("known", "yes", "look", "again", "ask", "start"), "main goes on, its count has waited"
    assert told.values["again"] == "1 of 2"
    assert not any("8642" in one for one in (*told.values.values(), told.reason, told.cursor)), "a secret that waits"
    state, effects = run(ask(3 * S, "main", told, outcome="digits", ced="1234"), state=state)
    assert (last(effects).action, last(effects).script) == (Release(cause=3), "main")
    assert fields(state) == {"tries": Decimal(7), "pin": "8642"}, "what was the other's is gone with it"


def test_a_return_that_says_so_leads_to_failed() -> None:
    state, effects = run(ask(S, "main"))
    _, effects = run(ask(2 * S, "main", last(effects), outcome="digits", ced="9"), state=state)
    assert (last(effects).action, last(effects).path) == (Release(cause=2), ("known", "no", "lost"))


def test_only_so_many_scripts_wait_for_one_another() -> None:
    _, effects = run(ask(S, "deep"))
    told = last(effects)
    assert told.path == ("start",) * (cursors.DEEPEST + 1) + ("up",) * (cursors.DEEPEST + 1)
    assert told.action == Release(cause=41)
    assert told.reason == (
        "5 scripts wait for one another, no more may; script deep returns at up, and none has run it"
    )


def test_a_return_to_nobody_releases_the_caller_with_a_sentence() -> None:
    _, effects = run(ask(S, "alone"))
    assert (last(effects).action, last(effects).reason) == (
        Release(cause=41),
        "script alone returns at start, and none has run it",
    )


def test_a_lookup_in_a_script_that_was_run_comes_back_to_it() -> None:
    state, _ = run(ask(S, "looks"))
    _, effects = run(LookupAnswered(S + 1, "c1", "epoch.1", {"a": "x"}, ""), state=state)
    assert (last(effects).path, last(effects).action) == (("start", "start", "back", "gone"), Release(cause=17))
    _, effects = run(LookupAnswered(S + 1, "c1", "epoch.1", {}, "down"), state=state)
    assert (last(effects).path, last(effects).action) == (("start", "start", "no", "lost"), Release(cause=2))


def test_a_script_that_was_run_leaves_the_queues_that_it_has_entered() -> None:
    state, effects = run(*BUSY, ask(S, "stands"))
    told = last(effects)
    assert told.path == ("start", "away", "start", "song")
    assert told.queues == ("loan",), "a contact stands at one node of its scripts"
    state, effects = run(ask(2 * S, "stands", told, outcome="played"), state=state)
    assert (last(effects).path, last(effects).queues) == (("back", "gone"), ())
    assert state.places["c1"].standing is None


def test_a_queue_that_a_script_stands_in_when_it_runs_another_is_stood_in_all_the_time() -> None:
    begun = but(songs={"start": Play(("song",), "back"), "back": Return()})
    state, effects = run(*BUSY, ask(S, "stands"), state=begun)
    assert last(effects).queues == ("card",)
    state, effects = run(ask(2 * S, "stands", last(effects), outcome="played"), state=state)
    assert (last(effects).path, last(effects).queues) == (("back", "gone"), ("card",))
    late, effects = run(ask(62 * S, "stands", last(effects), outcome="played"), state=state)
    assert last(effects).action == Release(cause=2), "it has stood there as long as it may"
    assert late.places["c1"].standing is None


def test_a_queue_s_time_that_is_over_in_a_script_it_runs_leads_back_out_of_that() -> None:
    state, effects = run(*BUSY, ask(S, "stands"), state=but(songs={"start": Wait(("song",), 100, "start")}))
    assert last(effects).script == "songs"
    _, effects = run(ask(80 * S, "stands", last(effects), outcome="played"), state=state)
    assert (last(effects).action, last(effects).script) == (Release(cause=2), "stands")
    assert cursors.read(last(effects).cursor) == cursors.Cursor("stands", "v", "lost", 4)


def test_as_another_call_type_it_returns_nowhere() -> None:
    _, effects = run(ask(S, "other"))
    assert (last(effects).script, last(effects).call_type, last(effects).action) == (
        "alone",
        "type-alone",
        Release(cause=41),
    )


def test_a_script_that_is_gone_when_another_returns_to_it_begins_as_its_call_type_says() -> None:
    state, effects = run(ask(S, "main"))
    types = {**RULES.call_types, NUMBERS["main"]: CallType("type-main", NUMBERS["main"], "looks")}
    scripts = {name: one for name, one in RULES.scripts.items() if name != "main"}
    changed = RulesChanged(S + 1, Rules(types, RULES.queues, SEATS, scripts))
    _, effects = run(changed, ask(2 * S, "main", last(effects), outcome="digits", ced="1234"), state=state)
    assert last(effects).path == ("known", "yes", "start", "start", "no", "lost")


def test_fields_that_have_no_room_beside_those_that_wait_are_told_and_lead_to_failed() -> None:
    kinds = {
        kind: {f"{kind}{place}": ContextField(Kind.TEXT, default="y" * 800) for place in range(17)} for kind in "fg"
    }
    nodes: dict[str, Node] = {"start": Run("identify", next="gone", failed="lost"), "gone": GONE, "lost": LOST}
    scripts = {
        "main": Script("main", "v", Text(start="start", nodes=nodes, context=kinds["f"])),
        "identify": Script("identify", "v", Text(start="start", nodes={"start": Return()}, context=kinds["g"])),
    }
    rules = msgspec.structs.replace(RULES, scripts={**RULES.scripts, **scripts})
    state, effects = run(ask(S, "main"), state=apply(EMPTY, LifeBegan(0, "epoch", rules))[0])
    assert (last(effects).action, last(effects).values["start"]) == (
        Release(cause=2),
        "failed, the context would have more than 16,384 octets in script identify",
    )
    assert len(state.contexts["c1"].fields) <= context.LIMIT


def test_an_agent_who_is_rung_in_vain_in_a_script_that_was_run_comes_back_there() -> None:
    begun = but(identify={"start": Queue(("card",), otherwise="no", ring_s=5), "no": Return(failed=True)})
    state, effects = run(ask(S, "main"), state=begun)
    assert rung(effects) == ["1001"]
    again = ask(2 * S, "main", last(effects), refused_agents=("1001", "1002"), outcome="no-answer")
    _, effects = run(again, state=state)
    assert (last(effects).path, last(effects).action) == (("start", "no", "lost"), Release(cause=2))


def test_weights_are_kept_exactly_over_a_restart() -> None:
    state, causes, told = None, list[int](), set[str]()
    for number in range(32):
        state, effects = run(ask(S + number, "weights", None, f"c{number}"), state=state)
        action = last(effects).action
        assert isinstance(action, Release)
        causes.append(action.cause)
        told.add(last(effects).values["start"])
        state = Snapshot(1, ENGINE, 0, encoded(state)).decoded()
    assert [Counter(causes[at : at + 8]) for at in range(0, 32, 8)] == [Counter({17: 5, 2: 2, 3: 1})] * 4
    assert told == {"5 of 8 to gone", "2 of 8 to lost", "1 of 8 to done"}


@pytest.mark.parametrize(
    ("busy", "cause", "told"),
    [
        ((), 17, "card 0 for 2, loan 0 for 1 to gone"),
        (("1001",), 2, "card 1 for 2, loan 0 for 1 to lost"),
        (("1003",), 17, "card 0 for 2, loan 1 for 1 to gone"),
        (("1001", "1003"), 17, "card 1 for 2, loan 1 for 1 to gone"),
        (("1001", "1002"), 2, "card 2 for 2, loan 0 for 1 to lost"),
    ],
)
def test_the_queue_with_least_to_do_has_the_contact(busy: tuple[str, ...], cause: int, told: str) -> None:
    _, effects = run(*(leg_began(2, agent, f"l{agent}", f"x{agent}") for agent in busy), ask(S, "load"))
    assert (last(effects).action, last(effects).values["start"]) == (Release(cause=cause), told)


def test_who_waits_is_work_and_those_that_have_alike_take_turns() -> None:
    state, effects = run(*BUSY)
    turns = []
    for number in range(4):
        state, effects = run(ask(S + number, "load", None, f"c{number}"), state=state)
        turns.append(last(effects).action)
    assert turns == [Release(cause=17), Release(cause=2)] * 2
    state, _ = run(ask(2 * S, "stands", None, "w"), state=state)
    _, effects = run(ask(3 * S, "load", None, "c9"), state=state)
    assert last(effects).values["start"] == "card 2 for 2, loan 2 for 1 to gone"


def test_where_nobody_is_there_it_fails() -> None:
    rules = msgspec.structs.replace(RULES, seats=AWAY)
    _, effects = run(ask(S, "load"), state=apply(EMPTY, LifeBegan(0, "epoch", rules))[0])
    told = last(effects)
    assert (told.action, told.values["start"]) == (Release(cause=3), "failed, card nobody, loan nobody")
    assert told.reason.startswith("nobody is there for card or loan; ")

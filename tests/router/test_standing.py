# SPDX-License-Identifier: GPL-2.0-only
"""Who stands in a queue goes through other nodes meanwhile: played to, asked, looked up for; the place is kept."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.router.apply import apply
from appliance.router.events import (
    Assigned,
    BranchHeard,
    CallTold,
    Effect,
    Event,
    LifeBegan,
    LookupAnswered,
    RulesChanged,
)
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State
from appliance.script.loading import load
from appliance.script.nodes import (
    Cancel,
    Collect,
    ContextField,
    Kind,
    Lookup,
    Menu,
    Node,
    Play,
    Priority,
    Queue,
    Release,
    Script,
    Text,
    Wait,
)
from appliance.script.nodes import GoToScript as Onward
from appliance.wire.calls import ContactEnded
from appliance.wire.routes import Release as ReleaseLabel
from appliance.wire.routes import RingAgent, RouteAnswer, Treat
from appliance.wire.treatments import Collect as CollectVerb
from appliance.wire.treatments import Music
from appliance.wire.treatments import Play as PlayVerb
from tests.router import test_router_apply as tests
from tests.router.test_router_apply import BOX, S, answers, check, leg_began, leg_ended, rung
from tests.router.test_waiting import assigned

pytestmark = pytest.mark.unit

QUEUE = Queue(queues=("card",), otherwise="gone", wait_s=120, next="thanks")
NODES: dict[str, Node] = {
    "card": QUEUE,
    "thanks": Play(prompts=("queue-thankyou",), next="music"),
    "music": Wait(prompts=("song",), seconds=30, next="ask"),
    "ask": Menu(prompts=("press-2",), cases={"2": "urgent", "3": "out"}, nothing="music", invalid="music", tries=1),
    "urgent": Priority(priority=1, next="number"),
    "number": Collect(prompts=("your-number",), max_digits=4, into="wanted", next="look"),
    "look": Lookup(source="crm", into={"tier": "tier"}, ask={"number": "wanted"}, next="music", failed="music"),
    "out": Cancel(next="bye"),
    "bye": Play(prompts=("vm-goodbye",), next="gone"),
    "gone": Release(cause=17),
}
CONTEXT = {"wanted": ContextField(Kind.TEXT), "tier": ContextField(Kind.TEXT)}
SCRIPTS = {
    "card": Script("card", "v1", Text(start="card", nodes=NODES, context=CONTEXT)),
    "away": Script(
        "away",
        "v1",
        Text(start="card", nodes={**NODES, "thanks": Onward(script="music")}, context=CONTEXT),
    ),
    "music": Script(
        "music", "v1", Text(start="music", nodes={"music": Wait(prompts=("song",), seconds=30, next="music")})
    ),
    "other": Script(
        "other",
        "v1",
        Text(
            start="card",
            nodes={
                **NODES,
                "thanks": Queue(queues=("loan",), otherwise="music", next="music"),
                "music": Wait(prompts=("song",), seconds=30, next="music"),
            },
            context=CONTEXT,
        ),
    ),
}
RULES = Rules(
    call_types={str(number): CallType(name, str(number), name) for number, name in enumerate(SCRIPTS, 1)},
    queues={"card": skill_group("1001"), "loan": skill_group("1002")},
    seats={"1001": Seat("1001", "Li Na", BOX, "8001"), "1002": Seat("1002", "Wang Wei", BOX, "8002")},
    scripts=SCRIPTS,
    lookups={"crm": 500},
)
BUSY = (BranchHeard(1, BOX), leg_began(S, "1001", "l0", "c0"), leg_began(S, "1002", "l9", "c9"))
CARD, AWAY, OTHER = "1", "2", "4"


def ask(at_ns: int, contact: str = "c1", *, before: RouteAnswer | None = None, **known: object) -> Event:
    cursor = "" if before is None else before.cursor
    return tests.ask(at_ns, contact, **{"dnis": CARD, "cursor": cursor, **known})  # type: ignore[arg-type]


def run(*events: Event, state: State | None = None) -> tuple[State, list[Effect]]:
    after, effects = tests.run(events, state or apply(EMPTY, LifeBegan(0, "epoch", RULES))[0])
    check(after)
    return after, effects


def last(effects: list[Effect]) -> RouteAnswer:
    return answers(effects)[-1]


def first() -> tuple[State, RouteAnswer]:
    """Busy agents, and a contact that hears the thanks and the music."""
    state, effects = run(*BUSY, ask(2 * S))
    return state, last(effects)


def test_a_caller_is_played_to_asked_and_heard_while_his_place_in_the_queue_is_kept() -> None:
    state, told = first()
    assert told.action == Treat(
        verbs=(PlayVerb(prompts=("queue-thankyou",)), Music(prompts=("song",), seconds=30), _asks("press-2"))
    )
    assert (told.queues, told.path) == (("card",), ("card", "thanks", "music", "ask"))
    assert told.reason.endswith("treats the caller at ask; waits as number 1 of 1")
    state, _ = run(ask(3 * S, "c2"), state=state)
    state, effects = run(ask(40 * S, before=told, outcome="digits", ced="2"), state=state)
    number = last(effects)
    assert (number.path, number.queues) == (("urgent", "number"), ("card",))
    assert number.reason.endswith("waits as number 1 of 2")
    assert (state.places["c1"].priority, state.places["c1"].queued_ns) == (1, 2 * S)


def _asks(prompt: str) -> CollectVerb:
    return CollectVerb(prompts=(prompt,), terminators="")


def test_an_agent_who_is_free_ends_whatever_is_played_or_asked() -> None:
    state, _ = first()
    state, effects = run(leg_ended(9 * S, "l0", "c0"), state=state)
    assert assigned(effects) == [("r-c1-2000000000", "1001")]


def test_an_agent_who_does_not_take_it_leaves_the_caller_at_the_node_that_was_cut_off_with_his_place() -> None:
    state, told = first()
    state, _ = run(ask(3 * S, "c2"), leg_ended(9 * S, "l0", "c0"), state=state)
    rings = leg_began(9 * S, "1001", "l1", "c1", next(iter(state.reservations)))
    state, effects = run(
        rings,
        leg_ended(29 * S, "l1", "c1"),
        ask(29 * S, before=told, outcome="no-answer", refused_agents=("1001",)),
        state=state,
    )
    again = last(effects)
    assert assigned(effects) == [("r-c2-3000000000", "1001")]
    assert (again.path, again.queues) == (("ask",), ("card",))
    assert state.places["c1"].queued_ns == 2 * S


def test_who_is_freed_while_a_source_is_asked_takes_the_caller_when_it_has_answered() -> None:
    state, told = first()
    state, effects = run(ask(40 * S, before=told, outcome="digits", ced="2"), state=state)
    state, effects = run(ask(50 * S, before=last(effects), outcome="digits", ced="7007"), state=state)
    (asking,) = state.asking.values()
    state, effects = run(
        leg_ended(50 * S, "l0", "c0"),
        LookupAnswered(50 * S + 1, "c1", asking.lookup, {"tier": "gold"}),
        state=state,
    )
    assert rung(effects) == ["1001"]
    assert (last(effects).path, last(effects).values["look"]) == (("look", "music", "ask"), "tier = gold")


def test_after_as_long_as_he_may_stand_there_he_is_led_to_otherwise_from_whatever_script() -> None:
    state, effects = run(*BUSY, ask(2 * S, dnis=AWAY))
    state, effects = run(ask(32 * S, before=last(effects), dnis=AWAY, outcome="played"), state=state)
    assert (last(effects).script, last(effects).queues) == ("music", ("card",))
    state, effects = run(ask(122 * S, before=last(effects), dnis=AWAY, outcome="played"), state=state)
    assert last(effects).action == ReleaseLabel(cause=17)
    assert last(effects).reason.startswith("has stood in card for 120 s, as long as it may; script away releases")
    assert (state.places["c1"].standing, state.waiting) == (None, {})


def test_what_a_record_node_has_said_on_the_way_goes_before_the_queue_s_own_and_is_kept(tmp_path: Path) -> None:
    text = """\
start: no
nodes:
  no: {do: record, on: no, next: card}
  card: {do: queue, queues: [card], next: ask, otherwise: gone}
  ask: {do: menu, prompts: [x], cases: {"1": yes-please}, nothing: music, invalid: music}
  yes-please: {do: record, on: yes, next: music}
  music: {do: wait, prompts: [song], seconds: 30, next: ask}
  gone: {do: release}
"""
    (tmp_path / "card.yaml").write_text(text)
    rules = msgspec.structs.replace(RULES, scripts={**SCRIPTS, "card": load(tmp_path / "card.yaml", ["card"])})
    begun = apply(EMPTY, LifeBegan(0, "epoch", rules))[0]
    state, effects = run(*BUSY, ask(2 * S), state=begun)
    asked = last(effects)
    for consents, recorded in ((False, False), (True, True)):
        state = state if not consents else run(ask(8 * S, before=asked, outcome="digits", ced="1"), state=state)[0]
        _, effects = run(leg_ended(9 * S, "l0", "c0"), state=state)
        (told,) = (one.answer.action for one in effects if isinstance(one, Assigned))
        assert isinstance(told, RingAgent)
        assert told.record is recorded


def test_cancel_takes_him_out_and_his_age_is_kept_for_the_next_queue() -> None:
    state, told = first()
    state, effects = run(
        ask(40 * S, before=told, outcome="digits", ced="3"), leg_ended(41 * S, "l0", "c0"), state=state
    )
    assert (last(effects).path, last(effects).queues) == (("out", "bye"), ())
    assert not assigned(effects)
    state, effects = run(leg_began(42 * S, "1001", "l0", "c0"), ask(43 * S), state=state)
    assert state.places["c1"].queued_ns == 2 * S


def test_another_queue_takes_the_place_of_the_one_he_stood_in() -> None:
    state, effects = run(*BUSY, ask(2 * S, dnis=OTHER), leg_ended(3 * S, "l0", "c0"))
    assert (last(effects).queues, assigned(effects)) == (("loan",), [])
    state, effects = run(leg_ended(4 * S, "l9", "c9"), state=state)
    assert assigned(effects) == [("r-c1-2000000000", "1002")]


def test_a_queue_that_is_gone_is_left_by_otherwise_when_what_is_played_is_over() -> None:
    state, told = first()
    without = msgspec.structs.replace(RULES, queues={})
    state, effects = run(RulesChanged(3 * S, without), ask(33 * S, before=told, outcome="played"), state=state)
    assert last(effects).action == ReleaseLabel(cause=17)


EVENTS = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from(("c1", "c2", "c3")),
        st.sampled_from(("ask", "ask", "digits", "digits", "no-answer", "free", "busy", "end", "found")),
        st.sampled_from(("2", "3", "7")),
        st.sampled_from((CARD, AWAY, OTHER)),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_whatever_happens_nobody_waits_while_an_agent_is_free_who_may_have_him(happened: list[tuple]) -> None:  # type: ignore[type-arg]
    state, at_ns, told = run(*BUSY)[0], 2 * S, dict[str, RouteAnswer]()
    for after_s, contact, what, ced, dnis in happened:
        at_ns += after_s * S
        before = told.get(contact)
        match what:
            case "free":
                event: Event = leg_ended(at_ns, "l0", "c0")
            case "busy":
                event = leg_began(at_ns, "1001", "l0", "c0")
            case "end":
                event = CallTold(at_ns, BOX, ContactEnded(contact=contact, cause=16, by="caller"))
                told.pop(contact, None)
            case "found":
                lookup = state.asking[contact].lookup if contact in state.asking else ""
                event = LookupAnswered(at_ns, contact, lookup, {"tier": "gold"})
            case _:
                outcome = "offered" if before is None else "played" if what == "ask" else what
                event = ask(at_ns, contact, before=before, dnis=dnis, outcome=outcome, ced=ced)
        state, effects = run(event, state=state)
        told |= {one.request.split("-")[1]: one for one in answers(effects)}
        rung_now = {one.contact for one in state.reservations.values()}
        for name, waits in state.waiting.items():
            assert waits.token is not None or name not in rung_now
            assert isinstance(waits.answer.action, Treat)
            assert waits.place.stands == state.places[name].stands
    assert not any(isinstance(one.action, RingAgent) and one.queues for one in told.values())

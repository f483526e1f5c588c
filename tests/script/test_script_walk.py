# SPDX-License-Identifier: GPL-2.0-only
"""What a caller meets in a script, digit by digit."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.script import cursor as cursors
from appliance.script.knowledge import Contact
from appliance.script.loading import load
from appliance.script.nodes import Count, Field, If, Node, Percent, Play, Queue, Release, Ringing, Script, Switch, Text
from appliance.script.switch import chosen
from appliance.script.walk import Walk
from appliance.wire import routes, treatments

pytestmark = pytest.mark.unit

WELCOME = load(Path("appliance/simulator/site/scripts/welcome.yaml"), ["card"])


def script(start: str, limit: int = 100, **nodes: Node) -> Script:
    return Script("one", "abc123", Text(start=start, nodes=nodes, limit=limit))


def test_caller_is_greeted_and_asked_in_one_treatment() -> None:
    walk = Walk(WELCOME, "", Contact(dnis="95588"))
    stop = walk.go_on()
    assert isinstance(stop, routes.Treat)
    assert [type(verb) for verb in stop.verbs] == [treatments.Play, treatments.Collect]
    assert walk.path == ["greet", "ask"]


def test_caller_who_presses_one_reaches_the_queue() -> None:
    asked = Walk(WELCOME, "", Contact(dnis="95588"))
    asked.go_on()
    walk = Walk(WELCOME, asked.cursor, Contact(dnis="95588", ced="1", outcome="digits"))
    stop = walk.go_on()
    assert isinstance(stop, Queue)
    assert walk.values == {"ced": "1"}


def test_caller_without_digits_is_queued_all_the_same() -> None:
    asked = Walk(WELCOME, "", Contact(dnis="95588"))
    asked.go_on()
    walk = Walk(WELCOME, asked.cursor, Contact(dnis="95588", outcome="no-digits"))
    assert isinstance(walk.go_on(), Queue)


def test_wrong_digit_is_asked_again_once_only() -> None:
    cursor, stops = "", []
    for _ in range(3):
        walk = Walk(WELCOME, cursor, Contact(dnis="95588", ced="7", outcome="digits"))
        stops.append(type(walk.go_on()))
        cursor = walk.cursor
    assert stops == [routes.Treat, routes.Treat, Queue]


def test_without_an_agent_an_apology_and_then_cause_17() -> None:
    queued = Walk(WELCOME, f"welcome/{WELCOME.version}/ask/2", Contact(dnis="95588", ced="1"))
    queued.go_on()
    apology = queued.go_to("busy")
    assert isinstance(apology, routes.Treat)
    walk = Walk(WELCOME, queued.cursor, Contact(dnis="95588", ced="1", outcome="played"))
    assert walk.go_on() == routes.Release(cause=17)


def test_a_refused_ring_enters_the_same_queue_again() -> None:
    queued = Walk(WELCOME, f"welcome/{WELCOME.version}/ask/2", Contact(dnis="95588", ced="1"))
    queued.go_on()
    again = Walk(WELCOME, queued.cursor, Contact(dnis="95588", ced="1", outcome="no-answer"))
    assert isinstance(again.go_on(), Queue)
    assert again.path == ["card"]


def test_a_loop_without_an_end_is_released_with_cause_41() -> None:
    loop = script(
        "here",
        limit=10,
        here=Switch(on=Field.CED, cases={}, otherwise="there"),
        there=Switch(on=Field.CED, cases={}, otherwise="here"),
    )
    walk = Walk(loop, "", Contact(dnis="1"))
    assert walk.go_on() == routes.Release(cause=41)
    assert len(walk.path) == 10


def test_the_limit_counts_over_all_requests_of_a_contact() -> None:
    loop = script("a", limit=6, a=Play(prompts=("x",), next="b"), b=Count(limit=100, next="a", otherwise="a"))
    cursor, stops = "", []
    for _ in range(5):
        walk = Walk(loop, cursor, Contact(dnis="1", outcome="played"))
        stops.append(walk.go_on())
        cursor = walk.cursor
    assert stops[-1] == routes.Release(cause=41)


@pytest.mark.parametrize(
    ("hour", "target"), [(8, "shut"), (9, "open"), (17, "open"), (18, "shut"), (23, "night"), (3, "night")]
)
def test_time_of_day_is_local_to_the_scripts_zone(hour: int, target: str) -> None:
    ends = {name: Release(cause=cause) for name, cause in (("open", 1), ("night", 2), ("shut", 3))}
    cases = {"09:00-18:00": "open", "22:00-06:00": "night"}
    nodes: dict[str, Node] = {"when": Switch(on=Field.TIME, cases=cases, otherwise="shut"), **ends}
    shanghai = Script("one", "abc", Text(start="when", nodes=nodes, zone="Asia/Shanghai"))
    walk = Walk(shanghai, "", Contact(dnis="1", at_ns=((hour - 8) % 24) * 3_600_000_000_000))
    walk.go_on()
    assert walk.path[-1] == target


def test_exact_case_before_longest_prefix_before_default() -> None:
    cases = {"95588": "exact", "955*": "long", "9*": "short", "*": "any"}
    assert [chosen(cases, number) for number in ("95588", "95577", "911", "")] == ["exact", "long", "short", "any"]


names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)


CURSORS = st.builds(
    cursors.Cursor,
    st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    st.just("ab12"),
    names,
    st.integers(0, 999_999),
    st.dictionaries(names, st.integers(0, 999_999), max_size=4),
    st.sampled_from(["", "zh", "en-GB"]),
    st.booleans(),
    st.sampled_from(["", "card/loan", "信用卡 挂失"]) | st.text(),
    st.sampled_from([None, True, False]),
    st.lists(
        st.builds(
            cursors.Frame,
            st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
            names,
            st.dictionaries(names, st.integers(0, 999_999), max_size=2),
            st.sampled_from(["", "team/card", "a.b_c/d"]),
        ),
        max_size=cursors.DEEPEST,
    ).map(tuple),
)


@given(CURSORS)
def test_a_cursor_comes_back_as_it_was_written(cursor: cursors.Cursor) -> None:
    assert cursors.read(cursors.write(cursor)) == cursor


@given(st.text(max_size=60))
def test_any_text_as_cursor_starts_anew_or_goes_on_but_never_fails(text: str) -> None:
    Walk(WELCOME, text, Contact(dnis="95588")).go_on()


def test_a_cursor_of_a_node_that_is_gone_starts_anew() -> None:
    walk = Walk(WELCOME, "welcome/ffff/vanished/3", Contact(dnis="95588"))
    walk.go_on()
    assert walk.path[0] == "greet"


NOON_NS = 1_795_665_600_000_000_000  # Thursday, 2026-11-26 12:00 in Shanghai
GONE = Release(cause=17)


def asked(that: str, **known: object) -> tuple[str, dict[str, str]]:
    """Where an If leads, and what was looked at."""
    nodes = {"ask": If(that=that, then="one", otherwise="two", failed="three")}
    releases = {name: Release(cause=cause) for name, cause in (("one", 1), ("two", 2), ("three", 3))}
    text = Text(
        start="ask",
        nodes={**nodes, **releases},
        zone="Asia/Shanghai",
        calendars={"spring": ("2026-11-20..2026-11-26",)},
    )
    walk = Walk(Script("one", "abc123", text), "", Contact(dnis="95588", at_ns=NOON_NS, **known))  # type: ignore[arg-type]
    walk.go_on()
    return walk.path[-1], walk.values


@pytest.mark.parametrize(
    ("that", "to", "looked_at"),
    [
        ("ced == '1'", "one", {"ced": "1"}),
        ("time >= '18:00' or weekday > 5", "two", {"time": "12:00", "weekday": "4"}),
        ("number(ani) > 1", "three", {"ani": ""}),
        ("holiday('spring') and date == '2026-11-26'", "one", {"holiday(spring)": "yes", "date": "2026-11-26"}),
        ("free('card') > 2", "two", {"free(card)": "2"}),
    ],
)
def test_an_if_chooses_and_says_what_it_looked_at(that: str, to: str, looked_at: dict[str, str]) -> None:
    told, values = asked(that, ced="1", queue=lambda _figure, _name: 2)
    said = values.pop("ask")
    assert (told, values) == (to, looked_at)
    assert said.startswith(f"{that}: {({'one': 'yes', 'two': 'no', 'three': 'failed'})[to]}")


def test_an_if_without_a_failure_branch_goes_otherwise() -> None:
    loop = script("ask", ask=If(that="number(ced) == 1", then="gone", otherwise="bad"), gone=GONE, bad=Release(cause=1))
    walk = Walk(loop, "", Contact(dnis="1"))
    assert walk.go_on() == routes.Release(cause=1)


def test_a_percent_stops_for_whoever_counts() -> None:
    walk = Walk(
        script("share", share=Percent({"gone": 70, "bad": 30}), gone=GONE, bad=Release(cause=1)), "", Contact(dnis="1")
    )
    assert isinstance(walk.go_on(), Percent)
    assert walk.node == "share"
    assert walk.go_to("bad") == routes.Release(cause=1)
    assert walk.path == ["share", "bad"]


def test_what_is_heard_before_the_answer_is_a_treatment_of_its_own() -> None:
    free = script(
        "ring",
        ring=Ringing(seconds=6, next="news"),
        news=Play(prompts=("closed-today",), next="ask", answer=False),
        ask=Play(prompts=("hello",), next="gone"),
        gone=Release(),
    )
    walk = Walk(free, "", Contact(dnis="1"))
    first = walk.go_on()
    before = (treatments.Ringing(seconds=6), treatments.Play(prompts=("closed-today",)))
    assert first == routes.Treat(verbs=before, answer=False)
    second = Walk(free, walk.cursor, Contact(dnis="1", outcome="played")).go_on()
    assert second == routes.Treat(verbs=(treatments.Play(prompts=("hello",)),))

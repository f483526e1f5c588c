# SPDX-License-Identifier: GPL-2.0-only
"""Ways through a script: those without an end, and how late a caller is served at worst."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import ConfigurationError
from appliance.script import delay, flow
from appliance.script.delay import Known, Rings, Worst
from appliance.script.loading import load
from appliance.script.nodes import (
    Agent,
    Collect,
    Count,
    Distribute,
    GoToScript,
    If,
    Language,
    Lookup,
    Menu,
    Node,
    Percent,
    Play,
    Queue,
    Release,
    Requalify,
    Return,
    Ringing,
    Run,
    Set,
    Text,
    Voicemail,
    Wait,
)

pytestmark = pytest.mark.unit

AGENTS = {"card": ("1001", "1002", "1003"), "loan": ("1003", "1004")}
GONE = Release()


def worst(one: Text, *, types: dict[str, list[str]] | None = None, **others: Text) -> Worst:
    return delay.worst("one", Known({"one": one, **others}, types or {}, AGENTS))


def ask(then: str, otherwise: str) -> If:
    return If(that="ced == '1'", then=then, otherwise=otherwise)


def text(start: str, limit: int = 100, /, **nodes: Node) -> Text:
    return Text(start=start, nodes={"gone": GONE, **nodes}, limit=limit)


QUEUE = Queue(queues=("card",), otherwise="a")
AGENT = Agent(agent="'1'", otherwise="a")
LANGUAGE = Language(language="zh", next="a")
SET = Set(fields={"x": "1"}, next="gone", failed="a")


RUN = Run("two", "a", "gone")  # nobody knows that the other one lets time pass
WEIGHTS, LOAD = Distribute(weights={"a": 1, "gone": 1}), Distribute(load={"gone": "card", "other": "loan"}, failed="a")
LOOK = Lookup("crm", {"x": "y"}, "gone", "a")


@pytest.mark.parametrize(
    "node", [QUEUE, AGENT, LANGUAGE, SET, RUN, WEIGHTS, LOAD, LOOK, Percent({"a": 50, "gone": 50})]
)
def test_a_way_on_which_no_time_passes_has_no_end(node: Node) -> None:
    assert list(flow.spinning(text("a", a=ask("b", "gone"), b=node, other=GONE))) == [("a", "b")]


@pytest.mark.parametrize(
    "node",
    [
        Count(limit=2, next="a", otherwise="gone"),
        Collect(prompts=("x",), next="a"),
        Menu(prompts=("x",), cases={"1": "a"}, nothing="a", invalid="a"),
        Wait(prompts=("x",), seconds=5, next="a"),
        Wait(prompts=("x",), seconds=5, next="gone", failed="a"),
        Ringing(5, "a"),
        Return(),
        Voicemail(mailbox="card", prompts=("x",), next="a", failed="a"),
        Play(prompts=("x",), next="a"),
        Queue(queues=("card",), otherwise="a", hold=("x",)),
    ],
)
def test_a_way_that_counts_or_lets_time_pass_is_none(node: Node) -> None:
    assert list(flow.spinning(text("a", a=ask("b", "gone"), b=node))) == []


def test_each_circle_is_told_once_and_a_node_that_leads_to_itself_is_one() -> None:
    nodes = {"a": ask("b", "c"), "b": ask("a", "d"), "c": ask("c", "gone"), "d": ask("e", "gone"), "e": ask("d", "a")}
    assert sorted(map(sorted, flow.spinning(text("a", **nodes)))) == [["a", "b"], ["c"], ["d", "e"]]


def test_loading_tells_the_nodes_of_a_circle_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    nodes = "  a: {do: if, that: yes, then: b, otherwise: b}\n  b: {do: language, language: zh, next: a}\n"
    path.write_text(f"start: a\nnodes:\n{nodes}")
    with pytest.raises(ConfigurationError) as caught:
        load(path, ())
    (mistake,) = caught.value.mistakes
    assert (mistake.line, mistake.column) == (3, 6)
    assert mistake.sentence == (
        "a → b → a goes round without an end; a count, a prompt or a queue with hold has to be on the way"
    )


NAMES = [f"n{number}" for number in range(7)]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=7, max_size=7))
def test_a_circle_is_told_exactly_where_a_walk_could_go_on_for_ever(ways: list[tuple[str, str]]) -> None:
    graph = dict(zip(NAMES, ways, strict=True))
    nodes: dict[str, Node] = {name: ask(*targets) for name, targets in graph.items() if name != "n6"}
    told = list(flow.spinning(Text(start="n0", nodes={**nodes, "n6": GONE})))
    for loop in told:
        assert all(after in graph[name] for name, after in zip(loop, (*loop[1:], loop[0]), strict=True))
    at = set(nodes)
    for _ in NAMES:  # those from which one can still go on after so many steps
        at = {name for name in at if any(after in at for after in graph[name])}
    assert bool(told) == bool(at)


@pytest.mark.parametrize(
    ("late", "one"),
    [
        (Worst(1), text("gone")),
        (Worst(1), text("a", a=Play(prompts=("x",), next="gone"))),
        (Worst(3), text("a", a=ask("gone", "b"), b=Language("zh", "gone"))),
        (Worst(2, (Rings("a", 20, 3, ("card",)),)), text("a", a=Queue(queues=("card",), otherwise="gone"))),
        (
            Worst(2, (Rings("a", 20, 4, ("card", "loan")),)),
            text("a", a=Queue(queues=("card", "loan"), otherwise="gone")),
        ),
        (
            Worst(2, (Rings("a", 30, None, ("gold",)),)),
            text("a", a=Queue(queues=("gold",), otherwise="gone", ring_s=30)),
        ),
        (
            Worst(2, (Rings("a", 20, None, ("card", "gold")),)),
            text("a", a=Queue(queues=("card", "gold"), otherwise="gone")),
        ),
        (Worst(1), text("a", a=Queue(queues=("card",), otherwise="gone", hold=("x",)))),
        (Worst(2, (Rings("a", 15, 1),)), text("a", a=Agent(agent="'1'", otherwise="gone", ring_s=15))),
        (
            Worst(3, (Rings("a", 15, 1), Rings("b", 20, 3, ("card",)))),
            text("a", a=Agent("'1'", "b", 15), b=Queue(queues=("card",), otherwise="gone")),
        ),
        (
            Worst(50, (Rings("b", 10, 1),), loops=True),
            text("a", 50, a=Count(limit=5, next="b", otherwise="gone"), b=Agent("'1'", "a", 10)),
        ),
    ],
)
def test_worst_case_to_the_first_treatment(late: Worst, one: Text) -> None:
    assert worst(one) == late


def test_the_way_of_most_nodes_and_the_one_of_most_seconds_need_not_be_the_same() -> None:
    nodes: dict[str, Node] = {
        "a": ask("slow", "b"),
        "slow": Agent("'1'", "gone", 60),
        "b": ask("c", "c"),
        "c": ask("quick", "gone"),
        "quick": Agent("'1'", "gone", 10),
    }
    found = worst(text("a", **nodes))
    assert (found.nodes, found.waits, found.lost_ms) == (5, (Rings("slow", 60, 1),), 60_000)


def test_two_agents_who_ring_briefly_lose_less_than_one_who_rings_long() -> None:
    nodes: dict[str, Node] = {
        "a": ask("long", "brief"),
        "long": Agent("'1'", "gone", 60),
        "brief": Agent("'1'", "briefer", 10),
        "briefer": Agent("'2'", "gone", 5),
    }
    assert worst(text("a", **nodes)).waits == (Rings("long", 60, 1),)


def test_seconds_are_those_that_are_known() -> None:
    nodes: dict[str, Node] = {
        "a": Queue(queues=("gold",), otherwise="b"),
        "b": Queue(queues=("loan",), otherwise="gone", ring_s=10),
    }
    assert worst(text("a", **nodes)).lost_ms == 20_000


def test_a_script_of_thousands_of_nodes_is_looked_through() -> None:
    nodes: dict[str, Node] = {f"n{number}": ask(f"n{number + 1}", f"n{number + 1}") for number in range(5000)}
    long = text("n0", **nodes, n5000=GONE)
    assert list(flow.spinning(long)) == []
    assert worst(long).nodes == 5001


MENU = Menu(prompts=("x",), cases={"1": "gone"}, nothing="other", invalid="gone")
SONG = Wait(("x",), 5, "b")


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ({"a": Play(("x",), "gone")}, [("a", "gone")]),
        ({"a": Collect(("x",), "gone")}, [("a", "gone")]),
        ({"a": Wait(("x",), 5, "gone")}, [("a", "gone")]),
        ({"a": Ringing(5, "gone")}, [("a", "gone")]),
        ({"a": MENU}, [("a", "other")]),
        ({"a": Play(("x",), "gone", failed="other")}, []),
        ({"a": Voicemail("card", ("x",), "gone", "other")}, []),
        ({"a": Play(("x",), "b"), "b": MENU}, [("b", "other")]),
        ({"a": Play(("x",), "b"), "b": msgspec.structs.replace(MENU, failed="gone")}, []),
        ({"a": Play(("x",), "b"), "b": Play(("number(position())",), "gone", failed="gone")}, [("a", "b")]),
        ({"a": Play(("x",), "b", answer=False), "b": MENU}, [("a", "b"), ("b", "other")]),
        ({"a": Play(("x",), "b"), "b": SONG}, [("b", "b")]),
        ({"a": Wait(("x",), 5, "b"), "b": Play(("x",), "a")}, [("a", "b"), ("b", "a")]),
        ({"a": ask("gone", "other")}, []),
        ({"a": If("number(ced) > 1", "gone", "other")}, [("a", "other")]),
        ({"a": If("3 / length(ced) > 1", "gone", "other")}, [("a", "other")]),
        ({"a": If("expected('card') > 1", "gone", "other")}, [("a", "other")]),
        ({"a": If("number(ced) > 1", "gone", "other", failed="gone")}, []),
        ({"a": If("free('card') > 0 and ced != '1'", "gone", "other")}, []),
        ({"a": If("no expression", "gone", "other")}, []),
    ],
)
def test_what_may_fail_and_does_not_say_what_then(nodes: dict[str, Node], told: list[tuple[str, str]]) -> None:
    assert list(flow.unprovided(text("a", other=GONE, **nodes))) == told


LATE = text("a", a=Agent("'1'", "b", 30), b=Play(("x",), "gone"))


def test_the_way_goes_on_in_the_script_that_goes_on() -> None:
    one = text("a", a=Agent("'1'", "b", 10), b=GoToScript("two"))
    assert worst(one, two=LATE) == Worst(4, (Rings("a", 10, 1), Rings("two/a", 30, 1)))


def test_as_another_call_type_the_worst_of_its_scripts_counts() -> None:
    one = text("a", a=Requalify("loan"))
    quick = text("a", a=Play(("x",), "gone"))
    assert worst(one, types={"loan": ["quick", "late"]}, quick=quick, late=LATE) == Worst(3, (Rings("late/a", 30, 1),))
    assert worst(one, types={"loan": ["quick"]}, quick=quick) == Worst(2)


def test_scripts_that_lead_to_one_another_go_round_and_end_by_the_largest_limit() -> None:
    one = text("a", 30, a=Agent("'1'", "b", 10), b=GoToScript("two"))
    two = text("a", 70, a=Requalify("card"))
    found = worst(one, types={"card": ["one"]}, two=two)
    assert found == Worst(70, (Rings("a", 10, 1),), loops=True)


def test_a_way_out_of_a_script_that_hears_nothing_goes_on_after_the_run() -> None:
    one = text("a", a=Run("two", "b", "c"), b=Agent("'1'", "gone", 10), c=Play(("x",), "gone"))
    two = text("a", a=ask("b", "c"), b=Agent("'1'", "ok", 5), ok=Return(), c=Return(failed=True))
    assert worst(one, two=two) == Worst(6, (Rings("two/b", 5, 1), Rings("b", 10, 1)))
    failing = text("a", a=Return(failed=True))
    assert worst(one, two=failing) == Worst(3)
    heard = text("a", a=Play(("x",), "b"), b=Return())
    assert worst(one, two=heard) == Worst(2), "its failed branch is served at its first node"


def test_a_script_that_is_run_twice_is_no_circle_and_one_that_runs_itself_ends() -> None:
    two = text("a", a=Agent("'1'", "b", 5), b=Return())
    one = text("a", a=Run("two", "b", "gone"), b=Run("two", "gone", "gone"))
    assert worst(one, two=two) == Worst(7, (Rings("two/a", 5, 1), Rings("two/a", 5, 1)))
    itself = text("a", a=Run("one", "b", "b"), b=Return())
    found = worst(itself)
    assert (found.loops, found.nodes) == (False, 2 * 6)


def test_a_circle_in_a_script_that_is_run_is_told() -> None:
    one = text("a", 40, a=Run("two", "gone", "gone"))
    two = text("a", 20, a=Count(limit=3, next="a", otherwise="b"), b=Return())
    assert worst(one, two=two) == Worst(40, (), loops=True)

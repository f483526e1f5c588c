# SPDX-License-Identifier: GPL-2.0-only
"""A secret is in nothing that a walk tells, whichever way a script looks at it."""

import pytest

from appliance.script.knowledge import Contact
from appliance.script.nodes import (
    Agent,
    Collect,
    ContextField,
    If,
    Kind,
    Menu,
    Node,
    Percent,
    Play,
    Release,
    Script,
    Set,
    Switch,
    Text,
)
from appliance.script.nodes import Field as On
from appliance.script.stops import Ring
from appliance.script.walk import Walk
from appliance.wire import routes, treatments
from appliance.wire.routes import Release as Label

pytestmark = pytest.mark.unit

PIN = "73519"
CONTEXT = {
    "pin": ContextField(Kind.TEXT, secret=True),
    "code": ContextField(Kind.NUMBER, secret=True),
    "plain": ContextField(Kind.TEXT),
    "right": ContextField(Kind.TRUTH),
}
ENDS: dict[str, Node] = {"gone": Release(cause=1), "bad": Release(cause=2), "otherwise": Release(cause=3)}
ASK = Collect(prompts=("x",), max_digits=5, into="pin", next="look")


def dialled(digits: str = PIN, /, **nodes: Node) -> tuple[Walk, object]:
    """The caller has just dialled them into the secret field."""
    text = Text(start="ask", nodes={"ask": ASK, **nodes, **ENDS}, context=CONTEXT)
    contact = Contact(dnis="1", ced=digits, outcome="digits")
    walk = Walk(Script("one", "abc", text), "one/abc/ask/1", contact)
    stop = walk.go_on()
    return walk, stop


def told(walk: Walk) -> str:
    """Everything that is kept of it in records."""
    return " ".join([*walk.values, *walk.values.values(), *walk.path, walk.reason, walk.cursor])


def test_what_is_collected_is_written_down_as_stars() -> None:
    walk, _ = dialled(look=Play(prompts=("x",), next="gone"))
    assert walk.fields["pin"] == PIN
    assert walk.values == {"ask": "pin = ***"}


@pytest.mark.parametrize(
    ("that", "to", "said"),
    [
        (f"pin == '{PIN}'", 1, "***: yes"),
        ("pin == '00000'", 2, "***: no"),
        (f"ced == '{PIN}'", 1, "***: yes"),
        ("number(pin) > 5", 1, "***: yes"),
        ("number(part(pin, 9, 1)) > 5", 3, "***: failed"),
        (f"dnis == '{PIN}'", 2, "***: no"),
    ],
)
def test_an_if_over_a_secret_shows_what_came_of_it_and_nothing_else(that: str, to: int, said: str) -> None:
    walk, stop = dialled(look=If(that=that, then="gone", otherwise="bad", failed="otherwise"))
    assert stop == Label(cause=to)
    assert walk.values["look"] == said
    assert PIN not in told(walk)
    assert all(value in ("***", said, "pin = ***", "1") for value in walk.values.values())


def test_a_failure_over_a_secret_does_not_quote_it() -> None:
    walk, _ = dialled("7351a", look=If(that="number(pin) > 5", then="gone", otherwise="bad", failed="otherwise"))
    assert walk.values == {"ask": "pin = ***", "pin": "***", "look": "***: failed"}


def test_a_secret_that_is_empty_or_short_hides_only_itself() -> None:
    nodes: dict[str, Node] = {
        "see": Switch(on=On.ANI, cases={}, otherwise="look"),
        "look": If(that="dnis == '12' and code == 0", then="write", otherwise="bad"),
        "write": Set(fields={"code": "12"}, next="again", failed="bad"),
        "again": If(that="dnis == '12' and clid == '120'", then="gone", otherwise="bad"),
        **ENDS,
    }
    contact = Contact(dnis="12", clid="120")
    walk = Walk(Script("one", "abc", Text(start="see", nodes=nodes, context=CONTEXT)), "", contact)
    assert walk.go_on() == Label(cause=1)
    assert walk.values == {
        "ani": "",
        "dnis": "***",
        "clid": "120",
        "code": "***",
        "look": "***: yes",
        "write": "code = ***",
        "again": "dnis == '12' and clid == '120': yes",
    }


def test_the_branch_is_told_that_digits_are_secret() -> None:
    for field, secret in (("pin", True), ("plain", False)):
        ask = Collect(prompts=("x",), into=field, next="gone")
        text = Text(start="ask", nodes={"ask": ask, "gone": Release()}, context=CONTEXT)
        stop = Walk(Script("one", "v", text), "", Contact(dnis="1")).go_on()
        assert isinstance(stop, routes.Treat)
        (verb,) = stop.verbs
        assert isinstance(verb, treatments.Collect)
        assert verb.secret is secret


def test_a_switch_on_the_digits_that_went_into_a_secret_shows_stars() -> None:
    walk, stop = dialled(look=Switch(on=On.CED, cases={PIN: "gone"}, otherwise="bad"))
    assert stop == Label(cause=1)
    assert walk.values["ced"] == "***"


def test_digits_stay_secret_when_the_field_is_cleared_and_until_the_next_ones_come() -> None:
    nodes: dict[str, Node] = {
        "look": Set(fields={"pin": "''"}, next="menu", failed="bad"),
        "menu": Menu(prompts=("x",), cases={"1": "see"}, nothing="see", invalid="bad", tries=1),
        "see": Switch(on=On.CED, cases={}, otherwise="gone"),
    }
    walk, _ = dialled(**nodes)
    assert walk.fields["pin"] == ""
    assert walk.cursor == "one/abc/menu/3/menu=1//secret"
    text = Text(start="ask", nodes={"ask": ASK, **nodes, **ENDS}, context=CONTEXT)
    silent = Walk(Script("one", "abc", text), walk.cursor, Contact(dnis="1", ced=PIN, outcome="no-digits"))
    silent.go_on()
    assert silent.values == {"menu": "nothing, try 1 of 1", "ced": "***"}
    pressed = Walk(Script("one", "abc", text), walk.cursor, Contact(dnis="1", ced="1", outcome="digits"))
    pressed.go_on()
    assert pressed.values == {"menu": "1, try 1 of 1", "ced": "1"}
    assert pressed.cursor.endswith("/gone/5")


def test_set_shows_its_secrets_as_stars_and_hides_what_was_noted_before() -> None:
    text = Text(
        start="first",
        nodes={
            "first": Switch(on=On.CLID, cases={}, otherwise="next"),
            "next": Set(fields={"pin": "clid", "code": "number(clid) + 1", "right": "yes"}, next="gone", failed="bad"),
            **ENDS,
        },
        context=CONTEXT,
    )
    walk = Walk(Script("one", "abc", text), "", Contact(dnis="1", clid=PIN))
    assert walk.go_on() == Label(cause=1)
    assert walk.values == {"clid": "***", "next": "pin = ***, code = ***, right = yes"}


def test_digits_that_a_set_puts_into_a_secret_are_secret_as_well() -> None:
    nodes: dict[str, Node] = {
        "first": Set(fields={"pin": "part(ced, 1, 5)"}, next="clear", failed="bad"),
        "clear": Set(fields={"pin": "''"}, next="see", failed="bad"),
        "see": Switch(on=On.CED, cases={}, otherwise="gone"),
        **ENDS,
    }
    one = Script("one", "abc", Text(start="first", nodes=nodes, context=CONTEXT))
    walk = Walk(one, "", Contact(dnis="1", ced=f"{PIN}8", outcome="digits"))
    assert walk.go_on() == Label(cause=1)
    assert PIN not in told(walk)
    assert walk.cursor.endswith("//secret")


@pytest.mark.parametrize("value", ["ced", "pin", "part(ced, 1, 3)"])
def test_what_is_secret_goes_into_no_field_that_is_not(value: str) -> None:
    walk, stop = dialled(look=Set(fields={"plain": value}, next="gone", failed="bad"))
    assert stop == Label(cause=2)
    assert walk.fields["plain"] == ""
    assert walk.values["look"] == "***: failed, a secret would be told"


def test_a_truth_over_a_secret_may_be_kept() -> None:
    walk, stop = dialled(look=Set(fields={"right": f"pin == '{PIN}'"}, next="gone", failed="bad"))
    assert (stop, walk.fields["right"]) == (Label(cause=1), True)
    assert PIN not in told(walk)


def test_no_agent_is_rung_by_a_secret() -> None:
    walk, stop = dialled(look=Agent(agent="ced", otherwise="bad"))
    assert stop == Label(cause=2)
    assert PIN not in told(walk)
    walk, stop = dialled(look=Agent(agent="'1001'", otherwise="bad"))
    assert isinstance(stop, Ring)


def test_a_secret_stays_one_in_the_script_that_goes_on() -> None:
    walk, _ = dialled(look=Percent({"gone": 50, "bad": 50}))
    nodes: dict[str, Node] = {"see": Switch(on=On.CED, cases={}, otherwise="gone"), **ENDS}
    walk.enter(Script("two", "abc", Text(start="see", nodes=nodes)))
    assert walk.fields == {}
    assert walk.values["ced"] == "***"

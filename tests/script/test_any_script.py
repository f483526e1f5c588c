# SPDX-License-Identifier: GPL-2.0-only
"""Any scripts, any callers: a walk raises nothing, tells no secret and comes to an end."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.script import context
from appliance.script.expression import FIGURES, Value
from appliance.script.knowledge import Contact
from appliance.script.nodes import (
    Agent,
    Busy,
    CallType,
    Collect,
    ContextField,
    Count,
    Field,
    GoToScript,
    If,
    Kind,
    Language,
    Menu,
    Node,
    Percent,
    Play,
    Queue,
    Release,
    Requalify,
    Script,
    Set,
    Switch,
    Text,
    Voicemail,
    Wait,
)
from appliance.script.stops import Ring, Stop
from appliance.script.walk import Walk
from appliance.wire import routes

pytestmark = pytest.mark.unit

LIMIT = 12
SECRET = "735197351973519"  # noqa: S105 - digits that nobody may see
TYPES = {"gold": "two", "plain": "one"}
CONTEXT = {
    "pin": ContextField(Kind.TEXT, secret=True),
    "code": ContextField(Kind.NUMBER, secret=True),
    "tries": ContextField(Kind.NUMBER),
    "name": ContextField(Kind.TEXT, default="Li"),
    "right": ContextField(Kind.TRUTH),
}
TRUTHS = [f"pin == '{SECRET}'", "number(ced) > tries", "right", "free('card') > 0", "ced == pin", "holiday('spring')"]
NUMBERS = ["code", "tries + 1", "number(ced)", "tries / code", "expected('card')", "length(name)", "code * 9999999999"]
TEXTS = ["pin", "ced", "name", "text(tries)", "part(ced, tries, 3)", f"'{'x' * 900}'"]

NAMES = [f"n{number}" for number in range(6)]
name = st.sampled_from(NAMES)
prompts = st.just(("x",))
fields = st.fixed_dictionaries(
    {},
    optional={
        "pin": st.sampled_from(TEXTS),
        "name": st.sampled_from(TEXTS),
        "code": st.sampled_from(NUMBERS),
        "tries": st.sampled_from(NUMBERS),
        "right": st.sampled_from(TRUTHS),
    },
)
NODES: st.SearchStrategy[Node] = st.one_of(
    st.builds(Switch, st.sampled_from([field for field in Field if field is not Field.TIME]), st.just({}), name),
    st.builds(If, st.sampled_from(TRUTHS), name, name, st.none() | name),
    st.builds(lambda a, b: Percent({a: 50, b: 50}), name, name),
    st.builds(Play, prompts, name),
    st.builds(Collect, prompts, name, into=st.sampled_from([None, "pin", "name"])),
    st.builds(lambda a, b, c, t: Menu(("x",), {"1": a}, b, c, t, ("y",)), name, name, name, st.integers(1, 3)),
    st.builds(Wait, prompts, st.just(5), name),
    st.builds(Voicemail, st.just("card"), prompts, name, name),
    st.builds(Language, st.sampled_from(["zh", "en"]), name),
    st.builds(Set, fields, name, name),
    st.builds(Queue, st.just(("card",)), name),
    st.builds(Agent, st.sampled_from(TEXTS), name),
    st.builds(Count, st.integers(1, 3), name, name),
    st.builds(GoToScript, st.sampled_from(["one", "two"])),
    st.builds(CallType, st.sampled_from(sorted(TYPES)), name),
    st.builds(Requalify, st.sampled_from(sorted(TYPES))),
    st.just(Busy()),
    st.just(Release()),
)
TEXT_OF = st.builds(
    lambda nodes: Text(
        start="n0", nodes=dict(zip(NAMES, nodes, strict=True)), limit=LIMIT, calendars={"spring": ()}, context=CONTEXT
    ),
    st.lists(NODES, min_size=len(NAMES), max_size=len(NAMES)),
)
OUTCOMES = st.sampled_from(["digits", "no-digits", "played", "no-answer", "failed", "agent-gone"])
DIGITS = st.sampled_from(["", "1", "7", SECRET, "00"])


def decided(stop: Stop, walk: Walk, scripts: dict[str, Script], choose: Callable[[list[str]], str]) -> Stop:
    """As a router does that finds nobody."""
    while not isinstance(stop, routes.Treat | routes.Release):
        match stop:
            case Queue():
                stop = walk.go_to(stop.otherwise)
            case Ring():
                stop = walk.go_to(stop.node.otherwise)
            case Percent():
                stop = walk.go_to(choose(sorted(stop.shares)))
            case GoToScript():
                stop = walk.enter(scripts[stop.script])
            case Requalify():
                stop = walk.enter(scripts[TYPES[stop.call_type]], stop.call_type)
    return stop


@settings(max_examples=400, deadline=None)
@given(TEXT_OF, TEXT_OF, st.data())
def test_any_scripts_end_and_tell_no_secret(one: Text, two: Text, data: st.DataObject) -> None:
    scripts = {name: Script(name, "abc", text) for name, text in (("one", one), ("two", two))}
    figures = data.draw(st.dictionaries(st.sampled_from(FIGURES), st.none() | st.integers(0, 9)))
    script, cursor, kept, fields = scripts["one"], "", b"{}", dict[str, Value]()
    for request in range(LIMIT + 2):
        contact = Contact(
            dnis="95588",
            ced=data.draw(DIGITS),
            outcome=data.draw(OUTCOMES) if request else "offered",
            queue=lambda figure, _: figures.get(figure),
            fields=context.decoded(kept),
        )
        walk = Walk(script, cursor, contact)
        stop = decided(walk.go_on(), walk, scripts, lambda names: data.draw(st.sampled_from(names)))
        script, cursor, kept, fields = walk.script, walk.cursor, context.encoded(walk.fields), walk.fields
        assert len(kept) <= context.LIMIT
        said = [*walk.path, *walk.values, *walk.values.values(), walk.reason, cursor]
        if SECRET in (fields["pin"], str(fields["code"])):
            assert not any(SECRET in one for one in said)
        if isinstance(stop, routes.Release):
            return
    raise AssertionError(f"still there after {LIMIT} requests, at {cursor}")


@given(TEXT_OF, st.text(max_size=40), st.dictionaries(st.sampled_from([*CONTEXT, "x"]), st.text() | st.booleans()))
def test_any_cursor_and_any_fields_are_begun_with(text: Text, cursor: str, fields: dict[str, Value]) -> None:
    walk = Walk(Script("one", "abc", text), cursor, Contact(dnis="1", fields=fields))
    walk.go_on()
    assert walk.fields.keys() == CONTEXT.keys()
    assert isinstance(walk.fields["tries"], Decimal)

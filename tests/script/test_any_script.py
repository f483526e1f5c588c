# SPDX-License-Identifier: GPL-2.0-only
"""Any scripts, any callers: a walk raises nothing, tells no secret and comes to an end."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.script import context
from appliance.script import cursor as cursors
from appliance.script.expression import FIGURES, Value
from appliance.script.knowledge import Contact
from appliance.script.nodes import (
    Agent,
    Busy,
    Callback,
    CallType,
    Cancel,
    Collect,
    ContextField,
    Count,
    Distribute,
    Field,
    GoToScript,
    If,
    Kind,
    Label,
    Language,
    Lookup,
    Menu,
    Node,
    Outbound,
    Percent,
    Play,
    Priority,
    Queue,
    Record,
    Release,
    Requalify,
    Return,
    Ringing,
    Run,
    Script,
    Set,
    Switch,
    Text,
    Voicemail,
    Wait,
)
from appliance.script.stops import CallBack, Look, Ring, Stop
from appliance.script.walk import NOT_TAKEN, Walk
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
OTHER = {one: field for one, field in CONTEXT.items() if one not in ("name", "code")} | {"own": ContextField(Kind.TEXT)}
"""Of the second script: fields of the first that it does not know wait, where it was run."""
CASES: Mapping[Field, tuple[str, ...]] = {
    Field.TIME: ("09:00-18:00", "22:00-06:00"),
    Field.DAY: ("mon..fri", "sun"),
    Field.DATE: ("2026-10-01..2026-10-07", "12-24..12-26"),
    Field.HOLIDAY: ("spring",),
    Field.CED: ("1", "7351*"),
    Field.DNIS: ("955*",),
}

name = st.sampled_from(NAMES)
maybe = st.none() | name
prompts = st.sampled_from([("x",), ("x", "number(waited())"), ("digits(ced)",), ("digits(pin)",)])
queues = st.just(("card",))
script_names = st.sampled_from(["one", "two"])
whole = st.booleans()


def kinds_of(fields: Mapping[str, ContextField]) -> dict[type, st.SearchStrategy[Any]]:
    """A strategy for each node of the schema, in a script with these fields."""

    def known(expressions: list[str]) -> st.SearchStrategy[str]:
        missing = CONTEXT.keys() - fields.keys()
        return st.sampled_from([one for one in expressions if not any(word in one for word in missing)])

    texts, truths, numbers = known(TEXTS), known(TRUTHS), known(NUMBERS)
    by_kind = {Kind.TEXT: texts, Kind.NUMBER: numbers, Kind.TRUTH: truths}
    written = st.fixed_dictionaries({}, optional={one: by_kind[field.kind] for one, field in fields.items()}).filter(
        bool
    )
    taken = st.fixed_dictionaries({}, optional={one: st.sampled_from(["a", "b.c"]) for one in fields}).filter(bool)
    into = st.sampled_from([None, *(one for one, field in fields.items() if field.kind is Kind.TEXT)])
    at = st.just("") | texts
    return {
        Switch: st.sampled_from(list(Field)).flatmap(
            lambda on: st.builds(
                Switch, st.just(on), st.fixed_dictionaries(dict.fromkeys(CASES.get(on, ()), name)), name
            )
        ),
        If: st.builds(If, truths, name, name, maybe),
        Percent: st.permutations(NAMES).map(lambda two: Percent({two[0]: 50, two[1]: 50})),
        Distribute: st.builds(Distribute, weights=st.just({"n0": 3, "n1": 2}))
        | st.builds(Distribute, load=st.just({"n0": "card", "n1": "loan"}), failed=name),
        Count: st.builds(Count, st.integers(1, 3), name, name),
        Set: st.builds(Set, written, name, name),
        Language: st.builds(Language, st.sampled_from(["zh", "en"]), name),
        Record: st.builds(Record, whole, name),
        Lookup: st.builds(Lookup, st.just("crm"), taken, name, name, st.fixed_dictionaries({"q": texts | numbers})),
        Play: st.builds(Play, prompts, name, whole, maybe, whole),
        Collect: st.builds(Collect, prompts, name, into=into, failed=maybe),
        Menu: st.builds(
            lambda a, b, c, t, f: Menu(("x",), {"1": a}, b, c, t, ("y",), failed=f),
            name,
            name,
            name,
            st.integers(1, 3),
            maybe,
        ),
        Wait: st.builds(Wait, prompts, st.just(5), name, whole, maybe),
        Ringing: st.builds(Ringing, st.just(5), name, maybe),
        Voicemail: st.builds(Voicemail, st.just("card"), prompts, name, name),
        Queue: st.builds(Queue, queues, name)
        | st.builds(Queue, queues, name, hold=prompts)
        | st.builds(Queue, queues, name, next=name),
        Priority: st.builds(Priority, st.integers(1, 10), name),
        Cancel: st.builds(Cancel, name),
        Callback: st.builds(Callback, number=texts, queues=queues, next=name, failed=name, at=at),
        Outbound: st.builds(Outbound, number=texts, queues=queues, next=name, failed=name, at=at),
        Agent: st.builds(Agent, texts, name),
        Label: st.builds(Label, texts, name),
        Release: st.just(Release()),
        Busy: st.just(Busy()),
        GoToScript: st.builds(GoToScript, script_names),
        Run: st.builds(Run, script_names, name, name),
        Return: st.builds(Return, whole),
        CallType: st.builds(CallType, st.sampled_from(sorted(TYPES)), name),
        Requalify: st.builds(Requalify, st.sampled_from(sorted(TYPES))),
    }


def texts_of(fields: dict[str, ContextField], first: type | None = None) -> st.SearchStrategy[Text]:
    """Scripts with these fields, whose first node is of that kind."""
    kinds = kinds_of(fields)
    nodes = st.one_of(*kinds.values())
    return st.builds(
        lambda start, others: Text(
            start="n0",
            nodes=dict(zip(NAMES, (start, *others), strict=True)),
            limit=LIMIT,
            calendars={"spring": ()},
            context=fields,
        ),
        kinds[first] if first else nodes,
        st.lists(nodes, min_size=len(NAMES) - 1, max_size=len(NAMES) - 1),
    )


TEXT_OF, OTHER_OF = texts_of(CONTEXT), texts_of(OTHER)
OUTCOMES = st.sampled_from(["digits", "no-digits", "played", "no-answer", "failed", "agent-gone", "recorded", "busy"])
DIGITS = st.sampled_from(["", "1", SECRET, "7", SECRET, "00", SECRET])
HELD = routes.Treat(verbs=())
"""Waits in a queue, or an agent's phone rings: whatever it is, the contact asks again at its node."""


class Met(Walk):
    """Notes what kinds of nodes it has passed."""

    kinds: ClassVar[set[type]] = set()

    def _pass(self) -> Stop | None:
        self.kinds.add(type(self.script.text.nodes[self.node]))
        return super()._pass()


class Router:
    """Decides as a router does, whatever may be."""

    def __init__(self, data: st.DataObject, scripts: dict[str, Script]) -> None:
        self._data, self._scripts = data, scripts

    def decided(self, stop: Stop, walk: Walk) -> Stop:
        """Up to what the branch is told."""
        while not isinstance(stop, routes.Treat | routes.Label | routes.Release):
            if isinstance(stop, Queue | Ring) and not walk.again and self._either():
                return HELD
            stop = self._elsewhere(stop, walk) if isinstance(stop, SCRIPTED) else self._on(stop, walk)
        return stop

    def _on(self, stop: Stop, walk: Walk) -> Stop:
        match stop:
            case Look():
                answer = self._data.draw(st.dictionaries(st.sampled_from(["a", "b.c"]), DIGITS | st.just("yes")))
                return walk.found(answer) if self._either() else walk.lost("no answer")
            case CallBack() if self._either():
                return walk.refuse("may not be called")
        return walk.go_to(self._data.draw(st.sampled_from(_ways(stop))))

    def _elsewhere(self, stop: GoToScript | Run | Return | Requalify, walk: Walk) -> Stop:
        match stop:
            case GoToScript():
                return walk.enter(self._scripts[stop.script])
            case Run():
                return walk.run(self._scripts[stop.script], self._data.draw(st.sampled_from(["", "one/n1"])))
            case Requalify():
                return walk.enter(self._scripts[TYPES[stop.call_type]], stop.call_type)
        assert walk.awaited is not None
        return walk.back(self._scripts[walk.awaited.script])

    def _either(self) -> bool:
        return self._data.draw(whole)


SCRIPTED = (GoToScript, Run, Return, Requalify)


def _ways(stop: Stop) -> list[str]:
    match stop:
        case Queue():
            return [stop.otherwise, *filter(None, [stop.next])]
        case Ring():
            return [stop.node.otherwise]
        case Percent():
            return sorted(stop.shares)
        case Distribute():
            return [*stop.weights, *stop.load, *filter(None, [stop.failed])]
        case CallBack():
            return [stop.node.next]
        case Priority() | Cancel():
            return [stop.next]
    raise AssertionError(f"nobody decides {stop}")


def walk_through(one: Text, two: Text, data: st.DataObject) -> None:
    """From the first question to the release."""
    scripts = {name: Script(name, "abc", text) for name, text in (("one", one), ("two", two))}
    figures = data.draw(st.dictionaries(st.sampled_from(FIGURES), st.none() | st.integers(0, 9)))
    router, cuts = Router(data, scripts), 3
    script, cursor, kept = scripts["one"], "", b"{}"
    for request in range(2 * LIMIT + 5):
        contact = Contact(
            dnis="95588",
            clid="02512345678",
            ced=data.draw(DIGITS),
            outcome=data.draw(OUTCOMES) if request else "offered",
            at_ns=data.draw(st.integers(1_790_000_000, 1_800_000_000)) * 1_000_000_000,
            queue=lambda figure, _: figures.get(figure),
            stands=cuts > 0 and data.draw(whole),
            fields=context.decoded(kept),
        )
        cuts -= contact.stands and contact.outcome in NOT_TAKEN
        walk = Met(script, cursor, contact)
        stop = router.decided(walk.go_on(), walk)
        script, cursor, kept, fields = walk.script, walk.cursor, context.encoded(walk.fields), walk.fields
        assert len(kept) <= context.LIMIT
        assert cursors.read(cursor) is not None
        said = [*walk.path, *walk.values, *walk.values.values(), walk.reason, cursor]
        if any(str(fields[one]) == SECRET for one, field in script.text.context.items() if field.secret):
            assert not any(SECRET in one for one in said)
        if isinstance(stop, routes.Release):
            return
    raise AssertionError(f"still there after {2 * LIMIT + 5} requests, at {cursor}")


@pytest.mark.parametrize("kind", get_args(Node), ids=lambda kind: str(kind.__struct_config__.tag))
def test_any_scripts_end_and_tell_no_secret(kind: type) -> None:
    Met.kinds.clear()

    @settings(max_examples=12, deadline=None)
    @given(texts_of(CONTEXT, kind), OTHER_OF, st.data())
    def walks(one: Text, two: Text, data: st.DataObject) -> None:
        walk_through(one, two, data)

    walks()
    assert kind in Met.kinds, "a contact has passed one"


@pytest.mark.parametrize("fields", [CONTEXT, OTHER], ids=["one", "two"])
def test_random_scripts_know_every_node_of_the_schema(fields: dict[str, ContextField]) -> None:
    kinds = kinds_of(fields)
    assert kinds.keys() == set(get_args(Node)), "a node that no random script has is never walked"

    @settings(max_examples=10, deadline=None)
    @given(st.data())
    def is_one(data: st.DataObject) -> None:
        for kind, strategy in kinds.items():
            assert type(data.draw(strategy)) is kind

    is_one()


@given(TEXT_OF, st.text(max_size=40), st.dictionaries(st.sampled_from([*CONTEXT, "x"]), st.text() | st.booleans()))
def test_any_cursor_and_any_fields_are_begun_with(text: Text, cursor: str, fields: dict[str, Value]) -> None:
    walk = Walk(Script("one", "abc", text), cursor, Contact(dnis="1", fields=fields))
    walk.go_on()
    assert walk.fields.keys() == CONTEXT.keys()
    assert isinstance(walk.fields["tries"], Decimal)

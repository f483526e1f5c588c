# SPDX-License-Identifier: GPL-2.0-only
"""Fields that travel with a contact: what is written, what is taken in, how long they may be."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.script import context
from appliance.script.expression import Value
from appliance.script.knowledge import Contact
from appliance.script.nodes import Collect, ContextField, If, Kind, Node, Release, Script, Set, Text
from appliance.script.walk import Walk
from appliance.wire.routes import Release as Label

pytestmark = pytest.mark.unit

CONTEXT = {
    "customer": ContextField(Kind.TEXT),
    "tries": ContextField(Kind.NUMBER, default="2"),
    "verified": ContextField(Kind.TRUTH),
}
ENDS: dict[str, Node] = {"gone": Release(cause=1), "bad": Release(cause=2)}


def walked(contact: Contact, cursor: str = "", start: str = "first", **nodes: Node) -> tuple[Walk, object]:
    text = Text(start=start, nodes={**nodes, **ENDS}, context=CONTEXT)
    walk = Walk(Script("one", "abc", text), cursor, contact)
    return walk, walk.go_on()


def writing(**fields: str) -> Set:
    return Set(fields=fields, next="gone", failed="bad")


def test_fields_are_at_their_defaults_until_they_are_written() -> None:
    walk, _ = walked(Contact(dnis="1"), start="gone")
    assert walk.fields == {"customer": "", "tries": Decimal(2), "verified": False}


def test_set_writes_all_of_its_fields_over_what_was_before() -> None:
    node = writing(tries="tries + 1", customer="part(clid, 1, 3)", verified="tries == 2")
    walk, stop = walked(Contact(dnis="1", clid="025123"), first=node)
    assert stop == Label(cause=1)
    assert walk.fields == {"customer": "025", "tries": Decimal(3), "verified": True}
    assert walk.values == {"tries": "2", "clid": "025123", "first": "tries = 3, customer = 025, verified = yes"}


def test_set_writes_nothing_where_one_expression_has_no_value() -> None:
    walk, stop = walked(Contact(dnis="1"), first=writing(customer="'x'", tries="number(ani)"))
    assert stop == Label(cause=2)
    assert walk.fields["customer"] == ""
    assert walk.values["first"] == "number(ani): failed, number(''): that is none"


def test_what_came_in_is_kept_and_what_an_older_script_left_is_not() -> None:
    came: dict[str, Value] = {"customer": "gold", "tries": "3", "verified": Decimal(1), "loan": "x"}
    walk, _ = walked(Contact(dnis="1", fields=came), start="gone")
    assert walk.fields == {"customer": "gold", "tries": Decimal(2), "verified": False}


@pytest.mark.parametrize(("outcome", "written"), [("digits", "42"), ("no-digits", "gold"), ("failed", "gold")])
def test_collect_writes_the_digits_that_came(outcome: str, written: str) -> None:
    contact = Contact(dnis="1", ced="42", outcome=outcome, fields={"customer": "gold"})
    ask = Collect(prompts=("x",), next="look", into="customer")
    look = If(that="customer == '42'", then="gone", otherwise="bad")
    walk, stop = walked(contact, "one/abc/ask/1", start="ask", ask=ask, look=look)
    assert walk.fields["customer"] == written
    assert stop == Label(cause=1 if written == "42" else 2)


def filled(octets: int) -> dict[str, Value]:
    """Fields that have so many, encoded."""
    fields: dict[str, Value] = {"customer": "", "tries": Decimal(2), "verified": False}
    fields["customer"] = "x" * (octets - len(context.encoded(fields)))
    return fields


def test_16_kib_are_the_bound_and_the_reason_says_so() -> None:
    node = writing(tries="tries + 8")
    walk, stop = walked(Contact(dnis="1", fields=filled(context.LIMIT - 1)), first=node)
    assert (stop, walk.fields["tries"]) == (Label(cause=1), Decimal(10))
    walk, stop = walked(Contact(dnis="1", fields=filled(context.LIMIT)), first=node)
    assert (stop, walk.fields["tries"]) == (Label(cause=2), Decimal(2))
    sentence = "the context would have 16,385 octets at first, 16,384 at most"
    assert walk.reason == f"{sentence}; script one releases the caller at bad"
    assert walk.values["first"] == f"failed, {sentence}"


def test_octets_are_counted_not_letters() -> None:
    fields: dict[str, Value] = {"customer": "行" * 5500}
    walk, stop = walked(Contact(dnis="1", fields=fields), first=writing(tries="1"))
    assert stop == Label(cause=2)
    assert "16,5" in walk.reason


def test_digits_for_which_there_is_no_room_are_not_written() -> None:
    ask = Collect(prompts=("x",), next="gone", into="account")
    declared = {**CONTEXT, "account": ContextField(Kind.TEXT)}
    text = Text(start="ask", nodes={"ask": ask, **ENDS}, context=declared)
    contact = Contact(dnis="1", ced="42", outcome="digits", fields=filled(context.LIMIT - 14))
    walk = Walk(Script("one", "abc", text), "one/abc/ask/1", contact)
    assert walk.go_on() == Label(cause=1)
    assert walk.fields["account"] == ""
    assert walk.reason.startswith("the context would have 16,385 octets at ask, 16,384 at most; ")


VALUES = st.text() | st.booleans() | st.decimals(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), VALUES))
def test_what_is_kept_comes_back_with_its_kind(fields: dict[str, Value]) -> None:
    back = context.decoded(context.encoded(fields))
    assert back == fields
    assert [type(value) for value in back.values()] == [type(value) for value in fields.values()]

# SPDX-License-Identifier: GPL-2.0-only
"""What a script may ask: values, what has none, and mistakes by their column."""

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.script.expression import FUNCTIONS, NAMES, FormError, Value, known, parse

pytestmark = pytest.mark.unit


FIELDS = {**NAMES, "customer": str, "tries": Decimal, "verified": bool}


class Noon:
    """Thursday."""

    def name(self, name: str) -> Value:
        known: dict[str, Value] = {"ced": "12", "clid": "02512345678", "time": "12:00", "date": "2026-11-26"}
        known |= {"customer": "gold", "tries": Decimal(2), "verified": False}
        return Decimal(4) if name == "weekday" else known.get(name, "")

    def queue(self, figure: str, name: str) -> int | None:
        return {"free": {"card": 3}.get(name, 0), "waiting": 7, "staffed": 5}.get(figure)

    def holiday(self, calendar: str) -> bool:
        return calendar == "national"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ced == '12'", True),
        ('ced != "12"', False),
        ("number(ced) + 1 == 13", True),
        ("number(ced) / 5", Decimal("2.4")),
        ("7 - 2 - 1", Decimal(4)),
        ("2 + 3 * 4 % 5", Decimal(4)),
        ("-(2 + 1)", Decimal(-3)),
        ("- - 2", Decimal(2)),
        ("time >= '09:00' and time < '18:00' and weekday <= 5", True),
        ("date in ('2026-10-01', '2026-11-26')", True),
        ("starts(clid, '025') and not starts(clid, '0251')", False),
        ("not ced == '1' or no", True),
        ("no and number('x') == 1 or yes", True),
        ("free('card') > 2 and free('none') == 0", True),
        ("waiting('card') + staffed('card')", Decimal(12)),
        ("ends(clid, '678') and not ends(clid, '679')", True),
        ("contains(clid, '1234') and not contains(clid, '4321')", True),
        ("part(clid, 1, 3) == '025'", True),
        ("part(clid, 10, 99)", "78"),
        ("part(clid, 12, 1)", ""),
        ("text(7 / 2)", "3.5"),
        ("text(100)", "100"),
        ("text(-0 * 5)", "0"),
        ("text(1 / 3)", "0.333333"),
        ("number(text(weekday)) == weekday", True),
        ("tries + 1", Decimal(3)),
        ("customer == 'gold' and not verified", True),
        ("holiday('national') == yes", True),
        ("length(clid) == 11", True),
        ("length('') ", Decimal(0)),
        ("1 in (2, 3)", False),
    ],
)
def test_values(text: str, value: Value) -> None:
    found = parse(text, FIELDS).value(Noon())
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("number(ani) == 1", "number(''): that is none"),
        ("number('1e5') == 1", "that is none"),
        ("1 / (2 - 2) == 1", "division by zero"),
        ("1 % 0 == 1", "division by zero"),
        ("0 / 0 == 1", "division by zero"),
        ("expected('card') > 60", "expected('card'): nobody can tell"),
        ("part(ced, 0, 1) == ''", "part(…) takes whole numbers, the first from 1"),
        ("part(ced, 1, 1 / 2) == ''", "part(…) takes whole numbers"),
        ("part(ced, 1, 0 - 1) == ''", "part(…) takes whole numbers"),
        ("text(999999999999999999 + 1) == ''", "text(…) of a number that is too large"),
    ],
)
def test_what_has_no_value_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        parse(text).value(Noon())


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "it ends too soon"),
        ("ced ==", 7, "it ends too soon"),
        ("ced = '1'", 5, "'=' means nothing here"),
        ("ced == '1", 8, "a text that does not end"),
        ("cedd == '1'", 1, "no name 'cedd'; did you mean 'ced'?"),
        ("ced == 1", 5, "'==' between text and a number"),
        ("ced + 1 == 2", 1, "before '+' stands text, a number is needed"),
        ("yes < no", 5, "'<' does not compare yes and no"),
        ("ced and yes", 1, "before 'and' stands text, yes or no is needed"),
        ("yes and ced", 9, "after 'and' stands text, yes or no is needed"),
        ("not 1", 5, "after 'not' stands a number"),
        ("number(1) == 1", 8, "in number(…) stands a number, text is needed"),
        ("lenght(ced) == 1", 1, "no function 'lenght'; did you mean 'length'?"),
        ("length() == 1", 1, "length takes 1 values, not 0"),
        ("customer == '1'", 1, "no name 'customer'; did you mean"),
        ("text('1') == ''", 6, "in text(…) stands text, a number is needed"),
        ("free(ced) > 1", 6, "free takes a queue by its name, in quotes"),
        ("ced in ('1', 2)", 9, "'in' between text and a number"),
        ("(yes", 5, "')' is missing here"),
        ("yes no", 5, "'no' was not expected"),
        ("and", 1, "'and' was not expected"),
        ("'a' == 'b' == 'c'", 12, "'==' was not expected"),
        ("(" * 60 + "yes" + ")" * 60, 52, "more than 50 levels"),
        ("not " * 60 + "yes", 205, "more than 50 levels"),
        ("x" * 1001, 1000, "an expression has 1000 characters at most"),
    ],
)
def test_a_mistake_is_told_by_its_column(text: str, column: int, words: str) -> None:
    with pytest.raises(FormError) as caught:
        parse(text)
    assert caught.value.column == column
    assert words in str(caught.value)


def test_a_field_is_a_name_of_its_kind_and_told_among_those_looked_at() -> None:
    asked = parse("tries > 2 or customer == ced", FIELDS)
    assert asked.names == {"tries", "customer", "ced"}
    with pytest.raises(FormError, match="no name 'trys'; did you mean 'tries'"):
        parse("trys > 2", FIELDS)
    with pytest.raises(FormError, match="between a number and text"):
        parse("tries == '2'", FIELDS)
    assert parse("tries == '2'", {"tries": str}).kind is bool


def test_names_that_nobody_has_are_told() -> None:
    asked = parse("free('cart') > 0 or holiday('national')")
    told = list(known(asked, {"queue": ["card"], "calendar": ["spring"]}))
    assert told[0] == "column 6: queue 'cart' is unknown; did you mean 'card'?"
    assert told[1].startswith("column 29: calendar 'national' is unknown")


WORDS = [
    *NAMES,
    *FUNCTIONS,
    *FIELDS,
    "and",
    "or",
    "not",
    "in",
    "yes",
    "no",
    "(",
    ")",
    ",",
    "==",
    "<",
    "+",
    "-",
    "/",
    "'a'",
    "1",
    "é",
]


@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join) | st.text(max_size=60))
@example("(" * 400)
@example("1" + "+1" * 490 + "==1")
def test_anything_is_an_expression_or_a_sentence(text: str) -> None:
    try:
        asked = parse(text, FIELDS)
        found = asked.value(Noon())
    except FormError as error:
        column, sentence = error.column, str(error)
    except ValueError as error:
        column, sentence = 1, str(error)
    else:
        assert type(found) is asked.kind
        return
    assert 1 <= column <= len(text) + 1
    assert sentence

# SPDX-License-Identifier: GPL-2.0-only
"""What a script may ask: values, what has none, and mistakes by their column."""

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.script.expression import FUNCTIONS, NAMES, FormError, Value, known, parse

pytestmark = pytest.mark.unit


class Noon:
    """Thursday."""

    def name(self, name: str) -> Value:
        known: dict[str, Value] = {"ced": "12", "clid": "02512345678", "time": "12:00", "date": "2026-11-26"}
        return Decimal(4) if name == "weekday" else known.get(name, "")

    def free(self, skill_group: str) -> int:
        return {"card": 3}.get(skill_group, 0)

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
        ("holiday('national') == yes", True),
        ("length(clid) == 11", True),
        ("length('') ", Decimal(0)),
        ("1 in (2, 3)", False),
    ],
)
def test_values(text: str, value: Value) -> None:
    found = parse(text).value(Noon())
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("number(ani) == 1", "number(''): that is none"),
        ("number('1e5') == 1", "that is none"),
        ("1 / (2 - 2) == 1", "division by zero"),
        ("1 % 0 == 1", "division by zero"),
        ("0 / 0 == 1", "division by zero"),
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
        ("free(ced) > 1", 6, "free takes a skill group by its name, in quotes"),
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


def test_names_that_nobody_has_are_told() -> None:
    asked = parse("free('cart') > 0 or holiday('national')")
    told = list(known(asked, {"skill group": ["card"], "calendar": ["spring"]}))
    assert told[0] == "column 6: skill group 'cart' is unknown; did you mean 'card'?"
    assert told[1].startswith("column 29: calendar 'national' is unknown")


WORDS = [
    *NAMES,
    *FUNCTIONS,
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
        asked = parse(text)
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

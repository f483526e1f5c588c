# SPDX-License-Identifier: GPL-2.0-only
"""Lines in columns, in two scripts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.cli import terminal

pytestmark = pytest.mark.unit

WORDS = st.lists(
    st.sampled_from(("a", "queue", "95588;", "坐席", "未应答；", "（原因19）", "→", "€uro")), min_size=1, max_size=60
)


@given(WORDS)
def test_a_wrapped_line_keeps_its_words_and_its_width(words: list[str]) -> None:
    lines = terminal.wrapped(" ".join(words), 4, 40).splitlines()
    assert "".join(lines).replace(" ", "") == "".join(words)
    assert all(one.startswith("    ") for one in lines[1:])
    assert max(map(terminal.columns, lines)) <= 40


def test_a_line_breaks_between_words_and_chinese_characters_but_not_before_their_punctuation() -> None:
    assert terminal.wrapped("one two three", 2, 8) == "one two\n  three"
    assert terminal.wrapped("坐席未应答，再次询问", 2, 11) == "坐席未应\n  答，再次\n  询问"
    assert terminal.wrapped("short", 2, 80) == "short"


ROWS = [
    ("queue", "waiting", "longest"),
    ("loans-and-mortgages-of-customers", "12", "1:10"),
    ("卡务 坐席 队列", "0", "-"),
]


def test_figures_of_a_table_stand_to_the_right_and_what_nobody_reads_on_a_terminal_is_whole() -> None:
    assert list(terminal.table(ROWS)) == [
        "queue                            waiting longest",
        "loans-and-mortgages-of-customers      12    1:10",
        "卡务 坐席 队列                         0       -",
    ]


def test_a_table_fits_the_terminal_and_loses_no_letter() -> None:
    assert list(terminal.table(ROWS, 30)) == [
        "queue          waiting longest",
        "loans-and-          12    1:10",
        "mortgages-of-",
        "customers",
        "卡务 坐席 队列       0       -",
    ]
    for room in range(30, 60):
        lines = list(terminal.table(ROWS, room))
        assert max(map(terminal.columns, lines)) <= room
        assert "".join(lines).count("-") == 5

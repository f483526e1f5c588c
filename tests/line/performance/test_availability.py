# SPDX-License-Identifier: GPL-2.0-only
"""The ten-second rule (G.826 Annex A), beside a reading of the whole row at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.line.performance.availability import CONSECUTIVE, Direction
from appliance.line.performance.seconds import Second

pytestmark = pytest.mark.unit

GOOD, SEVERE = Second(1000), Second(defect=True)


def decided(row: list[bool]) -> list[bool]:
    """Available or not, each second of a row of severe ones and others, whose last are settled."""
    direction = Direction()
    told = [one for at, severe in enumerate(row) for one in direction.take(at, SEVERE if severe else GOOD)]
    told += direction.settle()
    assert [placed.at_s for placed, _ in told] == list(range(len(row))), "each once, in order"
    return [available for _, available in told]


def read_at_once(row: list[bool]) -> list[bool]:
    """The rule in its own words: unavailable from the onset of ten SES until the onset of ten that are none."""
    available, states = True, []
    for place in range(len(row)):
        following = row[place : place + CONSECUTIVE]
        if len(following) == CONSECUTIVE and all(severe == available for severe in following):
            available = not available
        states.append(available)
    return states


@pytest.mark.parametrize(("severe_s", "unavailable_s"), [(9, 0), (10, 10), (25, 25)])
def test_g826_a_ten_severe_seconds_begin_unavailable_time_at_the_first(severe_s: int, unavailable_s: int) -> None:
    row = [False] * 5 + [True] * severe_s + [False] * 10
    assert decided(row).count(False) == unavailable_s


@pytest.mark.parametrize(("good_s", "available_again"), [(9, False), (10, True)])
def test_g826_a_ten_other_seconds_end_it_at_the_first(good_s: int, available_again: bool) -> None:  # noqa: FBT001
    row = [True] * 12 + [False] * good_s + [True]
    assert decided(row)[12] is available_again


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 14)), max_size=14))
def test_g826_a_any_row_is_judged_as_if_it_were_read_at_once(runs: list[tuple[bool, int]]) -> None:
    row = [severe for severe, count in runs for _ in range(count)]
    assert decided(row) == read_at_once(row)

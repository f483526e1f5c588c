# SPDX-License-Identifier: GPL-2.0-only
"""Shares are exact: after each hundred, and never far off within one."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.script.share import WHOLE, turn

pytestmark = pytest.mark.unit


def dealt(shares: dict[str, int], count: int) -> list[str]:
    given: dict[str, int] = {}
    targets = []
    for _ in range(count):
        target, given = turn(shares, given)
        targets.append(target)
    return targets


def test_70_to_30_over_ten_thousand() -> None:
    targets = dealt({"a": 70, "b": 30}, 10_000)
    assert Counter(targets) == {"a": 7000, "b": 3000}
    so_far = 0
    for count, target in enumerate(targets, 1):
        so_far += target == "a"
        assert abs(so_far - 0.7 * count) < 1


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=5))
def test_any_weights_are_exact_in_as_many_as_they_are_together(weights: list[int]) -> None:
    shares = {f"n{place}": weight for place, weight in enumerate(weights)}
    whole = sum(weights)
    targets = dealt(shares, 2 * whole)
    assert Counter(targets[:whole]) == Counter(targets[whole:]) == shares


@given(st.lists(st.integers(1, 97), min_size=1, max_size=4, unique=True))
def test_each_hundred_is_exact_and_within_it_nobody_lacks_two(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), WHOLE]
    shares = {f"n{place}": high - low for place, (low, high) in enumerate(pairwise(edges))}
    targets = dealt(shares, 2 * WHOLE)
    assert Counter(targets[:WHOLE]) == Counter(targets[WHOLE:]) == shares
    so_far = Counter[str]()
    for count, target in enumerate(targets[:WHOLE], 1):
        so_far[target] += 1
        assert all(abs(so_far[one] - share * count / WHOLE) < 2 for one, share in shares.items())

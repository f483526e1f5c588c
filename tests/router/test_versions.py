# SPDX-License-Identifier: GPL-2.0-only
"""Versions of a large mapping are what copies of a dict would be, whichever of them is looked at, and in its order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.router import mappings
from appliance.router.journal import encoded, fingerprint
from appliance.router.versions import Version
from tests.router.simulation import Crowd

pytestmark = pytest.mark.unit

STEPS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5), st.one_of(st.none(), st.integers(0, 99))), max_size=40)


@given(st.dictionaries(st.integers(0, 7), st.integers(0, 99)), STEPS)
def test_each_version_is_what_a_copy_would_be(began: dict[int, int], steps: list[tuple[int, int, int | None]]) -> None:
    """A step changes any earlier version, not only the newest; None takes the key out."""
    told = [(dict(began), Version(dict(began)))]
    for key, back, value in steps:
        was, version = told[-1 - min(back, len(told) - 1)]
        after = {other: one for other, one in was.items() if other != key} if value is None else {**was, key: value}
        told.append((after, version.without(key) if value is None else version.with_one(key, value)))
    for expected, version in told:
        assert version == expected
        assert (len(version), dict(version.items())) == (len(expected), expected)
        assert [version.get(key, -1) for key in range(9)] == [expected.get(key, -1) for key in range(9)]
        assert {key for key in range(9) if key in version} == expected.keys()
    with pytest.raises(KeyError):
        told[0][1][9]


def test_the_newest_has_the_order_of_a_dict_and_is_walked_through_while_it_changes() -> None:
    version = Version({"a": 1, "b": 2, "c": 3})
    now = version.without("a").with_one("d", 4).with_one("b", 5).with_one("a", 6)
    assert list(now.items()) == [("b", 5), ("c", 3), ("d", 4), ("a", 6)]
    later = now
    for key in now:
        later = later.without(key)
    assert (len(later), len(now)) == (0, 4)


def test_who_keeps_an_old_version_does_not_keep_all_that_came_after() -> None:
    first = version = Version(dict.fromkeys(range(10), 0))
    for value in range(1_000):
        version = version.with_one(value % 10, value)
    steps, one = 0, first
    while one.now is None:
        steps, one = steps + 1, one.newer
    assert steps <= 10
    assert dict(version) == {key: 990 + key for key in range(10)}


def test_a_router_with_versions_decides_and_remembers_as_one_with_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for large in (0, 10**9):
        monkeypatch.setattr(mappings, "LARGE", large)
        crowd = Crowd(seed=5, agents=10, arrivals_s=0.9, talk_s=10.0)
        crowd.run(calls=400)
        assert isinstance(crowd.state.agents, Version) == (large == 0)
        told.append((fingerprint(crowd.state), encoded(crowd.state)))
    assert told[0] == told[1]

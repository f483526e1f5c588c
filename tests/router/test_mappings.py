# SPDX-License-Identifier: GPL-2.0-only
"""Large mappings whose changes lie in a layer: what a dict says that was told the same, in the same order."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.router import mappings
from appliance.router.mappings import WIDE, Layered, whole, with_one, without

pytestmark = pytest.mark.unit

LARGE = {number: str(number) for number in range(WIDE + 3)}
TOLD = st.lists(st.tuples(st.integers(WIDE - 8, WIDE + 12), st.sampled_from(("", "a", "b"))), max_size=40)


@given(TOLD, st.integers(1, 9))
def test_what_a_dict_says_that_was_told_the_same(told: list[tuple[int, str]], few: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mappings, "FEW", few)
        plain: dict[int, str] = dict(LARGE)
        layered: Mapping[int, str] = LARGE
        for key, value in told:
            before, was = layered, dict(plain)
            if value:
                plain[key], layered = value, with_one(layered, key, value)
            else:
                plain.pop(key, None)
                layered = without(layered, key)
            assert layered == plain
            assert len(layered) == len(plain)
            assert [*layered] == [*layered.keys()] == [*plain]
            assert [*layered.values(), *layered.items()] == [*plain.values(), *plain.items()]
            for near in range(WIDE - 8, WIDE + 13):
                assert (near in layered, layered.get(near, "no")) == (near in plain, plain.get(near, "no"))
            assert before == was
    assert msgspec.json.encode(layered, enc_hook=whole) == msgspec.json.encode(plain)


def test_what_was_before_stays() -> None:
    first = with_one(LARGE, 7, "seven")
    second = without(first, 7)
    assert isinstance(second, Layered)
    assert (LARGE[7], first[7], second.get(7)) == ("7", "seven", None)
    with pytest.raises(KeyError, match="7"):
        second[7]


def test_a_layer_is_never_large() -> None:
    layered: Mapping[int, str] = LARGE
    kinds = set()
    for number in range(mappings.FEW + 2):
        layered = with_one(layered, number, "")
        kinds.add(type(layered))
    assert kinds == {Layered, dict}

# SPDX-License-Identifier: GPL-2.0-only
"""Trunk groups and ways out in a branch's file: what is refused, and which trunks a number is called by."""

from pathlib import Path

import pytest

from appliance.call.settings import Trunks
from appliance.config.outbound import Way
from appliance.config.trunks import TrunkGroup, all_groups
from tests.config.test_boxes import Edit, branch, sentences

pytestmark = pytest.mark.unit
__all__ = ["branch"]


def groups(branch: Edit, *lines: str, outbound: str = "outbound: [{to: telco}]") -> Path:
    told = "".join(f"\n  - {{{line}}}" for line in lines)
    return branch("\nsip:", f"\ntrunk_groups:{told}\n{outbound}\nsip:")


@pytest.mark.parametrize(
    ("lines", "outbound", "told"),
    [
        (["name: pstn, members: [telko]"], "", "'telko' is neither a span nor a peer; did you mean 'telco'?"),
        (["name: pstn, members: [telco, telco]"], "", "'telco' is there twice"),
        (["name: telco, members: [telco]"], "", "'telco' is there twice; spans, peers and groups share their names"),
        (["name: pstn, members: [telco], overflow: '1'"], "outbound: [{to: telco}]",
         "nothing overflows without a limit; add in: or calls:, or leave the key out"),
        (["name: pstn, members: [telco], in: 5, overflow: '1'"], "outbound: [{to: telco, numbers: [2]}]",
         "no way of outbound leads to 1"),
        (["name: pstn, members: [telco]"], "outbound: [{to: pstn, then: [pbx]}]",
         "'pbx' is neither a span nor a peer nor a trunk group; known are: pstn, telco"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(branch: Edit, lines: list[str], outbound: str, told: str) -> None:
    (sentence,) = sentences(groups(branch, *lines, outbound=outbound))
    assert sentence.endswith(told)


def test_a_number_s_trunks_are_those_of_its_way_in_order_each_once() -> None:
    spans = ("a", "b", "c")
    ways = (Way(to="ab", then=("c", "b")), Way(to="c", numbers=("6",)))
    trunks = Trunks(ways=ways, groups=all_groups((TrunkGroup(name="ab", members=("b", "a")),), spans))
    assert trunks.choices("025")[1] == ("b", "a", "c")
    assert trunks.choices("6001")[1] == ("c",)
    assert Trunks().choices("025") == (None, ())
    assert [one.name for one in trunks.groups] == ["ab", "c"]

# SPDX-License-Identifier: GPL-2.0-only
"""What a form elsewhere is drawn from, and what it is told of what was filled in."""

from pathlib import Path

import msgspec
import pytest

from appliance.config import Branch
from appliance.config.form import checked, described, opened
from appliance.config.tree import tree

FILE = Path(__file__).parent / "boxes/branch.yaml"

pytestmark = pytest.mark.unit


def test_the_form_has_every_key_with_unit_range_default_and_both_languages() -> None:
    form = msgspec.json.decode(msgspec.json.encode(described(tree(Branch))))
    spans = form["fields"]["spans"]
    assert (spans["is"], spans["key"], spans["item"]["tag"]) == ("rows", "name", "driver")
    tail = spans["item"]["kinds"]["cesopsn"]["fields"]["echo_tail_ms"]
    assert (tail["range"], tail["unit"], tail["optional"]) == ("0…128", "ms", True)
    assert all(tail["reason"])
    assert spans["item"]["kinds"]["cesopsn"]["fields"]["side"]["words"] == ["network", "user"]
    assert form["fields"]["box"]["default"] is None


def test_a_file_comes_back_as_it_was_read() -> None:
    found = opened(FILE.read_text())
    assert found.faults == ()
    told = checked(found.data)
    assert (told.faults, told.variables) == ((), 0)
    assert opened(told.text).data == found.data


def test_each_mistake_says_where_it_is_to_be_mended() -> None:
    data = opened(FILE.read_text()).data
    del data["sip"]["domain"], data["box"]
    data["spans"][0] |= {"echo_tail_ms": "400", "d_chanel": "16"}
    del data["spans"][0]["local"]
    faults = {fault.path: fault.sentence for fault in checked(data).faults}
    assert faults[("spans", 0, "echo_tail_ms")] == "400 is out of range: 0 to 128"
    assert "did you mean 'd_channel'" in faults[("spans", 0, "d_chanel")]
    assert {("box",), ("sip", "domain"), ("spans", 0, "local")} <= set(faults)


def test_a_variable_is_not_checked_and_not_missed() -> None:
    data = opened(FILE.read_text()).data
    data |= {"box": "${box}", "name": "Branch ${name}"}
    data["route"]["timeout_ms"] = "${timeout}"
    told = checked(data)
    assert (told.faults, told.variables) == ((), 3)
    assert opened(told.text).data == data


@pytest.mark.parametrize(("text", "line"), [("role: [branch", 1), ("a: b\n- c", 2)])
def test_a_text_that_is_no_configuration_is_told_with_its_line(text: str, line: int) -> None:
    (fault,) = opened(text).faults
    assert (fault.line, bool(fault.sentence)) == (line, True)

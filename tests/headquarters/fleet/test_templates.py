# SPDX-License-Identifier: GPL-2.0-only
"""A central administrator writes one template and a table; each branch gets its own file, or hears why not."""

from pathlib import Path

import pytest

from appliance.config.errors import ConfigurationError
from appliance.config.files import load_role
from appliance.config.headquarters import Headquarters
from appliance.headquarters.fleet.groups import Groups, UnknownTargetError, rendered
from tests.headquarters.fleet import network
from tests.headquarters.site import Site

pytestmark = [pytest.mark.unit, pytest.mark.timeout(20)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Site(tmp_path)
    network.write(tmp_path, range(1, 4))
    return tmp_path


def _groups(folder: Path) -> Groups:
    file = folder / "headquarters.yaml"
    fleet = load_role(file, Headquarters).fleet
    assert fleet is not None
    return Groups(file, fleet)


def _refused(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        rendered(_groups(folder).targeted("all"))
    return [f"{one.file.name}:{one.line}: {one.sentence}" for one in refused.value.mistakes]


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_each_box_says_its_own_its_group_s_else_everybody_s(folder: Path) -> None:
    _change(folder / "small.csv", "Branch 2,127.0.0.1,,", "总行营业部,127.0.0.2,128,750")
    first, second, _ = rendered(_groups(folder).targeted("small"))
    assert "echo_tail_ms: 64" in first.text
    assert "timeout_ms: 500" in first.text
    assert 'name: "总行营业部"' in second.text
    assert "echo_tail_ms: 128" in second.text
    assert "timeout_ms: 750" in second.text
    assert "- number: 8001" in second.text
    assert first.fingerprint != second.fingerprint


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFK4gfGyvqfW8HnuQnDp9Zxxcc3cVDvHqAqsE3fMd3dB wang@laptop"


def test_who_may_log_in_comes_from_headquarters_as_every_key_does(folder: Path) -> None:
    users = '  users: [{name: wang, role: administrator, keys: ["${admin_key}"]}]\n'
    template = folder / "small.yaml"
    template.write_text(f"{template.read_text()}management:\n  ssh: {{sources: [10.0.0.0/8]}}\n{users}")
    _change(folder / "headquarters.yaml", "variables: {tail: 64}", f'variables: {{tail: 64, admin_key: "{KEY}"}}')
    assert KEY in rendered(_groups(folder).targeted("BR-00001"))[0].text
    _change(folder / "headquarters.yaml", KEY, KEY.replace("d3dB", "d3"))
    assert "the ssh-ed25519 key is not base64, it was cut or broken" in _refused(folder)[0]


def test_a_variable_that_says_nothing_leaves_its_key_out(folder: Path) -> None:
    _change(folder / "headquarters.yaml", "variables: {tail: 64}", 'variables: {tail: ""}')
    assert "echo_tail_ms" not in rendered(_groups(folder).targeted("BR-00001"))[0].text


def test_a_wrong_value_is_told_with_its_box_and_its_line_of_the_table(folder: Path) -> None:
    _change(folder / "small.csv", "Branch 2,127.0.0.1,,", "Branch 2,127.0.0.1,640,")
    assert _refused(folder) == ["small.csv:3: box BR-00002: 640 is out of range: 0 to 128"]


def test_a_wrong_value_of_the_group_is_told_once_a_box_with_headquarters_file(folder: Path) -> None:
    _change(folder / "headquarters.yaml", "timeout: 500", "timeout: soon")
    assert _refused(folder)[0] == "headquarters.yaml:0: box BR-00001: 'soon' is not a whole number"
    assert len(_refused(folder)) == 3


def test_a_key_that_no_branch_has_is_told_with_the_nearest(folder: Path) -> None:
    _change(folder / "small.yaml", "timeout_ms:", "timeout:")
    assert _refused(folder)[0].startswith("small.yaml:16: box BR-00001: key 'timeout' is unknown here; did you mean")


def test_a_variable_that_nobody_gives_is_told_with_the_nearest(folder: Path) -> None:
    _change(folder / "small.yaml", "${timeout}", "${time_out}")
    wanted = "small.yaml:16: variable 'time_out' is not given for box BR-00001; did you mean 'timeout'?"
    assert _refused(folder)[0] == wanted


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("box,name", "serial,name", "small.csv:1: no column 'box'"),
        ("BR-00003", "BR-00001", "small.csv:4: box BR-00001 is in group small already"),
        ("BR-00003", "br-3", "small.csv:4: 'br-3' is no box"),
        ("Branch 3,127.0.0.1,,", "Branch 3", "small.csv:4: 2 cells in a line, 5 columns"),
    ],
)
def test_a_table_with_a_mistake_is_told_with_its_line(folder: Path, old: str, new: str, sentence: str) -> None:
    _change(folder / "small.csv", old, new)
    assert _refused(folder)[0].startswith(sentence)


def test_a_table_saved_by_a_spreadsheet_in_another_coding_says_how_to_save_it(folder: Path) -> None:
    file = folder / "small.csv"
    file.write_bytes(file.read_text().replace("Branch 1", "支行").encode("gbk"))
    assert _refused(folder) == ["small.csv:0: is not UTF-8; save the table as CSV UTF-8"]


def test_a_target_that_is_none_is_told_with_the_nearest(folder: Path) -> None:
    with pytest.raises(UnknownTargetError, match="did you mean 'small'"):
        _groups(folder).targeted("smal")
    with pytest.raises(UnknownTargetError, match="did you mean 'BR-00003'"):
        _groups(folder).targeted("BR-00004")


def test_why_a_value_is_so(folder: Path) -> None:
    (member,) = _groups(folder).targeted("BR-00002")
    origins = member.template.origins(member.box, member.variables)
    name, tail, driver = (origins[keys] for keys in (("name",), ("spans", 0, "echo_tail_ms"), ("spans", 0, "driver")))
    assert (name.file.name, name.line, name.variable) == ("small.csv", 3, "name")
    assert (tail.file.name, tail.variable, tail.where) == (
        "headquarters.yaml",
        "tail",
        "fleet groups small variables tail",
    )
    assert (driver.file.name, driver.line, driver.variable) == ("small.yaml", 9, "")

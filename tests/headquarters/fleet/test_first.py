# SPDX-License-Identifier: GPL-2.0-only
"""A box's first configuration: its own file, else what its group's template says of it."""

from pathlib import Path

import pytest

from appliance.config import ConfigurationError, Headquarters
from appliance.config.files import load_role
from appliance.processes.enrolment import _first

_HEADQUARTERS = """\
role: headquarters
box: HQ-0001
server: {listen: 127.0.0.1:4222, secret: nats}
web: {listen: 127.0.0.1:8095}
call_types: []
scripts: .
skill_groups: []
agents: []
fleet: {groups: [{name: small, template: small.yaml, boxes: small.csv}]}
"""
_TEMPLATE = """\
role: branch
box: ${box}
name: ${name}
headquarters: {server: 127.0.0.1:4222, credentials: credentials}
spans: [{name: unused, driver: cesopsn, local: 127.0.0.1:9101, remote: 127.0.0.1:9001}]
sip: {listen: 127.0.0.1:5070, proxy: 127.0.0.1:5060, domain: branch.test}
extensions: []
prompts: {directories: [/usr/share/branchline/prompts]}
"""


def test_a_new_box_gets_its_own_file_or_what_its_group_s_template_says(tmp_path: Path) -> None:
    file = tmp_path / "headquarters.yaml"
    file.write_text(_HEADQUARTERS)
    (tmp_path / "small.yaml").write_text(_TEMPLATE)
    (tmp_path / "small.csv").write_text("box,name\nBR-0001,Nanjing Road\nBR-0002,\n")
    config = load_role(file, Headquarters)
    told = _first(config, file, "BR-0001")
    assert told is not None
    assert "Nanjing Road" in told
    assert "credentials: credentials" in told, "the folder is at the box, not here, and that is no mistake"
    assert _first(config, file, "BR-0009") is None
    with pytest.raises(ConfigurationError, match="BR-0002"):
        _first(config, file, "BR-0002")
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "BR-0001.yaml").write_text("its own")
    assert _first(config, file, "BR-0001") == "its own"

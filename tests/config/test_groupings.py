# SPDX-License-Identifier: GPL-2.0-only
"""Services, teams and sites: who is in which, and what their file is refused for."""

from pathlib import Path

import pytest

from appliance.config import ConfigurationError, Headquarters
from appliance.config.files import load_role

pytestmark = pytest.mark.unit

GROUPS = """\
services:
  - {name: cards, call_types: [card, loans]}
teams:
  - {name: early, agents: [1001]}
  - {name: late, agents: [1002]}
sites:
  - {name: Shanghai, boxes: [BR-0001]}
"""


def configured(folder: Path, text: str = GROUPS) -> Path:
    """Headquarters' file with two call types and two agents at two boxes."""
    folder.mkdir()
    (folder / "scripts").mkdir()
    (folder / "scripts" / "gone.yaml").write_text("start: gone\nnodes: {gone: {do: release, cause: 16}}\n")
    secret = folder / "secret"
    secret.write_text("a-secret-of-the-message-server\n")
    secret.chmod(0o600)
    file = folder / "headquarters.yaml"
    file.write_text(
        f"""role: headquarters
box: HQ-0001
server: {{listen: 127.0.0.1:4222, secret: {secret}}}
web: {{listen: 127.0.0.1:8095}}
call_types:
  - {{name: card, dnis: [1], script: gone}}
  - {{name: loans, dnis: [2], script: gone}}
scripts: scripts
skill_groups: []
agents:
  - {{id: 1001, name: Li Na, box: BR-0001, extension: 8001}}
  - {{id: 1002, name: Wang Wei, box: BR-0002, extension: 8001}}
{text}"""
    )
    return file


def test_each_member_knows_its_group(tmp_path: Path) -> None:
    groups = load_role(configured(tmp_path / "hq"), Headquarters).groups()
    assert groups.service == {"card": "cards", "loans": "cards"}
    assert groups.team == {"1001": "early", "1002": "late"}
    assert groups.site == {"1001": "Shanghai"}


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("[card, loans]", "[card, loan]", "call type 'loan' is unknown; did you mean 'loans'?"),
        ("[1002]", "[1001]", "agent '1001' is in 'early' already"),
        ("name: late", "name: early", "team 'early' is there twice"),
        ("[BR-0001]", "[BR-0003]", "box 'BR-0003' is unknown; did you mean 'BR-0002'?"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_role(configured(tmp_path / "hq", GROUPS.replace(before, after)), Headquarters)
    assert sentence in str(caught.value)

# SPDX-License-Identifier: GPL-2.0-only
"""Two headquarters and a voter: what their files say, and what they are refused for."""

from pathlib import Path

import pytest

from appliance.config import Branch, ConfigurationError, Headquarters, Voter, load
from appliance.config.files import listeners
from appliance.headquarters import server

SITE = Path(__file__).parent / "boxes"
VOTER = """\
role: voter
box: HQ-0003
server: {listen: 10.0.0.3:4222, secret: nats}
duplex: {listen: 10.0.0.3:6222, others: [10.0.0.1:6222, 10.0.0.2:6222]}
"""

pytestmark = pytest.mark.unit


def written(folder: Path, text: str) -> Path:
    (folder / "nats").write_text("a b/c")
    (folder / "nats").chmod(0o600)
    (folder / "box.yaml").write_text(text)
    return folder / "box.yaml"


def mistakes(path: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    return [f"{m.line}: {m.sentence}" for m in caught.value.mistakes]


def test_a_voter_has_a_message_server_that_meets_two_others(tmp_path: Path) -> None:
    box = load(written(tmp_path, VOTER))
    assert isinstance(box, Voter)
    assert [listener.endpoint.port for listener in listeners(box)] == [4222, 6222]
    command = server.prepare(box, tmp_path)
    text = Path(command[-1]).read_text()
    assert 'routes: ["nats://server:a%20b%2Fc@10.0.0.1:6222", "nats://server:a%20b%2Fc@10.0.0.2:6222"]' in text
    assert "sync_interval: always" in text


def test_a_headquarters_alone_has_no_jetstream(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/welcome.yaml").write_text("")
    (tmp_path / "secrets").mkdir()
    box = load(written(tmp_path, (SITE / "headquarters.yaml").read_text()))
    assert isinstance(box, Headquarters)
    assert box.duplex is None
    text = Path(server.prepare(box, tmp_path)[-1]).read_text()
    assert "jetstream" not in text
    assert "cluster" not in text


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (", 10.0.0.2:6222]", "]", "4: the two other boxes' addresses are needed"),
        ("10.0.0.2:6222]", "10.0.0.1:6222]", "4: the two other boxes' addresses are needed"),
        ("10.0.0.2:6222]", "10.0.0.3:6222]", "4: the two other boxes' addresses are needed"),
        ("10.0.0.3:6222, o", "10.0.0.3:4222, o", "4: port 4222 is already taken by the message server"),
        ("duplex", "duplx", "4: key 'duplx' is unknown here; did you mean 'duplex'?"),
        ("others", "other", "4: key 'other' is unknown here; did you mean 'others'?"),
    ],
)
def test_a_voter_with_one_mistake_is_refused(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in VOTER
    found = mistakes(written(tmp_path, VOTER.replace(before, after, 1)))
    assert any(one.startswith(told) for one in found), found


def test_a_duplex_makes_no_token_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, VOTER)
    (tmp_path / "nats").unlink()
    (told,) = mistakes(path)
    assert told.startswith("3: secret file")
    assert told.endswith("all three boxes have the same one, copy it from one of them")


def test_a_branch_names_one_message_server_or_several(tmp_path: Path) -> None:
    text = (SITE / "branch.yaml").read_text().replace("/usr/share/asterisk/sounds/en_US_f_Allison", ".")
    text = text.replace("secrets/8001", "nats")
    one = load(written(tmp_path, text))
    assert isinstance(one, Branch)
    assert [str(server) for server in one.headquarters.server] == ["127.0.0.1:4222"]
    several = load(written(tmp_path, text.replace("127.0.0.1:4222", "[10.0.0.1:4222, 10.0.0.2:4222]")))
    assert isinstance(several, Branch)
    assert [str(server) for server in several.headquarters.server] == ["10.0.0.1:4222", "10.0.0.2:4222"]
    assert mistakes(written(tmp_path, text.replace("127.0.0.1:4222", "[]"))) == [
        "5: no message server: headquarters could not be reached"
    ]
    (told,) = mistakes(written(tmp_path, text.replace("127.0.0.1:4222", "headquarters")))
    assert told == "5: 'headquarters' is not an address and port such as 127.0.0.1:5060"

# SPDX-License-Identifier: GPL-2.0-only
"""An administrator claims and revokes boxes at headquarters; a technician types a code at a new one."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.cli.grammar.syntax import Role
from appliance.cli.session import Session
from appliance.cli.shell import Shell
from appliance.headquarters.fleet import claims
from appliance.headquarters.fleet.authority import Authority
from appliance.headquarters.fleet.identities import Given, Identities, path_of
from appliance.uplink.enrolling.claim import Claim, for_box, read_claim

_HEADQUARTERS = """\
role: headquarters
box: HQ-0001
server: {listen: 127.0.0.1:4222, secret: nats}
web: {listen: 127.0.0.1:8095}
enrolment: {listen: 127.0.0.1:8443, credentials: hq}
call_types: []
scripts: .
skill_groups: []
agents: []
"""


def typed(folder: Path, words: Sequence[str], *, chinese: bool = False) -> int:
    """As an administrator."""
    session = Session(folder / "box.yaml", folder, Role.ADMINISTRATOR, chinese=chinese)
    return Shell(session).run_words(words)


def test_a_box_is_claimed_shown_and_revoked_in_two_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "box.yaml").write_text(_HEADQUARTERS)
    Authority(tmp_path / "hq")
    file = tmp_path / "branchline-claim.toml"
    assert typed(tmp_path, ["claim", "add", "SN-1", "name", "Nanjing", "file", str(file)]) == 0
    box, code = capsys.readouterr().out.split()[:2]
    assert (box, len(code)) == ("BR-0001", 23)
    assert code.encode() not in (tmp_path / "identities.db").read_bytes(), "headquarters keeps the hash"
    assert read_claim(file) == Claim(code=code, ca=(tmp_path / "hq/ca.pem").read_text(), serial="SN-1")
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(for_box([file], "SN-2")) == [], "another box leaves it"
    capsys.readouterr()
    identities = Identities(path_of(tmp_path))
    claim = identities.claim_of("BR-0001")
    assert claim is not None
    assert claims.same(claim.hash, claims.hashed("SN-1", code))
    assert not claims.same(claim.hash, claims.hashed("SN-2", code))

    identities.enrolled(Given("a1", "BR-0001", b"key", b"", 4_000_000_000), claim, "box BR-0001")
    assert typed(tmp_path, ["claim", "list"]) == 0
    table = capsys.readouterr().out
    assert table.splitlines()[1].split()[:4] == ["BR-0001", "SN-1", "Nanjing", "enrolled"], table
    assert typed(tmp_path, ["box", "revoke", "BR-0001", "reason", "stolen"]) == 0
    assert typed(tmp_path, ["box", "revoke", "BR-0009"]) == 1
    assert typed(tmp_path, ["claim", "list"], chinese=True) == 0
    told = capsys.readouterr()
    assert "no box BR-0009 is known" in told.err
    assert "已吊销" in told.out
    assert typed(tmp_path, ["claim", "audit"]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert "claim added for serial number SN-1" in first
    assert last.endswith(": stolen")


def test_another_machine_takes_a_revoked_box_s_place_and_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "box.yaml").write_text(_HEADQUARTERS)
    Authority(tmp_path / "hq")
    for serial in ("SN-1", "SN-2"):
        typed(tmp_path, ["claim", "add", serial])
    capsys.readouterr()
    assert typed(tmp_path, ["claim", "add", "SN-3", "box", "BR-0001"]) == 1
    assert "`box revoke BR-0001` first" in capsys.readouterr().err
    typed(tmp_path, ["box", "revoke", "BR-0001"])
    assert typed(tmp_path, ["claim", "add", "SN-3", "box", "BR-0001"]) == 0
    assert [(one.box, one.serial) for one in Identities(path_of(tmp_path)).boxes()] == [
        ("BR-0001", "SN-3"),
        ("BR-0002", "SN-2"),
    ]


def test_a_code_is_typed_at_a_new_box_and_at_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "nats"
    secret.touch(0o600)
    secret.write_text("factory\n")
    text = (Path(__file__).parents[2] / "tests/cli/new_box.yaml").read_text()
    (tmp_path / "box.yaml").write_text(text)
    code = "7Q2MX-0ZK4D-9F3TB-HW6NA"
    assert typed(tmp_path, ["enrol", code, "at", "https://hq.example/x"]) == 1
    assert "is no address of an enrolment door" in capsys.readouterr().err
    assert typed(tmp_path, ["enrol", code, "at", "https://hq.example"]) == 0
    assert read_claim(tmp_path / "claim.toml") == Claim(code=code, url="https://hq.example")
    assert (tmp_path / "claim.toml").stat().st_mode & 0o777 == 0o600
    assert Session(tmp_path / "box.yaml", tmp_path, Role.VIEWER, chinese=False).unconfigured, (
        "whoever logs in is told so"
    )
    (tmp_path / "box.yaml").write_text(text.replace(", discover: yes", ""))
    assert not Session(tmp_path / "box.yaml", tmp_path, Role.VIEWER, chinese=False).unconfigured
    assert typed(tmp_path, ["enrol", code]) == 1
    assert "has a configuration of its own" in capsys.readouterr().err

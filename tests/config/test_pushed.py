# SPDX-License-Identifier: GPL-2.0-only
"""Names of secret files that come from headquarters, and which keys of a branch name secrets at all."""

from pathlib import Path

import pytest

from appliance.config import Branch, ConfigurationError, load
from appliance.config.branch import check
from appliance.config.document import compose
from appliance.config.files import load_elsewhere
from appliance.config.pushed import is_pushed, may_be_pushed, names, names_in, plain, pushed, secret_keys
from appliance.config.secrets import coming

pytestmark = pytest.mark.unit
DIGEST = "0123456789abcdef"
BRANCH = """\
role: branch
box: BR-0001
name: Nanjing Road
headquarters: {server: 127.0.0.1:4222, secret: secrets/nats}
spans: [{name: telco, driver: cesopsn, local: 127.0.0.1:9101, remote: 127.0.0.1:9001}]
sip: {listen: 127.0.0.1:5070, proxy: 127.0.0.1:5060, domain: branch.test}
extensions:
  - {number: 8001, name: Desk, secret: secrets/8001}
  - {number: 8002, name: Hall, secret: secrets/8002}
peers: [{box: BR-0002, proxy: 10.0.0.2:5060, domain: other.test, secret: secrets/BR-0002}]
prompts: {directories: [.]}
diagnostics: {snmp: {listen: 127.0.0.1:1161, user: noc, authentication: secrets/snmp, privacy: secrets/snmp.key}}
"""
FILES = {"8001": "one", "8002": "two", "BR-0002": "three", "snmp": "of eight and more", "snmp.key": "likewise long"}


def test_every_secret_that_a_branch_reads_is_among_the_keys(tmp_path: Path) -> None:
    file = tmp_path / "branch.yaml"
    box = load_elsewhere(file, compose(file, BRANCH))
    assert isinstance(box, Branch)
    missed = {fault.keys for fault in check(box) if fault.here and "secret file" in fault.sentence}
    assert missed | {("headquarters", "secret")} == set(secret_keys(box))


def test_a_configuration_is_read_as_if_what_is_on_its_way_were_there(tmp_path: Path) -> None:
    file = tmp_path / "branch.yaml"
    arriving = {tmp_path / "secrets" / name: value for name, value in FILES.items()}
    with coming(arriving):
        assert load(file, text=BRANCH).box == "BR-0001"
    with coming({**arriving, tmp_path / "secrets" / "snmp": "short"}), pytest.raises(ConfigurationError) as refused:
        load(file, text=BRANCH)
    assert "has 5 characters; SNMP takes 8 or more" in str(refused.value)
    with pytest.raises(ConfigurationError, match="5 mistakes"):
        load(file, text=BRANCH)


def test_a_name_says_whose_file_it_is() -> None:
    name = pushed("secrets/8001", DIGEST)
    assert is_pushed(name)
    assert not may_be_pushed(name)
    assert may_be_pushed(plain(name))
    assert names_in(f"a: {name}\nb: [{pushed('secrets/deep/snmp.key', DIGEST)}]\nc: secrets/8001\n") == {
        name,
        f"secrets/deep/snmp.key.pushed-{DIGEST}",
    }
    assert names(f"secret: {name}\n", name)
    assert not names(f"secret: {name}\n", "secrets/8001")
    assert names('{secret: "secrets/8001"}', "secrets/8001")


@pytest.mark.parametrize(
    "name",
    ["8001", "/secrets/8001", "secrets", "secrets/", "secrets/../x", "secrets/.lock", "x/secrets/8001", "secrets/a b"],
)
def test_files_of_other_places_are_not_headquarters_to_give(name: str) -> None:
    assert not may_be_pushed(name)
    assert not is_pushed(pushed(name, DIGEST))
    assert not names_in(f"secret: {pushed(name, DIGEST)}\n")

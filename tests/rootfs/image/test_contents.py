# SPDX-License-Identifier: GPL-2.0-only
"""What goes into the image of Python's packages and Debian's archives, and what its firewall opens."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from appliance.config import load
from appliance.config.branch import Branch
from appliance.config.diagnostics import Diagnostics
from appliance.config.management import Management, Ssh
from appliance.config.scalars import Endpoint, Prefix
from appliance.processes import firewall
from rootfs.image import tree
from rootfs.image.roots import sources
from rootfs.image.wheels import BUILDERS, wanted
from rootfs.setup.environment import LOCK
from rootfs.setup.paths import ROOT

pytestmark = pytest.mark.unit
LOCKED = """\
asked==1.0 \\
    --hash=sha256:00
    # via branchline (pyproject.toml)
deeper==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:01
    # via
    #   asked
    #   tested
deeper==3.0 ; sys_platform != 'win32' \\
    --hash=sha256:02
    --hash=sha256:03
    # via
    #   asked
    #   tested
tested==4.0 \\
    --hash=sha256:04
    # via branchline (pyproject.toml:test)
"""


def test_the_image_has_what_the_appliance_asks_for_and_no_more() -> None:
    assert re.findall(r"^(\S+)|hash=sha256:(\d+)", wanted(LOCKED), re.MULTILINE) == [
        ("asked==1.0", ""),
        ("", "00"),
        ("deeper==3.0", ""),
        ("", "02"),
        ("", "03"),
    ]


def test_every_dependency_of_the_project_is_in_the_image_and_no_test_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {re.split(r"[^\w.-]", line)[0].replace(".", "-") for line in project["project"]["dependencies"]}
    names = set(re.findall(r"^(\S+)==", wanted(LOCK.read_text()), re.MULTILINE))
    assert asked | set(BUILDERS) <= names
    assert names & {"pytest", "mypy", "scipy", "matplotlib", "ruff"} == set()


def test_packages_come_from_the_machine_s_own_mirrors_security_s_too() -> None:
    printed = (
        "'http://mirror/debian/dists/bookworm/InRelease' mirror_InRelease 0\n"
        "'http://mirror/security/dists/bookworm-security/InRelease' security_InRelease 0\n"
        "'http://other/dists/nodistro/InRelease' other 0\n"
    )
    assert sources(printed, "bookworm") == [
        "deb http://mirror/debian trixie main",
        "deb http://mirror/security trixie-security main",
    ]


@pytest.fixture
def factory(tmp_path: Path) -> Branch:
    """The configuration of a box that has none yet, as its first start writes it."""
    text = (tree.OVERLAY / "usr/share/branchline/factory.yaml").read_text()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/nats").touch(mode=0o600)
    (tmp_path / "secrets/nats").write_text("0123")
    file = tmp_path / "branch.yaml"
    file.write_text(text.replace("@SERIAL@", "BL-0123456789AB"))
    box = load(file)
    assert isinstance(box, Branch)
    return box


def test_a_box_as_it_came_from_the_factory_opens_nothing(factory: Branch) -> None:
    assert "add" not in firewall.rules(factory)


def test_phones_of_a_lan_find_sip_and_rtp_open_and_nothing_else(factory: Branch) -> None:
    replace = msgspec.structs.replace
    sip, engine = (
        replace(factory.sip, proxy=Endpoint("192.0.2.1", 5060)),
        replace(factory.engine, rtp_address="192.0.2.1"),
    )
    assert firewall.rules(replace(factory, sip=sip, engine=engine)).splitlines() == [
        "flush set inet branchline tcp_open",
        "add element inet branchline tcp_open { 5060 }",
        "flush set inet branchline udp_open",
        "add element inet branchline udp_open { 5060, 20000-20511 }",
        "flush chain inet branchline ssh",
        "flush chain inet branchline metrics",
    ]


def test_ssh_is_open_to_its_sources_alone_at_a_person_s_pace(factory: Branch) -> None:
    ssh = Ssh(listen=Endpoint("10.0.0.5", 2222), sources=tuple(map(Prefix.parse, ("10.0.0.0/8", "10.1.0.0/16"))))
    rules = firewall.rules(msgspec.structs.replace(factory, management=Management(ssh=ssh))).splitlines()
    new = "add rule inet branchline ssh ip saddr { 10.0.0.0/8 } ip daddr 10.0.0.5 tcp dport 2222"
    assert rules[-4:-1] == [
        "flush chain inet branchline ssh",
        f"{new} update @ssh_pace {{ ip saddr limit rate over 12/minute burst 12 packets }} drop",
        f"{new} accept",
    ]
    assert not [rule for rule in rules[:-4] if "2222" in rule]


def test_metrics_are_open_to_their_sources_alone(factory: Branch) -> None:
    told = Diagnostics(Endpoint("0.0.0.0", 9464), (Prefix.parse("10.1.0.7"), Prefix.parse("10.2.0.0/16")))  # noqa: S104
    rules = firewall.rules(msgspec.structs.replace(factory, diagnostics=told)).splitlines()
    assert rules[-1] == ("add rule inet branchline metrics ip saddr { 10.1.0.7/32, 10.2.0.0/16 } tcp dport 9464 accept")
    assert not [rule for rule in rules[:-1] if "9464" in rule]
    inside = Diagnostics(Endpoint("127.0.0.1", 9464))
    assert "9464" not in firewall.rules(msgspec.structs.replace(factory, diagnostics=inside))

# SPDX-License-Identifier: GPL-2.0-only
"""The image's own files, without building it: units, what they start, who may come in."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.cli.grammar import manual
from appliance.config import EXIT_STATUS
from appliance.config.management import ACCOUNTS
from appliance.processes import access
from appliance.supervisor import health
from rootfs.image import compose, tree
from rootfs.setup.debian import wanted
from rootfs.setup.paths import PACKAGES, ROOT
from tests.image import sandbox

pytestmark = pytest.mark.unit
UNITS = tree.OVERLAY / "usr/lib/systemd/system"
PRESET = tree.OVERLAY / "usr/lib/systemd/system-preset/00-branchline.preset"
DEBIANS = {"systemd-tmpfiles": "systemd-sysv", "systemctl": "systemd-sysv"}
LISTS = sorted(PACKAGES.glob("image*.list"))


def _units() -> list[Path]:
    return sorted(path for path in UNITS.iterdir() if path.suffix in (".service", ".path", ".timer", ".mount"))


def _exists(program: str, arguments: list[str]) -> bool:
    """Whether a unit's program is in the image: of the overlay, a module of this tree, or of a package that it has."""
    if program == f"{tree.HOME}/build/venv/bin/python":
        module = arguments[arguments.index("-m") + 1].replace(".", "/")
        return (ROOT / f"{module}.py").exists() or (ROOT / module / "__main__.py").exists()
    own = tree.OVERLAY / program.lstrip("/")
    return (own.exists() and bool(own.stat().st_mode & 0o100)) or Path(program).name in DEBIANS


@pytest.mark.parametrize("unit", _units(), ids=lambda path: path.name)
def test_what_a_unit_starts_is_in_the_image(unit: Path) -> None:
    for line in re.findall(r"^Exec\w+=[-+!@:]*(.*)$", unit.read_text(), re.MULTILINE):
        program, *arguments = line.split()
        assert _exists(program, arguments), f"{unit.name}: {line}"


@pytest.mark.parametrize("unit", _units(), ids=lambda path: path.name)
def test_systemd_finds_no_mistake_in_a_unit(unit: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    told = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False).stderr
    mistakes = [line for line in told.splitlines() if unit.name in line and not _of_the_image(line)]
    assert mistakes == []


def _of_the_image(line: str) -> bool:
    """A program, a unit, a user, or a key of systemd 257 that only the image has."""
    return bool(re.search(r"not executable|not found|Failed to (?:add|create|prepare)|WantsMountsFor", line))


def test_nothing_starts_but_what_the_preset_names() -> None:
    rules = [line.split() for line in PRESET.read_text().splitlines() if line and not line.startswith("#")]
    assert rules[-1] == ["disable", "*"]
    enabled = {name for verb, name in rules[:-1] if verb == "enable"}
    installed = {unit.name for unit in _units() if "[Install]" in unit.read_text()}
    assert installed <= enabled
    assert {name for name in enabled if name.startswith("branchline")} <= {unit.name for unit in _units()}


def test_the_appliance_has_no_rights_of_root() -> None:
    unit = (UNITS / "branchline.service").read_text()
    for line in ("User=branchline", "CapabilityBoundingSet=", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        assert f"\n{line}\n" in unit
    assert re.findall(r"^ReadWritePaths=(.*)$", unit, re.MULTILINE) == ["/data/branchline"]


@pytest.mark.parametrize("name", sandbox.BARS)
def test_no_unit_of_ours_reaches_more_than_its_work_needs(name: str) -> None:
    unit = UNITS / f"branchline{name}.service"
    lines = unit.read_text().splitlines()
    assert set(sandbox.LEAST) <= set(lines)
    assert [line for line in lines if line.startswith("SystemCallFilter=@system-service")]
    closed = "InaccessiblePaths=-/tmp -/var/tmp" if name in sandbox.EARLY else "PrivateTmp=yes"
    assert closed in lines
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    analyse = ["systemd-analyze", "--no-pager", "security", "--offline=true", str(unit)]
    told = subprocess.run(analyse, capture_output=True, text=True, check=True).stdout
    assert [one for one in sandbox.too_open(told) if f"branchline{name}." in one] == []


def test_every_service_of_ours_has_its_bar() -> None:
    services = {path.stem.removeprefix("branchline") for path in UNITS.glob("branchline*.service")}
    assert services == set(sandbox.BARS)


def test_a_unit_above_its_bar_or_without_one_is_told() -> None:
    good = "".join(f"branchline{name}.service {bar} OK\n" for name, bar in sandbox.BARS.items())
    assert list(sandbox.too_open(good)) == []
    worse = good.replace("branchline-data.service 2.5", "branchline-data.service 9.5") + "branchline-new.service 1.0 OK"
    assert list(sandbox.too_open(worse)) == [
        "branchline-data.service: 9.5, bar 2.5",
        "branchline-new.service: 1.0, bar None",
    ]


def test_what_runs_before_var_waits_for_nothing_that_waits_for_it() -> None:
    for name in sandbox.EARLY:
        unit = (UNITS / f"branchline{name}.service").read_text()
        assert "PrivateTmp" not in unit  # it would order the unit after /var/tmp
        assert "ReadWritePaths=/data\n" in unit


def test_the_watchdogs_are_asked_for_and_five_starts_that_fail_start_the_machine() -> None:
    """Those of all patience too: until ready, until a child is missed, until systemd misses us, until we are ended."""
    unit = _keys((UNITS / "branchline.service").read_text())
    system = _keys((tree.OVERLAY / "etc/systemd/system.conf.d/branchline.conf").read_text())
    assert 0 < _seconds(unit["WatchdogSec"]) <= 60
    assert 0 < _seconds(system["RuntimeWatchdogSec"]) <= 300
    assert (unit["Restart"], unit["StartLimitAction"]) == ("always", "reboot")
    assert unit["RestartPreventExitStatus"] == str(EXIT_STATUS)
    waits = (unit["TimeoutStartSec"], unit["WatchdogSec"], system["DefaultTimeoutStopSec"], unit["RestartSec"])
    worst_s = health.PATIENCE_S + sum(map(_seconds, waits)) + _seconds(unit["WatchdogSec"]) / 3
    assert int(unit["StartLimitBurst"]) * worst_s < _seconds(unit["StartLimitIntervalSec"])


def _keys(unit: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))


def _seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)(s|min)", text)
    assert found is not None, text
    return int(found[1]) * {"s": 1, "min": 60}[found[2]]


def test_the_updater_may_start_a_machine_whose_systemd_does_not() -> None:
    unit = (UNITS / "branchline-update.service").read_text()
    rights = set(" ".join(re.findall(r"^(?:CapabilityBoundingSet|SystemCallFilter)=(.*)$", unit, re.MULTILINE)).split())
    assert {"CAP_SYS_BOOT", "@reboot"} <= rights


def _settings(file: str) -> dict[str, str]:
    lines = (tree.OVERLAY / file).read_text().splitlines()
    return dict(re.split(r"[= ]", line, maxsplit=1) for line in lines if re.match(r"[A-Za-z]+[= ]", line))


def _enabled() -> set[str]:
    return {line.split()[1] for line in PRESET.read_text().splitlines() if line.startswith("enable ")}


def test_the_journal_is_kept_and_never_fills_the_disk() -> None:
    journal = _settings("etc/systemd/journald.conf.d/branchline.conf")
    assert journal["Storage"] == "persistent"
    assert {key: int(journal[key].removesuffix("M")) for key in ("SystemMaxUse", "RuntimeMaxUse")} == {
        "SystemMaxUse": 64,
        "RuntimeMaxUse": 16,
    }
    assert journal["MaxRetentionSec"] == "3month"


def test_the_clock_is_chrony_s_with_the_servers_that_the_clock_s_unit_finds() -> None:
    assert "chrony" in wanted(PACKAGES / "image.list")
    assert {"chrony.service", "branchline-clock.service", "branchline-clock.path"} <= _enabled()
    assert "systemd-timesyncd.service" not in _enabled()
    clock = _settings("etc/chrony/chrony.conf")
    assert clock["sourcedir"] == "/run/branchline-time"
    assert "RuntimeDirectory=branchline-time\n" in (UNITS / "branchline-clock.service").read_text()
    assert "into=$run/branchline-time/" in (tree.OVERLAY / "usr/lib/branchline/boot/clock").read_text()
    assert (clock["makestep"], clock["port"]) == ("1 3", "0")  # a clock in 1970 is put right, and nobody is answered
    assert not {"pool", "server", "peer"} & set(clock)


def test_the_manual_s_page_is_in_the_image_and_the_grammar_s(tmp_path: Path) -> None:
    tree.lay(tree.files(tree.MANUAL), ROOT / "docs", tmp_path)
    laid = (tmp_path / "branchline.1").read_text()
    assert laid == manual.manual()
    assert "tree.MANUAL" in Path(compose.__file__).read_text()


def test_ssh_takes_keys_alone_and_the_firewall_is_closed() -> None:
    ssh = (tree.OVERLAY / "etc/ssh/sshd_config.d/branchline.conf").read_text().splitlines()
    only = {
        "PasswordAuthentication no",
        "PermitRootLogin forced-commands-only",
        "DisableForwarding yes",
        "AuthenticationMethods publickey",
    }
    assert only <= set(ssh)
    accounts = next(line.split()[1:] for line in ssh if line.startswith("AllowUsers"))
    assert set(accounts) == {*compose.LOGINS, "root"}
    assert {role: account for account, role in compose.LOGINS.items()} == ACCOUNTS
    assert (tree.OVERLAY / access.LOGIN.lstrip("/")).exists()
    rules = (tree.OVERLAY / "etc/nftables.conf").read_text()
    assert re.findall(r"hook (\w+) .*policy (\w+)", rules) == [("input", "drop"), ("forward", "drop")]
    assert "elements" not in rules
    for chain in ("ssh", "metrics"):
        assert re.search(rf"chain {chain} \{{\s*\}}", rules)
        assert f"\t\tjump {chain}\n" in rules


def test_sshd_reads_what_the_configuration_s_unit_writes_and_runs_only_then() -> None:
    own = (tree.OVERLAY / "etc/ssh/sshd_config.d/branchline.conf").read_text()
    port = f"{access.RUN}/{access.PORT}"
    assert f"Include {port}\n" in own
    assert f"AuthorizedKeysFile {access.KEYS}/%u\n" in own
    assert f"ConditionPathExists={port}\n" in (UNITS / "ssh.service.d/branchline.conf").read_text()
    unit = (UNITS / "branchline-access.service").read_text()
    assert f"RuntimeDirectory={Path(access.RUN).name}\n" in unit
    assert f"ReadWritePaths={Path(access.KEYS).parent}\n" in unit


@pytest.mark.parametrize(
    "script",
    [
        "usr/bin/branchline",
        *(f"usr/lib/branchline/boot/{name}" for name in ("clock", "identity", "slots", "trial-over")),
    ],
)
def test_a_script_is_one_that_debian_s_shell_reads(script: str) -> None:
    subprocess.run(["dash", "-n", tree.OVERLAY / script], check=True)


@pytest.mark.parametrize("file", LISTS, ids=lambda path: path.name)
def test_a_list_names_each_package_once(file: Path) -> None:
    names = wanted(file)
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name)] == []


def test_the_image_has_the_kernel_that_its_drivers_are_built_for() -> None:
    kernels = {name for file in LISTS for name in wanted(file) if name.startswith("linux-image")}
    assert kernels == {"linux-image-amd64"}, "the one for clouds has no watchdog"

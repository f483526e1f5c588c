# SPDX-License-Identifier: GPL-2.0-only
"""Debian packages: what is missing is named, with the command that mends it."""

import io
from pathlib import Path

import pytest

from rootfs.setup import debian
from rootfs.setup.paths import PACKAGES
from rootfs.setup.steps import Progress, SetupError

pytestmark = pytest.mark.unit


def test_list_drops_reasons_and_blank_lines(tmp_path: Path) -> None:
    listed = tmp_path / "debian.list"
    listed.write_text("# head\n\nswig   # binding\nlibpri-dev\n")
    assert debian.wanted(listed) == ["swig", "libpri-dev"]


@pytest.mark.parametrize("listed", sorted(PACKAGES.glob("*.list")), ids=lambda path: path.stem)
def test_every_listed_package_has_a_reason(listed: Path) -> None:
    lines = [line for line in listed.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not line.partition("#")[2].strip()] == []


def test_missing_names_only_what_is_not_installed_in_order() -> None:
    assert debian.missing(["no-such-b", "dpkg", "no-such-a", "apt"]) == ["no-such-b", "no-such-a"]


def test_without_root_and_sudo_the_message_names_packages_and_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(debian, "wanted", lambda _list: ["dpkg", "no-such-a", "no-such-b"])
    monkeypatch.setattr("os.getuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(SetupError) as refused:
        debian.install(Progress("debian", tmp_path / "debian.log", io.StringIO()))
    report = refused.value.report()
    assert "Debian packages missing: no-such-a no-such-b (not root" in report
    assert "apt-get install --no-install-recommends no-such-a no-such-b" in report

# SPDX-License-Identifier: GPL-2.0-only
"""The Python locks: every name of pyproject.toml is pinned with hashes, and both files agree."""

import re
import tomllib
from pathlib import Path

import pytest

from rootfs.setup.environment import BUILD_LOCK, LOCK
from rootfs.setup.paths import ROOT

pytestmark = pytest.mark.unit
PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)[^\n]*\\\n(?:\s+--hash=sha256:[0-9a-f]{64}[ \\]*\n?)+", re.MULTILINE
)


def _pins(lock: Path) -> set[tuple[str, str]]:
    return {(found["name"], found["version"]) for found in PIN.finditer(lock.read_text())}


def _named(requirements: list[str]) -> set[str]:
    """Normalised project names (PEP 503) of requirement lines."""
    return {re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", line)[0]).lower() for line in requirements}


def test_every_requirement_is_pinned_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = _named(project["project"]["dependencies"])
    for group in project["dependency-groups"].values():
        wanted |= _named(group)
    assert wanted - {name for name, _ in _pins(LOCK)} == set(), "run `make lock`"


def test_every_pin_has_a_hash() -> None:
    lines = [line.split("==")[0] for line in LOCK.read_text().splitlines() if re.match(r"[a-z]", line)]
    assert sorted(lines) == sorted(name for name in (found["name"] for found in PIN.finditer(LOCK.read_text())))


def test_both_locks_agree() -> None:
    assert _pins(BUILD_LOCK) <= _pins(LOCK)

# SPDX-License-Identifier: GPL-2.0-only
"""`make soak` itself: it tells each part as it ends, and goes on where it stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import soak

pytestmark = pytest.mark.system

TRIES = "import pathlib, sys; log = pathlib.Path({name!r}); log.open('a').write('x'); sys.exit({status})"


@pytest.fixture
def statuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Exit status of each part, each a program that notes its run in a file of its name."""
    statuses = {soak.LIVE[1]: 0, "computed": 1}
    monkeypatch.chdir(tmp_path)
    soak.FOLDER.mkdir(parents=True)

    def argv(job: str) -> tuple[str, ...]:
        return sys.executable, "-c", TRIES.format(name=Path(job).name, status=statuses[job])

    monkeypatch.setattr(soak, "_argv", argv)
    return statuses


def _runs(job: str) -> int:
    return len(Path(Path(job).name).read_text())


def test_only_what_has_not_passed_is_run_again(statuses: dict[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.Soak("tree", list(statuses)).run() == 1
    assert f"-- failed: computed; {soak.FOLDER / 'computed.log'}" in capsys.readouterr().out
    statuses["computed"] = 0
    assert soak.Soak("tree", list(statuses)).run() == 0
    told = capsys.readouterr().out
    assert "2 parts, 1 passed before" in told
    assert "2 of 2 passed" in told
    assert [_runs(job) for job in statuses] == [1, 2]


def test_another_tree_is_soaked_whole(statuses: dict[str, int]) -> None:
    statuses["computed"] = 0
    assert [soak.Soak(tree, list(statuses)).run() for tree in ("tree", "other", "other")] == [0, 0, 0]
    assert [_runs(job) for job in statuses] == [2, 2]

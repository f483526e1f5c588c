# SPDX-License-Identifier: GPL-2.0-only
"""`make test` itself: what fails beside others is judged again alone, and a fault stays one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import side_by_side

pytestmark = pytest.mark.system

ONCE = """
import pathlib
def test_wrong_once():
    seen = pathlib.Path({seen!r})
    assert seen.exists() or seen.touch()
"""
FAULT = "def test_fault(): assert False\n"
KILLED = "import os\ndef test_killed(): os._exit(1)\n"


@pytest.mark.parametrize(
    ("text", "status", "told"),
    [
        (ONCE, 0, "failed beside others, passed alone: test_all.py::test_wrong_once"),
        (ONCE + FAULT, 1, "failed beside others, judged again alone: test_all.py::test_fault"),
        ("def test_wrong_once(): assert False\n" + KILLED, 1, "-- failed: only"),
        (FAULT + "".join(f"def test_{n}(): assert False\n" for n in range(5)), 1, "-- failed: only"),
    ],
)
def test_what_fails_twice_is_a_fault(
    text: str,
    status: int,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "test_all.py").write_text(text.replace("{seen!r}", repr(str(tmp_path / "seen"))))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(side_by_side, "PARTS", {"only": ()})
    monkeypatch.setattr(side_by_side, "TESTS", Path())
    assert side_by_side.main([]) == status
    assert told in capsys.readouterr().out

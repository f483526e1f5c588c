# SPDX-License-Identifier: GPL-2.0-only
"""A box that goes back to the store: everything of its owner goes, whenever the power does."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.supervisor import erasing
from tests.cli.terminal import Terminal
from tests.cli.test_shell import branch_file

KEPT = {"identity/machine-id", "rauc/slots"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """As the image's partition is laid out."""
    data = tmp_path / "data"
    for name in (*KEPT, "ssh/keys/admin", "var/log/journal", "branchline/branch.yaml", "branchline/recordings/1.wav"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("x")
    (data / "branchline/run").mkdir()
    (data / "branchline/run/segment").symlink_to("/proc/1/fd/3")
    return data


def left(data: Path) -> set[str]:
    return {str(path.relative_to(data)) for path in data.rglob("*") if not path.is_dir()}


@pytest.mark.unit
def test_a_power_cut_at_any_moment_leaves_an_asked_reset_or_a_new_box(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut before each removal, one after the other; what is left is gone on with."""
    state = data / "branchline"
    erasing.ask(state, "wu")

    class CutError(Exception):
        pass

    for cut_after in range(20):
        copy = tmp_path / f"copy{cut_after}"
        shutil.copytree(data, copy, symlinks=True)
        removals = iter(range(cut_after))

        def cut(act: object, *words: object, more: Iterator[int] = removals) -> None:
            if next(more, None) is None:
                raise CutError
            act(*words)  # type: ignore[operator]

        with monkeypatch.context() as now, contextlib.suppress(CutError):
            for name in ("unlink", "rmdir"):
                real = getattr(os, name)
                now.setattr(os, name, lambda path, *a, real=real, **k: cut(lambda: real(path, *a, **k)))
            erasing.erase(copy, copy / "branchline", ("identity", "rauc"))
        assert erasing.asked(copy / "branchline") or left(copy) == KEPT, cut_after
        if erasing.asked(copy / "branchline"):
            erasing.erase(copy, copy / "branchline", ("identity", "rauc"))
        assert left(copy) == KEPT


@pytest.mark.system
@pytest.mark.timeout(30)
def test_it_asks_twice_and_a_wrong_word_changes_nothing(tmp_path: Path) -> None:
    file, state = branch_file(tmp_path), tmp_path / "state"
    state.mkdir()
    terminal = Terminal(
        [sys.executable, "-m", "appliance.cli"],
        BRANCHLINE_CONFIG=str(file),
        BRANCHLINE_STATE=str(state),
        TERM="vt100",
        LANG="C.UTF-8",
    )
    for words in (("BR-0002",), ("BR-0001", "erased"), ("\x03",)):
        terminal.until("BR-0001> ")
        terminal.type("factory-reset\r")
        for asked, word in zip(("serial number, BR-0001:", "once more: type erase"), words, strict=False):
            terminal.until(asked)
            terminal.type(word if word == "\x03" else f"{word}\r")
        assert not erasing.asked(state)
    terminal.until("BR-0001> ")
    terminal.type("factory-reset\r")
    terminal.until("serial number, BR-0001:")
    terminal.type("BR-0001\r")
    terminal.until("once more: type erase")
    terminal.type("erase\r")
    terminal.until("as it left the factory")
    assert terminal.left() == 0
    assert erasing.asked(state)

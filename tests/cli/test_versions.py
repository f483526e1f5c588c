# SPDX-License-Identifier: GPL-2.0-only
"""`script history`, `text` and `diff`: what a script said when a decision went by it."""

from pathlib import Path

import pytest

from appliance.cli.__main__ import main
from appliance.headquarters.reports import store, texts
from appliance.headquarters.reports.writer import Writer

pytestmark = [pytest.mark.unit, pytest.mark.timeout(20)]

FIRST, SECOND = "start: a\nnodes:\n  a: {do: busy}\n", "start: a\nnodes:\n  a: {do: release}\n"


class Files:
    """An administrator's folder, and the record that follows it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "headquarters.yaml").write_text("role: headquarters\n")
        self._writer = Writer(store.open_writer(store.path_of(folder)))

    def hold(self, **scripts: str) -> dict[str, str]:
        """Name → version of what is in force then."""
        for name, text in scripts.items():
            (self._folder / f"{name}.yaml").write_text(text)
        found = texts.written(self._folder / "headquarters.yaml", self._folder, scripts)
        self._writer.texts(found)
        return {one.name: one.version for one in found}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def typed(state: Path, *words: str) -> int:
    return main(["script", *words, "--state", str(state), "--language", "en"])


def test_each_version_is_kept_once_and_the_history_tells_since_when(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = files.hold(card=FIRST)["card"]
    files.hold(card=FIRST)
    second = files.hold(card=SECOND)["card"]
    files.hold(card=FIRST)
    assert typed(tmp_path, "history", "card") == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["since", "name", "version"]
    assert [row.split()[3:] for row in rows] == [[first], [second], [first, "in", "force"]]
    assert [typed(tmp_path, "text", "card", version) for version in (second, first[:4], "")] == [0, 0, 0]
    assert capsys.readouterr().out == SECOND + FIRST + FIRST


def test_a_script_that_is_gone_is_told_so_and_can_still_be_read(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = files.hold(card=FIRST, loan=SECOND)["card"]
    files.hold(loan=SECOND)
    assert typed(tmp_path, "history") == 0
    rows = [row.split()[2:] for row in capsys.readouterr().out.splitlines()[1:]]
    assert ["card", "gone"] in rows
    assert typed(tmp_path, "text", "card", version) == 0
    assert capsys.readouterr().out == FIRST


def test_what_changed_is_told_line_by_line(files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = files.hold(card=FIRST)["card"], files.hold(card=SECOND)["card"]
    assert typed(tmp_path, "diff", "card", old) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"--- card {old}",
        f"+++ card {new}",
        "@@ -1,3 +1,3 @@",
        " start: a",
        " nodes:",
        "-  a: {do: busy}",
        "+  a: {do: release}",
    ]
    assert typed(tmp_path, "diff", "card", new) == 0
    assert "are the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("history", "crad"), "'crad' has no versions here; did you mean 'card'?"),
        (("text", "crad"), "'crad' has no versions here; did you mean 'card'?"),
        (("text", "card", "zzz"), "card has no version 'zzz'"),
    ],
)
def test_an_unknown_name_or_version_is_told_with_the_nearest(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    files.hold(card=FIRST)
    assert typed(tmp_path, *words) == 1
    assert told in capsys.readouterr().err


def test_a_branch_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(tmp_path, "history") == 2
    assert "only headquarters has a record" in capsys.readouterr().err

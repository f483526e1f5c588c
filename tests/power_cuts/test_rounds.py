# SPDX-License-Identifier: GPL-2.0-only
"""The judge of the rounds, with a box that is told what to say: a loss is seen, and rounds go on where they stood."""

from pathlib import Path
from typing import Any

import pytest

from tests.power_cuts import __main__ as rounds
from tests.power_cuts.__main__ import Run
from tests.power_cuts.box import Env, Standing
from tests.power_cuts.looks import Look

pytestmark = pytest.mark.unit


class FakeBox:
    """Always in service; what it is asked for comes true, unless `lost` says how it is instead."""

    def __init__(self, *_: Any, fresh: bool) -> None:
        self.fresh, self.good, self.called, self.lost = fresh, "A", "Not configured", ""

    def off(self) -> Env:
        return Env(self.good, self.good)

    def switch_on(self) -> str:
        return self.good

    def in_service(self) -> None:
        pass

    def settled(self) -> Standing:
        return Standing({"state": "idle"}, self.good, self.good, "")

    def look(self) -> Look:
        return Look(self.good, self.good, "", self.lost or self.called)

    def name(self) -> tuple[str, int]:
        return self.lost or self.called, 1

    def begin_update(self) -> None:
        self.good = "BA"["AB".index(self.good)]

    def until(self, _state: str) -> str:
        return ""

    def chosen(self) -> str:
        return self.good

    def begin_commit(self, name: str) -> int:
        self.called = name
        return 1

    def committed(self, _asked: int, _seconds: float) -> bool:
        return True

    def cut(self) -> None:
        pass


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(rounds, "Box", FakeBox)
    monkeypatch.setattr("tests.power_cuts.__main__.time.sleep", lambda _: None)
    (tmp_path / "image").write_bytes(b"image")
    return Run(tmp_path, tmp_path / "image", tmp_path / "bundles", 1)


def _again(run: Run, image: bytes = b"image") -> Run:
    folder = run._file.parent
    (folder / "image").write_bytes(image)
    return Run(folder, folder / "image", folder / "bundles", 1)


def test_rounds_take_every_moment_and_go_on_where_they_stood(run: Run) -> None:
    assert {run.round(number).moment for number in range(30)} == set(rounds.MOMENTS)
    assert not any(one.wrong for one in [*run.now.rounds, run.last()])
    assert _again(run).now == run.now
    assert _again(run, b"another image").now.rounds == []


def test_a_round_that_is_broken_off_does_not_count(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_box: FakeBox) -> None:
        raise KeyboardInterrupt

    run.round(0)
    monkeypatch.setattr(FakeBox, "off", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.round(1)
    assert len(_again(run).now.rounds) == 1


def _until(run: Run, moment: str) -> Any:
    """Rounds up to one of that moment, which is judged by the next start; the box."""
    number = 0
    while run.round(number).moment != moment:
        number += 1
    return run._box


def test_a_configuration_that_is_lost_is_told(run: Run) -> None:
    _until(run, "commit").lost = "Not configured"
    assert "the configuration is lost: its name is 'Not configured'" in run.last().wrong


def test_a_slot_that_nobody_confirmed_is_told(run: Run) -> None:
    box = _until(run, "commit")
    box.good = "BA"["AB".index(run.now.good)]
    assert "which was never confirmed" in run.last().wrong


def test_a_cut_off_update_may_have_been_confirmed(run: Run) -> None:
    _until(run, "install")
    assert run.last().wrong == ""
    assert run.now.good == "B"

# SPDX-License-Identifier: GPL-2.0-only
"""Steps: run when their inputs changed or their result is gone; a failure shows the log's end and the mend."""

import io
import sys
from pathlib import Path

import pytest

from rootfs.setup import steps
from rootfs.setup.steps import Progress, SetupError, Step, run_steps

pytestmark = pytest.mark.unit


class Bench:
    """One step whose digest and result a test sets; counts its runs."""

    def __init__(self) -> None:
        self.digest = "first"
        self.runs = 0
        self.made = False
        self.out = io.StringIO()

    def run(self) -> None:
        run_steps([Step("thing", lambda: self.digest, lambda: self.made, self._make)], self.out)

    def _make(self, _progress: Progress) -> None:
        self.runs += 1
        self.made = True


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    monkeypatch.setattr(steps, "LOGS", tmp_path / "log")
    monkeypatch.setattr(steps, "STAMPS", tmp_path / "stamps")
    return Bench()


def test_second_run_does_nothing_and_says_nothing(bench: Bench) -> None:
    bench.run()
    said = bench.out.getvalue()
    bench.run()
    assert (bench.runs, bench.out.getvalue()) == (1, said)
    assert said == "[1/1] thing: done in 0 s\n"


def test_changed_inputs_run_the_step_again(bench: Bench) -> None:
    bench.run()
    bench.digest = "second"
    bench.run()
    assert bench.runs == 2


def test_removed_result_runs_the_step_again(bench: Bench) -> None:
    bench.run()
    bench.made = False
    bench.run()
    assert bench.runs == 2


def test_failed_step_is_not_stamped(bench: Bench) -> None:
    def fail(_progress: Progress) -> None:
        raise SetupError("cannot", "mend it")

    step = Step("thing", lambda: "same", lambda: True, fail)
    for _ in range(2):
        with pytest.raises(SetupError):
            run_steps([step], bench.out)


def test_failed_child_reports_last_20_lines_of_its_log_and_the_mend(tmp_path: Path) -> None:
    log = tmp_path / "thing.log"
    progress = Progress("[1/1] thing", log, io.StringIO())
    lines = "for n in range(50): print('line', n)"
    with pytest.raises(SetupError) as failed:
        progress.run("compile", [sys.executable, "-c", f"{lines}\nraise SystemExit(3)"])
    shown = failed.value.report().splitlines()
    assert shown[:20] == [f"  | line {n}" for n in range(30, 50)]
    assert shown[-2:] == ["set-up: compile: status 3", f"mend:   read {log}, then repeat the command"]


def test_missing_program_is_a_sentence_not_a_traceback(tmp_path: Path) -> None:
    progress = Progress("[1/1] thing", tmp_path / "thing.log", io.StringIO())
    with pytest.raises(SetupError, match="no-such-program"):
        progress.run("compile", ["no-such-program"])

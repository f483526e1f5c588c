# SPDX-License-Identifier: GPL-2.0-only
"""What a technician types of a line, against a line worker with its exchange."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from appliance.cli import history, line
from appliance.cli.__main__ import main
from appliance.wire.line_tests import LineStep, Result
from appliance.wire.performance import Figures, Interval, SpanPerformance, Verdict
from tests.line.bench import started
from tests.line.test_nfas import sharing


async def typed(state: Path, *words: str, language: str = "en", config: Path | str = "") -> tuple[int, str, str]:
    """Exit status, stdout, stderr."""
    box = {"BRANCHLINE_STATE": str(state), "BRANCHLINE_CONFIG": str(config)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appliance.cli", *words),
        env={**os.environ, **box, "LC_ALL": f"{language}.UTF-8", "PYTHONIOENCODING": "utf-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.system
def test_a_line_s_page_in_two_languages_its_history_and_a_span_that_is_not_there(tmp_path: Path) -> None:
    async def scene() -> None:
        (tmp_path / "run").mkdir()
        async with started(tmp_path / "run"):
            card = await typed(tmp_path, "line", "test", "span", "1", "--card")
            tested, unknown, unlearned, seen = await asyncio.gather(
                typed(tmp_path, "line", "test", "span", "1", "--seconds", "2", "--timeslots", "5,7-8"),
                typed(tmp_path, "line", "history", "span", "3"),
                typed(tmp_path, "line", "learned", "span", "1"),
                typed(tmp_path, "line", "history", "span", "1", language="zh_CN"),
            )
        status, page, _ = tested
        lines = page.splitlines()
        assert lines[0] == "span 1, 2 s; calls go on"
        assert "pass  signal: a good signal, no alarm" in lines
        assert any(line.startswith("open  loop: a pattern went out on 3 timeslots and none") for line in lines)
        assert (status, lines[-1]) == (0, "PASS")
        assert unknown[0] == 2
        assert "there is no span 3; there is 1" in unknown[2]
        assert card[:2] == (2, "span 1, 60 s; no call meanwhile\n")
        assert "span 1 has no framer that can be looped" in card[2]
        assert unlearned[::2] == (2, "span 1 has no analogue lines that learn\n")
        assert seen[0] == 0
        assert "span 1 · telco" in seen[1]
        assert "误码秒" in seen[1]

    asyncio.run(scene())


@pytest.mark.system
def test_a_span_whose_d_channel_is_another_s_is_looped_and_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def asked(*words: str) -> tuple[int, str, str]:
        status = await asyncio.to_thread(main, ("line", *words, "--state", str(tmp_path), "--language", "en"))
        return (status, *capsys.readouterr())

    async def scene() -> None:
        (tmp_path / "run").mkdir()
        async with sharing(tmp_path / "run"):
            capsys.readouterr()
            status, looped, _ = await asked("loop", "span", "2", "--seconds", "2")
            assert (status, looped.splitlines()[-1]) == (0, "PASS")
            assert "31 timeslots are looped" in looped
            assert "span 2 · two\n" in (await asked("history", "span", "2"))[1]
            status, _, refused = await asked("test", "span", "3")
            assert (status, refused) == (2, "there is no span 3; there is 1, 2\n")

    asyncio.run(scene())


@pytest.mark.system
def test_ctrl_c_ends_a_loop_without_a_traceback_and_gives_its_timeslots_back(tmp_path: Path) -> None:
    async def scene() -> None:
        (tmp_path / "run").mkdir()
        async with started(tmp_path / "run") as bench:
            words = ("line", "loop", "span", "1", "--timeslots", "5", "--state", str(tmp_path))
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "appliance.cli", *words),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            assert process.stdout is not None
            while b"looped" not in (line := await process.stdout.readline()):
                assert line, "it has ended by itself"
            assert bench.engine.open == [5]
            process.send_signal(signal.SIGINT)
            _, said = await process.communicate()
            assert (process.returncode, said) == (130, b"")
            async with asyncio.timeout(5):
                while bench.engine.open:  # noqa: ASYNC110 - the worker's part
                    await asyncio.sleep(0.01)

    asyncio.run(scene())


@pytest.mark.unit
def test_a_terminal_s_lines_break_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    step = LineStep("looped", Result.PASS, "28 timeslots are looped; a call that comes takes its own back", "")
    assert line._step(step, chinese=False).count("\n") == 0
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert line._step(step, chinese=False).splitlines() == [
        "pass  looped: 28 timeslots are looped; a call that comes",
        "      takes its own back",
    ]


@pytest.mark.system
def test_without_a_branch_the_sentence_says_so(tmp_path: Path) -> None:
    status, out, err = asyncio.run(typed(tmp_path, "line", "test", "span", "1"))
    assert (status, out) == (2, "")
    assert "is the branch running?" in err


@pytest.mark.system
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("lien",), "'lien' is unknown; did you mean 'line'?"),
        (("line", "test", "span", "one"), "'one': spans are numbered from 1"),
        (("line", "test", "1"), "argument span: invalid choice: '1' (choose from "),
        (("line", "test", "span", "1", "--seconds", "301"), "'301': 2 to 240"),
        (("line", "loop", "span", "1", "--card"), "--card is of line test, not of line loop"),
        (("line", "test", "span", "1", "--at", "line"), "--at is of line loop, not of line test"),
        (("line", "test", "span", "1", "--timeslots", "4,32"), "'32': a timeslot is 1 to 31"),
    ],
)
def test_what_is_typed_wrong_is_said_with_what_is_right(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    try:
        status = main(words)
    except SystemExit as end:
        status = int(str(end.code))
    assert status == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.system
@pytest.mark.parametrize("word", ["help", "-h", "--help"])
def test_help_is_given(capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert main((word,)) == 0
    assert "trace call <call> [<file>]" in capsys.readouterr().out


@pytest.mark.unit
def test_the_history_s_page_has_what_was_not_clean_and_the_verdict() -> None:
    clean, wrong = (
        Interval(0, Figures(seconds=900)),
        Interval(900, Figures(seconds=880, es=3, bbe=7), clock_s=9, ppm_mean=4.25),
    )
    told = SpanPerformance(
        span=1,
        name="telco",
        quarters=(clean, wrong),
        days=(wrong,),
        verdict=Verdict.HOST,
        sentence="late",
        window_s=300,
    )
    lines = history.page(told, chinese=False).splitlines()
    assert lines[:2] == ["span 1 · telco", "host: late"]
    assert lines[3].split()[2:] == ["3", "0", "0", "7", "0", "0", "880", "4.2"]
    assert lines[4] == "quarters of an hour that were clean: 1 more"
    assert lines[5].split()[:2] == ["1970-01-01", "UTC"]


@pytest.mark.unit
@pytest.mark.parametrize("chinese", [False, True])
def test_the_history_s_columns_stand_below_their_heads_on_80_columns(chinese: bool) -> None:  # noqa: FBT001
    most = Figures(86_400, 86_400, 86_400, 86_400_000, 86_400, 86_400)
    told = SpanPerformance(span=1, name="telco", quarters=(), days=(Interval(0, most, most, 9, -123.4),))
    lines = history.page(told, chinese=chinese).splitlines()
    widths = [sum(2 if ord(character) > 0x2E80 else 1 for character in line) for line in (lines[1], lines[3])]
    assert widths == [79, 79]


@pytest.mark.unit
def test_a_quarter_that_nobody_saw_is_not_called_clean() -> None:
    told = SpanPerformance(span=1, name="telco", quarters=(Interval(0, Figures()),), days=())
    assert history.page(told, chinese=False).splitlines()[3] == "quarters of an hour that were clean: 0 more"

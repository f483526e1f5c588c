# SPDX-License-Identifier: GPL-2.0-only
"""A technician at the box's prompt: on a terminal, over a serial line, and with a file that is pasted in."""

import asyncio
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from appliance.cli import pipes
from appliance.cli.grammar.syntax import Mode, Role
from appliance.cli.session import Session
from appliance.cli.shell import Shell
from appliance.config.candidate import Candidate
from appliance.config.history import LOOKED_S, History
from appliance.wire.configuration import Configured, Progress
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.service import Service
from tests.cli.terminal import ROOT, Terminal

FIRST_KEY_S = 3.0
"""Far from what it takes; the figure is `make accept`'s."""


def branch_file(tmp_path: Path) -> Path:
    """The site's branch file, with what it names."""
    for name in ("8001", "8002", "nats"):
        secret = tmp_path / "secrets" / name
        secret.parent.mkdir(exist_ok=True)
        secret.write_text("correct horse\n")
        secret.chmod(0o600)
    text = (ROOT / "tests/config/boxes/branch.yaml").read_text()
    (tmp_path / "branch.yaml").write_text(text.replace("/usr/share/asterisk/sounds/en_US_f_Allison", str(tmp_path)))
    return tmp_path / "branch.yaml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return branch_file(tmp_path)


@pytest.fixture
def shell(file: Path, tmp_path: Path) -> Shell:
    return Shell(Session(file, tmp_path / "state", Role.ADMINISTRATOR, chinese=False))


def typed(shell: Shell, *lines: str) -> list[int]:
    return [shell.run(line) for line in lines]


def test_a_phone_is_added_and_the_version_says_why(
    shell: Shell, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (
        "configure",
        'set ext 8002 name "Agent Wu"',
        "set extensions 8002 secret secrets/8002",
        "show | compare",
        'commit comment "second phone"',
        "exit",
        "show configuration history | include second",
    )
    assert typed(shell, *lines) == [0] * len(lines)
    out = capsys.readouterr().out
    assert '+ set extensions 8002 name "Agent Wu"' in out
    assert "kamailio is started again: no call ends" in out
    assert out.rstrip().endswith("second phone")
    assert Candidate.of(file).data["extensions"][1] == {"number": "8002", "name": "Agent Wu", "secret": "secrets/8002"}
    assert shell.session.mode is Mode.OPERATIONAL


def test_what_is_shown_can_be_pasted_into_another_box(
    shell: Shell, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(shell, "show running-config")
    shown = capsys.readouterr().out.splitlines()
    other = file.with_name("other.yaml")
    other.write_text(file.read_text().replace("Nanjing Road", "Elsewhere").replace("t309_s: 6", "t309_s: 9"))
    pasted = Shell(Session(other, file.parent, Role.ADMINISTRATOR, chinese=False))
    assert set(typed(pasted, "configure", *shown, "commit")) == {0}
    assert Candidate.of(other).data == Candidate.of(file).data


def test_a_commit_with_mistakes_changes_nothing_and_names_each(
    shell: Shell, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_text()
    assert typed(shell, "configure", "set sip listen 127.0.0.1:5060", "set route default ring 8009", "commit") == [
        0,
        0,
        0,
        1,
    ]
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("sip listen: ")
    assert told[1].startswith("route default ring: extension '8009'")
    assert told[2] == "nothing was committed"
    assert file.read_text() == before


def test_a_version_comes_back_and_a_trial_is_confirmed_by_the_second_commit(
    shell: Shell, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = History(file)
    typed(shell, "configure", "set name One", "commit", "set name Two", "commit confirmed 10")
    assert history.trial() is not None
    assert typed(shell, "commit") == [0]
    assert history.trial() is None
    assert capsys.readouterr().out.rstrip().endswith("version 3 is confirmed")
    assert typed(shell, "rollback 1", "commit", "rollback 77") == [0, 0, 2]
    assert Candidate.of(file).data["name"] == "Nanjing Road"
    assert "there is no version 77; kept are: 4, 3, 2, 1" in capsys.readouterr().err


def test_who_commits_second_does_not_take_back_what_the_first_has_changed(
    shell: Shell, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Shell(Session(file, tmp_path / "state", Role.ADMINISTRATOR, chinese=False))
    typed(shell, "configure", "set name One")
    typed(other, "configure", "set recording reserve_mb 300", "commit")
    assert typed(shell, "commit") == [1]
    assert "has changed meanwhile (version 2 by " in capsys.readouterr().err
    assert typed(shell, "rollback 0", "set name One", "commit") == [0, 0, 0]
    now = Candidate.of(file).data
    assert (now["name"], now["recording"]["reserve_mb"]) == ("One", "300")


def test_how_long_calls_may_go_on_is_the_version_s(shell: Shell, file: Path) -> None:
    for number, (words, drain_s) in enumerate({"": 300.0, " now": 0.0, " within 2 confirmed 10": 120.0}.items()):
        assert typed(shell, "configure", f"set name Box-{number}", f"commit{words}", "exit") == [0, 0, 0, 0]
        assert History(file).versions()[0].drain_s == drain_s
    trial = History(file).trial()
    assert trial is not None
    assert trial.confirm_s == 600
    assert 590 < trial.until_s - time.time() - LOOKED_S - 120 <= 600


@pytest.mark.parametrize(
    ("chinese", "waits", "begun"),
    [
        (False, "from when it is in force it has 600 s to be committed again, or goes back to 1", "goes back to 1 in"),
        (True, "生效后须在 600 秒内再次提交，否则退回 1", "秒后退回 1"),
    ],
)
def test_a_technician_is_told_from_when_the_time_to_confirm_is_counted(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], waits: str, begun: str, *, chinese: bool
) -> None:
    shell = Shell(Session(file, tmp_path / "state", Role.ADMINISTRATOR, chinese=chinese))
    assert typed(shell, "configure", "set name One", "commit confirmed 10", "exit") == [0] * 4
    assert typed(shell, "show configuration history") == [0]
    assert waits in capsys.readouterr().out
    History(file).begin(2, time.time())
    assert typed(shell, "show configuration history") == [0]
    assert begun in capsys.readouterr().out


def test_a_commit_that_starts_the_box_again_is_watched_until_it_serves(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def supervisor(version: int | None) -> Service:
        sealer = Sealer(Identity.take("BR-0001", "supervisor"))
        said = (Configured(Progress.APPLIED, version),)
        return Service(tmp_path / "state/run/supervisor.sock", sealer, "processes", lambda _: None, lambda: said)

    async def scene() -> list[int]:
        (tmp_path / "state/run").mkdir(parents=True)
        before = supervisor(None)
        await before.start()
        committing = asyncio.create_task(asyncio.to_thread(typed, shell, "configure", "set box BR-0002", "commit"))
        while not shell.session.history.versions():  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
        await before.close()
        while "starts again" not in capsys.readouterr().out:  # noqa: ASYNC110 - as it is seen by who waits
            await asyncio.sleep(0.01)
        after = supervisor(shell.session.history.versions()[0].number)
        await after.start()
        done = await committing
        await after.close()
        return done

    assert asyncio.run(scene()) == [0, 0, 0]
    assert "is in force" in capsys.readouterr().out


def test_headquarters_commits_no_rules_that_its_router_would_refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/welcome.yaml").write_text("start: gone\nnodes:\n  gone: {do: release, cause: 17}\n")
    file = tmp_path / "headquarters.yaml"
    file.write_text((ROOT / "tests/config/boxes/headquarters.yaml").read_text())
    shell = Shell(Session(file, tmp_path / "state", Role.ADMINISTRATOR, chinese=False))
    assert typed(shell, "configure", "set call_types card-service script welcom", "commit") == [0, 0, 1]
    assert "welcom" in capsys.readouterr().err
    assert typed(shell, "set call_types card-service script welcome", "set agents 1001 name Wu", "commit") == [0, 0, 0]


def test_standing_somewhere_shortens_what_is_typed(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (
        "configure",
        "edit spans telco",
        "set echo_tail_ms 32",
        "show",
        "up",
        "top",
        "do show version",
        "exit",
        "exit",
    )
    assert set(typed(shell, *lines)) == {0}
    out = capsys.readouterr().out
    assert "set spans telco echo_tail_ms 32" in out
    assert "set sip" not in out
    assert "what is not committed is kept" in out


@pytest.mark.parametrize(
    ("piped", "shown"),
    [
        ("include b", ["b1", "b2"]),
        ("exclude B", ["a", "c"]),
        ("begin b2", ["b2", "c"]),
        ("count", ["4"]),
        ("last 2", ["b2", "c"]),
        ("last", ["a", "b1", "b2", "c"]),
    ],
)
def test_what_follows_a_pipe(piped: str, shown: list[str]) -> None:
    seen: list[str] = []
    take, finish = pipes.filtered(piped.split(), seen.append)
    for line in ("a", "b1", "b2", "c"):
        take(line)
    finish()
    assert seen == shown


@pytest.mark.parametrize("piped", ["grep x", "include", "count 3", "last x", "last 0", ""])
def test_a_pipe_to_nothing_is_told(piped: str) -> None:
    with pytest.raises(pipes.PipeError, match="include, exclude"):
        pipes.filtered(piped.split(), print)


def test_help_and_completion_know_what_is_there(shell: Shell) -> None:
    assert shell.completed("sh") == "ow "
    assert shell.completed("show run") == "ning-config "
    assert shell.completed("show a") == ""
    typed(shell, "configure", "set extensions 8002 name Two")
    assert shell.completed("set spans t") == "elco "
    assert shell.completed("delete extensions 800") == ""
    assert shell.completed("set spans telco signalling p") == "ri "
    assert any(line.split()[0] == "<0…128" for line in shell.choices("set spans telco echo_tail_ms "))
    assert [line.split()[0] for line in shell.choices("set extensions ")] == ["8001", "8002", "<number>"]
    assert shell.choices("set extensions 8009 nme ") == ["% nothing"]
    shell.session.chinese = True
    assert any("回声" in line for line in shell.choices("set spans telco echo"))


@pytest.fixture
def terminal(file: Path, tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(
        [sys.executable, "-m", "appliance.cli"],
        BRANCHLINE_CONFIG=str(file),
        BRANCHLINE_STATE=str(tmp_path / "state"),
        TERM="vt100",
        LANG="C.UTF-8",
    )
    opened.until("BR-0001> ")
    yield opened
    opened.end()


@pytest.mark.system
@pytest.mark.timeout(30)
def test_at_a_terminal_tab_completes_and_a_question_mark_explains(terminal: Terminal) -> None:
    terminal.type("sh\tru\t|\t")
    terminal.until("show running-config |")
    terminal.until("no-more")
    terminal.type("\x15show conf?")
    terminal.until("configuration")
    terminal.type("\x15no such\r")
    terminal.until("'no' is unknown")
    terminal.until("BR-0001> ")


@pytest.mark.system
@pytest.mark.timeout(30)
def test_at_a_terminal_a_line_is_edited_and_comes_back(terminal: Terminal) -> None:
    terminal.type("shwo\x7f\x7fow vers\x01\x05ion\r")
    terminal.until("Branchline")
    terminal.until("BR-0001> ")
    terminal.type("\x1b[A")
    terminal.until("show version")
    terminal.type("\x15configure\rset name 南京路\x7f街\r")
    terminal.until("BR-0001# ")
    terminal.until("BR-0001# ")
    terminal.type("show name\r")
    terminal.until("set name 南京街")
    terminal.type("half a line\x03")
    terminal.until("^C")
    terminal.until("BR-0001# ")
    terminal.type("exit\rexit\r")
    assert terminal.left() == 0


@pytest.mark.system
@pytest.mark.timeout(30)
def test_long_output_stops_at_each_page(terminal: Terminal) -> None:
    terminal.type("help\r")
    terminal.until("--More--")
    terminal.type(" ")
    terminal.until("--More--")
    terminal.type("q")
    terminal.until("BR-0001> ")


@pytest.mark.system
@pytest.mark.timeout(60)
def test_a_listing_is_pasted_into_an_empty_box_at_its_terminal(file: Path, tmp_path: Path) -> None:
    """In one go, and more of it than a terminal holds."""
    whole = Candidate.of(file)
    for number in range(8100, 8150):
        whole = whole.put(("extensions", str(number), "name", f"Agent {number} of Nanjing Road"))
        whole = whole.put(("extensions", str(number), "secret", "secrets/8001"))
    listing = whole.lines()
    assert sum(map(len, listing)) > 4096
    empty = tmp_path / "empty.yaml"
    opened = Terminal(
        [sys.executable, "-m", "appliance.cli"],
        BRANCHLINE_CONFIG=str(empty),
        BRANCHLINE_STATE=str(tmp_path / "state"),
        TERM="vt100",
        LANG="C.UTF-8",
    )
    try:
        opened.type("configure\r" + "".join(f"{line}\r" for line in listing) + "commit confirmed 10\rcommit\r")
        opened.until("there is no version to go back to", 40)
        opened.until("version 1", 20)
        opened.type("show | compare\r")
        opened.until("nothing is changed")
    finally:
        opened.end()
    assert Candidate.of(empty).data == whole.data


@pytest.mark.system
@pytest.mark.timeout(30)
def test_over_a_serial_port_it_serves_as_well(file: Path, tmp_path: Path) -> None:
    master, slave = pty.openpty()
    with serial.Serial(os.ttyname(slave), 9600, timeout=FIRST_KEY_S) as port:
        environment = os.environ | {
            "BRANCHLINE_CONFIG": str(file),
            "BRANCHLINE_STATE": str(tmp_path),
            "LANG": "C.UTF-8",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli"],
            cwd=ROOT,
            env=environment,
            stdin=master,
            stdout=master,
            stderr=master,
        )
        assert port.read_until(b"> ").endswith(b"BR-0001> ")
        port.write(b"show ver\t\r")
        assert b"Branchline" in port.read_until(b"> ")
        port.write(b"\x04")
        assert process.wait(5) == 0
    os.close(master)
    os.close(slave)

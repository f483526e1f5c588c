# SPDX-License-Identifier: GPL-2.0-only
"""Who knocks at the box's door, over SSH too, and what their groups allow them behind it."""

import contextlib
import getpass
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.cli import roles
from appliance.cli.grammar.syntax import Role
from tests.cli.terminal import ROOT, Terminal
from tests.cli.test_shell import FIRST_KEY_S, branch_file
from tests.ports import HOST, free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

DOOR = """
from appliance.cli import roles
from appliance.cli.grammar.syntax import Role
from appliance.processes import door
groups = {65534: Role.VIEWER, 1: Role.TECHNICIAN}
roles.of_user = groups.get
door.main()
"""
"""With users of every Debian, as if an administrator had put them into groups."""


class Box:
    """With a door."""

    def __init__(self, folder: Path, public: Path) -> None:
        self.file, self.state = branch_file(folder), folder / "state"
        self.state.mkdir()
        self.door = public / "door.sock"
        public.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """Of a login."""
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "BRANCHLINE_DOOR": str(self.door)}

    def typed(self, *words: str, user: int | None = None) -> tuple[int, str]:
        """Exit status, and all that was said to this user."""
        done = subprocess.run(
            [sys.executable, "-m", "appliance.cli.login", *words],
            env=self.environment | {"LANG": "C.UTF-8"},
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            user=user,
            text=True,
            timeout=30,
            check=False,
        )
        return done.returncode, done.stdout

    def noted(self, event: str) -> list[dict[str, Any]]:
        """Lines of its log."""
        lines = (self.state / "log" / "cli.log").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["event"] == event]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    public = Path(tempfile.mkdtemp())
    made = Box(tmp_path_factory.mktemp("door"), public)
    environment = made.environment | {"BRANCHLINE_CONFIG": str(made.file), "BRANCHLINE_STATE": str(made.state)}
    process = subprocess.Popen([sys.executable, "-c", DOOR], env=environment, cwd=ROOT)
    try:
        while not made.door.exists():
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.1)  # from bind to listen
        yield made
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(public)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_what_a_user_s_groups_allow_is_what_the_door_carries_out(box: Box) -> None:
    assert box.typed("show", "version", user=65534)[0] == 0
    status, said = box.typed("clear", "counters", user=65534)
    assert (status, said.splitlines()[-1]) == (
        2,
        "'clear counters [<span>]' is for a technician or an administrator; nobody is a viewer",
    )
    assert "there is no span" in box.typed("clear", "counters", user=1)[1]
    assert "is for an administrator; daemon is a technician" in box.typed("configure", user=1)[1]
    assert "is for an administrator" in box.typed("start", "shell", user=1)[1]
    status, said = box.typed("show", "version", user=2)
    assert status == 2
    assert said.startswith("bin is in none of the groups branchline-viewer, branchline-technician")
    assert [(line["by"], line["command"]) for line in box.noted("cli.command.refused")][:2] == [
        ("nobody", "clear counters"),
        ("daemon", "configure"),
    ]
    assert [(line["by"], line["status"]) for line in box.noted("cli.command.done") if line["by"] == "daemon"]
    assert box.noted("cli.login.refused")[0]["by"] == "bin"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_who_logs_in_while_the_box_starts_is_told_and_waits_for_the_door(box: Box) -> None:
    door = box.door.with_name("late.sock")
    waits = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli.login", "show", "version"],
        env=box.environment | {"BRANCHLINE_DOOR": str(door)},
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=65534,
        text=True,
    )
    assert waits.stdout is not None
    assert waits.stdout.readline().startswith("The box is starting")
    door.symlink_to(box.door)
    said = waits.stdout.read()
    assert waits.wait(30) == 0
    assert "branchline" in said.lower()


def test_a_role_is_that_of_the_highest_group(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {1: "daemon", 7: "branchline-viewer", 8: "branchline-technician"}
    monkeypatch.setattr("os.getgrouplist", lambda _name, _gid: [1, 7, 8])
    monkeypatch.setattr(roles, "_name", lambda gid: names[gid])
    assert roles.of_user(1) is Role.TECHNICIAN
    monkeypatch.setattr("os.getgrouplist", lambda _name, _gid: [1])
    assert roles.of_user(1) is None
    assert roles.of_user(0) is Role.ADMINISTRATOR


@pytest.fixture(scope="module")
def ssh(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """How one comes in: Debian's own daemon on loopback, keys only, the box's login as its command."""
    folder, port = tmp_path_factory.mktemp("ssh"), free_port()
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True)
    login = folder / "login"
    exports = "".join(f"export {name}='{value}'\n" for name, value in box.environment.items())
    login.write_text(f'#!/bin/sh\n{exports}exec {sys.executable} -m appliance.cli.login "$@"\n')
    login.chmod(0o755)
    (folder / "config").write_text(
        f"ListenAddress {HOST}\nPort {port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        f"PasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes no\nUsePAM no\nPidFile none\n"
        f"PermitRootLogin prohibit-password\nForceCommand {login}\nAcceptEnv LANG\nAllowTcpForwarding no\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's own, as its unit makes it
    process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectionAttempts=20")
    try:
        yield [
            *("ssh", "-F", "none", "-p", str(port), "-i", str(folder / "user")),
            *(word for option in options for word in ("-o", option)),
            f"{getpass.getuser()}@{HOST}",
        ]
    finally:
        process.terminate()
        process.wait()


def test_over_ssh_one_line_is_answered_pipes_and_all(ssh: list[str]) -> None:
    done = subprocess.run(
        [*ssh, "show running-config | include 8001 | count"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
    done = subprocess.run([*ssh, "shwo version"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'shwo' is unknown; did you mean 'show'?" in done.stderr


def test_over_ssh_a_prompt_configures_and_the_log_says_from_where(box: Box, ssh: list[str]) -> None:
    terminal = Terminal([*ssh[:1], "-tt", *ssh[1:]], TERM="vt100", LANG="C.UTF-8")
    terminal.until("BR-0001> ", 20)
    begun = time.monotonic()
    terminal.type("conf\t")
    terminal.until("configure ")
    assert time.monotonic() - begun < FIRST_KEY_S
    terminal.type("\x15capture signalling seconds 60\r")
    terminal.until("Ctrl-C ends it", 20)
    begun = time.monotonic()
    terminal.type("\x03")
    terminal.until("nothing has passed")
    assert time.monotonic() - begun < 10
    terminal.type("configure\rset name Harbour\rset nam Harbour\rset nme x\r")
    terminal.until("'nme' is unknown")
    terminal.type("commit comment over-ssh\rexit\rshow configuration history\r")
    terminal.until("by hand\r\nBR-0001> ")
    terminal.type("\x04")
    assert terminal.left() == 0
    (commit,) = [line for line in box.noted("cli.command.done") if line["command"].startswith("commit")]
    assert (commit["whence"], commit["by"], commit["status"]) == (f"ssh {HOST}", getpass.getuser(), 0)


def test_a_line_that_is_cut_ends_its_session(box: Box, ssh: list[str]) -> None:
    terminal = Terminal([*ssh[:1], "-tt", *ssh[1:]], TERM="vt100", LANG="C.UTF-8")
    terminal.until("BR-0001> ", 20)
    before = _sessions(box)
    assert before
    terminal.kill()
    terminal.end()
    until = time.monotonic() + 10
    while _sessions(box) and time.monotonic() < until:
        time.sleep(0.05)
    assert _sessions(box) == []


def _sessions(box: Box) -> list[int]:
    """Processes behind the door that are neither it nor over."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (entry / "environ").read_bytes()
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            if f"BRANCHLINE_STATE={box.state}".encode() in environment and status[0] not in "ZX":
                found.append((int(entry.name), int(status[1])))
    pids = {pid for pid, _ in found}
    return [pid for pid, parent in found if parent in pids]

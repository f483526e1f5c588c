# SPDX-License-Identifier: GPL-2.0-only
"""The supervisor's process: what it refuses to start with, and what it leaves behind."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from appliance.config.history import SCHEMA, History, Trying
from appliance.wire.alarms import AlarmRaised
from appliance.wire.talk import snapshot
from tests.ports import free_port
from tests.processes.site import ROOT, alive, write_site

pytestmark = [pytest.mark.system, pytest.mark.timeout(40)]
PROGRAM = ("-m", "appliance.processes.supervisor")
IMPATIENT = """
import sys
from appliance.supervisor import health
health.PATIENCE_S, health.STEADY_S = 3.0, 1.0
from appliance.processes import supervisor
sys.exit(supervisor.main())
"""
"""The same program, which waits three seconds where it waits 90."""
FED_S = 0.5
"""systemd's WatchdogSec in this test: it is fed three times in it."""


class Box:
    """One supervisor, with the site's configuration on free ports."""

    def __init__(self, folder: Path, role: str) -> None:
        self.files = folder / "etc"
        self.ports = write_site(self.files)
        self.configuration = self.files / f"{role}.yaml"
        self.state = folder / "state"
        self._running: list[subprocess.Popen[str]] = []

    def start(self, program: Sequence[str] = PROGRAM, **environment: str) -> "subprocess.Popen[str]":
        environment = {
            **os.environ,
            "BRANCHLINE_CONFIG": str(self.configuration),
            "BRANCHLINE_STATE": str(self.state),
            **environment,
        }
        command = [sys.executable, *program]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stderr=subprocess.PIPE)
        self._running.append(process)
        return process

    def refusal(self) -> str:
        """Start it, and give what it says when it ends with status 2."""
        process = self.start()
        _, said = process.communicate(timeout=20)
        assert process.returncode == 2
        return said

    def pids(self) -> dict[str, int]:
        """The children that run."""
        try:
            table = json.loads((self.state / "run/processes.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return {name: entry["pid"] for name, entry in table.items() if entry["state"] == "running"}

    def end(self) -> None:
        for process in self._running:
            process.kill()
            process.communicate()


@pytest.fixture
def headquarters(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path, "headquarters")
    yield box
    box.end()


@pytest.fixture
def branch(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path, "branch")
    yield box
    box.end()


def until(holds: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_unknown_key_is_told_with_file_line_and_nearest_name_and_nothing_is_started(branch: Box) -> None:
    text = branch.configuration.read_text()
    branch.configuration.write_text(text.replace("d_channel:", "d_chanel:"))
    said = branch.refusal()
    assert f"{branch.configuration}:14:5: key 'd_chanel' is unknown here; did you mean 'd_channel'?" in said
    assert "nothing was started" in said
    assert not (branch.state / "run/processes.json").exists()


def test_a_port_in_use_is_told_with_its_purpose_and_its_holder(branch: Box) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", branch.ports["5070"]))
        said = branch.refusal()
    assert f"UDP port {branch.ports['5070']} (the SIP worker) is in use by pid {os.getpid()} (" in said
    assert not (branch.state / "run/processes.json").exists()


def test_headquarters_starts_is_found_running_and_ends_in_order(headquarters: Box) -> None:
    first = headquarters.start()
    until(lambda: len(headquarters.pids()) == 4)
    pids = headquarters.pids()
    page = f"http://127.0.0.1:{headquarters.ports['8095']}"
    assert headquarters.refusal() == f"already running (pid {first.pid}), page at {page}\n"
    assert all(map(alive, pids.values()))
    first.terminate()
    assert first.wait(15) == 0
    assert not any(map(alive, pids.values()))


def test_without_a_configuration_the_sentence_says_so(branch: Box) -> None:
    branch.configuration = Path()
    assert "nothing was started" in branch.refusal()


def test_a_second_start_leaves_the_running_one_s_trial_alone_and_a_new_life_ends_it(headquarters: Box) -> None:
    first = headquarters.start()
    until(lambda: len(headquarters.pids()) == 4)
    history, text = History(headquarters.configuration), headquarters.configuration.read_text()
    history.commit(f"{text}short_call_s: 7\n", "wu", how=Trying(confirm_s=600, now_s=time.time()))
    assert "already running" in headquarters.refusal()
    assert history.trial() is not None
    first.terminate()
    assert first.wait(15) == 0
    second = headquarters.start()
    until(lambda: history.trial() is None)
    assert "short_call_s: 7" not in headquarters.configuration.read_text()
    second.terminate()
    second.wait(15)


def test_an_older_system_that_is_back_says_that_its_own_configuration_serves(headquarters: Box) -> None:
    """The next one had run, its file was changed under it, and then it was given up."""
    history, before = History(headquarters.configuration), headquarters.configuration.read_text()
    history.settle(SCHEMA + 1)
    history.commit(f"{before}of_the_next_system: yes\n", "wu")
    headquarters.start()
    until(lambda: len(headquarters.pids()) == 4)
    assert headquarters.configuration.read_text() == before
    told = asyncio.run(snapshot(headquarters.state / "run/supervisor.sock"))
    (alarm,) = (body for body in told if isinstance(body, AlarmRaised))
    assert (alarm.code, alarm.address) == ("configuration.returned", "HQ-0001")
    kept = f"schema-{SCHEMA + 1}.yaml"
    assert alarm.sentence == (
        "the system before the update serves again, with the configuration it had; what was typed since is kept"
        f" ({kept} of its versions)"
    )
    assert "of_the_next_system" in (headquarters.configuration.with_suffix(".versions") / kept).read_text()


def test_a_killed_supervisor_takes_every_child_with_it_and_the_next_one_starts(headquarters: Box) -> None:
    first = headquarters.start()
    until(lambda: len(headquarters.pids()) == 4)
    pids = headquarters.pids()
    first.send_signal(signal.SIGKILL)
    first.wait()
    until(lambda: not any(map(alive, pids.values())), 3)
    second = headquarters.start()
    until(lambda: len(headquarters.pids()) == 4 and not set(headquarters.pids().values()) & set(pids.values()))
    second.terminate()
    assert second.wait(15) == 0


class Systemd:
    """What watches the supervisor: its notify socket."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "systemd"))
        self.told = {"NOTIFY_SOCKET": str(folder / "systemd"), "WATCHDOG_USEC": str(int(FED_S * 1e6))}

    def ready(self) -> None:
        self._socket.settimeout(30)
        while self._socket.recv(100) != b"READY=1":
            pass

    def fed_for(self, seconds: float, meanwhile: Callable[[], object] = lambda: None) -> float:
        """How long it was fed, of so many seconds at most: it lets go when it hears nothing for FED_S."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            meanwhile()
            self._socket.settimeout(4 * FED_S)  # of a host that is busy
            try:
                assert self._socket.recv(100) == b"WATCHDOG=1"
            except TimeoutError:
                break
        return time.monotonic() - began

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    watching = Systemd(tmp_path)
    yield watching
    watching.close()


def kill(box: Box, name: str) -> None:
    """Where it runs, also while it starts."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError, json.JSONDecodeError):
        pid = json.loads((box.state / "run/processes.json").read_text())[name]["pid"]
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


def test_p6_systemd_s_watchdog_is_fed_no_more_when_call_control_crashes_again_and_again(
    branch: Box, systemd: Systemd
) -> None:
    supervisor = branch.start(("-c", IMPATIENT), **systemd.told)
    systemd.ready()
    kill(branch, "ivr")
    assert systemd.fed_for(5.0, lambda: kill(branch, "ivr")) >= 5.0, "it is not what telephones"
    kill(branch, "call")
    until(lambda: "call" in branch.pids())
    assert systemd.fed_for(4.0) >= 4.0, "one death is mended by its restart"
    assert 1.0 < systemd.fed_for(20.0, lambda: kill(branch, "call")) < 15.0
    assert supervisor.poll() is None, "it turns, and has its children: only who watches it can tell"
    until(lambda: "call" in branch.pids())
    assert systemd.fed_for(3.0) >= 3.0, "who is back is in service"


def test_p6_a_child_that_refuses_its_configuration_leaves_the_watchdog_fed(branch: Box, systemd: Systemd) -> None:
    """A mistake in the file and a death meet: a restart of the box would not even start again (status 2)."""
    branch.start(("-c", IMPATIENT), **systemd.told)
    systemd.ready()
    text = branch.configuration.read_text()
    branch.configuration.write_text(text.replace("d_channel:", "d_chanel:"))
    kill(branch, "call")
    until(lambda: json.loads((branch.state / "run/processes.json").read_text())["call"]["state"] == "failed")
    assert systemd.fed_for(8.0) >= 8.0


def test_a_voter_runs_a_message_server_and_nothing_else(headquarters: Box) -> None:
    token = headquarters.files / "token"
    token.write_text("a token for a test\n")
    token.chmod(0o600)
    ports = [free_port() for _ in range(4)]
    listen, cluster, *others = (f"127.0.0.1:{port}" for port in ports)
    headquarters.configuration.write_text(
        f"role: voter\nbox: HQ-0003\nserver: {{listen: {listen}, secret: token}}\n"
        f"duplex: {{listen: {cluster}, others: [{', '.join(others)}]}}\n"
    )
    first = headquarters.start()
    until(lambda: list(headquarters.pids()) == ["nats-server"])
    assert headquarters.refusal() == f"already running (pid {first.pid})\n"
    first.terminate()
    assert first.wait(15) == 0

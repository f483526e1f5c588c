# SPDX-License-Identifier: GPL-2.0-only
"""The demo on free ports: one call goes through all of it, a second start is turned away, stop leaves nothing."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.processes.demo.screen import line_of
from tests.processes.site import ROOT, alive, write_site

START_LIMIT_S = 15


class Demo:
    """One demo's site and state, and the verbs a newcomer has."""

    def __init__(self, folder: Path) -> None:
        self.ports = write_site(folder / "site")
        self.state = folder / "state"
        self._site = folder / "site"
        self._environment = {**os.environ, "BRANCHLINE_STATE": str(self.state)}

    def start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "appliance.processes.demo", "--site", str(self._site)]
        return subprocess.Popen(
            command, cwd=ROOT, env=self._environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def stop(self) -> str:
        command = [sys.executable, "-m", "appliance.processes.stop"]
        ended = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=True)
        return ended.stdout

    def pids(self) -> set[int]:
        """Every process of the demo, the boxes' children too."""
        found: set[int] = set()
        for table in self.state.glob("**/run/processes.json"):
            entries = msgspec.json.decode(table.read_bytes(), type=dict[str, dict[str, int | str | None]])
            found |= {pid for entry in entries.values() if isinstance(pid := entry["pid"], int)}
        return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path)
    yield demo
    demo.stop()


def read_until(process: "subprocess.Popen[str]", pattern: str) -> str:
    """Lines up to one that matches."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if re.search(pattern, line):
            return said
    pytest.fail(f"it ended without {pattern!r}: {said}")


@pytest.mark.system
@pytest.mark.slow
@pytest.mark.timeout(55)
def test_a_newcomer_sees_a_call_and_stop_leaves_nothing(demo: Demo) -> None:
    began = time.monotonic()
    running = demo.start()
    banner = read_until(running, "ends all of it")
    assert time.monotonic() - began < START_LIMIT_S
    page = f"http://127.0.0.1:{demo.ports['8095']}"
    assert page in banner
    assert re.search(r"branch +engine kamailio line1 sip call ivr recorder uplink", banner)
    second = demo.start()
    assert second.communicate(timeout=15)[0] == f"demo: already running (pid {running.pid}), page at {page}\n"
    assert second.returncode == 2
    pids = demo.pids()
    assert len(pids) == 6 + 8 + 4
    call = read_until(running, r"^\d\d:\d\d:\d\d ").splitlines()[-1]
    assert re.search(r"…\d\d called 95588 on span 1 timeslot \d+.*, cause \d+ by ", call)
    told = demo.stop()
    assert "branch/kamailio" in told
    assert running.wait(5) == 0
    assert not any(map(alive, pids))
    assert demo.stop() == "stop: nothing is running\n"


@pytest.mark.system
@pytest.mark.timeout(30)
def test_a_port_in_use_is_told_and_nothing_is_started(demo: Demo) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stranger:
        stranger.bind(("127.0.0.1", demo.ports["8095"]))
        stranger.listen()
        turned_away = demo.start()
        said = turned_away.communicate(timeout=20)[0]
    assert turned_away.returncode == 2
    assert f"TCP port {demo.ports['8095']} (the page) is in use by pid {os.getpid()} (" in said
    assert demo.pids() == set()


@pytest.mark.system
@pytest.mark.timeout(40)
def test_a_killed_demo_leaves_nothing_behind(demo: Demo) -> None:
    running = demo.start()
    read_until(running, "ends all of it")
    pids = demo.pids()
    running.send_signal(signal.SIGKILL)
    running.communicate()
    deadline = time.monotonic() + 5
    while any(map(alive, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.unit
def test_a_caller_s_number_is_cut_on_the_screen() -> None:
    row = {"ended_ns": 10**18, "clid": "02188887777", "dnis": "95588", "channel": "span 1 timeslot 5", "ced": "1"}
    row |= {"agent": "1001", "talk_samples": 98_400, "cause": 16, "by": "caller"}
    told = line_of(row)
    assert told.endswith("…77 called 95588 on span 1 timeslot 5, keyed 1, agent 1001, talk 12.3 s, cause 16 by caller")

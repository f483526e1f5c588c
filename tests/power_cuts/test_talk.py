# SPDX-License-Identifier: GPL-2.0-only
"""The caller, the phone and the judge of a recording with a real branch whose processes are killed at once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.config import Endpoint
from rootfs.image import tree
from tests.ports import HOST, free_port, free_rtp_base
from tests.power_cuts import phone
from tests.power_cuts.talk import MISSING_S, PATH_S, Talk, configuration, judged

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]
TALK_S = 4.0


class Branch:
    """Of the factory's configuration with the line and phone of power cuts, at ports of this test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.line, self.far = folder, free_port(), free_port()
        self.proxy = Endpoint(HOST, free_port())
        (folder / "secrets").mkdir()
        for name, text in (("nats", "0123456789"), ("phone", phone.PASSWORD)):
            (folder / "secrets" / name).touch(0o600)
            (folder / "secrets" / name).write_text(text)
        (folder / "branch.yaml").write_text(self._text())
        self._cli("configure", *configuration(), "commit", "exit")
        self._supervisor: subprocess.Popen[bytes] | None = None

    def _text(self) -> str:
        text = (tree.OVERLAY / "usr/share/branchline/factory.yaml").read_text().replace("@SERIAL@", "BL-0123456789AB")
        text = text.replace("127.0.0.1:9101", f"{HOST}:{self.line}").replace("127.0.0.1:9001", f"{HOST}:{self.far}")
        worker = next(port for port in iter(free_port, None) if port != self.proxy.port)
        text = text.replace("127.0.0.1:5070", f"{HOST}:{worker}").replace("127.0.0.1:5060", str(self.proxy))
        return f"{text}engine: {{rtp_base: {free_rtp_base()}}}\n"

    def _environment(self) -> dict[str, str]:
        named = {"BRANCHLINE_CONFIG": str(self.folder / "branch.yaml"), "BRANCHLINE_STATE": str(self.folder)}
        return {**os.environ, **named, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}

    def _cli(self, *lines: str) -> None:
        argv, text = [sys.executable, "-m", "appliance.cli"], "".join(f"{line}\n" for line in lines)
        done = subprocess.run(
            argv, input=text, env=self._environment(), cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert "version 2" in done.stdout, done.stdout + done.stderr

    def start(self) -> None:
        """All its processes."""
        argv = [sys.executable, "-m", "appliance.processes.supervisor"]
        with (self.folder / "supervisor.out").open("ab") as out:
            self._supervisor = subprocess.Popen(argv, env=self._environment(), cwd=ROOT, stdout=out, stderr=out)

    def kill(self) -> None:
        """None outlives the supervisor, whatever ends that."""
        if self._supervisor is not None:
            self._supervisor.send_signal(signal.SIGKILL)
            self._supervisor.wait()
            self._supervisor = None

    def recordings(self) -> list[Path]:
        """Those that are sealed."""
        return sorted((self.folder / "recordings").glob("*.wav"))


@pytest.fixture
def talk() -> Iterator[Talk]:
    with Talk() as made:
        yield made


@pytest.fixture
def branch(tmp_path: Path) -> Iterator[Branch]:
    made = Branch(tmp_path)
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture
def handset(branch: Branch, talk: Talk) -> Iterator[None]:
    """The program that runs in the box."""
    program = "import asyncio, sys; from tests.power_cuts import phone; from appliance.config import Endpoint; "
    program += "proxy, phone.HERE, phone.THERE, to = [(sys.argv[1], int(one)) for one in sys.argv[2:]]; "
    program += "phone.PROXY = Endpoint(*proxy); asyncio.run(phone.main(to))"
    ports = (branch.proxy.port, branch.far, branch.line, talk.port)
    words = [sys.executable, "-c", program, HOST, *map(str, ports)]
    child = subprocess.Popen(words, cwd=ROOT)
    try:
        yield
    finally:
        child.kill()
        child.wait()


@pytest.mark.usefixtures("handset")
def test_a_talk_that_is_cut_off_is_sealed_by_the_next_life_and_a_second_of_it_is_missing_at_most(
    branch: Branch, talk: Talk, tmp_path: Path
) -> None:
    branch.start()
    talk.answered()
    time.sleep(TALK_S)
    assert branch.recordings() == []
    branch.kill()
    cut = talk.cut(frozenset())
    branch.start()
    until = time.monotonic() + 60
    while not (found := branch.recordings()):
        assert time.monotonic() < until, (tmp_path / "log/recorder.log").read_text()
        time.sleep(0.2)
    assert -PATH_S <= judged(found[0], cut) <= MISSING_S + PATH_S

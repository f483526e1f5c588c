# SPDX-License-Identifier: GPL-2.0-only
"""A whole system of its own for the sheet: headquarters and a branch under their supervisors, on free ports.

Everything is configured through the files that an installer would write, started as the image starts it, and looked at
where a person would look: the record at headquarters. Between the boxes lies a TCP path that can be black-holed.
"""

import asyncio
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from sqlalchemy import create_engine

from appliance.config import Endpoint
from appliance.headquarters.reports.reading import Record
from appliance.signalling.pri.link import Profile
from drivers.model import DigitalLine
from tests.accept.tcp_path import TcpPath
from tests.headquarters.site import settled
from tests.ports import HOST, free_port, free_rtp_base
from tests.sound.alaw import Linear
from tests.sound.speech import write_wav

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = "/usr/share/asterisk/sounds/en_US_f_Allison"
NUMBER = "95588"
QUEUE = "95599"
GOLD = "95566"
CALLBACK = "95544"
EXTENSIONS = tuple(str(number) for number in range(8001, 8021))
LOBBY = "8900"  # a phone that no agent has
HOLD_HZ = 500
"""What a caller on hold hears."""


class Ports(msgspec.Struct, frozen=True):
    """All that the site binds."""

    nats: int
    web: int
    line_branch: int
    line_exchange: int
    sip: int
    kamailio: int
    rtp_base: int

    @classmethod
    def take(cls) -> "Ports":
        """Free ones."""
        return cls(free_port(), free_port(), free_port(), free_port(), free_port(), free_port(), free_rtp_base())


class Box:
    """One supervisor with its children."""

    def __init__(self, name: str, configuration: Path, state: Path) -> None:
        self.state = state
        self.configuration = configuration
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until every child is ready."""
        self.state.mkdir(parents=True, exist_ok=True)
        (self.state / "run" / "processes.json").unlink(missing_ok=True)  # a killed life's
        environment = os.environ | {
            "BRANCHLINE_CONFIG": str(self.configuration),
            "BRANCHLINE_STATE": str(self.state),
        }
        log = (self.state / "supervisor.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "appliance.processes.supervisor"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        wait(self._is_up, 40, f"{self._name} is not up: see {self.state}")

    def stop(self) -> None:
        """End it and its children."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def pid(self, child: str) -> int:
        """The child's process id now."""
        return int(self.children()[child]["pid"])

    def children(self) -> dict[str, dict[str, Any]]:
        """run/processes.json."""
        table: dict[str, dict[str, Any]] = json.loads((self.state / "run" / "processes.json").read_bytes())
        return table

    def kill(self, child: str) -> None:
        """Kill -9."""
        os.kill(self.pid(child), signal.SIGKILL)

    def signal_all(self, number: signal.Signals) -> None:
        """The same signal to the supervisor and every child: frozen is frozen as a whole."""
        if self._process is None:
            raise AssertionError(f"{self._name} does not run")
        pids = [int(child["pid"]) for child in self.children().values() if child["pid"]]
        for pid in [self._process.pid, *pids]:
            os.kill(pid, number)

    def kill_all(self) -> None:
        """Kill -9 of the whole box at once, as a power cut would."""
        self.signal_all(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _is_up(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            said = (self.state / "supervisor.log").read_text(errors="replace")[-2000:]
            raise AssertionError(f"{self._name} ended with {self._process.returncode}: {said}")
        try:
            children = self.children()
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        return bool(children) and all(child["state"] == "running" for child in children.values())


class Site:
    """Headquarters, a branch and the path between them."""

    def __init__(
        self,
        folder: Path,
        extensions: tuple[str, ...] = EXTENSIONS,
        line: DigitalLine = "e1",
        profile: Profile = Profile.EUROISDN,
    ) -> None:
        self.line, self.profile = line, profile
        self.folder = folder
        self.ports = Ports.take()
        self.path = TcpPath(free_port(), (HOST, self.ports.nats))
        self.extensions = extensions
        files = folder / "etc"
        write_files(files, self.ports, self.path.port, extensions, f"line: {line}\n    profile: {profile}")
        self.headquarters = Box("headquarters", files / "headquarters.yaml", folder / "headquarters")
        self.branch = Box("branch", files / "branch.yaml", folder / "branch")

    async def __aenter__(self) -> Self:
        """Start all of it, or nothing."""
        try:
            await self.path.start()
            await asyncio.to_thread(self.headquarters.start)
            await asyncio.to_thread(self.branch.start)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all of it."""
        await asyncio.to_thread(self.branch.stop)
        await asyncio.to_thread(self.headquarters.stop)
        await self.path.close()

    @property
    def proxy(self) -> Endpoint:
        """Where phones register."""
        return Endpoint(HOST, self.ports.kamailio)

    def secret(self, extension: str) -> str:
        """The phone's password."""
        return (self.folder / "etc" / "secrets" / extension).read_text().strip()

    def set_skill(self, extension: str, gold: int) -> None:
        """As an administrator changes it in the file."""
        path = self.headquarters.configuration
        before = path.read_text()
        after = re.sub(rf"(extension: {extension}, attributes: {{gold: )\d+", rf"\g<1>{gold}", before)
        changed = path.with_suffix(".new")
        changed.write_text(after)
        changed.rename(path)

    def record(self) -> Record:
        """Headquarters' record, read as the page reads it."""
        settled(self.headquarters.state)
        path = self.headquarters.state / "record.db"
        return Record(create_engine(f"sqlite:///file:{path}?mode=ro&uri=true"))

    def calls(self, clid: str) -> list[dict[str, Any]]:
        """Whole records of the ended calls from one caller, oldest first."""
        record = self.record()
        ended = [row for row in record.calls_before(limit=5000) if row["clid"] == clid]
        found = [record.call(row["contact"]) for row in reversed(ended)]
        return [one for one in found if one is not None]

    def decisions(self, clid: str) -> list[dict[str, Any]]:
        """Of this caller's call that is up."""
        record = self.record()
        found = [record.call(row["contact"]) for row in record.calls_now() if row["clid"] == clid]
        return [decision for one in found if one is not None for decision in one["decisions"]]

    async def record_of(self, clid: str, within_s: float = 10.0) -> dict[str, Any]:
        """The one record of this caller. AssertionError if there is none in time, or more than one."""
        await until(lambda: bool(self.calls(clid)), within_s, f"no record of {clid}")
        (one,) = self.calls(clid)
        return one

    def alarms(self, code: str) -> list[str]:
        """Sentences of the alarms with that code, as headquarters' page has them now."""
        with urllib.request.urlopen(f"http://{HOST}:{self.ports.web}/live", timeout=10) as page:
            lines = (line.decode().strip() for line in page)
            told = next(data for name, data in itertools.pairwise(lines) if name == "event: alarms")
        return [alarm["sentence"] for alarm in json.loads(told.removeprefix("data: ")) if alarm["code"] == code]

    async def sound_of(self, clid: str, within_s: float = 15.0) -> Path:
        """The recording at headquarters."""

        def here() -> bool:
            return any(sound["here"] for call in self.calls(clid) for sound in call["recordings"])

        await until(here, within_s, f"no recording of {clid}")
        (call,) = self.calls(clid)
        name = call["recordings"][0]["recording"]
        return self.headquarters.state / "recordings" / f"{name}.wav"


def hum(frequency_hz: int, seconds: int = 4) -> Linear:
    """A tone that goes on without a seam where it is repeated."""
    phase = 2 * np.pi * frequency_hz * np.arange(8000 * seconds) / 8000
    return (6000 * np.sin(phase)).astype(np.int16)


def write_files(files: Path, ports: Ports, server: int, extensions: tuple[str, ...], line: str) -> None:
    """The configuration an installer would write."""
    write_secrets(files, "nats", *extensions, LOBBY)
    (files / "prompts").mkdir()
    write_wav(files / "prompts" / "hold-music.wav", hum(HOLD_HZ))
    agents = "\n".join(
        f"  - {{id: 1{n}, name: Agent {n}, box: BR-0001, extension: {n}, attributes: {{gold: 1}}}}" for n in extensions
    )
    (files / "branch.yaml").write_text(branch_text("BR-0001", "branch.test", ports, server, (*extensions, LOBBY), line))
    (files / "headquarters.yaml").write_text(
        f"""role: headquarters
box: HQ-0001
server: {{listen: 127.0.0.1:{ports.nats}, secret: secrets/nats}}
web: {{listen: 127.0.0.1:{ports.web}}}
call_types:
  - {{name: card-service, dnis: [{NUMBER}], script: welcome}}
  - {{name: card-queue, dnis: [{QUEUE}], script: queue}}
  - {{name: gold-service, dnis: [{GOLD}], script: gold}}
  - {{name: card-callback, dnis: [{CALLBACK}], script: callback}}
outbound: {{numbers: ["025"], branches: [BR-0001]}}
scripts: {ROOT / "appliance/simulator/site/scripts"}
skill_groups:
  - {{name: card, agents: [{", ".join(f"1{n}" for n in extensions)}]}}
attributes: {{gold: proficiency}}
precision_queues:
  - {{name: gold, steps: [{{where: gold >= 8, wait_s: 3}}, {{where: "yes"}}]}}
no_answer: available
agents:
{agents}
"""
    )


def write_secrets(files: Path, *names: str) -> None:
    """A password each."""
    secrets = files / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = secrets / name
        path.write_text(f"pass-{name}-{os.urandom(6).hex()}\n")
        path.chmod(0o600)


def branch_text(box: str, domain: str, ports: Ports, server: int, extensions: tuple[str, ...], line: str) -> str:
    """A branch's file. The first extension is its default."""
    phones = "\n".join(f"  - {{number: {n}, name: Agent {n}, secret: secrets/{n}}}" for n in extensions)
    return f"""role: branch
box: {box}
name: Branch {box}
headquarters: {{server: 127.0.0.1:{server}, secret: secrets/nats}}
engine: {{rtp_address: 127.0.0.1, rtp_base: {ports.rtp_base}}}
spans:
  - name: telco
    driver: cesopsn
    local: 127.0.0.1:{ports.line_branch}
    remote: 127.0.0.1:{ports.line_exchange}
    {line}
    side: user
    timers: {{t309_s: 6}}
sip: {{listen: "127.0.0.1:{ports.sip}", proxy: "127.0.0.1:{ports.kamailio}", domain: {domain}}}
extensions:
{phones}
route: {{timeout_ms: 500, default: {{ring: [{extensions[0]}], ring_s: 20, cause: 17}}, hold: [hold-music]}}
outbound: [{{to: telco}}]
prompts: {{directories: [{PROMPTS}, prompts]}}
recording: {{reserve_mb: 50}}
"""


def wait(true: Callable[[], bool], seconds: float, sentence: str) -> float:
    """Wait in a thread until something is so; returns how long it took. AssertionError if it never is."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > seconds:
            raise AssertionError(sentence)
        time.sleep(0.02)
    return time.monotonic() - begun


async def until(true: Callable[[], bool], seconds: float, sentence: str) -> float:
    """The same without holding the loop up."""
    return await asyncio.to_thread(wait, true, seconds, sentence)

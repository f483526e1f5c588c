# SPDX-License-Identifier: GPL-2.0-only
"""Two headquarters and a voter on loopback: real message servers in one cluster, real processes, ended by their ids."""

import functools
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import nats

from appliance.config import Endpoint, Headquarters, Voter
from appliance.config.files import load
from appliance.headquarters import server
from appliance.headquarters.live import State as LiveState
from appliance.headquarters.reports.requests import socket_in
from appliance.router.journal import Journal, path_of
from appliance.router.state import State
from appliance.router.verify import Verified, verify
from appliance.uplink.connection import USER
from tests.headquarters.site import BOX, ROOT, answers, settled, until
from tests.ports import free_port

A, B, VOTER = "HQ-A", "HQ-B", "HQ-V"
HEADQUARTERS = (A, B)
BOXES = (A, B, VOTER)
AGENTS = 200
GOLD = ("g1", "g2", "g3")

_HEADQUARTERS = """\
role: headquarters
box: {box}
server: {{listen: {listen}, secret: ../secret}}
web: {{listen: {web}}}
duplex: {{listen: {cluster}, others: [{others}]}}
call_types:
  - {{name: card-service, dnis: [95588], script: card}}
  - {{name: gold-service, dnis: [95599], script: gold}}
scripts: ../scripts
skill_groups:
  - {{name: card, agents: [{card}]}}
  - {{name: gold, agents: [{gold}]}}
agents:
{agents}
"""
_VOTER = """\
role: voter
box: {box}
server: {{listen: {listen}, secret: ../secret}}
duplex: {{listen: {cluster}, others: [{others}]}}
"""
_SCRIPT = """\
start: wait
limit: 40
nodes:
  wait: {{do: queue, queues: [{queue}], hold: [hello-world], wait_s: 600, otherwise: gone}}
  gone: {{do: release, cause: 17}}
"""


class DuplexSite:
    """Three boxes in a folder. A process is named `box/program`, `HQ-A/headquarters`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = folder / "secret"
        self.secret.write_text("a token for a test\n")
        self.secret.chmod(0o600)
        self.listens = {box: Endpoint("127.0.0.1", free_port()) for box in BOXES}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "scripts").mkdir()
        for queue in ("card", "gold"):
            (folder / "scripts" / f"{queue}.yaml").write_text(_SCRIPT.format(queue=queue))
        clusters = {box: Endpoint("127.0.0.1", free_port()) for box in BOXES}
        card = [f"a{n}" for n in range(AGENTS)]
        people = enumerate((*card, *GOLD))
        agents = [f"  - {{id: {name}, name: {name}, box: {BOX}, extension: {8000 + n}}}" for n, name in people]
        for box in BOXES:
            (folder / box).mkdir()
            text = (_VOTER if box == VOTER else _HEADQUARTERS).format(
                box=box,
                listen=self.listens[box],
                cluster=clusters[box],
                others=", ".join(str(clusters[other]) for other in BOXES if other != box),
                web=Endpoint("127.0.0.1", free_port()),
                card=", ".join(card),
                gold=", ".join(GOLD),
                agents="\n".join(agents),
            )
            (folder / box / "box.yaml").write_text(text)

    def start(self, *names: str) -> None:
        """Start processes by name."""
        for name in names:
            box, program = name.split("/")
            if program == "headquarters" and f"{box}/record" not in self._children:
                self.start(f"{box}/record")
                until(functools.partial(answers, socket_in(self.state(box))), 10, "the record's process listens")
            state = self.state(box)
            state.mkdir(exist_ok=True)
            config = load(self.folder / box / "box.yaml")
            assert isinstance(config, Headquarters | Voter)
            command = [sys.executable, "-m", f"appliance.processes.{program}"]
            if program == "nats-server":
                command = server.prepare(config, state)
            environment = {"BRANCHLINE_CONFIG": str(self.folder / box / "box.yaml"), "BRANCHLINE_STATE": str(state)}
            with (self.folder / box / f"{program}.log").open("ab") as log:
                self._children[name] = subprocess.Popen(
                    command, stdout=log, stderr=log, cwd=ROOT, env={**os.environ, **environment}
                )

    def start_all(self) -> None:
        """All of it; A is active then, and B follows."""
        self.start(*(f"{box}/nats-server" for box in BOXES))
        self.start(f"{A}/headquarters")
        until(lambda: self.lives(A), 20, "A is active")
        self.start(f"{B}/headquarters")
        until(lambda: "duplex.standby.began" in self.log_of(B), 10, "B stands by")

    def signal(self, number: signal.Signals, *names: str) -> None:
        """SIGKILL (and its end is waited for), SIGSTOP or SIGCONT."""
        for name in names:
            child = self._children[name]
            child.send_signal(number)
            if number is signal.SIGKILL:
                child.wait()
                del self._children[name]

    def ended(self, name: str) -> int:
        """The status with which it ends by itself."""
        return self._children.pop(name).wait(20)

    def close(self) -> None:
        """End all that was started."""
        self.signal(signal.SIGCONT, *self._children)
        self.signal(signal.SIGKILL, *self._children)

    def state(self, box: str) -> Path:
        """A box's state directory."""
        return self.folder / box / "state"

    def log_of(self, box: str, program: str = "headquarters") -> str:
        """What a process has logged."""
        path = self.folder / box / f"{program}.log"
        return path.read_text() if path.exists() else ""

    def lives(self, box: str) -> int:
        """How often the box has become active."""
        return self.log_of(box).count("headquarters.intake.opened")

    async def alarms(self, box: str) -> set[str]:
        """Codes of the alarms that a page at the box would show."""
        client = await nats.connect(f"nats://{self.listens[box]}", user=USER, password=self.secret.read_text().strip())
        try:
            told = (await client.request("live.state", timeout=2)).data
        finally:
            await client.close()
        return {alarm.code for alarm in msgspec.json.decode(told, type=LiveState).alarms}

    def record(self, box: str, query: str) -> list[tuple[object, ...]]:
        """From the box's record, looked at from outside."""
        settled(self.state(box))
        store = sqlite3.connect(f"file:{self.state(box) / 'record.db'}?mode=ro", uri=True, timeout=5)
        try:
            return store.execute(query).fetchall()
        finally:
            store.close()

    def stored(self, box: str) -> int:
        """Events in the box's record."""
        (row,) = self.record(box, "SELECT count(*) FROM event")
        return int(str(row[0]))

    def router(self, box: str) -> tuple[State, Verified]:
        """What the box's journal holds, and whether it decides the same once more."""
        journal = Journal(path_of(self.state(box)), reads=True)
        try:
            return journal.recall()[0], verify(journal, 0, time.time_ns() * 2)
        finally:
            journal.close()

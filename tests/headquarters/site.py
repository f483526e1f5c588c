# SPDX-License-Identifier: GPL-2.0-only
"""A site for tests: real nats-server, real headquarters, web and uplink processes, each on free ports, ended by id.

`Site.start(name)`, `kill`, `freeze`, `thaw` act on one process; what a branch would say goes through a real outbox.
"""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.config import Headquarters
from appliance.config.files import load_role
from appliance.headquarters import server
from appliance.headquarters.reports.requests import Settle, framed, socket_in
from appliance.wire.calls import CallEvent, ContactBegan, ContactEnded
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.outbox import Outbox
from tests.ports import free_port

BOX = "BR-0001"
ROOT = Path(__file__).parents[2]
PROMPTS = ROOT  # any folder that is there: no prompt is played here

_HEADQUARTERS = """\
role: headquarters
box: HQ-0001
server: {{listen: 127.0.0.1:{nats}, secret: secrets/nats}}
web: {{listen: 127.0.0.1:{web}}}
call_types:
  - {{name: card-service, dnis: [95588], script: welcome}}
scripts: scripts
skill_groups: [{{name: card, agents: [1001, 1002]}}]
agents:
  - {{id: 1001, name: Li Na, box: BR-0001, extension: 8001}}
  - {{id: 1002, name: Wang Wei, box: BR-0001, extension: 8002}}
"""
_BRANCH = """\
role: branch
box: BR-0001
name: Nanjing Road
headquarters: {{server: 127.0.0.1:{nats}, secret: secrets/nats}}
spans: [{{name: telco, driver: cesopsn, local: 127.0.0.1:{span}, remote: 127.0.0.1:9001}}]
sip: {{listen: 127.0.0.1:{sip}, proxy: 127.0.0.1:{proxy}, domain: branch.test}}
extensions: [{{number: 8001, name: Li Na, secret: secrets/8001}}]
route: {{timeout_ms: 500, default: {{ring: [8001]}}}}
prompts: {{directories: [{prompts}]}}
"""


def until(so: Callable[[], object], within_s: float, what: str) -> float:
    """Wait until it is so; returns the seconds it took."""
    began = time.monotonic()
    while not so():
        if time.monotonic() - began > within_s:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(0.02)
    return time.monotonic() - began


def settled(state: Path) -> None:
    """The record there commits what it has answered, if somebody is there who can."""
    with contextlib.suppress(OSError), contextlib.closing(socket.socket(socket.AF_UNIX)) as record:
        record.settimeout(2)
        record.connect(str(socket_in(state)))
        record.sendall(framed(Settle()))
        record.recv(1)


def answers(path: Path) -> bool:
    """Whether somebody listens at that Unix socket."""
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(path)) == 0


class Site:
    """One headquarters and one branch in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.branch_state = folder / "state" / "branch"
        self.state = folder / "state" / "headquarters"
        self.web_port = free_port()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        shutil.copytree(ROOT / "appliance/simulator/site/scripts", folder / "scripts")
        ports = {name: free_port() for name in ("nats", "span", "sip", "proxy")}
        self.nats_port = ports["nats"]
        text = _HEADQUARTERS.format(nats=ports["nats"], web=self.web_port)
        (folder / "headquarters.yaml").write_text(text)
        secret = folder / "secrets" / "8001"
        secret.parent.mkdir()
        secret.touch(0o600)
        secret.write_text("of a phone that nobody has\n")
        (folder / "branch.yaml").write_text(_BRANCH.format(prompts=PROMPTS, **ports))
        self.config = load_role(folder / "headquarters.yaml", Headquarters)

    def start(self, *names: str) -> None:
        """nats-server, record (headquarters' own, before it), headquarters, web, uplink."""
        for name in names:
            if name == "headquarters" and "record" not in self._children:
                self.start("record")
                until(lambda: answers(socket_in(self.state)), 10, "the record's process listens")
            self.start_alone(name)

    def start_alone(self, name: str) -> None:
        """Whatever else runs."""
        role = "branch" if name == "uplink" else "headquarters"
        state = self.branch_state if role == "branch" else self.state
        state.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", f"appliance.processes.{name}"]
        if name == "nats-server":
            command = server.prepare(self.config, self.state)
        environment = {"BRANCHLINE_CONFIG": str(self.folder / f"{role}.yaml"), "BRANCHLINE_STATE": str(state)}
        with (self.folder / f"{name}.log").open("ab") as log:
            self._children[name] = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=ROOT, env={**os.environ, **environment}
            )
        if name == "nats-server":
            until(lambda: server.ready(self.config), 5, "the message server greets")

    def kill(self, *names: str) -> None:
        """By SIGKILL, and wait for the end."""
        for name in names:
            child = self._children.pop(name)
            child.kill()
            child.wait()

    def freeze(self, *names: str) -> None:
        """SIGSTOP."""
        for name in names:
            self._children[name].send_signal(signal.SIGSTOP)

    def thaw(self, *names: str) -> None:
        """SIGCONT."""
        for name in names:
            self._children[name].send_signal(signal.SIGCONT)

    def pid(self, name: str) -> int:
        """Of what was started."""
        return self._children[name].pid

    def ended(self, name: str) -> int:
        """The status with which it ends by itself."""
        return self._children.pop(name).wait(20)

    def close(self) -> None:
        """End all that was started."""
        self.kill(*self._children)

    def log_of(self, name: str) -> str:
        """What the process has logged."""
        return (self.folder / f"{name}.log").read_text()

    @contextlib.contextmanager
    def record(self) -> Iterator[sqlite3.Connection]:
        """The store, looked at from outside; what was answered is there."""
        settled(self.state)
        store = sqlite3.connect(f"file:{self.state / 'record.db'}?mode=ro", uri=True, timeout=5)
        try:
            yield store
        finally:
            store.close()

    def stored(self, query: str = "SELECT count(*) FROM event") -> int:
        """A number from the store; 0 while there is none."""
        try:
            with self.record() as store:
                return int(store.execute(query).fetchone()[0])
        except sqlite3.OperationalError:
            return 0

    def tell(self, *events: CallEvent) -> None:
        """Put events into the branch's outbox as call control would, under a new incarnation."""
        outbox = Outbox(self.branch_state / "outbox.db", Sealer(Identity.take(BOX, "call")))
        for event in events:
            outbox.append(event)
        outbox.close()

    def waiting(self) -> int:
        """Events still in the outbox."""
        store = sqlite3.connect(self.branch_state / "outbox.db", timeout=5)
        try:
            return int(store.execute("SELECT count(*) FROM event").fetchone()[0])
        finally:
            store.close()


def contacts(first: int, count: int) -> list[CallEvent]:
    """Two events for each of `count` short contacts."""
    events: list[CallEvent] = []
    for number in range(first, first + count):
        name = f"{BOX}.test.{number}"
        events.append(ContactBegan(contact=name, leg=f"{name}.leg", channel="span 1 timeslot 1", dnis="95588"))
        events.append(ContactEnded(contact=name, cause=16, by="caller"))
    return events

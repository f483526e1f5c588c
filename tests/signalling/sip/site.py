# SPDX-License-Identifier: GPL-2.0-only
"""A branch's SIP side for tests: engine in a thread, Kamailio and the worker as processes, on free ports."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from appliance.config import Branch, Endpoint
from appliance.config.files import load_role
from appliance.media.engine import Engine
from appliance.media.events import Client
from appliance.media.host import start_thread
from appliance.signalling.sip import kamailio
from appliance.signalling.sip.control import control
from tests.ports import free_port, free_rtp_base, let_go_rtp_base

DOMAIN = "branch.test"
PASSWORD = "correct-horse-{number}"  # noqa: S105  # of phones that live for one test

CONFIGURATION = """\
role: branch
box: {box}
name: Test
headquarters: {{server: 127.0.0.1:{server}, secret: uplink}}
engine: {{rtp_address: 127.0.0.1, rtp_base: {rtp_base}}}
spans:
  - {{name: telco, driver: cesopsn, local: 127.0.0.1:{span}, remote: 127.0.0.1:{exchange}}}
sip: {{listen: 127.0.0.1:{listen}, proxy: {proxy}, domain: {domain}{sip}}}
extensions:
{extensions}
peers: [{peers}]
prompts: {{directories: [.]}}
"""


def until(happened: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Wait until something is so; AssertionError if it never is."""
    end = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < end, f"not within {timeout_s} s"
        time.sleep(0.02)


class Place(NamedTuple):
    """A branch as its peers know it."""

    box: str
    proxy: Endpoint
    domain: str = DOMAIN
    secret: str = "open-sesame"  # noqa: S105  # of branches that live for one test
    packet_ms: int = 20

    @classmethod
    def free(cls, box: str, domain: str = DOMAIN) -> "Place":
        """On a free port."""
        return cls(box, Endpoint("127.0.0.1", free_port()), domain)


class Site:
    """Configuration, engine, and the two processes, which may be killed and started again."""

    def __init__(
        self,
        folder: Path,
        numbers: tuple[str, ...],
        sip: str,
        place: Place | None = None,
        peers: tuple[Place, ...] = (),
    ) -> None:
        self.place = place or Place.free("BR-0001")
        self.state = folder / "state"
        self.rtp_base = free_rtp_base(keep=True)
        self.listen = Endpoint("127.0.0.1", free_port())
        self.proxy = self.place.proxy
        self.configuration = folder / "branch.yaml"
        self._write(folder, numbers, sip, peers)
        self.branch = load_role(self.configuration, Branch)
        self.socket = self.state / "run" / "leg.sip.sock"
        self.engine_thread = start_thread(self.rtp_base)
        self.copies = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.copies.bind(self.branch.sip.trace)
        self.program: tuple[str, ...] = ("-m", "appliance.processes.sip")
        self.worker: subprocess.Popen[bytes] | None = None
        self.kamailio: subprocess.Popen[bytes] | None = None
        self.call: subprocess.Popen[bytes] | None = None

    def engine(self, client: Client = Client.MONITOR) -> Engine:
        """A handle on the engine."""
        return self.engine_thread.engine(client)

    def start_kamailio(self) -> None:
        """Prepare, start, wait until it serves."""
        command = kamailio.prepare(self.branch, self.state)
        self.kamailio = self._start(command.argv, "kamailio", command.env)
        until(lambda: asyncio.run(kamailio.serves(self.state)))

    def start_worker(self) -> None:
        """Start, wait until it serves."""
        self.socket.unlink(missing_ok=True)
        fds = {"sip": self.engine_thread.event_fds[Client.SIP], "trace": self.copies.fileno()}
        self.worker = self._start_ours("sip", self.program, fds)
        until(lambda: self.socket.exists() or self.worker is None or self.worker.poll() is not None)
        assert self.worker.poll() is None, self.log("sip")

    def start_call_control(self) -> None:
        """It asks at the uplink's socket, and waits for what is not there."""
        fds = {"call": self.engine_thread.event_fds[Client.CALL]}
        self.call = self._start_ours("call", ("-m", "appliance.processes.call"), fds)

    def rpc(self, method: str, *parameters: str | int) -> Any:
        """Ask Kamailio."""
        return asyncio.run(control(kamailio.control_socket(self.state), object, method, *parameters))

    def statistic(self, name: str) -> int:
        """One of the script's counters."""
        told = self.rpc("stats.get_statistics", f"{name}")
        return int(str(told[0]).partition("=")[2])

    def dialogs(self) -> list[dict[str, object]]:
        """Dialogs that Kamailio holds and that are not over."""
        told = self.rpc("dlg.briefing", "cs")
        return [dialog for dialog in told if dialog["state"] != 5]

    def log(self, process: str) -> str:
        """What a process said."""
        return (self.state / f"{process}.log").read_text()

    def close(self) -> None:
        """End the processes and the engine."""
        for process in (self.call, self.worker, self.kamailio):
            if process is not None and process.poll() is None:
                process.terminate()
        for process in (self.call, self.worker, self.kamailio):
            if process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
                process.kill()
                process.wait()
        kamailio.end_leftovers(self.state / "kamailio")
        self.engine_thread.close()
        let_go_rtp_base(self.rtp_base)
        self.copies.close()

    def _start_ours(self, name: str, program: tuple[str, ...], fds: dict[str, int]) -> subprocess.Popen[bytes]:
        """A process of the product, which finds configuration, state and engine in its environment."""
        fds = {"segment": self.engine_thread.segment_fd, **fds}
        environment = {
            "BRANCHLINE_CONFIG": str(self.configuration),
            "BRANCHLINE_STATE": str(self.state),
            "BRANCHLINE_FDS": ",".join(f"{kind}={fd}" for kind, fd in fds.items()),
        }
        return self._start((sys.executable, *program), name, environment, tuple(fds.values()))

    def _start(
        self, argv: tuple[str, ...], name: str, environment: dict[str, str], fds: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        with (self.state / f"{name}.log").open("ab") as told:
            return subprocess.Popen(
                argv, stdout=told, stderr=told, env=os.environ | environment, pass_fds=fds, start_new_session=True
            )

    def _write(self, folder: Path, numbers: tuple[str, ...], sip: str, peers: tuple[Place, ...]) -> None:
        self.state.mkdir(parents=True)
        secrets = {name: PASSWORD.format(number=name) for name in (*numbers, "uplink")}
        for name, text in (secrets | {peer.box: peer.secret for peer in peers}).items():
            secret = folder / name
            secret.write_text(text)
            secret.chmod(0o600)
        extensions = "".join(f"  - {{number: {n}, name: Agent {n}, secret: {folder / n}}}\n" for n in numbers)
        text = CONFIGURATION.format(
            server=free_port(),
            rtp_base=self.rtp_base,
            span=free_port(),
            exchange=free_port(),
            listen=self.listen.port,
            proxy=self.proxy,
            sip=sip,
            extensions=extensions,
            box=self.place.box,
            domain=self.place.domain,
            peers=", ".join(
                f"{{box: {p.box}, proxy: {p.proxy}, domain: {p.domain}, secret: {folder / p.box}, "
                f"packet_ms: {p.packet_ms}}}"
                for p in peers
            ),
        )
        self.configuration.write_text(text)


@contextlib.contextmanager
def site(
    folder: Path,
    numbers: tuple[str, ...] = ("8001", "8002"),
    program: tuple[str, ...] | None = None,
    sip: str = "",
    place: Place | None = None,
    peers: tuple[Place, ...] = (),
) -> Iterator[Site]:
    """A running site. `program`: another worker than the product's process; `sip`: more of the configuration's key."""
    running = Site(folder, numbers, sip, place, peers)
    running.program = program or running.program
    try:
        running.start_kamailio()
        running.start_worker()
        yield running
    finally:
        running.close()

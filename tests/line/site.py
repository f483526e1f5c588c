# SPDX-License-Identifier: GPL-2.0-only
"""The line process as the supervisor starts it, on a real engine, with an exchange behind CESoPSN."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from appliance.media.engine import Engine
from appliance.media.events import Client, FrameReceived, SpanAlarmChanged
from appliance.media.host import EngineThread, start_thread
from appliance.signalling.pri.link import Link, Profile, Timers
from appliance.simulator.relay import Relay
from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.model import D_CHANNELS, Alarm, DigitalLine
from tests.line.far_end import Network
from tests.media.rig import EngineProcess
from tests.ports import HOST, free_port, free_rtp_base

SPAN = 0
T309_S = 6
CONFIGURATION = """
role: branch
box: BR-0001
name: Nanjing Road
headquarters: {{server: 127.0.0.1:4222, secret: {secret}}}
spans:
{spans}
sip: {{listen: 127.0.0.1:5070, proxy: 127.0.0.1:5060, domain: branch.test}}
extensions: []
prompts: {{directories: [{prompts}]}}
"""
LINE = """  - name: {name}
    driver: cesopsn
    local: {local}
    remote: {remote}
    line: {kind}
    profile: {profile}
    timers: {{t309_s: {t309_s}}}
"""


class FarSpan:
    """The exchange's own engine and E1; carries the exchange's frames."""

    def __init__(self, thread: EngineThread, settings: CesopsnSettings, network: Network) -> None:
        self.engine: Engine = thread.engine(Client.LINE1)
        self._network = network
        CesopsnDriver(self.engine).configure(SPAN, settings, D_CHANNELS[settings.line])
        asyncio.get_running_loop().add_reader(self.engine.event_fd, self._told)

    def send(self, frame: bytes) -> None:
        """To the box."""
        self.engine.send_frame(SPAN, frame)

    def close(self) -> None:
        """Hear nothing more."""
        asyncio.get_running_loop().remove_reader(self.engine.event_fd)

    def _told(self) -> None:
        for event in self.engine.take_events():
            match event:
                case FrameReceived(frame=frame):
                    self._network.receive(frame)
                case SpanAlarmChanged(alarms=alarms):
                    self._network.do(Link.deactivate if Alarm.RED in alarms else Link.activate)


class Site:
    """One line of the branch and its exchange."""

    def __init__(
        self,
        folder: Path,
        worker: str,
        near: EngineThread | EngineProcess,
        far: FarSpan,
        relay: Relay,
        network: Network,
    ) -> None:
        self.folder = folder
        self.worker = worker
        self.near = near
        self.far = far
        self.relay = relay
        self.network = network
        self.process: asyncio.subprocess.Process | None = None
        network.socket = folder / "run" / f"leg.{worker}.sock"
        network.orphans_s = 30.0

    async def start_worker(self) -> None:
        """Start the line process and wait for its socket."""
        self.network.socket.unlink(missing_ok=True)
        fds = {"segment": self.near.segment_fd, self.worker: self.near.event_fds[Client[self.worker.upper()]]}
        for fd in fds.values():
            os.set_inheritable(fd, True)  # noqa: FBT003 - the standard library's own
        environment = {
            **os.environ,
            "BRANCHLINE_CONFIG": str(self.folder / "branch.yaml"),
            "BRANCHLINE_STATE": str(self.folder),
            "BRANCHLINE_FDS": ",".join(f"{name}={fd}" for name, fd in fds.items()),
        }
        log_file = self.folder / f"{self.worker}.log"
        with log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "appliance.processes.line",
                self.worker,
                env=environment,
                pass_fds=(*fds.values(),),
                stderr=log,
            )
        while not self.network.socket.exists():
            assert self.process.returncode is None, log_file.read_text()
            await asyncio.sleep(0.02)

    async def kill_worker(self) -> None:
        """As `kill -9` does."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@asynccontextmanager
async def started(folder: Path, kind: DigitalLine = "e1", profile: Profile = Profile.EUROISDN) -> AsyncIterator[Site]:
    """A branch's line in service."""
    async with lines_started(folder, 1, kind, profile) as (site,):
        yield site


@asynccontextmanager
async def lines_started(
    folder: Path,
    count: int,
    kind: DigitalLine = "e1",
    profile: Profile = Profile.EUROISDN,
    *,
    more: Mapping[int, str] = {},
    near: EngineProcess | None = None,
) -> AsyncIterator[list[Site]]:
    """So many lines of one branch in service, each with a worker and an exchange of its own.

    `more`: keys of a line, from 0, beside those that all have; `near`: the branch's engine, which the caller closes.
    """
    engine = near or start_thread(free_rtp_base())
    sites, exchanges, text = [], [], ""
    for number in range(count):
        local, far = (HOST, free_port()), (HOST, free_port())
        relay = Relay(local, far)
        exchange = start_thread(free_rtp_base())
        exchanges.append(exchange)
        wire = CesopsnSettings(far, relay.door_b, clock="local", line=kind)
        network, span = _exchange(exchange, wire, profile)
        worker = f"line{number + 1}"
        sites.append(Site(folder, worker, engine, span, relay, network))
        text += LINE.format(
            name=f"telco {number + 1}",
            local="{}:{}".format(*local),
            remote="{}:{}".format(*relay.door_a),
            t309_s=T309_S,
            kind=kind,
            profile=profile,
        )
        text += f"    {more[number]}\n" if number in more else ""
    secret = folder / "token"
    secret.touch(mode=0o600)
    (folder / "branch.yaml").write_text(CONFIGURATION.format(spans=text, prompts=folder, secret=secret))
    try:
        for site in sites:
            await site.start_worker()
        for site in sites:
            await site.network.every_channel_restarted()
        yield sites
    finally:
        for site in sites:
            await site.kill_worker()
            site.network.close()
            site.far.close()
            site.relay.close()
        for thread in exchanges if near else (engine, *exchanges):
            thread.close()


def _exchange(thread: EngineThread, settings: CesopsnSettings, profile: Profile) -> tuple[Network, FarSpan]:
    spans: list[FarSpan] = []

    def carrier(network: Network) -> FarSpan:
        spans.append(FarSpan(thread, settings, network))
        return spans[0]

    return Network(Timers(t309_s=T309_S, t316_s=2.0), carrier, settings.line, profile), spans[0]

# SPDX-License-Identifier: GPL-2.0-only
"""The call control process: Control, with real sockets, the real engine and the real outbox around it."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from appliance.call.actions import Join
from appliance.call.settings import Default, Trunks
from appliance.call.shell.control import Control
from appliance.call.shell.ports import LegCommand
from appliance.call.trunks import show
from appliance.config import Branch, load_or_exit
from appliance.config.branch import line_workers
from appliance.config.trunks import all_groups
from appliance.media.engine import Engine, EngineBusyError
from appliance.media.events import Client as EngineClient
from appliance.media.events import CommandRefused, Profile, ToneKind
from appliance.processes.environment import state_directory
from appliance.supervisor import logs, notify
from appliance.wire.agents import OrderDone
from appliance.wire.calls import CallEvent
from appliance.wire.client import Client
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import PlaceLeg
from appliance.wire.outbox import Outbox
from appliance.wire.routes import RouteRequest
from appliance.wire.service_messages import Refused
from appliance.wire.treatments import RunTreatment, StopTreatment

RETRY_S = 0.005
SHOWN_S = 0.5
CLOSED_BEFORE = frozenset({"ENOENT", "ENOTCONN"})
"""A worker closes its port at the first release, and with it bridge and recording; our own end of them comes later."""

log = structlog.get_logger()


class EngineSwitch:
    """call.shell.ports.Switch over the engine's handle; a full command ring is waited out, in order."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[Callable[[], None]] = []

    @property
    def samples(self) -> int:
        """The engine's clock."""
        return self._engine.samples

    def ring_back(self, port: int) -> None:
        """Ring-back tone."""
        self._do(lambda: self._engine.tone(port, ToneKind.RINGBACK))

    def silence(self, port: int) -> None:
        """End what the port is played."""
        self._do(lambda: self._engine.stop(port))

    def tone(self, port: int) -> None:
        """A steady one: the dial tone's."""
        self._do(lambda: self._engine.tone(port, ToneKind.DIAL))

    def heard(self, port: int) -> tuple[float, int | None]:
        """Level of the last second, and packets of RTP."""
        status = self._engine.port_status(port)
        return status.rx_dbm0, status.rtp.received if status.kind == "rtp" else None

    def join(self, join: Join) -> None:
        """Bridge, and record."""
        for port in (join.caller, join.agent) if join.clear else ():
            self._clear(port)
        self._do(lambda: self._engine.connect(join.caller, join.agent))
        if join.recording:
            self._do(lambda: self._engine.record(join.recording, join.caller, join.agent, join.from_sample))

    def _clear(self, port: int) -> None:
        """Neither echo canceller nor gain nor ear of the trunk's plan."""
        self._do(lambda: self._engine.set_profile(port, Profile.CLEAR))
        self._do(lambda: self._engine.set_gain(port, 0.0, 0.0))

    def part(self, port: int, recording: int) -> None:
        """Undo both; harmless where a closed port has ended them."""
        if recording:
            self._do(lambda: self._engine.stop_recording(recording))
        self._do(lambda: self._engine.disconnect(port))

    def news(self) -> None:
        """Read the engine's events: nothing in them moves a call; a refusal that no closed port explains is logged."""
        for event in self._engine.take_events():
            if isinstance(event, CommandRefused) and event.error not in CLOSED_BEFORE:
                log.warning("call.engine.refused", command=event.kind.name, port=event.port, error=event.error)

    def _do(self, command: Callable[[], None]) -> None:
        self._waiting.append(command)
        if len(self._waiting) == 1:
            self._flush()

    def _flush(self) -> None:
        try:
            while self._waiting:
                self._waiting[0]()
                self._waiting.pop(0)
        except EngineBusyError as error:
            log.warning("call.engine.busy", error=str(error), waiting=len(self._waiting))
            asyncio.get_running_loop().call_later(RETRY_S, self._flush)


class SocketLinks:
    """call.shell.ports.Links over the box's sockets."""

    def __init__(self, run: Path, sealer: Sealer, outbox: Outbox) -> None:
        self._outbox = outbox
        self._clients: dict[str, Client] = {}
        self._run = run
        self._sealer = sealer

    def attach(
        self, name: str, said: Callable[[Envelope], None], refused: Callable[[Envelope, Refused], None] | None = None
    ) -> Client:
        """Make the client of one socket; its run() is the caller's to start."""
        path = self._run / f"{name}.sock"
        client = Client(path, self._sealer, said, on_refused=refused or _refused)
        self._clients[name] = client
        return client

    def to_worker(self, worker: str, command: LegCommand) -> None:
        """Send a leg command."""
        self._clients[f"leg.{worker}"].send(command)

    def placing(self, worker: str) -> set[str]:
        """Legs that the worker may not have heard of."""
        return {body.leg for body in self._clients[f"leg.{worker}"].unacknowledged if isinstance(body, PlaceLeg)}

    def to_ivr(self, command: RunTreatment | StopTreatment) -> None:
        """Send a treatment command."""
        self._clients["ivr"].send(command)

    def ask(self, request: RouteRequest) -> bool:
        """Send a route request, if the uplink is there."""
        uplink = self._clients["uplink"]
        if uplink.connected:
            uplink.send(request)
        return uplink.connected

    def done(self, order: OrderDone) -> None:
        """Answer an order, by whichever uplink there is."""
        uplink = self._clients["uplink"]
        if uplink.connected:
            uplink.send(order)

    def record(self, events: Iterable[CallEvent], contact: str, kept: bytes | None) -> None:
        """Store events and state in one transaction."""
        self._outbox.append(*events, keep={contact: kept})


def _refused(command: Envelope, refusal: Refused) -> None:
    log.info("call.command.refused", command=type(command.body).__name__, code=refusal.code, why=refusal.sentence)


async def run(branch: Branch, state: Path) -> None:
    """Control calls until cancelled."""
    identity = Identity.take(branch.box, "call")
    outbox = Outbox(state / "outbox.db", Sealer(Identity.take(branch.box, "call")))
    links = SocketLinks(state / "run", Sealer(identity), outbox)
    engine = Engine.from_environment(EngineClient.CALL)
    engine.attach()
    switch = EngineSwitch(engine)
    route = branch.route
    default = Default(ring=route.default.ring, ring_s=route.default.ring_s, cause=route.default.cause, hold=route.hold)
    workers = line_workers(branch)
    of_trunk = {branch.spans[number].name: worker for worker, numbers in workers.items() for number in numbers}
    peers = tuple(peer.box for peer in branch.peers)
    of_trunk |= dict.fromkeys(peers, "sip")
    groups = all_groups(branch.trunk_groups, tuple(of_trunk))
    trunks = Trunks(of_trunk, branch.tandem, branch.outbound, groups)
    control = Control(links, switch, IdSource(identity), default, route.timeout_ms / 1000, trunks, peers)

    def told_by(worker: str) -> Callable[[Envelope], None]:
        return lambda envelope: control.leg_said(worker, envelope.body)

    clients = [
        links.attach(f"leg.{worker}", told_by(worker), lambda sent, no: control.refused(sent.body, no))
        for worker in (*workers, "sip")
    ]
    clients.append(links.attach("ivr", lambda envelope: control.treatment_said(envelope.body)))
    clients.append(links.attach("uplink", lambda envelope: control.route_said(envelope.body)))
    control.restore(outbox.kept())
    health = await control.serve(state / "run", Sealer(identity), switch, branch.tested())
    asyncio.get_running_loop().add_reader(engine.event_fd, switch.news)
    notify.ready()
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(client.run())
        tasks.create_task(notify.keep_alive())
        tasks.create_task(health.run())
        tasks.create_task(_show_trunks(state / "run", control))


async def _show_trunks(run: Path, control: Control) -> None:
    """For ever, as they change. A disk that takes nothing more stops no call."""
    shown = None
    while True:
        now = control.groups
        if now != shown:
            shown = now
            try:
                show(run, now)
            except OSError as error:
                log.warning("call.trunks.unshown", error=str(error))
        await asyncio.sleep(SHOWN_S)


def main() -> None:
    """Start from the environment (BRANCHLINE_CONFIG, BRANCHLINE_STATE, BRANCHLINE_FDS)."""
    logs.configure("call")
    branch = load_or_exit(Branch)
    asyncio.run(run(branch, state_directory()))


if __name__ == "__main__":
    main()

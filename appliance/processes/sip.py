# SPDX-License-Identifier: GPL-2.0-only
"""The SIP worker's process: pjsua2 in the main thread, legs and sockets in the other, the engine's RTP ports.

A worker starts with no legs: RTP ports that a former one left open are closed, and its dialogs ended.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from appliance.config import Branch, load_or_exit
from appliance.media.engine import NULL_FIRST, RTP_FIRST, Engine, EngineBusyError, inherited_fds
from appliance.media.events import Client, CommandKind, CommandRefused, RtpTimedOut
from appliance.processes.environment import state_directory
from appliance.signalling.sip.codings import of_names
from appliance.signalling.sip.control import ControlError
from appliance.signalling.sip.former import ask_former_calls, end_former_calls
from appliance.signalling.sip.kamailio import control_socket
from appliance.signalling.sip.rtp import RtpPorts
from appliance.signalling.sip.signals import Signal
from appliance.signalling.sip.stack import Stack, StackSettings
from appliance.signalling.sip.worker import ORPHANS_S, Neighbour, Worker
from appliance.supervisor import logs, notify
from appliance.trace.legs import LegLog
from appliance.trace.log import SIP_OCTETS, TraceLog
from appliance.trace.sip import SipTap
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity, IdSource

RETRY_S = 0.05

log = structlog.get_logger()


class Process:
    """Both threads of the worker."""

    def __init__(self, branch: Branch, state: Path, engine: Engine, orphans_s: float = ORPHANS_S) -> None:
        """Open the SIP port, in the thread that will call `run`. Raises pjsua2.Error where it is taken.

        KeyError: BRANCHLINE_FDS names no `trace`, the socket of Kamailio's copies.
        """
        self._branch = branch
        self._state = state
        self._engine = engine
        self._orphans_s = orphans_s
        self._identity = Identity.take(branch.box, "sip")
        self._ports = RtpPorts(engine, branch.engine.rtp_address, branch.engine.rtp_base, EngineBusyError)
        self._codecs = of_names(branch.sip.codecs)
        sip = branch.sip
        settings = StackSettings(sip.listen, sip.proxy, sip.domain, self._codecs, sip.srtp, sip.packet_ms)
        ids = IdSource(self._identity)
        self._control = control_socket(state)
        self._copies = inherited_fds(os.environ["BRANCHLINE_FDS"])["trace"]
        self._began = int(time.time())
        self._ask_former_calls()
        self._stack = Stack(settings, self._tell, ids.leg, self._ports)
        self._loop = asyncio.new_event_loop()
        self._take: Callable[[Signal], None] | None = None
        self._main: asyncio.Task[None] | None = None
        self._ended_well = False

    def _ask_former_calls(self) -> None:
        """Before our port opens; where Kamailio is not there yet, `_serve` asks when it is."""
        try:
            asyncio.run(ask_former_calls(self._control, str(self._branch.sip.listen), lambda _: False, self._began))
        except ControlError as error:
            log.info("sip.former.unknown", error=str(error))

    def run(self) -> bool:
        """Serve until SIGTERM. False when the other thread failed, which has said why."""
        legs = threading.Thread(target=self._run_legs, name="legs")
        legs.start()
        self._stack.run()
        if self._main is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._main.cancel)
        legs.join()
        return self._ended_well

    def stop(self) -> None:
        """From a signal handler: hang up everything and end."""
        self._stack.stop()

    def drain(self, *, now: bool) -> None:
        """From a signal handler: take no new calls of phones, or take them again."""
        if now != self._stack.draining:  # an updater says it again and again
            log.info("sip.worker.drained" if now else "sip.worker.opened")
        self._stack.draining = now

    def _tell(self, told: Signal) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, told)

    def _deliver(self, told: Signal) -> None:
        if self._take is not None:
            self._take(told)

    def _run_legs(self) -> None:
        try:
            self._main = self._loop.create_task(self._serve())
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            self._ended_well = True
        except Exception:
            log.exception("sip.worker.failed")
        finally:
            self._loop.close()
            self._stack.stop()

    async def _serve(self) -> None:
        self._engine.attach()
        await self._close_left_open()
        path = self._state / "run" / "leg.sip.sock"
        sealer, order = Sealer(self._identity), self._stack.order
        peers = {peer.box: Neighbour(peer.proxy, peer.packet_ms) for peer in self._branch.peers}
        own_ms = self._branch.sip.packet_ms
        worker = Worker(path, sealer, self._ports, order, self._orphans_s, self._codecs, own_ms, peers)
        self._take = worker.take
        asyncio.get_running_loop().add_reader(self._engine.event_fd, self._news, worker)
        worker.service.watch = LegLog(self._state, self._identity.process).take
        await self._trace_sip()
        former = end_former_calls(self._control, str(self._branch.sip.listen), worker.owns, self._began)
        await worker.service.start()
        notify.ready()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(former)
            tasks.create_task(notify.keep_alive(lambda: self._stack.turns))
            tasks.create_task(self._retry())

    async def _trace_sip(self) -> None:
        proxy, write = self._branch.sip.proxy, TraceLog(self._state, "sip", SIP_OCTETS).write
        copies = socket.socket(fileno=self._copies)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: SipTap(proxy, write), sock=copies)

    async def _close_left_open(self) -> None:
        for port in range(RTP_FIRST, NULL_FIRST):
            while self._engine.port_status(port).kind != "closed":
                try:
                    self._engine.close_port(port)
                    break
                except EngineBusyError:
                    await asyncio.sleep(RETRY_S)

    async def _retry(self) -> None:
        while True:
            await asyncio.sleep(RETRY_S)
            self._ports.retry()

    def _news(self, worker: Worker) -> None:
        for event in self._engine.take_events():
            if isinstance(event, RtpTimedOut):
                worker.engine_silent(event.port)
            elif isinstance(event, CommandRefused) and event.kind in {CommandKind.OPEN_RTP, CommandKind.SECURE}:
                worker.engine_refused(event.port, event.error)
            elif isinstance(event, CommandRefused):
                log.warning("sip.engine.refused", command=event.kind.name, port=event.port, error=event.error)


def main() -> int:
    """Start from the environment (BRANCHLINE_CONFIG, BRANCHLINE_STATE, BRANCHLINE_FDS)."""
    logs.configure("sip")
    return serve(Process(load_or_exit(Branch), state_directory(), Engine.from_environment(Client.SIP)))


def serve(process: Process) -> int:
    """Until SIGTERM or SIGINT, SIGUSR1 drains and SIGUSR2 ends that; in the main thread. Returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: process.stop())
    signal.signal(signal.SIGINT, lambda *_: process.stop())
    signal.signal(signal.SIGUSR1, lambda *_: process.drain(now=True))
    signal.signal(signal.SIGUSR2, lambda *_: process.drain(now=False))
    return 0 if process.run() else 1


if __name__ == "__main__":
    sys.exit(main())

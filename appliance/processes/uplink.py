# SPDX-License-Identifier: GPL-2.0-only
"""The uplink process of a branch: link, routes, outbox, recordings, and what the box's processes tell of themselves."""

import asyncio
import functools
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import structlog

from appliance.config import Branch, load_or_exit
from appliance.config.branch import line_workers
from appliance.config.diagnostics import NONE
from appliance.headquarters.desk import Desk
from appliance.processes.environment import state_directory
from appliance.router.journal import Journal
from appliance.router.journal import path_of as journal_path
from appliance.router.state import EMPTY
from appliance.supervisor import logs, notify
from appliance.uplink.connection import Access
from appliance.uplink.crashes import CrashSender
from appliance.uplink.domain import Domain, fetch_rules
from appliance.uplink.enrolling.credentials import Credentials
from appliance.uplink.enrolling.renewal import Renewal
from appliance.uplink.floor import FloorDoor
from appliance.uplink.forwarder import Forwarder
from appliance.uplink.history import History
from appliance.uplink.kept import KeptFile
from appliance.uplink.link import Link
from appliance.uplink.orders import Orders
from appliance.uplink.pushes import Pushes
from appliance.uplink.remote import Remote
from appliance.uplink.routes import Routes
from appliance.uplink.uploads import Uploader, UploadList
from appliance.uplink.watching import Watching
from appliance.wire.agents import OrderDone
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.client import Client
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.link import LinkNow
from appliance.wire.outbox import Outbox, OutboxReader
from appliance.wire.service import Service

TELL_S = 5.0
SOCKETS = ("leg.sip.sock", "health.call.sock", "ivr.sock", "recorder.sock", "supervisor.sock", "update.sock")

log = structlog.get_logger()


class Uplink:
    """All parts of the process, joined."""

    def __init__(self, branch: Branch, state: Path, file: Path) -> None:
        identity = Identity.take(branch.box, "uplink")
        sealer = Sealer(identity)
        outbox = state / "outbox.db"
        self._run = state / "run"
        self._sockets = (*(f"leg.{worker}.sock" for worker in line_workers(branch)), *SOCKETS)
        if branch.diagnostics != NONE:
            self._sockets = (*self._sockets, "diagnostics.sock")
        self._server = " or ".join(str(server) for server in branch.headquarters.server)
        link = branch.headquarters
        credentials = Credentials(link.credentials) if link.credentials else None
        access = Access(link.secret, credentials, box=branch.box)
        self._link = Link(link.server, access, identity, branch.name, self._link_changed)
        self._renewal = Renewal(credentials, link.server, self._certificate_troubled) if credentials else None
        self._watching = Watching(self._link, sealer)
        uploads = UploadList(outbox)
        reader = OutboxReader(outbox)
        self._link.contacts = functools.partial(reader.kept, "call")
        self._desk, self._domain = self._own_router(identity, state, outbox)
        self._link.lease, self._link.terms = self._domain.beat, self._domain.heard
        self._link.hears[f"agent.commanded.{branch.box}"] = self._link.beat_now
        self._forwarder = Forwarder(reader, uploads, self._link, self._outbox_troubled)
        self._forwarder.passing = self._domain.follow
        self._uploader = Uploader(uploads, state / "recordings", self._link, self._upload_troubled)
        self._crashes = CrashSender(state / "crashes", self._link)
        self._service = Service(self._run / "uplink.sock", sealer, "routes", self._handle, self._standing)
        self._orders = Orders(self._link, sealer, self._service.publish)
        self._pushes = Pushes(file, branch, self._link, sealer)
        self._supervisor = Client(self._run / "supervisor.sock", sealer, self._pushes.heard, role="observer")
        self._remote = Remote(self._link, sealer, state)
        self._routes = Routes(
            self._link,
            branch.route.timeout_ms,
            self._service.publish,
            self._domain,
            sealer,
            patient=not branch.route.default.ring,
        )
        self._domain.changed = self._routes.changed
        self._desk.floor.on_order = self._orders.here
        self._history = History(Outbox(outbox, Sealer(Identity.take(branch.box, "uplink"))), self._desk.now_ns)
        self._history.catch_up(journal_path(state))
        self._desk.on_moved, self._domain.known = self._history.moved, self._history.over
        self._floor = FloorDoor(self._run / "floor.sock", self._desk.floor, self._domain, self._link, sealer)
        self._desk.on_assigned = lambda _box, said: self._routes.own_assigned(said)

    def _own_router(self, identity: Identity, state: Path, outbox: Path) -> tuple[Desk, Domain]:
        folder = state / "domain"
        journal, recalled = Journal.opened(journal_path(state))
        kept = KeptFile(folder).rules()
        desk = Desk(
            kept.rules if kept else EMPTY.rules, identity.incarnation, journal, recalled, (), self._journal_troubled
        )
        return desk, Domain(identity.box, folder, desk, OutboxReader(outbox))

    async def run(self) -> None:
        """Work until cancelled; any part that fails ends the process, and the supervisor starts it again."""
        self._link_changed(up=False)
        await self._service.start()
        notify.ready()
        async with asyncio.TaskGroup() as parts:
            for part in self._parts():
                parts.create_task(part)
            parts.create_task(notify.keep_alive())

    def _parts(self) -> list[Coroutine[Any, Any, None]]:
        observers = [self._watching.observe(self._run / name) for name in self._sockets]
        return [
            self._link.run(),
            self._desk.run(),
            self._domain.run(),
            fetch_rules(self._domain, self._link),
            self._forwarder.run(),
            self._uploader.run(),
            self._crashes.run(),
            self._tell_often(),
            self._floor.run(),
            self._watching.run(),
            self._watching.repeat_often(),
            self._supervisor.run(),
            self._pushes.run(),
            *observers,
            *((self._renewal.run(),) if self._renewal else ()),
        ]

    def _standing(self) -> list[Body]:
        return [*self._watching.own_standing(), self._now()]

    def _now(self) -> LinkNow:
        trip = self._link.round_trip_ms if self._link.up else None
        return LinkNow(up=self._link.up, decides=self._domain.decides.by, round_trip_ms=trip)

    async def _tell_often(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            self._service.publish(self._now())

    def _handle(self, envelope: Envelope) -> None:
        if isinstance(envelope.body, OrderDone):
            self._orders.done(envelope.body)
        else:
            self._routes.handle(envelope)

    def _link_changed(self, up: bool) -> None:  # noqa: FBT001  # the shape of the callback
        sentence = f"headquarters at {self._server} cannot be reached; callers go to the branch's own default"
        self._alarm("uplink.down", self._server, None if up else sentence)
        if self._renewal is not None:
            self._renewal.link_changed(up=up)
        if up:
            self._watching.repeat()

    def _journal_troubled(self, sentence: str | None) -> None:
        told = "the journal of the branch's own router cannot be written; make room on the data disk"
        self._alarm("router.journal", "router", told if sentence else None)

    def _certificate_troubled(self, sentence: str | None) -> None:
        self._alarm("certificate.troubled", "headquarters", sentence)

    def _outbox_troubled(self, sentence: str | None) -> None:
        self._alarm("outbox.troubled", "outbox", sentence)

    def _upload_troubled(self, recording: str, sentence: str | None) -> None:
        self._alarm("recording.not-brought", recording, sentence)

    def _alarm(self, code: str, address: str, sentence: str | None) -> None:
        """Raise where there is a sentence, else clear; said only when it changes."""
        standing = {(one.code, one.address): one.sentence for one in self._watching.own_standing()}
        if standing.get((code, address)) == sentence:
            return
        if sentence is None:
            body: AlarmRaised | AlarmCleared = AlarmCleared(code=code, address=address)
        else:
            body = AlarmRaised(code=code, address=address, sentence=sentence)
        self._watching.own(body)
        self._service.publish(body)


async def serve(branch: Branch, state: Path, file: Path) -> None:
    """Work until cancelled. `file`: what the branch was read from."""
    await Uplink(branch, state, file).run()


def main() -> None:
    """Run until stopped. Exit status 2: the configuration cannot be used."""
    logs.configure("uplink")
    branch = load_or_exit(Branch)
    asyncio.run(serve(branch, state_directory(), Path(os.environ["BRANCHLINE_CONFIG"])))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-only
"""The headquarters process: router and recordings behind one connection to the message server; the record is beside.

Alone it is active for ever; in a duplex it is active or on standby, as the majority of the message servers has it.
"""

import asyncio
import functools
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from nats.aio.client import Client

from appliance.config import ConfigurationError, Headquarters, exit_with
from appliance.config.files import named_or_exit
from appliance.headquarters import opening, rulebook
from appliance.headquarters.backlog import Backlog
from appliance.headquarters.beginning import known
from appliance.headquarters.desk import Desk, clock
from appliance.headquarters.duplex.calls import Calls
from appliance.headquarters.duplex.duty import CALLS_KEPT_S, Duty, first
from appliance.headquarters.duplex.quorum import ALONE
from appliance.headquarters.duplex.stream import Stream
from appliance.headquarters.intake import Intake
from appliance.headquarters.live import Live
from appliance.headquarters.lookups.sources import Sources
from appliance.headquarters.moves import Moves
from appliance.headquarters.opening import Opening
from appliance.headquarters.recordings.vault import Vault
from appliance.headquarters.reports import store, texts
from appliance.headquarters.reports.intervals.thresholds import wanted_by
from appliance.headquarters.reports.remote import RemoteWriter
from appliance.headquarters.reports.requests import socket_in
from appliance.headquarters.rulebook import Book
from appliance.processes.environment import state_directory
from appliance.router.journal import Journal
from appliance.router.journal import path_of as journal_path
from appliance.router.rules import Rules
from appliance.supervisor import logs, notify
from appliance.uplink.connection import connect, own_access
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity

log = structlog.get_logger()


class Site:
    """What both ways of serving need."""

    def __init__(self, path: Path, begun: Opening, state: Path) -> None:
        self.path, self.begun, self.config, self.state = path, begun, begun.config, state
        self.writer = RemoteWriter(socket_in(state), store.open_reader(store.place_of(state, self.config.record)))
        self.live = Live(frozenset(agent.box for agent in self.config.agents))
        self.sources = Sources(self.config.lookups)
        self._backlog = Backlog(asyncio.to_thread)

    def trouble(self, code: str) -> Callable[[str | None], None]:
        """Who raises and ends an alarm of headquarters' own."""
        return lambda sentence: self.live.trouble(self.config.box, code, sentence, time.time_ns())

    async def connected(self) -> Client:
        """To this box's message server."""
        return await connect((self.config.server.listen,), own_access(self.config), f"{self.config.box} headquarters")

    async def follow_rules(self, change: Callable[[Rules], None]) -> None:
        """For ever; cancel to end."""

        async def changed(book: Book) -> None:
            await self.sources.change(book.config.lookups)
            change(book.rules)
            self._backlog.put(functools.partial(self.writer.hold, wanted_by(book.config)))
            self._keep_texts(book.config, book.rules)
            await asyncio.to_thread(opening.keep, opening.kept_in(self.state), book)

        if self.begun.rules is not None:
            self._keep_texts(self.config, self.begun.rules)
        trouble = self.trouble("router.rules")
        if self.begun.wrong is not None:
            trouble(rulebook.refused(self.begun.wrong))
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._backlog.run())
            parts.create_task(rulebook.follow(self.path, self.config, self.begun.stamp, changed, trouble))

    def _keep_texts(self, config: Headquarters, rules: Rules) -> None:
        self._backlog.put(functools.partial(self.writer.texts, texts.written(self.path, config.scripts, rules.scripts)))


async def serve(site: Site) -> None:
    """Work until cancelled, the only headquarters there is. Raises ConfigurationError where no rules are known."""
    journal, recalled = Journal.opened(journal_path(site.state))
    rules = site.begun.rules_after(recalled[0])
    identity = Identity.take(site.config.box, "headquarters")
    clock_file = site.state / "run" / "router.clock"
    legs, missed = known(site.writer, recalled[0])
    trouble = site.trouble("router.journal")
    desk = Desk(
        rules,
        identity.incarnation,
        journal,
        recalled,
        legs,
        trouble,
        site.sources,
        ALONE._replace(missed=missed, ahead_ns=clock.kept(clock_file)),
    )
    notify.ready()
    client = await site.connected()
    intake = Intake(client, Sealer(identity), desk, site.writer, Vault(site.state / "recordings"), site.live)
    intake.gateway.mutual = site.config.enrolment is not None
    moves = Moves(intake, site.writer, journal_path(site.state))
    desk.on_moved = moves.told

    await intake.start()
    log.info("headquarters.intake.opened", epoch=identity.incarnation)
    try:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(desk.run())
            parts.create_task(desk.keep_clock(clock_file))
            parts.create_task(moves.run())
            parts.create_task(site.follow_rules(desk.change))
            parts.create_task(notify.keep_alive())
    finally:
        site.writer.close()
        intake.close()
        await desk.close()
        await site.sources.close()
        await client.close()


async def serve_in_turns(site: Site) -> None:
    """Work until cancelled, one of two: active or on standby. Raises a group with ConfigurationError, as `serve`."""
    notify.ready()
    client = await site.connected()
    stream = Stream(client, "record", age_s=CALLS_KEPT_S)
    calls = Calls(stream, site.writer, site.trouble("duplex.record"))
    duty = Duty(site.begun, client, site.writer, calls, site.live, site.sources, site.state)
    try:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(duty.run())
            parts.create_task(site.follow_rules(duty.change))
            parts.create_task(notify.keep_alive())
    finally:
        await site.sources.close()
        await client.close()


def main() -> None:
    """Run until stopped. Exit status 2: configuration or scripts cannot be used, and nothing good is known."""
    logs.configure("headquarters")
    path, state, wrong = named_or_exit(), state_directory(), ""
    try:
        site = Site(path, opening.opened(path, opening.kept_in(state)), state)
        asyncio.run(serve(site) if site.config.duplex is None else serve_in_turns(site))
    except* ConfigurationError as refused:
        wrong = str(first(refused))
    if wrong:
        exit_with(wrong)


if __name__ == "__main__":
    main()

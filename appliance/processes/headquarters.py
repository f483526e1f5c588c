# SPDX-License-Identifier: GPL-2.0-only
"""The headquarters process: router, record and recordings behind one connection to the message server."""

import asyncio
import functools
import os
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from appliance.config import ConfigurationError, Headquarters, exit_with, load_or_exit
from appliance.headquarters import rulebook
from appliance.headquarters.desk import Desk
from appliance.headquarters.intake import Intake
from appliance.headquarters.live import Live
from appliance.headquarters.lookups.sources import Sources
from appliance.headquarters.moves import Moves, catch_up
from appliance.headquarters.recordings.vault import Vault
from appliance.headquarters.reports import store
from appliance.headquarters.reports.intervals.thresholds import wanted_by
from appliance.headquarters.reports.writer import Writer
from appliance.processes.environment import state_directory
from appliance.router.journal import Journal
from appliance.router.journal import path_of as journal_path
from appliance.router.rules import Rules
from appliance.supervisor import logs, notify
from appliance.uplink.connection import connect
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity

log = structlog.get_logger()


async def serve(path: Path, config: Headquarters, rules: Rules, state: Path) -> None:
    """Work until cancelled."""
    identity = Identity.take(config.box, "headquarters")
    writer = _writer(config, state)
    live = Live(frozenset(agent.box for agent in config.agents))

    def trouble(code: str) -> Callable[[str | None], None]:
        return lambda sentence: live.trouble(config.box, code, sentence, time.time_ns())

    journal, recalled = Journal.opened(journal_path(state))
    sources = Sources(config.lookups)
    desk = Desk(
        rules, identity.incarnation, journal, recalled, writer.open_agent_legs(), trouble("router.journal"), sources
    )
    notify.ready()
    client = await connect((config.server.listen,), config.server.secret, f"{config.box} headquarters")
    intake = Intake(client, Sealer(identity), desk, writer, Vault(state / "recordings"), live)
    moves = Moves(
        lambda some: intake.write(functools.partial(writer.agents_moved, some)),
        lambda: intake.write(functools.partial(catch_up, writer, journal_path(state))),
    )
    desk.on_moved = moves.told

    async def change(config: Headquarters, rules: Rules) -> None:
        await sources.change(config.lookups)
        desk.change(rules)
        await intake.write(functools.partial(writer.hold, wanted_by(config)))

    await intake.start()
    log.info("headquarters.intake.opened", epoch=identity.incarnation)
    try:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(desk.run())
            parts.create_task(moves.run())
            parts.create_task(rulebook.follow(path, config, change, trouble("router.rules")))
            parts.create_task(notify.keep_alive())
    finally:
        intake.close()
        await desk.close()
        await sources.close()
        await client.close()


def _writer(config: Headquarters, state: Path) -> Writer:
    try:
        engine = store.open_writer(store.place_of(state, config.record))
    except store.NewerRecordError as error:
        exit_with(str(error))
    return Writer(engine, wanted_by(config))


def main() -> None:
    """Run until stopped. Exit status 2: configuration, scripts or record cannot be used."""
    logs.configure("headquarters")
    config = load_or_exit(Headquarters, rulebook.faults)
    try:
        rules = rulebook.rules_of(config)
    except ConfigurationError as error:
        exit_with(str(error))
    asyncio.run(serve(Path(os.environ["BRANCHLINE_CONFIG"]), config, rules, state_directory()))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-only
"""The fleet's process at headquarters: which boxes there are, what each shall say, pushes. Beside the router, niced."""

import asyncio
import os
from pathlib import Path

import structlog

from appliance.config import Headquarters, exit_with, load_or_exit
from appliance.headquarters.fleet import store
from appliance.headquarters.fleet.door import Door
from appliance.headquarters.fleet.fleet import Fleet
from appliance.headquarters.fleet.identities import Identities, path_of
from appliance.headquarters.reports.store import NewerRecordError
from appliance.processes.environment import state_directory
from appliance.supervisor import logs, notify
from appliance.uplink.connection import connect, own_access
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity

NICE = 5

log = structlog.get_logger()


async def serve(config: Headquarters, file: Path, state: Path, kept: store.Store) -> None:
    """Work until cancelled."""
    client = await connect((config.server.listen,), own_access(config), f"{config.box} fleet")
    sealer = Sealer(Identity.take(config.box, "fleet"))
    door = Door(client, sealer, mutual=config.enrolment is not None)
    identities = Identities(path_of(state))
    fleet = Fleet(file, config.box, kept, door.say, identities.certificate_of)
    await door.start(fleet)
    notify.ready()
    log.info("fleet.door.opened", boxes=len(fleet.inventory.boxes))
    try:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(fleet.run())
            parts.create_task(notify.keep_alive())
    finally:
        await fleet.close()
        await client.close()
        identities.close()


def main() -> None:
    """Run until stopped. Exit status 2: configuration or store cannot be used."""
    logs.configure("fleet")
    config, state = load_or_exit(Headquarters), state_directory()
    os.nice(NICE)
    try:
        kept = store.Store(store.opened(state, config.record))
    except NewerRecordError as error:
        exit_with(str(error))
    asyncio.run(serve(config, Path(os.environ["BRANCHLINE_CONFIG"]), state, kept))


if __name__ == "__main__":
    main()

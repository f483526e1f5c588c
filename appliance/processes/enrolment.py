# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters' enrolment process: the door where boxes get certificates, and whom the message server lets in."""

import asyncio
import contextlib
import functools
import os
from pathlib import Path

import structlog

from appliance.config import Headquarters, exit_with, load_or_exit
from appliance.config.credentials import Enrolment as Settings
from appliance.headquarters import server
from appliance.headquarters.fleet.agreed import Agreement
from appliance.headquarters.fleet.callout import LOOK_S, Callout, Watch
from appliance.headquarters.fleet.enrolment import Enrolment
from appliance.headquarters.fleet.enrolment_door import Door
from appliance.headquarters.fleet.groups import Groups, rendered
from appliance.headquarters.fleet.identities import Identities, path_of
from appliance.processes.environment import state_directory
from appliance.supervisor import logs, notify
from appliance.uplink.connection import SYSTEM, connect, own_access
from appliance.uplink.enrolling.credentials import CredentialsError

log = structlog.get_logger()


async def serve(config: Headquarters, settings: Settings, file: Path, state: Path) -> None:
    """Work until cancelled. `file`: headquarters' own."""
    agreed = Agreement(config, "enrolment") if config.duplex else None
    authority = server.authority(config, settings.credentials)
    identities = Identities(path_of(state), agreed=agreed)
    enrolment = Enrolment(authority, identities, settings.certificate_days)
    door = Door(authority, enrolment, functools.partial(_first, config, file))
    await door.start(settings.listen)
    notify.ready()
    listen = (config.server.listen,)
    client = await connect(listen, own_access(config), f"{config.box} enrolment")
    system = await connect(listen, own_access(config, SYSTEM), f"{config.box} enrolment, system")
    servers = 1 + len(config.duplex.others) if config.duplex else 1
    callout = Callout(client, system, server.signer(settings.credentials), enrolment, servers=servers)
    await callout.start()
    log.info("enrolment.callout.opened")
    watch = Watch(identities, callout)
    try:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(notify.keep_alive())
            while True:
                await watch.look()
                await asyncio.sleep(LOOK_S)
    finally:
        await door.close()
        await client.close()
        await system.close()
        identities.close()
        if agreed is not None:
            agreed.close()


def _first(config: Headquarters, file: Path, box: str) -> str | None:
    """A box's first configuration: a file of its own in `boxes`, else what its group's template says."""
    with contextlib.suppress(FileNotFoundError):
        return (file.parent / "boxes" / f"{box}.yaml").read_text("utf-8")
    member = Groups(file, config.fleet).members.get(box) if config.fleet else None
    return rendered([member])[0].text if member else None


def main() -> None:
    """Run until stopped. Exit status 2: the configuration or the CA cannot be used."""
    logs.configure("enrolment")
    config = load_or_exit(Headquarters)
    if config.enrolment is None:
        exit_with("the configuration names no enrolment door")
    file = Path(os.environ["BRANCHLINE_CONFIG"])
    try:
        asyncio.run(serve(config, config.enrolment, file, state_directory()))
    except CredentialsError as error:
        exit_with(str(error))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-only
"""The page's process: the record read-only, headquarters' live state, HTTP on loopback."""

import asyncio
import socket
from pathlib import Path

import uvicorn

from appliance.config import Headquarters, load_or_exit
from appliance.config.channels import VOICE
from appliance.headquarters.recordings.vault import Vault
from appliance.headquarters.reports import store
from appliance.headquarters.web.app import make
from appliance.headquarters.web.feed import Feed
from appliance.processes.environment import state_directory
from appliance.signalling.q850 import NAMES
from appliance.supervisor import logs, notify
from appliance.uplink.connection import connect, own_access


class Announcing(uvicorn.Server):
    """Says that the process serves once its port is bound."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Bind and tell."""
        await super().startup(sockets)
        if self.started:
            notify.ready()


async def serve(config: Headquarters, state: Path) -> None:
    """Serve until a signal ends the process."""
    groups = config.groups()
    site = {
        "box": config.box,
        "agents": {agent.id: agent.name for agent in config.agents},
        "teams": groups.team,
        "peripherals": {one.box: one.kind for one in config.peripherals},
        "channels": {one.name: one.channel for one in config.call_types if one.channel != VOICE},
        "causes": NAMES,
    }
    feed = Feed(store.place_of(state, config.record), site)
    listen = config.web.listen
    settings = uvicorn.Config(
        make(feed, Vault(state / "recordings"), listen, groups),
        host=listen.address,
        port=listen.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
    )
    server = Announcing(settings)
    async with asyncio.TaskGroup() as parts:
        parts.create_task(server.serve())
        parts.create_task(notify.keep_alive())
        parts.create_task(_feed(feed, config))


async def _feed(feed: Feed, config: Headquarters) -> None:
    client = await connect((config.server.listen,), own_access(config), f"{config.box} web")
    try:
        await feed.run(client)
    finally:
        await client.close()


def main() -> None:
    """Run until stopped. Exit status 2: the configuration cannot be used."""
    logs.configure("web")
    asyncio.run(serve(load_or_exit(Headquarters), state_directory()))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-only
"""The IVR process: Treatments on the engine, commanded through ivr.sock."""

import asyncio
from pathlib import Path

from appliance.config import Branch, load_or_exit
from appliance.ivr.prompts import PromptFolders
from appliance.ivr.treatments import Treatments
from appliance.media.arena import SoundArena
from appliance.media.engine import Engine
from appliance.media.events import Client
from appliance.processes.environment import state_directory
from appliance.supervisor import logs, notify
from appliance.wire.envelope import Body, Sealer
from appliance.wire.ids import Identity
from appliance.wire.service import Service


async def run(branch: Branch, state: Path) -> None:
    """Carry out treatments until cancelled."""
    engine = Engine.from_environment(Client.IVR)
    engine.attach()
    prompts = PromptFolders(branch.prompts.directories)
    sealer = Sealer(Identity.take(branch.box, "ivr"))

    def publish(body: Body) -> None:
        service.publish(body)

    treatments = Treatments(engine, SoundArena.from_environment(), prompts, publish)
    service = Service(state / "run" / "ivr.sock", sealer, "treatments", treatments.handle, treatments.snapshot)
    await service.start()
    notify.ready()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(notify.keep_alive())
        while True:
            for event in await engine.events():
                treatments.engine_said(event)


def main() -> None:
    """Start from the environment (BRANCHLINE_CONFIG, BRANCHLINE_STATE, BRANCHLINE_FDS)."""
    logs.configure("ivr")
    branch = load_or_exit(Branch)
    asyncio.run(run(branch, state_directory()))


if __name__ == "__main__":
    main()

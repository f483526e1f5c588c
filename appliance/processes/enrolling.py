# SPDX-License-Identifier: GPL-2.0-only
"""A box without a configuration: it enrols, gets one, and becomes the supervisor, in the same process and boot.

BRANCHLINE_FACTORY names the image's factory file (docs/enrolment.md). What goes on is in `run/enrolling` of the state.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import NoReturn

import structlog

from appliance.config import exit_with
from appliance.processes.environment import state_directory
from appliance.supervisor import logs, notify
from appliance.uplink.enrolling.claim import ClaimError
from appliance.uplink.enrolling.discovery import Places, serial_number
from appliance.uplink.enrolling.enrolling import TOLD, TYPED, Enrolling

log = structlog.get_logger()


async def serve(serial: str, configuration: Path, places: Places, state: Path) -> None:
    """Until there is a configuration."""
    told = state / TOLD
    last = ""

    def tell(sentence: str) -> None:
        nonlocal last
        if sentence != last:
            log.info("enrolling.state.changed", told=sentence)
            told.write_text(f"{sentence}\n", "utf-8")
        last = sentence

    told.parent.mkdir(parents=True, exist_ok=True)
    notify.ready()
    alive = asyncio.create_task(notify.keep_alive())
    await Enrolling(serial, configuration, places, tell).run()
    alive.cancel()


def main() -> NoReturn:
    """Run until configured, then be the supervisor. Exit status 2: the machine tells no serial number."""
    logs.configure("enrolling")
    state, configuration = state_directory(), Path(os.environ.get("BRANCHLINE_CONFIG", ""))
    places = Places(factory=Path(os.environ.get("BRANCHLINE_FACTORY", "")), typed=state / TYPED)
    if (disks := os.environ.get("BRANCHLINE_DISKS")) is not None:
        places = Places(disks=(Path(disks),), factory=places.factory, typed=places.typed)
    try:
        serial = serial_number(places)
    except ClaimError as error:
        exit_with(str(error))
    asyncio.run(serve(serial, configuration, places, state))
    os.execv(sys.executable, (sys.executable, "-m", "appliance.processes.supervisor"))  # noqa: S606  # ourselves


if __name__ == "__main__":
    main()

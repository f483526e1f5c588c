# SPDX-License-Identifier: GPL-2.0-only
"""Beside a box from the factory: it enrols it and commits the configuration that headquarters gives; then it ends.

A process of its own beside the supervisor's, since it may ask for DHCP's options and put the clock right, which nothing
of the service may (CAP_NET_RAW, CAP_SYS_TIME). BRANCHLINE_FACTORY names the image's factory file (docs/enrolment.md),
BRANCHLINE_DISKS the folder where removable disks are mounted. What goes on is in `enrolling` of the state.
"""

import asyncio
import contextlib
import os
from pathlib import Path

import structlog

from appliance.config import Branch, load_or_exit
from appliance.processes.environment import state_directory
from appliance.supervisor import logs, notify
from appliance.uplink.enrolling.claim import TOLD, TYPED, Claim, ClaimError, read_claim
from appliance.uplink.enrolling.discovery import DISKS, FACTORY, Places
from appliance.uplink.enrolling.enrolling import Enrolling

log = structlog.get_logger()


class Teller:
    """What goes on, for the console and the log; told when it changes."""

    def __init__(self, path: Path) -> None:
        self._path, self._last = path, ""

    def __call__(self, sentence: str) -> None:
        """It is so now."""
        if sentence != self._last:
            log.info("enrolling.state.changed", told=sentence)
            self._path.write_text(f"{sentence}\n", "utf-8")
        self._last = sentence


async def serve(serial: str, configuration: Path, places: Places, state: Path) -> None:
    """Until the box is configured."""
    notify.ready()
    alive = asyncio.create_task(notify.keep_alive())
    await Enrolling(serial, configuration, places, Teller(state / TOLD)).run()
    alive.cancel()


def main() -> None:
    """Run until the box is configured. Its serial number is the factory file's, else the name it has as yet."""
    logs.configure("enrolling")
    state, branch = state_directory(), load_or_exit(Branch)
    if not branch.headquarters.discover:
        return
    places = Places(
        disks=(Path(os.environ["BRANCHLINE_DISKS"]),) if "BRANCHLINE_DISKS" in os.environ else DISKS,
        factory=Path(os.environ.get("BRANCHLINE_FACTORY", FACTORY)),
        typed=state / TYPED,
    )
    said = Claim()
    with contextlib.suppress(ClaimError, FileNotFoundError):
        said = read_claim(places.factory)
    asyncio.run(serve(said.serial or branch.box, Path(os.environ["BRANCHLINE_CONFIG"]), places, state))


if __name__ == "__main__":
    main()

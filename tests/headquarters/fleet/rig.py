# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters with an enrolment door for tests: its real processes on free ports, and boxes that come to it."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import nats
from nats.aio.client import Client

from appliance.config import Headquarters
from appliance.config.files import load_role
from appliance.headquarters.fleet import claims
from appliance.headquarters.fleet.identities import Box, Identities, path_of
from appliance.uplink.connection import Access, proof
from appliance.uplink.enrolling.claim import Url
from appliance.uplink.enrolling.clock import SYSTEM, Clock
from appliance.uplink.enrolling.credentials import Credentials
from appliance.uplink.enrolling.door import Door
from tests.headquarters.site import Site, until
from tests.ports import free_port

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """In a loop of its own, which nothing holds up for ever."""
    return asyncio.run(asyncio.wait_for(work, 20))


class Fleet:
    """A site whose headquarters enrols boxes."""

    def __init__(self, site: Site, days: int = 30) -> None:
        self.site = site
        self.url = Url("127.0.0.1", free_port())
        path = site.folder / "headquarters.yaml"
        door = f"enrolment: {{listen: 127.0.0.1:{self.url.port}, credentials: hq, certificate_days: {days}}}\n"
        path.write_text(path.read_text() + door)
        site.config = load_role(path, Headquarters)
        self.ca = site.folder / "hq" / "ca.pem"

    def start(self) -> None:
        """The message server and the enrolment process."""
        self.site.start_alone("nats-server")
        self.site.start_alone("enrolment")
        until(self.listens, 10, "the enrolment door opens")

    def listens(self) -> bool:
        """Whether the door is open and boxes are let in."""
        return "enrolment.callout.opened" in self.site.log_of("enrolment")

    @property
    def identities(self) -> Identities:
        """Headquarters' list, as the command line opens it."""
        return Identities(path_of(self.site.state))

    def claim(self, serial: str, box: str = "") -> tuple[str, Box]:
        """A new code, and whose it is."""
        code = claims.draw()
        return code, self.identities.claim(serial, claims.hashed(serial, code), "test", box)

    def box(self, name: str, ca: Path | None = None, clock: Clock = SYSTEM) -> "NewBox":
        """One that has been unpacked."""
        return NewBox(self, self.site.folder / name, ca or self.ca, clock)


class NewBox:
    """A box with its own folder and, once it has asked, its own key."""

    def __init__(self, fleet: Fleet, folder: Path, ca: Path, clock: Clock) -> None:
        self.fleet = fleet
        self.credentials = Credentials(folder)
        self.credentials.pin(ca.read_text())
        self.door = Door(self.credentials, clock)

    def enrol(self, serial: str, code: str) -> str:
        return run(self.door.enrol(self.fleet.url, serial, code))

    def renew(self) -> None:
        run(self.door.renew(self.fleet.url))

    async def connected(self, box: str, **more: Any) -> Client:
        """To the message server, as the uplink does."""
        access = Access(None, self.credentials, box=box)
        server = f"nats://{self.fleet.site.config.server.listen}"
        options = {"max_reconnect_attempts": -1, "reconnect_time_wait": 0.05, "connect_timeout": 1}
        return await nats.connect(server, **{**options, **proof(access), **more})

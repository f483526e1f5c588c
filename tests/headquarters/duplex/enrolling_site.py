# SPDX-License-Identifier: GPL-2.0-only
"""Two headquarters that enrol boxes, and a voter: each at an address of its own, one CA, one port of the doors."""

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import nats
from nats.aio.client import Client

from appliance.config import Endpoint, Headquarters
from appliance.config.credentials import CA, CA_KEY, CALLOUT, CALLOUT_KEY, CERTIFICATE, KEY
from appliance.config.files import load_role
from appliance.headquarters import server
from appliance.headquarters.duplex.stream import NoQuorumError
from appliance.headquarters.fleet import claims
from appliance.headquarters.fleet.agreed import Agreement
from appliance.headquarters.fleet.authority import Authority
from appliance.headquarters.fleet.identities import Box, Identities, path_of
from appliance.uplink.connection import Access, proof
from appliance.uplink.enrolling.claim import Url
from appliance.uplink.enrolling.clock import SYSTEM
from appliance.uplink.enrolling.credentials import Credentials
from appliance.uplink.enrolling.door import Door
from tests.headquarters.duplex.site import BOXES, HEADQUARTERS, VOTER, A, B, DuplexSite
from tests.headquarters.site import until
from tests.ports import HOST, free_port

T = TypeVar("T")
ADDRESSES = {A: "127.0.0.1", B: "127.0.0.2", VOTER: "127.0.0.3"}


def run(work: Coroutine[Any, Any, T]) -> T:
    """In a loop of its own, which nothing holds up for ever."""
    return asyncio.run(asyncio.wait_for(work, 30))


class EnrollingSite(DuplexSite):
    """With an enrolment door at each headquarters."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()
        self.urls = {box: Url(ADDRESSES[box], self.port) for box in HEADQUARTERS}
        for box in BOXES:
            file = folder / box / "box.yaml"
            text = file.read_text().replace(str(self.listens[box]), f"{ADDRESSES[box]}:{self.listens[box].port}")
            door = f"enrolment: {{listen: {ADDRESSES[box]}:{self.port}, credentials: identity}}\n"
            file.write_text(text + ("credentials: identity\n" if box == VOTER else door))
            self.listens[box] = Endpoint(ADDRESSES[box], self.listens[box].port)
            (folder / box / "boxes").mkdir()
        self._provision()
        self.ca = self.identity(A) / CA

    def config(self, box: str) -> Headquarters:
        """A headquarters' file."""
        return load_role(self.folder / box / "box.yaml", Headquarters)

    def identity(self, box: str) -> Path:
        """The folder with its keys and certificates."""
        return self.folder / box / "identity"

    def _provision(self) -> None:
        """As docs/enrolment.md has it: made at one, copied to the others."""
        first = self.identity(A)
        first.mkdir()
        Authority(first, (HOST,))
        (first / CALLOUT).write_text(f"{server.signer(first).public}\n")
        for box, names in ((B, (CA, CA_KEY, CALLOUT_KEY)), (VOTER, (CA, CERTIFICATE, KEY, CALLOUT))):
            self.identity(box).mkdir()
            for name in names:
                shutil.copy2(first / name, self.identity(box) / name)

    def start_doors(self, *boxes: str) -> None:
        """The message servers are there; boxes are let in from now on."""
        before = {box: self.opened(box) for box in boxes}
        self.start(*(f"{box}/enrolment" for box in boxes))
        for box in boxes:
            until(lambda box=box: self.opened(box) > before[box], 20, f"the door of {box} is open")  # type: ignore[misc]

    def end(self) -> None:
        """Supervisors first end their own."""
        for name in tuple(self._children):
            self._children[name].terminate()
        for child in self._children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(20)
        self.close()

    def opened(self, box: str) -> int:
        """How often its enrolment process came to let boxes in, with the list of both."""
        log = self.log_of(box, "enrolment")
        return min(log.count("enrolment.callout.opened"), log.count("enrolment.list.shared"))

    @contextlib.contextmanager
    def identities(self, box: str, together_s: float = 20) -> Iterator[Identities]:
        """As the command line of that headquarters changes them; the servers are waited for, for so long."""
        agreed = Agreement(self.config(box), "test")
        try:
            agreed.made(together_s)
            yield Identities(path_of(self.state(box)), agreed=agreed)
        finally:
            agreed.close()

    def claim(self, at: str, serial: str) -> tuple[str, Box]:
        """A new code, and whose it is."""
        code, until_s = claims.draw(), time.monotonic() + 20
        with self.identities(at) as identities:
            while True:
                try:
                    return code, identities.claim(serial, claims.hashed(serial, code), "test")
                except NoQuorumError:  # a leader is elected
                    if time.monotonic() > until_s:
                        raise
                    time.sleep(0.2)

    def looked(self, box: str, ask: Callable[[Identities], T]) -> T:
        """What stands in that headquarters' own file."""
        identities = Identities(path_of(self.state(box)))
        try:
            return ask(identities)
        finally:
            identities.close()

    def rows(self, box: str) -> dict[str, list[tuple[Any, ...]]]:
        """All of its list; lines of the audit that say the same count as one."""
        store = sqlite3.connect(f"file:{path_of(self.state(box))}?mode=ro", uri=True, timeout=5)
        try:
            return {
                table: sorted(store.execute(f"SELECT * FROM {table}"))  # noqa: S608  # ours
                for table in ("box", "claim", "certificate")
            } | {"audit": sorted({*store.execute("SELECT at_s, who, box, what FROM audit")})}
        finally:
            store.close()

    def alike(self) -> bool:
        """Whether both headquarters have the same list."""
        return self.rows(A) == self.rows(B)

    def box(self, name: str) -> "NewBox":
        """One that has been unpacked."""
        return NewBox(self, name)


class NewBox:
    """A box with its own folder and, once it has asked, its own key."""

    def __init__(self, site: EnrollingSite, name: str) -> None:
        self.site = site
        self.credentials = Credentials(site.folder / name)
        self.credentials.pin(site.ca.read_text())
        self.door = Door(self.credentials, SYSTEM)

    async def connected(self, box: str, at: tuple[str, ...], **more: Any) -> Client:
        """To one of the message servers, as the uplink does."""
        options = {"max_reconnect_attempts": -1, "reconnect_time_wait": 0.05, "connect_timeout": 2}
        servers = [f"nats://{self.site.listens[one]}" for one in at]
        access = Access(None, self.credentials, box=box)
        return await nats.connect(servers, **{**options, **proof(access), **more})

# SPDX-License-Identifier: GPL-2.0-only
"""A whole duplex under its supervisors: two headquarters, a voter, and a branch with a line and twenty phones.

Between the branch and each message server lies a TCP path that can be black-holed.
"""

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

from appliance.config import Endpoint
from appliance.headquarters.reports import store
from appliance.headquarters.reports.reading import Record
from appliance.router.journal import Journal, path_of
from appliance.simulator.exchange import Exchange, ExchangeSettings
from tests.accept.site import EXTENSIONS, QUEUE, ROOT, Box, Ports, branch_text, wait, write_secrets
from tests.accept.tcp_path import TcpPath
from tests.headquarters.site import settled
from tests.peers.sipp import Account, SippPhones
from tests.ports import HOST, free_port

A, B, VOTER = "HQ-A", "HQ-B", "HQ-V"
HEADQUARTERS = (A, B)
REGISTERED_S = 120.0
SERVERS = (A, B, VOTER)
BRANCH = "BR-0001"

_SERVER = """\
role: {role}
box: {box}
server: {{listen: 127.0.0.1:{port}, secret: secrets/nats}}
duplex: {{listen: {cluster}, others: [{others}]}}
"""
_RULES = """\
web: {{listen: 127.0.0.1:{web}}}
call_types: [{{name: card-queue, dnis: [{number}], script: queue}}]
scripts: {scripts}
skill_groups: [{{name: card, agents: [{ids}]}}]
no_answer: available
agents:
{agents}
"""


class FaultSite:
    """Its boxes by name; `paths` to the message servers, by the server's box."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = Ports.take()
        listens = {box: free_port() for box in SERVERS}
        self.paths = {box: TcpPath(free_port(), (HOST, listens[box])) for box in SERVERS}
        files = folder / "etc"
        write_secrets(files, "nats", *EXTENSIONS)
        (files / "prompts").mkdir()
        clusters = {box: Endpoint(HOST, free_port()) for box in SERVERS}
        for box in SERVERS:
            others = ", ".join(str(clusters[other]) for other in SERVERS if other != box)
            role = "voter" if box == VOTER else "headquarters"
            text = _SERVER.format(role=role, box=box, port=listens[box], cluster=clusters[box], others=others)
            (files / f"{box}.yaml").write_text(text + ("" if box == VOTER else _rules()))
        text = branch_text(BRANCH, "branch.test", self.ports, 0, EXTENSIONS, "line: e1")
        servers = ", ".join(f"127.0.0.1:{path.port}" for path in self.paths.values())
        (files / f"{BRANCH}.yaml").write_text(text.replace("server: 127.0.0.1:0", f"server: [{servers}]"))
        self.boxes = {box: Box(box, files / f"{box}.yaml", folder / box) for box in (*SERVERS, BRANCH)}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Exchange]:
        """All of it with its phones and the exchange, whose D-channel is up."""
        for path in self.paths.values():
            await path.start()
        settings = ExchangeSettings((HOST, self.ports.line_exchange), (HOST, self.ports.line_branch))
        exchange = Exchange(settings)
        try:
            await asyncio.gather(*(asyncio.to_thread(box.start) for box in self.boxes.values()))
            await asyncio.to_thread(wait, lambda: any(map(self.lives, HEADQUARTERS)), 30, "nobody became active")
            await exchange.start()
            await exchange.in_service(25)
            with self._phones() as phones:
                staying = asyncio.create_task(_stay(phones))
                yield exchange
                staying.cancel()
        finally:
            await exchange.close()
            await asyncio.gather(*(asyncio.to_thread(box.stop) for box in self.boxes.values()))
            for path in self.paths.values():
                await path.close()

    def _phones(self) -> SippPhones:
        secrets = self.folder / "etc" / "secrets"
        accounts = [Account(number, (secrets / number).read_text().strip()) for number in EXTENSIONS]
        return SippPhones(accounts, Endpoint(HOST, self.ports.kamailio), "branch.test", self.folder / "sipp")

    def lives(self, box: str) -> int:
        """How often the box has become active."""
        return self.log_of(box).count("headquarters.intake.opened")

    def log_of(self, box: str, process: str = "headquarters") -> str:
        """What a process has logged."""
        path = self.boxes[box].state / "log" / f"{process}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def record(self, box: str) -> Record:
        """Read as the page reads it."""
        settled(self.boxes[box].state)
        return Record(store.open_reader(store.path_of(self.boxes[box].state)))

    def journal(self, box: str) -> Journal:
        """Beside the one that writes."""
        return Journal(path_of(self.boxes[box].state), reads=True)

    def unsent(self) -> int:
        """Events that the branch still has to send."""
        with contextlib.closing(sqlite3.connect(self.boxes[BRANCH].state / "outbox.db", timeout=10)) as outbox:
            return int(outbox.execute("SELECT count(*) FROM event").fetchone()[0])

    def tracebacks(self) -> list[str]:
        """Errors that no process of ours should have met: the last line of each, by box."""
        found = []
        for name, box in self.boxes.items():
            for path in sorted((box.state / "log").glob("*.log")):
                text = path.read_text(errors="replace")
                errors = re.findall(r"^\w*(?:Error|Exception)\b.*", text, re.MULTILINE)
                found += [f"{name} {path.stem}: {one[:200]}" for one in errors]
        return found


async def _stay(phones: SippPhones) -> None:
    """Registered, for ever."""
    while True:
        await asyncio.sleep(REGISTERED_S)
        await asyncio.to_thread(phones.register)


def _rules() -> str:
    agents = (f"  - {{id: 1{n}, name: Agent {n}, box: {BRANCH}, extension: {n}}}" for n in EXTENSIONS)
    return _RULES.format(
        web=free_port(),
        number=QUEUE,
        scripts=ROOT / "appliance/simulator/site/scripts",
        ids=", ".join(f"1{n}" for n in EXTENSIONS),
        agents="\n".join(agents),
    )

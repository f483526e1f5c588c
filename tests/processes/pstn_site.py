# SPDX-License-Identifier: GPL-2.0-only
"""Two branches of one headquarters, and a PSTN between them: a box of ours that only passes calls on (tandem).

The exchange has the subscribers, who call and are called. The PSTN leads 95… to branch A, 0218… to B, all else to the
subscribers. The branches are peers too, so B's agents are reached both ways.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

from appliance.cli import headquarters
from appliance.media.events import Client
from appliance.media.host import start_thread
from appliance.router.floor import Command
from appliance.simulator.exchange import Exchange, ExchangeSettings
from tests.accept.site import branch_text, write_secrets
from tests.accept.sites import FAR_BOX, FAR_DOMAIN, Sites, peer_text
from tests.accept.span_watch import SpanWatch
from tests.peers.hand import HandPhone
from tests.ports import HOST, free_port, free_rtp_base
from tests.processes.tandem_site import Process

AGENTS = ("8101", "8102", "8103")
OVERFLOW = "02187650099"
POOL = ("02187650001", "02187650002")
ASCENDING = "side: user\n    channel_order: ascending"
_GROUPS = f"""\
trunk_groups:
  - {{name: pstn, members: [telco], in: 5, overflow: "{OVERFLOW}"}}
  - {{name: wan, members: [{FAR_BOX}], out: 2}}
"""
_HEADQUARTERS = """\
role: headquarters
box: HQ-0001
server: {{listen: 127.0.0.1:{nats}, secret: secrets/nats}}
web: {{listen: 127.0.0.1:{web}}}
call_types:
  - {{name: outside, dnis: ["9550*"], script: outside}}
  - {{name: desk, dnis: [95510], script: desk}}
  - {{name: far-service, dnis: [95520], script: far}}
  - {{name: desk-overflow, dnis: ["{overflow}"], script: far}}
outbound: {{numbers: ["025"]}}
scripts: scripts
skill_groups: [{{name: far, agents: [{agents}]}}]
translation_routes:
  - {{name: to-b, from: [BR-0001], to: BR-0002, dnis: [{pool}], within_s: 10, same_caller: yes}}
agents:
  - {{id: 18001, name: Agent 8001, box: BR-0001, extension: 8001}}
{named}
"""
_SCRIPTS = {
    "outside": """\
start: which
nodes:
  which: {do: switch, on: dnis, cases: {"95502": busy, "95503": rings, "95504": dear, "95505": help}, otherwise: out}
  out: {do: label, label: "'02512340001'", otherwise: gone}
  busy: {do: label, label: "'02512340002'", otherwise: how}
  rings: {do: label, label: "'02512340003'", ring_s: 1, otherwise: how}
  dear: {do: label, label: "'16801234567'", otherwise: refused}
  help: {do: label, label: "'110'", otherwise: gone}
  how: {do: switch, on: outcome, cases: {busy: taken, no-answer: silent}, otherwise: gone}
  taken: {do: busy}
  silent: {do: release, cause: 19}
  refused: {do: release, cause: 21}
  gone: {do: release, cause: 41}
""",
    "desk": """\
start: wait
nodes:
  wait: {do: wait, prompts: [silence/5], seconds: 60, next: gone}
  gone: {do: busy}
""",
    "far": """\
start: tier
context: {tier: {kind: text}, pin: {kind: text, secret: yes}}
nodes:
  tier: {do: set, fields: {tier: "'gold'", pin: "'4711'"}, next: far, failed: gone}
  far: {do: queue, queues: [far], hold: [silence/5], wait_s: 60, otherwise: gone}
  gone: {do: busy}
""",
}
_TRANSIT = """\
role: branch
box: PSTN
name: The PSTN
headquarters: {{server: 127.0.0.1:4222, secret: token}}
spans:
  - {{name: subscribers, driver: cesopsn, local: "{0}", remote: "{1}", channel_order: descending}}
  - {{name: a, driver: cesopsn, local: "{2}", remote: "{3}", side: network, clock: local,
     channel_order: descending{of_a}}}
  - {{name: b, driver: cesopsn, local: "{4}", remote: "{5}", side: network, clock: local,
     channel_order: descending}}
tandem:
  - {{span: subscribers, to: a, numbers: [95]}}
  - {{span: subscribers, to: b, numbers: [0218]}}
  - {{span: a, to: b, numbers: [0218]}}
  - {{span: a, to: subscribers}}
  - {{span: b, to: subscribers}}
sip: {{listen: 127.0.0.1:5070, proxy: 127.0.0.1:5060, domain: pstn.test}}
extensions: []
prompts: {{directories: [{folder}]}}
"""


class PstnSites(Sites):
    """Both branches; at B three agents, none at A."""

    def __init__(self, folder: Path, signalling: str = "") -> None:
        super().__init__(folder)
        self.signalling = signalling
        files = folder / "etc"
        (files / "scripts").mkdir()
        for name, text in _SCRIPTS.items():
            (files / "scripts" / f"{name}.yaml").write_text(text)
        write_secrets(files, *AGENTS)
        near = (files / "branch.yaml").read_text()
        (files / "branch.yaml").write_text(
            near.replace("side: user", ASCENDING + self.of_a(5).replace(", ", "\n    ")) + _GROUPS
        )
        far = branch_text(FAR_BOX, FAR_DOMAIN, self.far_ports, self.path.port, AGENTS, "line: e1")
        for ours, its in (("name: telco", "name: telco-b"), ("to: telco", "to: telco-b"), ("side: user", ASCENDING)):
            far = far.replace(ours, its)
        (files / "far.yaml").write_text(far + peer_text("BR-0001", self.proxy, "branch.test"))
        (files / "headquarters.yaml").write_text(
            _HEADQUARTERS.format(
                nats=self.ports.nats,
                web=self.ports.web,
                overflow=OVERFLOW,
                pool=", ".join(f'"{one}"' for one in POOL),
                agents=", ".join(f"1{one}" for one in AGENTS),
                named="\n".join(
                    f"  - {{id: 1{one}, name: Agent {one}, box: {FAR_BOX}, extension: {one}}}" for one in AGENTS
                ),
            )
        )

    def of_a(self, digits: int) -> str:
        """Keys of an end of A's span that gets numbers of so many digits."""
        return f"{self.signalling}, dnis_digits: {digits}" if self.signalling else ""

    def stage(self, clid: str) -> str:
        """Of this caller's contacts that are up, where the first one stands."""
        stages = [str(row["stage"]) for row in self.record().calls_now() if row["clid"] == clid]
        return stages[0] if stages else ""

    async def told(self, command: Command) -> Any:
        """What headquarters answers, as it does the CLI."""
        return await asyncio.to_thread(headquarters.command, self.headquarters.state, command)


class Pstn:
    """The transit's processes and the subscribers' exchange."""

    def __init__(self, folder: Path, sites: PstnSites) -> None:
        ours, theirs = (HOST, free_port()), (HOST, free_port())
        self.exchange = Exchange(ExchangeSettings(theirs, ours))
        ends = [ours, theirs]
        for ports in (sites.ports, sites.far_ports):
            ends += [(HOST, ports.line_exchange), (HOST, ports.line_branch)]
        folder.mkdir()
        (folder / "token").touch(mode=0o600)
        named = [f"{host}:{port}" for host, port in ends]
        (folder / "branch.yaml").write_text(_TRANSIT.format(*named, folder=folder, of_a=sites.of_a(11)))
        self._engine = start_thread(free_rtp_base())
        lines = [Process(folder, self._engine, one, "line", one.name.lower()) for one in _LINES]
        self._processes = [*lines, Process(folder, self._engine, Client.CALL, "call")]

    async def __aenter__(self) -> Self:
        for process in self._processes:
            await process.start()
        await self.exchange.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.exchange.close()
        for process in self._processes:
            await process.kill()
        self._engine.close()


_LINES = (Client.LINE1, Client.LINE2, Client.LINE3)


@contextlib.asynccontextmanager
async def started(folder: Path, signalling: str = "") -> AsyncIterator[tuple[PstnSites, Exchange, list[HandPhone]]]:
    """In service, with a phone for each agent at B. `signalling`: more keys of A's span, and of the PSTN's to it."""
    sites = PstnSites(folder, signalling)
    async with contextlib.AsyncExitStack() as stack:
        pstn = await stack.enter_async_context(Pstn(folder / "pstn", sites))
        await stack.enter_async_context(sites)
        for box in (sites.branch, sites.far):
            watch = SpanWatch(sites, box)
            stack.callback(watch.close)
            await watch.all_idle(25)
        await pstn.exchange.in_service(25)
        phones = []
        for number in AGENTS:
            phone = HandPhone(number, sites.secret(number), sites.far_proxy, FAR_DOMAIN)
            phones.append(await stack.enter_async_context(phone))
            await phone.register()
        yield sites, pstn.exchange, phones

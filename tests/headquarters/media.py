# SPDX-License-Identifier: GPL-2.0-only
"""A site with a media server for chats, mails and tasks; its agents' telephones are a foreign PBX's."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import nats
import nats.errors

from appliance.config import Headquarters, read_secret
from appliance.config.files import load_role
from appliance.headquarters.live import State
from appliance.simulator.peripheral import ForeignPeripheral
from appliance.uplink.connection import USER
from appliance.wire.agents import AgentAsked, AgentTold, AgentWish, QueueNow
from appliance.wire.envelope import Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.peripherals import Truth
from tests.headquarters.foreign import PBX, Look, looking
from tests.headquarters.site import Site
from tests.peers.media import Contact, Disk, MediaServer

MEDIA = "MD-0001"
PEOPLE = {"1001": Truth.AVAILABLE, "1002": Truth.NOT_READY}
CHANNELS = ("chat", "mail", "task")
_WAIT = """
start: wait
nodes:
  wait: {{do: queue, queues: [{queue}], hold: [silence/5], wait_s: {wait_s}, otherwise: gone}}
  gone: {{do: release}}
"""
_CONFIGURATION = """\
role: headquarters
box: HQ-0001
server: {{listen: 127.0.0.1:{nats}, secret: secrets/nats}}
web: {{listen: 127.0.0.1:{web}}}
scripts: scripts
no_answer: not-ready
channels:
  - {{name: chat, not_beside: [voice], box: MD-0001}}
  - {{name: mail, interrupted_by: [voice], box: MD-0001, kept_days: 14}}
  - {{name: task, weight: 3, interrupted_by: [voice, chat], box: MD-0001}}
capacities:
  - {{name: web, total: 4, slots: {{chat: 3, mail: 1, task: 1}}}}
call_types:
  - {{name: calls, dnis: [95588], script: calls}}
  - {{name: web-cards, channel: chat, dnis: [1], script: chat}}
  - {{name: web-loans, channel: chat, dnis: [2], script: loans}}
  - {{name: mail-cards, channel: mail, dnis: [1], script: mail}}
  - {{name: forms, channel: task, dnis: [1], script: task}}
skill_groups:
  - {{name: calls, agents: [1001, 1002]}}
  - {{name: chat, channel: chat, agents: [1001, 1002]}}
  - {{name: loans, channel: chat, agents: [1002]}}
  - {{name: mail, channel: mail, agents: [1001]}}
  - {{name: task, channel: task, agents: [1001]}}
agents:
  - {{id: 1001, name: Li Na, box: PX-0001, extension: 8001, capacity: web}}
  - {{id: 1002, name: Wang Wei, box: PX-0001, extension: 8002, capacity: web}}
peripherals:
  - {{box: PX-0001, name: Telephones, kind: pbx, secret: secrets/px-0001}}
  - {{box: MD-0001, name: Web and mail, kind: media, secret: secrets/md-0001, messages_s: 5000}}
"""
_DAY_S = 86_400


def media_site(folder: Path) -> Site:
    """Not started yet."""
    site = Site(folder)
    for box in (PBX, MEDIA):
        secret = folder / "secrets" / box.lower()
        secret.write_text(f"secret-of-{box}-0123\n")
        secret.chmod(0o600)
    for path in (folder / "scripts").iterdir():
        path.unlink()
    for name in ("calls", "chat", "loans", "mail", "task"):
        text = _WAIT.format(queue=name, wait_s=2 * _DAY_S if name == "mail" else 600)
        (folder / "scripts" / f"{name}.yaml").write_text(text)
    path = folder / "headquarters.yaml"
    path.write_text(_CONFIGURATION.format(nats=site.nats_port, web=site.web_port))
    site.config = load_role(path, Headquarters)
    return site


class Floor:
    """What is so at headquarters, the telephones and the media server."""

    def __init__(self, site: Site, look: Look, phones: ForeignPeripheral, media: MediaServer) -> None:
        self.look, self.phones, self.media = look, phones, media
        self._site = site

    async def has(self, agent: str = "1001") -> dict[str, str]:
        """Channel → state."""
        now = next(one for one in (await self.look()).agents if one.agent == agent)
        return {"voice": now.state} | {one.channel: one.state for one in now.channels}

    async def queue(self, name: str) -> QueueNow:
        """As it is now."""
        return next(one for one in (await self.look()).queues if one.name == name)

    async def chat(self, kind: str = "chat") -> Contact:
        """One that 1001 has taken."""
        contact = await self.media.arrive(kind, "1", "visitor-1")
        assert contact.offered_to == "1001", contact.reason
        await self.media.take(contact)
        return contact

    async def call(self) -> tuple[str, str]:
        """A caller who talks to an agent: the contact, and whom."""
        contact = self.phones.new_contact()
        answer = await self.phones.ask("95588", contact)
        await self.phones.carry_out(contact, answer)
        return contact, getattr(answer.action, "agent", "")

    async def clear(self, media: MediaServer | None = None) -> None:
        """All is over, by the media server that has it now."""
        for contact in tuple(self.media.disk.contacts.values()):
            await (media or self.media).end(contact)

    async def wish(self, agent: str, to: AgentWish, reason: str = "") -> None:
        """A supervisor's, at headquarters."""
        server = self._site.config.server
        client = await nats.connect(f"nats://{server.listen}", user=USER, password=read_secret(server.secret))
        asked = Sealer(Identity.take("HQ-0001", "cli")).seal(AgentAsked(agent=agent, to=to, reason=reason))
        told = decode((await client.request("agent.command", encode(asked), timeout=2)).data).body
        await client.close()
        assert isinstance(told, AgentTold), told


@contextlib.asynccontextmanager
async def opened_floor(site: Site) -> AsyncIterator[Floor]:
    """1001 is ready in all channels, 1002 in none; nobody has anything in hand."""
    server = site.config.server.listen
    phones = ForeignPeripheral(server, PBX, read_secret(site.folder / "secrets" / PBX.lower()), PEOPLE)
    async with looking(site) as look, phones, media_server(site, Disk()) as media:
        for agent, state in PEOPLE.items():
            for channel in CHANNELS:
                await media.agent_is(f"{agent}/{channel}", state.value)
        floor = Floor(site, look, phones, media)
        yield floor
        await floor.clear()


def media_server(site: Site, disk: Disk) -> MediaServer:
    """A life of it."""
    secret = read_secret(site.folder / "secrets" / MEDIA.lower())
    return MediaServer(str(site.config.server.listen), MEDIA, secret, disk)


ALL = dict.fromkeys(("voice", *CHANNELS), "available")
"""Nothing in hand."""


async def until(look: Look, so: Callable[[State], bool], within_s: float) -> float:
    """Seconds until it is so."""
    began_s = time.monotonic()
    while True:
        with contextlib.suppress(nats.errors.Error):
            if so(await look()):
                break
        assert time.monotonic() - began_s < within_s
        await asyncio.sleep(0.02)
    return time.monotonic() - began_s

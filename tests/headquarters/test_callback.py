# SPDX-License-Identifier: GPL-2.0-only
"""A callback at real headquarters that is killed -9 again and again: it is made once, and not again after the talk."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from nats.aio.client import Client

from appliance.config import read_secret
from appliance.headquarters.live import State
from appliance.headquarters.reports import store
from appliance.headquarters.reports.writer import Writer
from appliance.uplink.connection import USER
from appliance.wire.agents import AgentAsked, AgentWish
from appliance.wire.callbacks import CallbackNow, PlaceContact
from appliance.wire.calls import CallEvent, ContactBegan, ContactEnded, LegBegan, LegEnded, TalkBegan
from appliance.wire.envelope import Body, Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import Dial, RouteAnswer, RouteRequest, Treat
from tests.headquarters.site import BOX, Site, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

NUMBER = "02512345678"
RULES = """\
  - {name: card-callback, dnis: [95544], script: callback}
outbound: {numbers: ["025"]}
scripts: scripts
"""
BEATS_S = 0.25
OPENED = "headquarters.intake.opened"


class Branch:
    """What a branch says and hears."""

    def __init__(self, site: Site, client: Client) -> None:
        self.orders: asyncio.Queue[PlaceContact] = asyncio.Queue()
        self._site = site
        self._client = client
        self._sealer = Sealer(Identity.take(BOX, "call"))
        self._requests = 0

    async def heartbeats(self) -> None:
        beat = {"box": BOX, "name": "Nanjing Road", "incarnation": "x", "at_ns": 0, "contacts": None}
        while True:
            await self._client.publish(f"heartbeat.{BOX}", json.dumps(beat).encode())
            await asyncio.sleep(BEATS_S)

    async def ask(self, contact: str, dnis: str, **known: str) -> RouteAnswer:
        self._requests += 1
        request = RouteRequest(request=f"r{self._requests}", contact=contact, dnis=dnis, clid=NUMBER, **known)  # type: ignore[arg-type]
        answer = await self._asked(f"route.request.{BOX}", self._sealer.seal(request))
        assert isinstance(answer, RouteAnswer)
        return answer

    async def tells(self, *events: CallEvent) -> None:
        told = b",".join(encode(self._sealer.seal(event)) for event in events)
        await self._client.request(f"call.{BOX}.record", b"[" + told + b"]", timeout=5)

    def has_told(self, *events: CallEvent) -> None:
        """Committed by headquarters, which died before its router heard of it."""
        Writer(store.open_writer(store.path_of(self._site.state))).store([self._sealer.seal(one) for one in events])

    async def agent(self, to: AgentWish) -> None:
        for agent in ("1001", "1002"):
            sealer = Sealer(Identity.take("HQ-0001", "cli"))
            await self._asked("agent.command", sealer.seal(AgentAsked(agent=agent, to=to, reason="")))

    async def callback(self) -> CallbackNow:
        answer = await self._client.request("live.state", b"", timeout=5)
        (one,) = msgspec.json.decode(answer.data, type=State).callbacks
        return one

    async def _asked(self, subject: str, envelope: object) -> Body:
        answer = await self._client.request(subject, encode(envelope), timeout=5)  # type: ignore[arg-type]
        return decode(answer.data).body


@contextlib.asynccontextmanager
async def branch_of(site: Site) -> AsyncIterator[Branch]:
    client = Client()
    secret = read_secret(site.config.server.secret)
    await client.connect(f"nats://127.0.0.1:{site.nats_port}", user=USER, password=secret)
    branch = Branch(site, client)

    async def ordered(message: object) -> None:
        body = decode(message.data).body  # type: ignore[attr-defined]
        assert isinstance(body, PlaceContact)
        branch.orders.put_nowait(body)

    await client.subscribe(f"route.assign.{BOX}", cb=ordered)
    beats = asyncio.create_task(branch.heartbeats())
    try:
        yield branch
    finally:
        beats.cancel()
        await client.close()


def restarted(site: Site) -> None:
    """Until it listens."""
    log = site.folder / "headquarters.log"
    log.touch()
    before = log.read_text().count(OPENED)
    site.start("headquarters")
    until(lambda: log.read_text().count(OPENED) > before, 15, "headquarters is back")


def rings(order: PlaceContact, leg: str) -> tuple[CallEvent, ...]:
    began = ContactBegan(
        contact=order.contact, leg=f"{leg}.c", channel="trunk telco", dnis=NUMBER, callback=order.callback, origin="c1"
    )
    agent = LegBegan(
        contact=order.contact,
        leg=leg,
        direction=Direction.OUTGOING,
        channel=f"sip {order.ring.extension}",
        to=order.ring.extension,
        agent=order.ring.agent,
        token=order.ring.token,
    )
    return began, agent


def gone(order: PlaceContact, leg: str, cause: int, by: str) -> tuple[CallEvent, ...]:
    ended = LegEnded(contact=order.contact, leg=leg, cause=16, by=ReleasedBy.US, sample=0)
    return ended, ContactEnded(contact=order.contact, cause=cause, by=by)


def test_a_callback_outlives_headquarters_is_dialled_once_a_try_and_never_after_the_talk(site: Site) -> None:
    path = site.folder / "headquarters.yaml"
    path.write_text(path.read_text().replace("scripts: scripts\n", RULES))

    async def story() -> None:
        site.start("nats-server")
        restarted(site)
        async with branch_of(site) as branch:
            await branch.agent(AgentWish.LOG_OUT)
            menu = await branch.ask(f"{BOX}.x.1", "95544")
            told = await branch.ask(f"{BOX}.x.1", "95544", outcome="digits", ced="1", cursor=menu.cursor)
            assert isinstance(told.action, Treat)
            assert told.callback
            await branch.tells(ContactEnded(contact=f"{BOX}.x.1", cause=16, by="caller"))
            queued_ns = (await branch.callback()).queued_ns

            site.kill("headquarters")
            restarted(site)
            await branch.agent(AgentWish.LOG_IN)
            await branch.agent(AgentWish.READY)
            order = await asyncio.wait_for(branch.orders.get(), 10)
            assert (order.callback, order.number, order.origin) == (told.callback, NUMBER, f"{BOX}.x.1")
            assert (await branch.callback()).queued_ns == queued_ns, "in its place"
            await branch.tells(*rings(order, "l1"))

            site.kill("headquarters")
            restarted(site)
            asks = {"outcome": "agent-answered", "callback": order.callback}
            for _ in range(2):
                answer = await branch.ask(order.contact, NUMBER, **asks)
                assert answer.action == Dial(NUMBER), "asked twice, of one try"
            assert (await branch.callback()).tries == 1

            site.kill("headquarters")
            talk = TalkBegan(contact=order.contact, leg="l1", sample=0)
            branch.has_told(talk, *gone(order, "l1", 16, "caller"))
            restarted(site)
            now = await branch.callback()
            assert (now.state, now.outcome, now.tries) == ("over", "reached", 1)
            await asyncio.sleep(1)
            assert branch.orders.empty(), "nobody is called again"

    asyncio.run(story())

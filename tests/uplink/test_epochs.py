# SPDX-License-Identifier: GPL-2.0-only
"""What an older life of the router says is dropped; which is the newest is known by the heartbeat at the latest."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from appliance.config import read_secret
from appliance.uplink.connection import USER
from appliance.wire.envelope import Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.routes import Release, RouteAnswer, RouteRequest, RouteSilent
from tests.headquarters.site import BOX, Site, until
from tests.uplink.test_routes_asked import Asker, asking

pytestmark = pytest.mark.system


class Router:
    """Answers whatever it is asked in the epoch that it is told to; `beats` is that of heartbeats."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.epoch = self.beats = 20
        self._sealer = Sealer(Identity.take("HQ-0001", "headquarters"))

    async def listen(self) -> None:
        await self.client.subscribe("heartbeat.*", cb=self._beat)
        await self.client.subscribe("route.request.*", cb=self._route)

    async def assign(self, request: str) -> None:
        await self.client.publish(f"route.assign.{BOX}", self._answer(request))
        await self.client.flush()

    async def _beat(self, message: Msg) -> None:
        await message.respond(msgspec.json.encode({"at_ns": time.time_ns(), "epoch": self.beats}))

    async def _route(self, message: Msg) -> None:
        request = decode(message.data).body
        assert isinstance(request, RouteRequest)
        await message.respond(self._answer(request.request))

    def _answer(self, request: str) -> bytes:
        return encode(self._sealer.seal(RouteAnswer(request=request, action=Release(), reason="a", epoch=self.epoch)))


@asynccontextmanager
async def router(site: Site) -> AsyncIterator[Router]:
    client = Client()
    await client.connect(
        f"nats://127.0.0.1:{site.nats_port}", user=USER, password=read_secret(site.config.server.secret)
    )
    made = Router(client)
    await made.listen()
    try:
        yield made
    finally:
        await client.close()


def test_an_older_life_of_the_router_is_not_obeyed(site: Site) -> None:
    site.start("nats-server", "uplink")

    async def story(asker: Asker) -> None:
        async with router(site) as hq:
            await asyncio.to_thread(until, lambda: '"up": true' in site.log_of("uplink"), 5, "the link is up")
            answer, _ = await asker.ask()
            assert isinstance(answer, RouteAnswer)
            hq.epoch = 19
            answer, took_s = await asker.ask()
            assert isinstance(answer, RouteSilent)
            assert answer.reason == "another headquarters has taken over"
            assert took_s < 0.4
            await hq.assign("late")
            hq.epoch = 20
            await hq.assign("now")
            assert (await asker.unasked()).request == "now"

    asking(site, story)


def test_a_takeover_is_known_by_the_heartbeat_before_anything_was_asked(site: Site) -> None:
    site.start("nats-server", "uplink")

    async def story(asker: Asker) -> None:
        async with router(site) as hq:
            await asyncio.to_thread(until, lambda: '"up": true' in site.log_of("uplink"), 5, "the link is up")
            hq.beats = 21
            await asyncio.sleep(1.5)  # a heartbeat's time
            answer, _ = await asker.ask()
            assert isinstance(answer, RouteSilent)
            assert "route.answer.outdated" in site.log_of("uplink")

    asking(site, story)

# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters' door: rubbish is answered as such and stored nowhere, questions are answered while the disk works."""

import asyncio
import contextlib
import hashlib
import random
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
from nats.aio.client import Client
from nats.errors import Error
from nats.errors import TimeoutError as NoAnswerError

from appliance.config import read_secret
from appliance.headquarters.live import State
from appliance.uplink.connection import USER
from appliance.wire.agents import AgentAsked, AgentWish
from appliance.wire.calls import LegBegan
from appliance.wire.envelope import Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest
from appliance.wire.service_messages import Refused
from tests.headquarters.site import BOX, Site, contacts, until
from tests.router.test_router_apply import QUEUED

pytestmark = pytest.mark.system

SUBJECTS = (f"call.{BOX}.record", f"route.request.{BOX}", f"recording.{BOX}.chunk", f"heartbeat.{BOX}")


@contextlib.asynccontextmanager
async def connected(site: Site) -> AsyncIterator[Client]:
    """To the site's message server, as one of its boxes."""
    client = Client()
    token = read_secret(site.config.server.secret)
    await client.connect(f"nats://127.0.0.1:{site.nats_port}", user=USER, password=token)
    try:
        yield client
    finally:
        await client.close()


def with_client(site: Site, story: Callable[[Client], Awaitable[None]]) -> None:
    site.start("nats-server", "headquarters")
    until(lambda: "headquarters.intake.opened" in site.log_of("headquarters"), 10, "headquarters listens")

    async def run() -> None:
        async with connected(site) as client:
            await story(client)

    asyncio.run(run())


def rubbish(chance: random.Random) -> bytes:
    good = encode(Sealer(Identity.take(BOX, "call")).seal(contacts(0, 1)[0]))
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(200))
    if kind == 1:
        return good[: chance.randrange(len(good))]
    if kind == 2:
        place = chance.randrange(len(good))
        return b"[" + good[:place] + b"\xff" + good[place + 1 :] + b"]"
    return msgspec.json.encode([chance.choice([None, 1, "x", {}, {"v": 1}, [good.decode()]])])


def test_rubbish_is_counted_answered_with_an_error_and_stored_nowhere(site: Site) -> None:
    async def story(client: Client) -> None:
        chance = random.Random(20)  # noqa: S311  # the same rubbish each time
        for _ in range(60):
            for subject in SUBJECTS:
                answer = await client.request(subject, rubbish(chance), timeout=2)
                if subject.startswith("route"):
                    assert isinstance(decode(answer.data).body, Refused)
                else:
                    assert msgspec.json.decode(answer.data)["error"]
        for subject in (f"line.{BOX}.status", f"alarm.{BOX}", "heartbeat.no-box", "call.no-box.record"):
            await client.publish(subject, rubbish(chance))
        batch = b"[" + encode(Sealer(Identity.take("BR-0002", "call")).seal(contacts(0, 1)[0])) + b"]"
        refused = await client.request(SUBJECTS[0], batch, timeout=2)
        assert "BR-0002" in msgspec.json.decode(refused.data)["error"]

    with_client(site, story)
    assert site.stored() == 0
    assert list((site.state / "recordings").iterdir()) == []
    said = site.log_of("headquarters").count("intake.message.refused")
    assert 10 <= said <= 80, "a few times a second, with how many there were"


def test_an_agent_is_commanded_from_headquarters_box_alone_and_seen_by_whoever_asks(site: Site) -> None:
    async def told(client: Client, payload: bytes) -> Refused:
        answer = decode((await client.request("agent.command", payload, timeout=2)).data).body
        assert isinstance(answer, Refused)
        return answer

    async def story(client: Client) -> None:
        asked = AgentAsked(agent="1001", to=AgentWish.READY)
        stranger = await told(client, encode(Sealer(Identity.take(BOX, "cli")).seal(asked)))
        assert (stranger.code, BOX in stranger.sentence) == ("agent.box", True)
        assert (await told(client, b"[]")).code == "message.unknown"
        state = msgspec.json.decode((await client.request("live.state", b"", timeout=2)).data, type=State)
        assert [agent.agent for agent in state.agents] == ["1001", "1002"]
        assert [queue.name for queue in state.queues] == ["card"]

    with_client(site, story)


def test_the_router_hears_who_talks_while_the_record_is_locked(site: Site) -> None:
    """Else it would give an agent to a second caller once the reservation has lapsed."""

    async def story(client: Client) -> None:
        began = LegBegan(
            contact="c1", leg="l1", direction=Direction.OUTGOING, channel="sip 8001", to="8001", agent="1001"
        )
        batch = b"[" + encode(Sealer(Identity.take(BOX, "call")).seal(began)) + b"]"
        with contextlib.closing(sqlite3.connect(site.state / "record.db", isolation_level=None)) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            with pytest.raises(NoAnswerError):
                await client.request(f"call.{BOX}.record", batch, timeout=0.5)
            state = msgspec.json.decode((await client.request("live.state", b"", timeout=2)).data, type=State)
            stranger.execute("ROLLBACK")
        assert [(agent.agent, agent.state) for agent in state.agents] == [("1001", "busy"), ("1002", "available")]
        assert msgspec.json.decode((await client.request(f"call.{BOX}.record", batch, timeout=5)).data) == {"stored": 1}

    with_client(site, story)
    assert site.stored() == 1


def test_whoever_has_no_token_is_not_let_in(site: Site) -> None:
    async def story(client: Client) -> None:
        del client
        stranger = Client()
        with pytest.raises(Error, match="Authorization Violation"):
            await stranger.connect(
                f"nats://127.0.0.1:{site.nats_port}",
                user=USER,
                password="guess",
                allow_reconnect=False,
                max_reconnect_attempts=0,
            )

    with_client(site, story)
    assert (site.config.server.secret.stat().st_mode & 0o777) == 0o600
    assert ((site.state / "run" / "nats.conf").stat().st_mode & 0o777) == 0o600


def test_an_upload_cut_by_a_restart_goes_on_where_it_was(site: Site) -> None:
    sound = random.Random(3).randbytes(600_000)  # noqa: S311  # any sound

    async def upload(client: Client, parts: int) -> int:
        have = await chunk(client, sound, 0, b"")
        for _ in range(parts):
            have = await chunk(client, sound, have, sound[have : have + 262_144])
        return have

    async def story(client: Client) -> None:
        assert await upload(client, 1) == 262_144
        site.kill("headquarters")
        before = site.log_of("headquarters").count("intake.opened")
        site.start("headquarters")
        until(lambda: site.log_of("headquarters").count("intake.opened") > before, 10, "headquarters is back")
        assert await upload(client, 2) == len(sound)

    with_client(site, story)
    assert (site.state / "recordings" / "00aa.wav").read_bytes() == sound
    assert site.stored("SELECT here FROM recording WHERE recording = '00aa'") == 1


async def chunk(client: Client, sound: bytes, offset: int, part: bytes) -> int:
    header = {
        "recording": "00aa",
        "contact": f"{BOX}.x.1",
        "offset": offset,
        "octets": len(sound),
        "sha256": hashlib.sha256(sound).hexdigest(),
    }
    answer = await client.request(f"recording.{BOX}.chunk", msgspec.json.encode(header) + b"\n" + part, timeout=5)
    return int(msgspec.json.decode(answer.data)["have"])


def test_every_question_is_answered_while_a_backlog_is_stored_latency(site: Site) -> None:
    took: list[float] = []

    async def story(client: Client) -> None:
        sealer = Sealer(Identity.take(BOX, "call"))
        filling = asyncio.create_task(fill(client))
        for number in range(200):
            request = RouteRequest(request=f"r{number}", contact=f"{BOX}.y.{number}", dnis="95588")
            began = time.monotonic()
            answer = await client.request(f"route.request.{BOX}", encode(sealer.seal(request)), timeout=0.5)
            took.append((time.monotonic() - began) * 1000)
            body = decode(answer.data).body
            assert isinstance(body, RouteAnswer)
            assert body.request == f"r{number}"
            await asyncio.sleep(0.01)
        await filling

    with_client(site, story)
    assert site.stored() == 2000
    p99 = statistics.quantiles(took, n=100)[98]
    print(f"route answers beside 2,000 events: p50 {statistics.median(took):.1f} ms, p99 {p99:.1f} ms of 50 ms")


async def fill(client: Client) -> None:
    sealer = Sealer(Identity.take(BOX, "call"))
    for first in range(0, 1000, 50):
        batch = b"[" + b",".join(encode(sealer.seal(event)) for event in contacts(first, 50)) + b"]"
        answer = await client.request(f"call.{BOX}.record", batch, timeout=10)
        assert msgspec.json.decode(answer.data) == {"stored": 100}


def test_a_killed_headquarters_gives_no_agent_out_twice(site: Site) -> None:
    """Killed as soon as the answer is here; asked again while the first phone does not ring yet."""
    rung: list[str] = []

    async def story(client: Client) -> None:
        sealer = Sealer(Identity.take(BOX, "call"))
        for contact in ("c1", "c2"):
            question = RouteRequest(request=f"r-{contact}", contact=contact, dnis="95588", cursor=QUEUED)
            answer = decode((await client.request(SUBJECTS[1], encode(sealer.seal(question)), timeout=5)).data).body
            assert isinstance(answer, RouteAnswer)
            assert isinstance(answer.action, RingAgent)
            rung.append(answer.action.agent)
            site.kill("headquarters")
            opened = site.log_of("headquarters").count("headquarters.intake.opened")
            site.start("headquarters")
            until(lambda: site.log_of("headquarters").count("headquarters.intake.opened") > opened, 5, "it is back")  # noqa: B023

    with_client(site, story)
    assert rung == ["1001", "1002"]

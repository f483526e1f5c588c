# SPDX-License-Identifier: GPL-2.0-only
"""Whatever is said to headquarters, at every subject: a sentence in the log, nothing lost, and calls are routed on."""

import asyncio
import random
import time
from collections.abc import Iterator

import msgspec
import pytest
from nats.aio.client import Client
from structlog.testing import capture_logs

from appliance.config import read_secret
from appliance.headquarters.desk import Desk
from appliance.headquarters.intake import Intake
from appliance.headquarters.live import Live
from appliance.headquarters.recordings.vault import Vault
from appliance.headquarters.refusals import BOXES, Refusals
from appliance.headquarters.reports import store
from appliance.headquarters.reports.writer import Writer
from appliance.router.branch_now import BranchNow
from appliance.router.domain import Lease
from appliance.router.journal import Entry, Journal
from appliance.router.lease import LENGTH_NS, Grant
from appliance.uplink.connection import USER
from appliance.wire.agents import AgentRest
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Sealer, encode
from appliance.wire.ids import Identity
from appliance.wire.routes import RouteRequest
from tests.headquarters.site import BOX, Site, contacts
from tests.headquarters.test_intake import with_client
from tests.headquarters.test_record_process import agent_asked, batch
from tests.router.test_router_apply import RULES

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

OTHER = "BR-0002"
PLACES = {  # subject of a box → whether it is answered
    "heartbeat.{}": True,
    "router.{}.rules": False,  # says nothing that could be wrong
    "recording.{}.chunk": True,
    "line.{}.status": False,
    "line.{}.performance": False,
    "alarm.{}": False,
    "peripheral.{}.agents": True,
    "peripheral.{}.snapshot": True,
    "live.performance.{}": True,
    "call.{}.record": True,
    "route.request.{}": True,
    "live.contact": True,
    "agent.command": True,
}


def bad_messages() -> Iterator[bytes]:
    chance = random.Random(31)  # noqa: S311  # the same each time
    said = Sealer(Identity.take(BOX, "call")).seal(RouteRequest(request="r", contact="c", dnis="95588"))
    yield from (
        b"",
        b"\x00" * 64,
        b"\xff\xfe",
        chance.randbytes(300),
        b"null",
        b"[[[[",
        b"{}",
        b'"x"',
        b"1e999",
        b"[" * 5000,
    )
    yield encode(msgspec.structs.replace(said, v=7))
    yield encode(msgspec.structs.replace(said, box=OTHER))
    yield encode(said).replace(b'"RouteRequest"', b'"NobodySaysThis"')
    yield encode(said).replace(b'"95588"', b"95588")
    yield encode(said)[:-30]
    yield b"[" + encode(said).replace(b'"c"', b'"%b"' % (b"c" * 900_000)) + b"]"


def beat(lease: Lease | None = None, box: str = BOX) -> bytes:
    return msgspec.json.encode({"box": box, "incarnation": "i", "at_ns": 1, "name": "one", "lease": lease})


def test_bad_messages_at_every_subject_cost_nobody_a_call(site: Site) -> None:
    async def story(client: Client) -> None:
        sealer = Sealer(Identity.take(BOX, "call"))
        await client.request(f"call.{BOX}.record", batch(sealer, *contacts(0, 5)), timeout=5)
        for place, answered in PLACES.items():
            for payload in bad_messages():
                if answered:
                    await client.request(place.format(BOX), payload, timeout=2)
                else:
                    await client.publish(place.format(BOX), payload)
        for place in PLACES:
            await client.publish(place.format("no box at all").replace(" ", "_"), b"{}")
        alarm = AlarmRaised(code="x", address="", sentence="said for another")
        await client.publish(f"alarm.{BOX}", encode(Sealer(Identity.take(OTHER, "call")).seal(alarm)))
        asleep = BranchNow(agents={"1001": AgentRest(state="asleep"), "1002": AgentRest(state="busy", until_ns=-5)})
        refused = await client.request(f"heartbeat.{BOX}", beat(Lease(snapshot=asleep)), timeout=2)
        assert "'asleep'" in msgspec.json.decode(refused.data)["error"]
        assert await agent_asked(client, sealer, 1) == "1001"
        assert b"said for another" not in (await client.request("live.state", b"", timeout=2)).data
        told = await client.request(f"call.{BOX}.record", batch(sealer, *contacts(5, 5)), timeout=5)
        assert msgspec.json.decode(told.data) == {"stored": 10}

    with_client(site, story)
    assert site.stored() == 20
    log = site.log_of("headquarters")
    for word in ("Traceback", "never retrieved", "intake.message.failed"):
        assert word not in log
    assert 10 <= log.count("intake.message.refused") < 80


def test_a_branch_that_speaks_another_version_keeps_what_it_has_to_say(site: Site) -> None:
    async def story(client: Client) -> None:
        sealer = Sealer(Identity.take(BOX, "call"))
        newer = [msgspec.structs.replace(sealer.seal(event), v=2) for event in contacts(0, 1)]
        payload = b"[" + b",".join(encode(one) for one in newer) + b"]"
        refused = msgspec.json.decode((await client.request(f"call.{BOX}.record", payload, timeout=2)).data)
        assert refused["error"] == "version 2 of the protocol is not spoken here; 1 is"

    with_client(site, story)
    assert site.stored() == 0


def test_a_flood_is_said_a_few_times_a_second_with_how_many_there_were() -> None:
    now_s = [100.0]
    refusals = Refusals(lambda: now_s[0])
    with capture_logs() as log:
        for _ in range(1000):
            refusals.unread(BOX, "alarm.x", ValueError("x" * 10_000))
            now_s[0] += 0.01
        for number in range(2 * BOXES):
            refusals.unread(f"BR-{number}", "alarm.x", ValueError("no"))
    mine = [one for one in log if one["subject"] == "alarm.x" and len(one["error"]) == 500]
    assert [one["times"] for one in mine][:10] == list(range(1, 11))
    assert len(mine) in range(100, 112), "of ten seconds"
    assert len(refusals.times) <= BOXES + 1


def test_a_heartbeat_is_answered_while_another_branch_s_snapshot_waits_for_the_disk(site: Site) -> None:
    """One answer that was over a second late let a branch's lease run out, and a caller had the branch's default."""
    site.start("nats-server")
    journal = Journal(site.state / "slow.db")
    append = journal.append

    def slow(entries: list[Entry], mark: bytes = b"") -> None:
        time.sleep(1.2)  # a disk that is busy; in the journal's own thread
        append(entries, mark)

    async def story() -> float:
        client = Client()
        token = read_secret(site.config.server.secret)
        await client.connect(f"nats://127.0.0.1:{site.nats_port}", user=USER, password=token)
        desk = Desk(RULES, "one", journal, journal.recall())
        work = asyncio.create_task(desk.run())
        await desk.began
        sealer = Sealer(Identity.take("HQ-0001", "headquarters"))
        writer = Writer(store.open_writer(site.state / "record.db"))
        intake = Intake(client, sealer, desk, writer, Vault(site.state / "recordings"), Live(), None)
        await intake.start()
        nonce = msgspec.json.decode((await client.request(f"heartbeat.{BOX}", beat(Lease()), timeout=2)).data)["terms"][
            "ask"
        ]["nonce"]
        journal.append = slow  # type: ignore[method-assign,assignment]
        granted = Lease(grant=Grant(nonce, 1, LENGTH_NS), snapshot=BranchNow())
        first = asyncio.create_task(client.request(f"heartbeat.{BOX}", beat(granted), timeout=4))
        await asyncio.sleep(0.1)
        began_s = time.monotonic()
        await client.request(f"heartbeat.{OTHER}", beat(box=OTHER), timeout=4)
        took_s = time.monotonic() - began_s
        assert not first.done(), "its answer waits for the journal"
        assert "terms" in msgspec.json.decode((await first).data)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await client.close()
        intake.close()
        await desk.close()
        return took_s

    assert asyncio.run(story()) < 0.5

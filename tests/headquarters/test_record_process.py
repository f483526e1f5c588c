# SPDX-License-Identifier: GPL-2.0-only
"""The record has a process of its own: while it is stuck or dead calls are routed, and nothing is lost or doubled."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NoAnswerError

from appliance.headquarters.live import State
from appliance.headquarters.reports import remote, store
from appliance.headquarters.reports.remote import RecordRefusedError, RemoteWriter
from appliance.headquarters.reports.requests import Move, socket_in
from appliance.headquarters.reports.service import Service
from appliance.headquarters.reports.writer import Writer
from appliance.wire import calls
from appliance.wire.envelope import Envelope, Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest
from tests.headquarters.site import BOX, Site, answers, contacts, until
from tests.headquarters.test_intake import with_client
from tests.router.test_router_apply import QUEUED

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

NOBODY = "nobody has heard"


def batch(sealer: Sealer, *events: calls.CallEvent) -> bytes:
    return b"[" + b",".join(encode(sealer.seal(event)) for event in events) + b"]"


async def agent_asked(client: Client, sealer: Sealer, number: int, box: str = BOX) -> str:
    """Who is rung; fails where the answer takes half a second."""
    request = RouteRequest(request=f"r{number}", contact=f"{box}.y.{number}", dnis="95588", cursor=QUEUED)
    answer = decode((await client.request(f"route.request.{box}", encode(sealer.seal(request)), timeout=0.5)).data)
    assert isinstance(answer.body, RouteAnswer)
    return answer.body.action.agent if isinstance(answer.body.action, RingAgent) else ""


async def live(client: Client) -> State:
    return msgspec.json.decode((await client.request("live.state", b"", timeout=2)).data, type=State)


async def states(client: Client) -> dict[str, str]:
    return {agent.agent: agent.state for agent in (await live(client)).agents}


def test_calls_are_routed_while_the_record_is_stuck_and_then_dead(site: Site) -> None:
    """The agent whose phone began to ring meanwhile is busy, stored or not."""
    rings = calls.LegBegan(
        contact=f"{BOX}.x.1", leg="L2", direction=Direction.OUTGOING, channel="sip 8002", to="8002", agent="1002"
    )

    async def story(client: Client) -> None:
        sealer = Sealer(Identity.take(BOX, "call"))
        told = batch(sealer, *contacts(0, 20), rings)
        site.freeze("record")
        with pytest.raises(NoAnswerError):
            await client.request(f"call.{BOX}.record", told, timeout=0.5)
        assert await agent_asked(client, sealer, 1) == "1001"
        site.kill("record")
        assert await agent_asked(client, sealer, 2) == "", "both are busy, so the caller waits"
        assert site.stored() == 0
        site.start("record")
        until(lambda: answers(socket_in(site.state)), 10, "the record's process listens")
        answer = await client.request(f"call.{BOX}.record", told, timeout=5)
        assert msgspec.json.decode(answer.data) == {"stored": 41}
        assert (await states(client))["1002"] == "busy"

    with_client(site, story)
    assert site.stored() == 41


def test_rules_change_twice_while_the_record_is_dead_and_it_has_all_of_them_when_it_is_back(site: Site) -> None:
    path = site.folder / "headquarters.yaml"

    def change(before: str, after: str, number: int) -> None:
        path.write_text(path.read_text().replace(before, after))
        taken = "headquarters.rules.changed"
        until(lambda: site.log_of("headquarters").count(taken) == number, 5, f"change {number} is taken over")

    async def story(client: Client) -> None:
        until(lambda: answers(socket_in(site.state)), 10, "the record's process listens")
        until(lambda: site.stored("SELECT count(*) FROM text_use"), 10, "the first rules are kept")
        site.kill("record")
        change("agents:\n", "agents:\n  - {id: 1003, name: Zhao Lei, box: BR-0001, extension: 8003}\n", 1)
        change("Wang Wei", "Wang Fang", 2)
        names = {agent.name for agent in (await live(client)).agents}
        assert names == {"Zhao Lei", "Li Na", "Wang Fang"}
        assert await agent_asked(client, Sealer(Identity.take(BOX, "call")), 1) == "1001"
        site.start("record")
        kept = "SELECT count(*) FROM text_use WHERE name = 'headquarters.yaml'"
        until(lambda: site.stored(kept) >= 3, 10, "the record has each version")

    with_client(site, story)


def test_headquarters_begins_and_routes_without_the_records_process(site: Site) -> None:
    async def story(client: Client) -> None:
        until(lambda: answers(socket_in(site.state)), 10, "the record's process listens")
        site.freeze("record")
        site.kill("headquarters")
        opened = site.log_of("headquarters").count("headquarters.intake.opened")
        site.start("headquarters")
        until(lambda: site.log_of("headquarters").count("headquarters.intake.opened") > opened, 10, "it is back")
        assert await agent_asked(client, Sealer(Identity.take(BOX, "call")), 1) == "1001"

    with_client(site, story)


def test_headquarters_begins_without_any_record_and_knows_who_talks(site: Site) -> None:
    """A database that was dead at the start of headquarters kept it from routing; its own journal knows the legs."""
    rings = calls.LegBegan(
        contact=f"{BOX}.x.1", leg="L2", direction=Direction.OUTGOING, channel="sip 8001", to="8001", agent="1001"
    )

    async def story(client: Client) -> None:
        sealer = Sealer(Identity.take(BOX, "call"))
        await client.request(f"call.{BOX}.record", batch(sealer, rings), timeout=5)
        assert (await states(client))["1001"] == "busy"
        site.kill("headquarters", "record")
        for path in site.state.glob("record.db*"):
            path.unlink()
        opened = site.log_of("headquarters").count("headquarters.intake.opened")
        site.start_alone("headquarters")
        until(lambda: site.log_of("headquarters").count("headquarters.intake.opened") > opened, 10, "it is back")
        assert (await states(client))["1001"] == "busy"
        assert await agent_asked(client, sealer, 1) == "1002"
        assert "headquarters.record.unread" in site.log_of("headquarters")

    with_client(site, story)


def test_what_was_committed_before_an_answer_was_lost_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer = Sealer(Identity.take(BOX, "call"))
    first, second, third = (tuple(sealer.seal(event) for event in contacts(number, 2)) for number in range(0, 6, 2))

    def lost(_connection: object, _octets: int) -> bytes:
        until(lambda: writer.last_place() == 8, 5, "the second batch is stored")
        raise ConnectionResetError(NOBODY)

    async def scene() -> list[list[Envelope]]:
        service = Service(tmp_path / "record.sock", writer)
        await service.start()
        headquarters = RemoteWriter(tmp_path / "record.sock", store.open_reader(tmp_path / "record.db"))
        headquarters.open_agent_legs()
        told = [await asyncio.to_thread(headquarters.store, first)]
        with monkeypatch.context() as patch:
            patch.setattr(remote, "_read", lost)
            with pytest.raises(RecordRefusedError, match=NOBODY):
                await asyncio.to_thread(headquarters.store, second)
        told += [await asyncio.to_thread(headquarters.store, again) for again in (third, second, first)]
        headquarters.close()
        await service.close()
        return told

    writer = Writer(store.open_writer(tmp_path / "record.db"))
    told = asyncio.run(scene())
    assert [[one.id for one in some] for some in told] == [
        [one.id for one in first],
        [one.id for one in (*second, *third)],
        [],
        [],
    ]


def test_a_request_that_cannot_be_stored_is_refused_with_the_reason_and_the_next_is_taken(tmp_path: Path) -> None:
    async def scene() -> None:
        service = Service(tmp_path / "record.sock", writer)
        await service.start()
        headquarters = RemoteWriter(tmp_path / "record.sock", store.open_reader(tmp_path / "record.db"))
        wrong = [(1, [Move("1001", "asleep", "", 1)])]
        with pytest.raises(RecordRefusedError, match="'asleep' is no agent's state"):
            await asyncio.to_thread(headquarters.agents_moved, wrong)
        await asyncio.to_thread(headquarters.agents_moved, [(1, [Move("1001", "busy", "", time.time_ns())])])
        assert headquarters.newest_move_ns() == writer.newest_move_ns() is not None
        headquarters.close()
        await service.close()

    writer = Writer(store.open_writer(tmp_path / "record.db"))
    asyncio.run(scene())

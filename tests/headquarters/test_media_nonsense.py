# SPDX-License-Identifier: GPL-2.0-only
"""A media server out of its mind: every message is answered, with a sentence or taken, and nobody else notices."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.headquarters.foreign import started
from tests.headquarters.media import ALL, MEDIA, media_server, media_site, opened_floor, until
from tests.headquarters.site import Site
from tests.peers.media import Disk, MediaServer, SentenceError

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]
NONSENSE: tuple[object, ...] = (None, 1 << 63, "a\0b", "\ud800", "x" * 60_000, [])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all: a life that is over leaves nothing behind."""
    made = media_site(tmp_path_factory.mktemp("nonsense"))
    try:
        started(made)
        yield made
    finally:
        made.close()


def said_otherwise(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in body:
        yield {field: value for field, value in body.items() if field != name}
        yield from ({**body, name: value} for value in NONSENSE)


def bodies(media: MediaServer) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of everything that can be said, as it should be: subject and body."""
    contact, leg = f"{MEDIA}.{media.incarnation}.900", f"{MEDIA}.media.{media.incarnation}.901"
    of = {"contact": contact, "leg": leg, "sample": 8000}
    record, whom = f"call.{MEDIA}.record", {"agent": "1001", "token": "a.1", "to": "1001", "kind": "chat"}
    yield record, {"type": "ContactBegan", "contact": contact, "leg": leg, "channel": "w", "dnis": "1", "kind": "chat"}
    yield record, {"type": "LegBegan", **of, "direction": "outgoing", "channel": "desktop", **whom}
    yield record, {"type": "TalkBegan", **of, "recording": None}
    yield record, {"type": "TransferEnded", "contact": contact, "by": "1001", "to": "2", "outcome": "completed"}
    yield record, {"type": "LegEnded", **of, "cause": 16, "by": "peer"}
    yield record, {"type": "ContactEnded", "contact": contact, "cause": 16, "by": "agent"}
    asks = {"request": f"{contact}/1", "contact": contact, "dnis": "1", "kind": "chat", "cursor": "", "transfer_to": ""}
    brings = {"place": {"priority": 1, "queued_ns": 1}, "callback": "c.1", "lease": 1, "refused_agents": ["1001"]}
    yield f"route.request.{MEDIA}", {"type": "RouteRequest", **asks, **brings}
    agents = [{"agent": "1002/chat", "state": "not-ready", "reason": "lunch"}]
    yield f"peripheral.{MEDIA}.agents", {"type": "AgentsChanged", "agents": agents}
    legs = [{"agent": "1001", "leg": leg, "contact": contact, "kind": "chat"}]
    yield f"peripheral.{MEDIA}.snapshot", {"type": "PeripheralSnapshot", "agents": agents, "legs": legs}


async def said(media: MediaServer, subject: str, envelope: dict[str, Any]) -> str:
    """The sentence, empty where it was taken."""
    try:
        answer = await media.request(subject, [envelope] if subject.startswith("call.") else envelope)
    except SentenceError as error:
        return str(error)
    return str(answer.get("error", ""))


def test_whatever_it_says_is_answered_and_no_chat_of_another_life_is_the_worse(site: Site) -> None:
    async def scene() -> None:
        async with opened_floor(site) as floor:
            call, agent = await floor.call()
            for subject, body in bodies(floor.media):
                for other in said_otherwise(body):
                    await said(floor.media, subject, floor.media.sealed(other))
                head = floor.media.sealed(body)
                for other in said_otherwise({name: value for name, value in head.items() if name != "body"}):
                    await said(floor.media, subject, {**other, "body": body})
            await floor.media.kill()
            assert (agent, (await floor.has())["voice"]) == ("1001", "busy")
            await floor.phones.end(call)
            async with media_server(site, Disk()) as again:
                await again.agent_is("1001/chat", "available")
                assert await floor.has() == ALL
                chat = await again.arrive("chat", "1", "visitor-1")
                assert chat.offered_to == "1001", chat.reason

    asyncio.run(scene())
    assert "Traceback" not in site.log_of("headquarters") + site.log_of("record")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"seq": 1 << 63}, "Expected an integer of 64 bits - at `$.seq`"),
        ({"at_ns": -(10**30)}, "Expected an integer of 64 bits - at `$.at_ns`"),
        ({"id": "a\0b"}, "Expected no NUL character - at `$.id`"),
        ({"incarnation": "zz"}, "incarnation 'zz' is not 16 characters 0-9a-v"),
        ({"v": 2}, "version 2 of the protocol is not spoken here; 1 is"),
        ({"box": "PX-0001"}, "PX-0001"),
    ],
)
def test_a_wrong_head_is_told(wrong: dict[str, Any], sentence: str, site: Site) -> None:
    async def scene() -> None:
        async with media_server(site, Disk()) as media:
            for subject, body in bodies(media):
                assert sentence in await said(media, subject, media.sealed(body, **wrong)), subject

    asyncio.run(scene())


def test_events_that_come_again_late_or_in_disorder_move_nobody(site: Site) -> None:
    async def scene() -> None:
        async with opened_floor(site) as floor:
            media = floor.media
            chat = await floor.chat()
            of = {"contact": chat.name, "leg": chat.leg, "cause": 16, "by": "peer", "sample": 1}
            late = media.sealed({"type": "LegEnded", **of})
            again = media.sealed({"type": "LegConnected", "contact": chat.name, "leg": chat.leg, "sample": 1})
            for batch in ([again], [again, again], [late]):
                assert await media.request(f"call.{MEDIA}.record", batch) == {"stored": len(batch)}
            assert (await floor.has())["chat"] == "busy", "what was overtaken is stored alone"
            unknown = {"type": "LegEnded", **of, "leg": f"{MEDIA}.media.{media.incarnation}.77"}
            await media.tell(unknown)
            gone = {**unknown, "contact": f"{MEDIA}.{media.incarnation}.78"}
            await media.tell(gone, {"type": "ContactEnded", "contact": gone["contact"], "cause": 16, "by": "agent"})
            assert (await floor.has())["chat"] == "busy"

    asyncio.run(scene())


def test_a_flood_of_contacts_costs_the_calls_nothing_and_is_over_with_its_life(site: Site) -> None:
    async def scene() -> None:
        async with opened_floor(site) as floor:
            media = floor.media
            await media.agent_is("1001/mail", "not-ready")
            await asyncio.gather(*(media.arrive("mail", "1", f"m{n}@example.com") for n in range(300)))
            assert (await floor.queue("mail")).waiting == 300
            _, agent = await floor.call()
            assert agent == "1001"
            await media.kill()
            async with media_server(site, Disk()):
                await until(floor.look, lambda now: {one.waiting for one in now.queues} == {0}, 4)
            media.disk.contacts.clear()

    asyncio.run(scene())


def test_a_media_server_ends_in_the_moment_that_its_heartbeat_is_answered() -> None:
    """A cancellation is lost then, and who waited for it once waited for ever."""
    answered = asyncio.Event()

    class Beating(MediaServer):
        async def _beat(self) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                answered.set()
                await asyncio.sleep(60)

    async def scene() -> None:
        media = Beating("", MEDIA, "", Disk())
        media.begin()
        await answered.wait()
        async with asyncio.timeout(5):
            await media.kill()

    asyncio.run(scene())

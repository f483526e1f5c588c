# SPDX-License-Identifier: GPL-2.0-only
"""A foreign PBX at headquarters' door: its agents come and go with it, and it speaks for nobody else."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.simulator.peripheral import ForeignPeripheral, RefusedError
from appliance.wire.calls import CallEvent, ContactBegan, ContactEnded, LegBegan, RecordingSealed, VoicemailBegan
from appliance.wire.envelope import decode, encode
from appliance.wire.legs import Direction
from appliance.wire.peripherals import AgentIs, AgentsChanged, Truth
from appliance.wire.routes import RingAgent, RouteRequest, Treat
from appliance.wire.service_messages import Refused
from tests.headquarters.foreign import (
    OTHER,
    PBX,
    Look,
    agent,
    free,
    looking,
    opened,
    peripheral,
    site_in,
    started,
)
from tests.headquarters.site import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(40)]
TO_QUEUE = """
start: card
nodes:
  card: {do: queue, queues: [card], hold: [silence/5], otherwise: gone}
  gone: {do: release}
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = site_in(tmp_path, scripts={"welcome": TO_QUEUE})
    try:
        started(made)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all that is refused, which changes nothing."""
    made = site_in(tmp_path_factory.mktemp("door"), scripts={"welcome": TO_QUEUE})
    try:
        started(made)
        yield made
    finally:
        made.close()


async def until(so: Callable[[], Awaitable[bool]], within_s: float) -> float:
    began = time.monotonic()
    while not await so():
        assert time.monotonic() - began < within_s
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def refused(pbx: ForeignPeripheral, subject: str, payload: bytes, after: str = "") -> str:
    answer = await pbx.request(subject, payload, after)
    if subject in {"route.request", "peripheral"}:
        body = decode(answer).body
        assert isinstance(body, Refused)
        return f"{body.code}: {body.sentence}"
    return str(msgspec.json.decode(answer)["error"])


def test_i3_an_unplugged_peripheral_s_agents_leave_every_queue_within_5_s_and_come_back_by_themselves(
    site: Site,
) -> None:
    async def scene() -> None:
        async with looking(site) as look:
            pbx = peripheral(site)
            await pbx.plug()
            assert free(await look()) == 2
            talk = await pbx.ask("95588")
            assert isinstance(talk.action, RingAgent)
            busy, idle = sorted(pbx.agents, key=lambda one: one != talk.action.agent)  # type: ignore[union-attr]
            contact = talk.request.split("/")[0]
            await pbx.carry_out(contact, talk)
            assert [agent(await look(), one) for one in (busy, idle)] == ["busy", "available"]
            await pbx.unplug()
            gone_s = await until(lambda: _free(look, 0), 6)
            assert gone_s <= 5.0
            await pbx.tell(*_ended(pbx))
            await pbx.agent_is(idle, Truth.NOT_READY, "lunch")
            await pbx.plug()
            assert await until(lambda: _free(look, 1), 2) < 2
            now = await look()
            assert [agent(now, one) for one in (busy, idle)] == ["available", "not-ready"], "as its snapshot has it"
            await pbx.unplug()

    asyncio.run(scene())


async def _free(look: Look, count: int) -> bool:
    return free(await look()) == count


def _ended(pbx: ForeignPeripheral) -> list[CallEvent]:
    return [ContactEnded(contact=contact, cause=16, by="caller") for contact in sorted(pbx._contacts)]


def test_i3_what_a_foreign_agent_is_its_own_switch_says_alone(site: Site) -> None:
    async def scene() -> None:
        async with looking(site) as look, peripheral(site, agents={"2001": Truth.AVAILABLE}) as pbx:
            assert agent(await look(), "2002") == "logged-out", "the snapshot does not name them"
            await pbx.agent_is("2002", Truth.NOT_READY, "lunch")
            await pbx.agent_is("2001", Truth.BUSY)
            assert [agent(await look(), one) for one in ("2001", "2002")] == ["busy", "not-ready"]
            waiting = await pbx.ask("95588")
            assert isinstance(waiting.action, Treat)
            await pbx.agent_is("2001", Truth.WRAP_UP)
            assert agent(await look(), "2001") == "wrap-up"
            await pbx.agent_is("2002", Truth.AVAILABLE)
            told = await asyncio.wait_for(pbx.assigned.get(), 2)
            assert isinstance(told.action, RingAgent)
            assert (told.request, told.action.agent) == (waiting.request, "2002")

    asyncio.run(scene())


def test_i3_a_killed_headquarters_asks_for_the_snapshot_again(site: Site) -> None:
    async def scene() -> None:
        async with peripheral(site) as pbx:
            await pbx.agent_is("2001", Truth.NOT_READY)
            await asyncio.to_thread(site.kill, "headquarters")
            await asyncio.to_thread(site.start, "headquarters")
            await asyncio.to_thread(opened, site, 2)
            async with looking(site) as look:
                await until(lambda: _free(look, 1), 3)
                assert agent(await look(), "2001") == "not-ready"

    asyncio.run(scene())


def test_i3_a_peripheral_speaks_for_itself_only(door: Site) -> None:
    async def scene() -> None:
        async with peripheral(door) as pbx, looking(door) as look:
            question = RouteRequest(request="r1", contact="BR-0001.x.1", dnis="95588")
            told = await refused(pbx, "route.request", encode(pbx.sealer.seal(question)))
            assert (
                told
                == "peripheral.box: contact 'BR-0001.x.1' is not PX-0001's: its own are called PX-0001.incarnation.n"
            )
            mine = pbx.new_contact()
            asked = RouteRequest(request="r2", contact=mine, dnis="95588", reaches=("BR-0001",))
            told = await refused(pbx, "route.request", encode(pbx.sealer.seal(asked)))
            assert "by a translation route only" in told
            leg = LegBegan(
                contact=mine, leg=pbx.new_leg(), direction=Direction.OUTGOING, channel="sip", to="8001", agent="1001"
            )
            with pytest.raises(RefusedError, match="agent '1001' is not at PX-0001; did you mean '2001'"):
                await pbx.tell(leg)
            with pytest.raises(RefusedError, match=r"leg 'BR-0001\.line1\.i\.1' is not PX-0001's"):
                await pbx.tell(ContactBegan(contact=mine, leg="BR-0001.line1.i.1", channel="x", dnis="1"))
            with pytest.raises(RefusedError, match="recordings are its own"):
                await pbx.tell(RecordingSealed(contact=mine, recording="00aa", samples=1, octets=1, sha256="ab"))
            with pytest.raises(RefusedError, match="recordings are its own"):
                await pbx.tell(VoicemailBegan(contact=mine, mailbox="card", recording="00aa", sample=0))
            with pytest.raises(RefusedError, match="agent '1001' is not at PX-0001"):
                await pbx.agent_is("1001", Truth.LOGGED_OUT)
            del pbx.agents["1001"]
            for subject in ("route.request.BR-0001", "heartbeat.BR-0001", "agent.command", f"call.{OTHER}.record"):
                await pbx.publish(subject, b"{}")
            await until(lambda: _complaints(pbx, 4), 2)
            assert all("permissions violation for publish" in one.lower() for one in pbx.errors), pbx.errors
            await pbx.publish(f"route.request.{PBX}", encode(pbx.sealer.seal(question)), reply="route.assign.BR-0001")
            assert [agent(await look(), one) for one in ("1001", "2001")] == ["available", "available"]
        assert "is answered below _INBOX.PX-0001 only" in door.log_of("headquarters")

    asyncio.run(scene())
    assert door.stored() == 0


async def _complaints(pbx: ForeignPeripheral, count: int) -> bool:
    return len(pbx.errors) >= count


def test_i3_what_cannot_be_read_is_answered_with_a_sentence_and_changes_nothing(door: Site) -> None:
    async def scene() -> None:
        async with peripheral(door) as pbx, looking(door) as look:
            said = AgentsChanged(agents=(AgentIs("2001", Truth.LOGGED_OUT),))
            old = msgspec.structs.replace(pbx.sealer.seal(said), v=0)
            assert await refused(pbx, "peripheral", encode(old), ".agents") == (
                "peripheral.version: version 0 of the protocol is not spoken here; 1 is"
            )
            await pbx.agent_is("2001", Truth.AVAILABLE)
            assert "and is older" in await refused(
                pbx, "peripheral", encode(msgspec.structs.replace(old, v=1)), ".agents"
            )
            for rubbish in (b"", b"\xff", b"[]", b'{"v":1}', b"[" * 2000):
                assert (await refused(pbx, "peripheral", rubbish, ".agents")).startswith("message.unknown")
                assert (await refused(pbx, "route.request", rubbish)).startswith("message.unknown")
            long = AgentsChanged(agents=(AgentIs("2001", Truth.LOGGED_OUT, "x" * 70_000),))
            assert "65536 at most" in await refused(pbx, "peripheral", encode(pbx.sealer.seal(long)), ".agents")
            nobody = AgentsChanged(agents=(AgentIs("2001", Truth.LOGGED_OUT), AgentIs("20011", Truth.BUSY)))
            assert "did you mean '2001'" in await refused(pbx, "peripheral", encode(pbx.sealer.seal(nobody)), ".agents")
            assert agent(await look(), "2001") == "available"

    asyncio.run(scene())


def test_i3_whoever_says_too_much_is_not_read_and_others_are(door: Site) -> None:
    async def scene() -> None:
        async with peripheral(door, OTHER, {}) as ivr, peripheral(door) as pbx:
            questions = [ivr.ask("95588") for _ in range(60)]
            answers = await asyncio.gather(*questions, return_exceptions=True)
            refusals = [one for one in answers if isinstance(one, RefusedError)]
            assert 30 <= len(refusals) <= 41, "its snapshot was one of the first twenty"
            assert str(refusals[0]) == "PX-0002 has said more than 20 messages in a second"
            await pbx.ask("95588")
            await asyncio.sleep(0.3)
            await ivr.ask("95588")

    asyncio.run(scene())

# SPDX-License-Identifier: GPL-2.0-only
"""An agent hands the caller on, by real processes and strangers' phones; who dies meanwhile loses nobody."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from appliance.cli import headquarters
from appliance.router.floor import Command
from appliance.simulator.call import Call
from appliance.simulator.caller import AwaitRelease, Script
from appliance.simulator.exchange import Exchange
from appliance.simulator.phone import Phone
from appliance.wire.agents import AgentAsked, AgentNoted, AgentWish, CallAsked, CallWish, ContactAsked, ContactTold
from appliance.wire.service_messages import Refused
from tests.accept.site import NUMBER, QUEUE, Site, until
from tests.accept.talk import ESTABLISHED, MENU, closed, exchange_of, in_service
from tests.peers.hand import HandCall, HandPhone

pytestmark = [pytest.mark.system, pytest.mark.timeout(90)]

DOMAIN = "branch.test"
FIRST, SECOND = "18001", "18002"
TALKS = Script((*MENU, AwaitRelease(within_s=60)))
NOTE = "lost card, wants a new one"


class Floor:
    """One branch with its exchange; the first agent's phone is worked by hand, the second one answers by itself."""

    def __init__(self, site: Site, exchange: Exchange, first: HandPhone, second: Phone) -> None:
        self.site, self.exchange, self.first, self.second = site, exchange, first, second

    async def told(self, command: Command) -> Any:
        """What headquarters answers, as it does the CLI."""
        return await asyncio.to_thread(headquarters.command, self.site.headquarters.state, command)

    async def order(self, to: CallWish, number: str = "", agent: str = FIRST) -> None:
        told = await self.told(CallAsked(agent=agent, to=to, number=number))
        assert not isinstance(told, Refused), told.sentence

    async def talking(self, clid: str) -> tuple[Call, HandCall]:
        """A caller with the first agent, for whom the second one makes way."""
        await self.told(AgentAsked(agent=SECOND, to=AgentWish.NOT_READY))
        call = self.exchange.place(NUMBER, clid, TALKS)
        rung = await self.first.called()
        await rung.answer()
        await self.told(AgentAsked(agent=SECOND, to=AgentWish.READY))
        await until(lambda: self.stage(clid) == "talking", 10, f"{clid} talks")
        return call, rung

    def stage(self, clid: str) -> str | None:
        """Where the call stands by the record."""
        found = [row for row in self.site.record().calls_now() if row["clid"] == clid]
        return found[0]["stage"] if found else None

    def talks(self, clid: str) -> bool:
        """The second agent's phone has this caller's number in a call."""
        told = tuple(self.second.events)
        return any(one.type == ESTABLISHED and f"sip:{clid}@" in one.peer for one in told)

    async def over(self, call: Call, clid: str) -> dict[str, Any]:
        """The caller hangs up; the call's record."""
        call.hang_up(16)
        await call.result()
        await closed(self.second)
        return await self.site.record_of(clid)


@pytest.fixture(scope="module")
def floor(loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    opened = _floor(tmp_path_factory.mktemp("transfer"))
    yield loop.run(opened.__aenter__())
    loop.run(opened.__aexit__(None, None, None))


@contextlib.asynccontextmanager
async def _floor(folder: Path) -> AsyncIterator[Floor]:
    async with Site(folder, ("8001", "8002")) as site:
        exchange = exchange_of(site)
        await exchange.start()
        try:
            await in_service(exchange, site)
            phone = Phone(f"8002@{DOMAIN}", site.secret("8002"), site.proxy, folder / "phone")
            async with HandPhone("8001", site.secret("8001"), site.proxy, DOMAIN) as first:
                await first.register()
                with phone as second:
                    yield Floor(site, exchange, first, second)
        finally:
            await exchange.close()


def test_f1_one_call_two_legs_the_second_agent_sees_the_ivr_data_and_the_first_agents_notes(
    loop: asyncio.Runner, floor: Floor
) -> None:
    async def story() -> None:
        clid = "02512390001"
        call, first = await floor.talking(clid)
        await floor.told(AgentNoted(agent=FIRST, text=NOTE))
        await floor.order(CallWish.CONSULT, "8002")
        await until(lambda: floor.talks(clid), 10, "the agents talk")
        shown = await floor.told(ContactAsked(agent=SECOND))
        assert isinstance(shown, ContactTold)
        assert shown.now is not None
        assert (shown.now.clid, shown.now.ced, shown.now.call_type) == (clid, "1", "card-service")
        assert [(note.agent, note.text) for note in shown.now.notes] == [(FIRST, NOTE)]
        await floor.order(CallWish.COMPLETE)
        await first.hears("released")
        record = await floor.over(call, clid)
        assert [leg["agent"] for leg in record["legs"]] == [None, FIRST, SECOND]
        (told,) = record["transfers"]
        assert (told["by"], told["to"], told["agent"], told["outcome"]) == (FIRST, "8002", SECOND, "completed")

    loop.run(story())


def test_f1_call_control_killed_while_the_caller_is_held_loses_nobody(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        clid, box = "02512390002", floor.site.branch
        call, first = await floor.talking(clid)
        await floor.order(CallWish.CONSULT, "8002")
        await until(lambda: floor.talks(clid), 10, "the agents talk")
        before = box.pid("call")
        box.kill("call")
        await until(lambda: box.children()["call"]["pid"] not in (None, before), 10, "call control is back")
        await until(lambda: box.children()["call"]["state"] == "running", 10, "call control is ready")
        await asyncio.sleep(0.5)
        await floor.order(CallWish.COMPLETE)
        await first.hears("released")
        record = await floor.over(call, clid)
        assert (record["by"], record["transfers"][0]["outcome"]) == ("caller", "completed")

    loop.run(story())


def test_j1_a_phone_that_has_called_the_second_agent_itself_joins_him_with_its_caller(
    loop: asyncio.Runner, floor: Floor
) -> None:
    """Attended transfer (RFC 3891): both are one call from then on, in the caller's record."""

    async def story() -> None:
        clid = "02512390003"
        call, first = await floor.talking(clid)
        own = await floor.first.call("8002")
        await own.hears("answered")
        await until(lambda: floor.talks("8001"), 10, "the agents talk")
        replaces = quote(f"{own.call_id};to-tag=x;from-tag=y", safe="")
        fields = {"Refer-To": f"<sip:8002@{DOMAIN}?Replaces={replaces}>"}
        first.within("REFER", dict(fields))
        challenge = await asyncio.wait_for(first.answers.get(), 5)
        first.within("REFER", fields | floor.first.credentials(challenge, "REFER", first._uri))
        assert (await asyncio.wait_for(first.answers.get(), 5)).status == 202
        for one in (first, own):
            await one.hears("released")
        assert not any(event.type == "CALL_CLOSED" for event in floor.second.events[-1:]), "the second agent talks on"
        record = await floor.over(call, clid)
        (told,) = record["transfers"]
        assert (told["by"], told["agent"], told["outcome"]) == (FIRST, SECOND, "completed")
        assert [leg["agent"] for leg in record["legs"]] == [None, FIRST, SECOND]

    loop.run(story())


def test_f1_who_hangs_up_while_he_is_held_in_a_consultation_with_a_queue_ends_all(
    loop: asyncio.Runner, floor: Floor
) -> None:
    async def story() -> None:
        clid = "02512390004"
        call, first = await floor.talking(clid)
        await floor.told(AgentAsked(agent=SECOND, to=AgentWish.NOT_READY))
        await floor.order(CallWish.CONSULT, QUEUE)
        await until(lambda: floor.stage(clid) == "waiting", 10, "the agent waits in the queue")
        call.hang_up(16)
        assert await first.hears("released") == 16
        record = await floor.site.record_of(clid)
        assert (record["by"], record["transfers"][0]["reason"]) == ("caller", "the caller let go")
        assert not floor.talks(clid)

    loop.run(story())

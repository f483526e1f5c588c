# SPDX-License-Identifier: GPL-2.0-only
"""Call control's questions over the uplink's socket: an answer while headquarters lives, silence in time when not."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from appliance.script.loading import load
from appliance.wire.calls import LegBegan, LegEnded
from appliance.wire.client import Client
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest, RouteSilent, Treat
from tests.headquarters.site import BOX, Site, until

pytestmark = pytest.mark.system

ALL = ("nats-server", "headquarters", "uplink")


class Asker:
    """Call control's side of the socket."""

    def __init__(self, site: Site) -> None:
        self._heard: asyncio.Queue[Envelope] = asyncio.Queue()
        sealer = Sealer(Identity.take(BOX, "call"))
        self.client = Client(site.branch_state / "run" / "uplink.sock", sealer, self._heard.put_nowait)
        self._serial = 0

    async def ask(self, cursor: str = "", **known: object) -> tuple[RouteAnswer | RouteSilent, float]:
        """The answer and the seconds it took."""
        self._serial += 1
        name = f"r{self._serial}"
        known = {"contact": f"{BOX}.test.{self._serial}", **known}
        began = time.monotonic()
        self.client.send(RouteRequest(request=name, dnis="95588", cursor=cursor, **known))  # type: ignore[arg-type]
        while True:
            body = (await asyncio.wait_for(self._heard.get(), 5)).body
            if isinstance(body, RouteAnswer | RouteSilent) and body.request == name:
                return body, time.monotonic() - began

    async def unasked(self) -> RouteAnswer:
        """What comes without a question."""
        body = (await asyncio.wait_for(self._heard.get(), 5)).body
        assert isinstance(body, RouteAnswer)
        return body


def asking(site: Site, story: Callable[[Asker], Awaitable[None]]) -> None:
    async def run() -> None:
        asker = Asker(site)
        task = asyncio.get_running_loop().create_task(asker.client.run())
        try:
            await story(asker)
        finally:
            task.cancel()

    asyncio.run(run())


def up(site: Site) -> None:
    until(lambda: '"up": true' in site.log_of("uplink"), 30, "headquarters answers")


def test_a_caller_who_waits_is_given_the_first_agent_who_is_free(site: Site) -> None:
    script = site.folder / "scripts" / "welcome.yaml"
    script.write_text(script.read_text().replace("    ring_s: 20\n", "    ring_s: 20\n    hold: [vm-press]\n"))
    site.start(*ALL)
    up(site)

    async def story(asker: Asker) -> None:
        version = load(script, ["card"]).version
        for agent in ("1001", "1002"):
            answer, _ = await asker.ask(f"welcome/{version}/ask/2", ced="1")
            assert isinstance(answer, RouteAnswer)
            assert isinstance(answer.action, RingAgent)
            assert answer.action.agent == agent
            leg = {"direction": Direction.OUTGOING, "channel": "sip", "to": "8001", "agent": agent}
            site.tell(LegBegan(contact=f"{BOX}.test.{agent}", leg=agent, token=answer.action.token, **leg))  # type: ignore[arg-type]
        await asyncio.to_thread(
            until, lambda: site.log_of("headquarters").count('"why": "arrived"') == 2, 5, "they ring"
        )
        waits, _ = await asker.ask(f"welcome/{version}/ask/2", ced="1")
        assert isinstance(waits, RouteAnswer)
        assert waits.reason.endswith("waits as number 1 of 1")
        site.tell(LegEnded(contact=f"{BOX}.test.1002", leg="1002", cause=16, by=ReleasedBy.PEER, sample=0))
        told = await asker.unasked()
        assert told.request == waits.request
        assert isinstance(told.action, RingAgent)
        assert told.action.agent == "1002"
        assert "the caller has waited" in told.reason

    asking(site, story)


def test_first_the_treatment_then_an_agent_then_the_other(site: Site) -> None:
    site.start(*ALL)
    up(site)

    async def story(asker: Asker) -> None:
        treated, _ = await asker.ask(contact="c1")
        assert isinstance(treated, RouteAnswer)
        assert isinstance(treated.action, Treat)
        rung, _ = await asker.ask(treated.cursor, contact="c1", ced="1", outcome="digits")
        assert isinstance(rung, RouteAnswer)
        assert isinstance(rung.action, RingAgent)
        assert (rung.action.agent, rung.action.extension) == ("1001", "8001")
        again, _ = await asker.ask(
            rung.cursor, contact="c1", ced="1", outcome="no-answer", refused_agents=(rung.action.agent,)
        )
        assert isinstance(again, RouteAnswer)
        assert isinstance(again.action, RingAgent)
        assert again.action.agent == "1002"

    asking(site, story)


def test_silence_is_told_in_time_whatever_became_of_headquarters(site: Site) -> None:
    site.start(*ALL)
    until(lambda: "domain.rules.changed" in site.log_of("uplink"), 10, "the branch has its rules")

    async def story(asker: Asker) -> None:
        site.freeze("nats-server", "headquarters")
        assert await quickest(asker, lambda told: isinstance(told, RouteSilent)) < 0.6
        await asyncio.sleep(4.5)
        assert await quickest(asker, by_the_branch) < 0.5, "the lease has run out"
        site.thaw("nats-server", "headquarters")
        await back(asker)
        site.kill("headquarters")
        assert await quickest(asker, lambda told: isinstance(told, RouteSilent)) < 0.1
        site.start("headquarters")
        await back(asker)
        site.kill("nats-server")
        assert await quickest(asker, lambda told: isinstance(told, RouteSilent)) < 0.1

    asking(site, story)


def by_the_branch(told: RouteAnswer | RouteSilent) -> bool:
    return isinstance(told, RouteAnswer) and told.by == "branch"


async def quickest(asker: Asker, so: Callable[[RouteAnswer | RouteSilent], bool]) -> float:
    """Seconds, of three questions that are all answered so: one alone may have waited for a processor."""
    took = []
    for _ in range(3):
        told, seconds = await asker.ask()
        assert so(told), told
        took.append(seconds)
    return min(took)


async def back(asker: Asker) -> None:
    for _ in range(150):  # processes begin meanwhile
        answer, _ = await asker.ask()
        if isinstance(answer, RouteAnswer) and answer.by == "headquarters":
            return
        await asyncio.sleep(0.1)
    raise AssertionError("routes are not answered again within 15 s")

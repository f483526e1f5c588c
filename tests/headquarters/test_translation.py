# SPDX-License-Identifier: GPL-2.0-only
"""Translation route: an IVR's caller reaches an agent of a foreign PBX by telephone, and his context is there too."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import nats
import pytest

from appliance.config import read_secret
from appliance.simulator.peripheral import ForeignPeripheral
from appliance.uplink.connection import USER
from appliance.wire.agents import ContactAsked, ContactNow, ContactTold
from appliance.wire.envelope import Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.peripherals import Truth
from appliance.wire.routes import Label, Release, RingAgent, RouteAnswer, Treat
from tests.headquarters.foreign import OTHER, agent, looking, opened, peripheral, site_in, started
from tests.headquarters.site import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(40)]
ROUTES = """
translation_routes:
  - {name: to-guangzhou, from: [PX-0002], to: PX-0001, prefix: '0020', dnis: [87650001, 87650002], within_s: 2,
     same_caller: yes}
"""
FAR = """
start: tier
context:
  tier: {kind: text}
  pin: {kind: text, secret: yes}
nodes:
  tier: {do: set, fields: {tier: "'gold'", pin: "'4711'"}, next: far, failed: gone}
  far: {do: queue, queues: [far], hold: [silence/5], wait_s: 60, otherwise: gone}
  gone: {do: label, label: "'voicemail'", otherwise: over}
  over: {do: busy}
"""
CALLER = "02512345678"
Story = Callable[[ForeignPeripheral, ForeignPeripheral], Awaitable[None]]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = site_in(tmp_path, ROUTES, {"welcome": FAR})
    try:
        started(made)
        yield made
    finally:
        made.close()


def told(site: Site, story: Story, agents: dict[str, Truth] | None = None) -> None:
    """With an IVR that asks and a PBX that has the agents."""

    async def scene() -> None:
        async with peripheral(site, OTHER, {}) as ivr, peripheral(site, agents=agents) as pbx:
            await story(ivr, pbx)

    asyncio.run(scene())


async def popped(site: Site, agent: str) -> ContactNow:
    """What the agent is shown."""
    server = site.config.server
    client = await nats.connect(f"nats://{server.listen}", user=USER, password=read_secret(server.secret))
    asked = Sealer(Identity.take("HQ-0001", "cli")).seal(ContactAsked(agent=agent))
    told = decode((await client.request("agent.command", encode(asked), timeout=2)).data).body
    await client.close()
    assert isinstance(told, ContactTold)
    assert told.now is not None
    return told.now


def label_of(answer: RouteAnswer) -> Label:
    assert isinstance(answer.action, Label), answer
    return answer.action


def test_f2_one_contact_two_calls_and_the_context_is_at_the_far_site(site: Site) -> None:
    async def story(ivr: ForeignPeripheral, pbx: ForeignPeripheral) -> None:
        first = ivr.new_contact()
        await ivr.arrive(first, "95588", CALLER)
        sent = await ivr.ask("95588", first, clid=CALLER)
        await ivr.carry_out(first, sent)
        label = label_of(sent)
        assert (label.label, label.queue, label.within_s) == ("002087650001", "far", 2)
        second = pbx.new_contact()
        await pbx.arrive(second, "87650001", "008625" + CALLER[3:])
        met = await pbx.ask("87650001", second, clid="008625" + CALLER[3:])
        await pbx.carry_out(second, met)
        ring = met.action
        assert isinstance(ring, RingAgent)
        assert (ring.agent, ring.token, ring.box) == (label.agent, label.token, "")
        assert (met.origin, met.context) == (first, {"tier": "gold"}), "the secret stays here"
        async with looking(site) as look:
            assert agent(await look(), ring.agent) == "busy"
            pop = await popped(site, ring.agent)
            assert (pop.contact, pop.dnis, pop.clid, pop.fields) == (second, "95588", CALLER, {"tier": "gold"})
            await ivr.end(first)
            assert agent(await look(), ring.agent) == "busy", "the talk is the second call's"
            await pbx.end(second)
            assert agent(await look(), ring.agent) == "available"
        with site.record() as store:
            reasons = store.execute("SELECT contact, reason, compared FROM decision ORDER BY place").fetchall()
        assert [row[0] for row in reasons] == [first, second]
        assert "by translation route to-guangzhou the call goes to PX-0001 as 87650001" in reasons[0][1]
        assert f"contact {first} arrives by 87650001" in reasons[1][1]
        assert first in reasons[1][2]

    told(site, story)


def test_f2_a_full_pool_keeps_the_caller_until_a_number_is_back(site: Site) -> None:
    async def story(ivr: ForeignPeripheral, pbx: ForeignPeripheral) -> None:
        labels = [label_of(await ivr.ask("95588", clid=f"{CALLER}{number}")) for number in range(2)]
        assert [one.label for one in labels] == ["002087650001", "002087650002"]
        await pbx.agent_is("2003", Truth.AVAILABLE)
        waits = await ivr.ask("95588", clid=f"{CALLER}2")
        assert isinstance(waits.action, Treat)
        assert "no translation number free" in waits.values["far"]
        met = await pbx.ask("87650002", clid=f"{CALLER}1")
        assert isinstance(met.action, RingAgent)
        later = await asyncio.wait_for(ivr.assigned.get(), 2)
        assert (later.request, label_of(later).label, label_of(later).agent) == (
            waits.request,
            "002087650002",
            "2003",
        )

    three = {"2001": Truth.AVAILABLE, "2002": Truth.AVAILABLE, "2003": Truth.LOGGED_OUT}
    path = site.folder / "headquarters.yaml"
    text = path.read_text().replace("{name: far, agents: [2001, 2002]", "{name: far, agents: [2001, 2002, 2003]")
    path.write_text(
        text.replace("peripherals:", "  - {id: 2003, name: He Ping, box: PX-0001, extension: 2003}\nperipherals:")
    )
    site.kill("headquarters")
    site.start("headquarters")
    opened(site, 2)
    told(site, story, three)


def test_f2_whoever_is_not_awaited_is_a_caller_like_any_other(site: Site) -> None:
    async def story(ivr: ForeignPeripheral, pbx: ForeignPeripheral) -> None:
        early = await pbx.ask("87650001", clid=CALLER)
        assert isinstance(early.action, Release)
        assert early.reason.startswith("87650001 of translation route to-guangzhou was called, and nobody is awaited")
        first = ivr.new_contact()
        sent = label_of(await ivr.ask("95588", first, clid=CALLER))
        wrong = await pbx.ask("87650001", clid="02087654321")
        assert isinstance(wrong.action, Release)
        assert "87650001 of translation route to-guangzhou awaits another caller" in wrong.reason
        elsewhere = await ivr.ask("87650001", clid=CALLER)
        assert not isinstance(elsewhere.action, RingAgent), "not the site of that number"
        async with looking(site) as look:
            assert agent(await look(), sent.agent) == "reserved"
            await asyncio.sleep(2.1)
            assert agent(await look(), sent.agent) == "available"
        late = await pbx.ask("87650001", clid=CALLER)
        assert "nobody is awaited by it" in late.reason
        again = await ivr.ask("95588", first, outcome="unreachable")
        assert label_of(again).agent != sent.agent, "though the IVR does not refuse that agent"
        assert again.values["translation route"] == "87650001 was given in vain"

    told(site, story)


def test_f2_a_restart_in_between_keeps_it(site: Site) -> None:
    async def story(ivr: ForeignPeripheral, pbx: ForeignPeripheral) -> None:
        first = ivr.new_contact()
        sent = label_of(await ivr.ask("95588", first, clid=CALLER))
        await ivr.arrive(first, "95588", CALLER)
        await ivr.end(first, "us")
        await asyncio.to_thread(site.kill, "headquarters")
        await asyncio.to_thread(site.start, "headquarters")
        await asyncio.to_thread(opened, site, 3)
        met = await pbx.ask("87650001", clid=CALLER)
        assert isinstance(met.action, RingAgent)
        assert (met.action.agent, met.origin, met.context) == (sent.agent, first, {"tier": "gold"})

    (site.folder / "headquarters.yaml").write_text(
        (site.folder / "headquarters.yaml").read_text().replace("within_s: 2", "within_s: 20")
    )
    site.kill("headquarters")
    site.start("headquarters")
    opened(site, 2)
    told(site, story)

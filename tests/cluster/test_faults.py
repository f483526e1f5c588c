# SPDX-License-Identifier: GPL-2.0-only
"""Everything that can befall the record's PostgreSQL, at random: calls are routed, and nothing is lost or doubled."""

import asyncio
import os
import random
import time
from collections.abc import Callable

import psycopg
import pytest

from appliance.headquarters.reports import store
from appliance.headquarters.reports.intervals import counting
from appliance.headquarters.reports.requests import socket_in
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from tests.cluster.postgresql import Server
from tests.cluster.test_record import count
from tests.headquarters.site import BOX, Site, answers, contacts, until
from tests.headquarters.test_intake import connected
from tests.headquarters.test_record_process import agent_asked

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

SECONDS = float(os.environ.get("FAULTS_SECONDS", "25"))
SEED = int(os.environ.get("FAULTS_SEED", "7"))
OTHER = "BR-0002"
"""Which asks; the first has its uplink, and a lease."""
AWAY_S = (0.5, 4.0)
LOCKED_S = 2.0


def away(how: Callable[[Server], None], back: Callable[[Server], None]) -> Callable[[Server, random.Random], None]:
    """For a while."""

    def trouble(server: Server, chance: random.Random) -> None:
        how(server)
        time.sleep(chance.uniform(*AWAY_S))
        back(server)

    return trouble


def is_locked(server: Server, _: random.Random) -> None:
    """By a stranger who changes the table of events and is slow."""
    with psycopg.connect(server.words(), autocommit=False) as stranger:
        stranger.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
        time.sleep(LOCKED_S)


TROUBLES: dict[str, Callable[[Server, random.Random], None]] = {
    "killed": away(Server.kill_9, Server.start),
    "loses a backend": lambda server, _: server.kill_backend(),
    "stopped": away(Server.stop, Server.start),
    "frozen": away(Server.freeze, Server.thaw),
    "locked": is_locked,
}


def in_postgresql(site: Site, server: Server) -> None:
    file = site.folder / "headquarters.yaml"
    setting = f"{{url: {server.setting.url}, secret: {server.secret}, tls: disable}}"
    file.write_text(f"{file.read_text()}record: {setting}\n")


def test_whatever_befalls_the_database_calls_are_routed_and_all_is_stored_once(server: Server, site: Site) -> None:
    in_postgresql(site, server)
    site.start("nats-server", "headquarters", "uplink")
    until(lambda: "headquarters.intake.opened" in site.log_of("headquarters"), 20, "headquarters listens")
    chance = random.Random(SEED)  # noqa: S311  # the same troubles again
    befell: list[str] = []
    told = asked = 0

    async def trouble(ends_s: float) -> None:
        order = [*TROUBLES, *chance.choices([*TROUBLES], k=100)]
        while len(befell) < len(TROUBLES) or time.monotonic() < ends_s:
            name = order.pop(0)
            await asyncio.to_thread(TROUBLES[name], server, chance)
            befell.append(name)
            await asyncio.sleep(chance.uniform(0.3, 1.5))

    async def story() -> None:
        nonlocal told, asked
        sealer = Sealer(Identity.take(OTHER, "call"))
        ends_s = time.monotonic() + SECONDS
        async with connected(site) as client, asyncio.TaskGroup() as parts:
            troubles = parts.create_task(trouble(ends_s))
            while not troubles.done():
                await asyncio.to_thread(site.tell, *contacts(told, 5))
                told += 5
                await agent_asked(client, sealer, asked, OTHER)  # fails where the answer takes half a second
                asked += 1
                await asyncio.sleep(0.1)

    asyncio.run(story())
    assert befell[: len(TROUBLES)] == [*TROUBLES]
    until(lambda: site.waiting() == 0, 60, f"what was kept is stored after {befell}")
    assert count(server) == 2 * told
    with store.open_reader(server.place).connect() as record:
        assert counting.differences(record, 0, 4 * 10**18)[1] == []
    assert "Traceback" not in site.log_of("headquarters")
    print(f"seed {SEED}: {told} contacts, {asked} questions answered in half a second; {', '.join(befell)}")


def test_headquarters_begins_and_routes_while_the_database_is_dead(server: Server, site: Site) -> None:
    in_postgresql(site, server)
    site.start("nats-server", "headquarters", "uplink")
    until(lambda: "headquarters.intake.opened" in site.log_of("headquarters"), 20, "headquarters listens")
    site.tell(*contacts(0, 5))
    until(lambda: site.waiting() == 0, 20, "all is stored")
    site.kill("headquarters", "record")
    server.kill_9()
    site.tell(*contacts(5, 5))

    async def story() -> None:
        async with connected(site) as client:
            site.start_alone("headquarters")
            lives = "headquarters.intake.opened"
            until(lambda: site.log_of("headquarters").count(lives) == 2, 20, "it is back")
            assert await agent_asked(client, Sealer(Identity.take(BOX, "call")), 1) == "1001"

    asyncio.run(story())
    server.start()
    site.start("record")
    until(lambda: answers(socket_in(site.state)), 20, "the record's process listens")
    until(lambda: site.waiting() == 0, 30, "what was kept is stored")
    assert count(server) == 20

# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters' disk takes neither journal nor log nor record: callers are answered, and all comes back by itself."""

import asyncio
import resource

import msgspec
import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NoAnswerError

from appliance.router.journal import Journal, path_of
from appliance.router.verify import verify
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from tests.headquarters.site import BOX, Site, contacts
from tests.headquarters.test_intake import with_client
from tests.headquarters.test_record_process import agent_asked, batch, live

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

NOTHING, ALL = 1, resource.RLIM_INFINITY


def takes(site: Site, octets: int) -> None:
    """No file of headquarters' and the record's can be written beyond that place."""
    for name in ("headquarters", "record"):
        resource.prlimit(site.pid(name), resource.RLIMIT_FSIZE, (octets, ALL))


def test_callers_are_answered_while_the_disk_is_full_and_all_is_written_when_there_is_room(site: Site) -> None:
    async def story(client: Client) -> None:
        sealer = Sealer(Identity.take(BOX, "call"))
        assert await agent_asked(client, sealer, 1) == "1001"
        takes(site, NOTHING)
        assert await agent_asked(client, sealer, 2) == "1002"
        for number in range(3, 20):
            assert await agent_asked(client, sealer, number) == "", "both are reserved: they wait, and are told so"
        alarms = {alarm.code: alarm.sentence for alarm in (await live(client)).alarms}
        assert "make room" in alarms["router.journal"]
        with pytest.raises(NoAnswerError):  # the branch keeps what it has
            await client.request(f"call.{BOX}.record", batch(sealer, *contacts(0, 5)), timeout=1)
        takes(site, ALL)
        for _ in range(100):
            await asyncio.sleep(0.1)
            if "router.journal" not in {alarm.code for alarm in (await live(client)).alarms}:
                break
        told = await client.request(f"call.{BOX}.record", batch(sealer, *contacts(0, 5)), timeout=5)
        assert msgspec.json.decode(told.data) == {"stored": 10}

    with_client(site, story)
    journal = Journal(path_of(site.state), reads=True)
    seqs = [entry.seq for entry in journal.entries(0)]
    assert seqs == list(range(1, len(seqs) + 1)), "without a gap"
    assert len(seqs) >= 20
    assert verify(journal, 0, 4 * 10**18).differs == 0
    journal.close()
    assert site.stored() == 10

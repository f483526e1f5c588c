# SPDX-License-Identifier: GPL-2.0-only
"""Many branches share a commit, in order; one batch that cannot be stored holds up no other."""

import asyncio

import pytest

from appliance.headquarters.groups import Groups
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity
from tests.headquarters.site import contacts

pytestmark = pytest.mark.unit


class Disk:
    """Takes some turns of the loop a commit; refuses what has the poison in it."""

    def __init__(self, poison: Envelope | None = None) -> None:
        self.commits: list[list[Envelope]] = []
        self._poison = poison

    async def commit(self, events: list[Envelope]) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        if self._poison in events:
            raise OSError("no")
        self.commits.append(events)


def batches(count: int) -> list[list[Envelope]]:
    sealer = Sealer(Identity.take("BR-0001", "call"))
    return [[sealer.seal(event) for event in contacts(number, 1)] for number in range(count)]


def test_what_comes_while_a_commit_runs_is_the_next_one_in_order() -> None:
    async def scene() -> None:
        disk, come = Disk(), batches(20)
        groups = Groups(disk.commit)
        first = asyncio.create_task(groups.store(come[0]))
        for _ in range(3):
            await asyncio.sleep(0)
        await asyncio.gather(first, *map(groups.store, come[1:]))
        assert disk.commits == [come[0], [event for batch in come[1:] for event in batch]]

    asyncio.run(scene())


def test_a_batch_that_cannot_be_stored_holds_up_no_other() -> None:
    async def scene() -> None:
        come = batches(6)
        disk = Disk(poison=come[3][1])
        groups = Groups(disk.commit)
        told = await asyncio.gather(*map(groups.store, come), return_exceptions=True)
        assert [isinstance(one, OSError) for one in told] == [False, False, False, True, False, False]
        assert disk.commits == [*come[:3], *come[4:]]

    asyncio.run(scene())

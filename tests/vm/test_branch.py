# SPDX-License-Identifier: GPL-2.0-only
"""A branch from its configuration file on a DAHDI span: its parts die by -9 during calls, and no channel is hung up."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.signalling.pri.link import Side as PriSide
from appliance.supervisor.child import Child
from appliance.supervisor.states import State
from appliance.wire import legs
from appliance.wire.alarms import AlarmRaised
from appliance.wire.legs import ReleasedBy
from appliance.wire.spans import Alarm, SpanChanged
from drivers.dahdi import DahdiError, SpanChannels
from tests.vm.box import Box, box
from tests.vm.cable import FAR, NEAR, Cable
from tests.vm.office import Office, hears, office, talk
from tests.wire.conformance import Attachment, attached

pytestmark = [pytest.mark.vm, pytest.mark.timeout(300)]

PRI = {"e1": "signalling: pri", "t1": "line: t1, profile: national"}
R2 = "signalling: r2, variant: cn, dnis_digits: 5"
WINK = "line: t1, framing: d4, code: ami, signalling: cas, variant: em_wink_t1, trunk: {ani: yes}, dnis_digits: 5"


async def kill(child: Child) -> None:
    """By -9, and wait until its successor is ready."""
    assert child.pid is not None
    starts = child.starts
    os.kill(child.pid, signal.SIGKILL)
    while child.starts == starts or child.state is not State.RUNNING:  # noqa: ASYNC110  # its table sets no Event
        await asyncio.sleep(0.02)


@asynccontextmanager
async def branch_and_exchange(folder: Path, cable: Cable) -> AsyncIterator[tuple[Box, Attachment, Office, Attachment]]:
    """The branch at the near end, the network's side at the far end, both in service."""
    cable.ends[NEAR].close()
    async with (
        box(folder / "branch", cable, NEAR, PRI[cable.kind]) as branch,
        office(folder, cable, FAR, PriSide.NETWORK) as exchange,
        attached(branch) as user,
        attached(exchange) as network,
    ):
        await branch.in_service(user)
        await exchange.in_service(network)
        yield branch, user, exchange, network


def nobody_else_could_have_them(cable: Cable) -> None:
    """The kernel says that the channels of the near end are open."""
    with pytest.raises(DahdiError, match="another program has it open"):
        SpanChannels(cable.control, cable.spans[NEAR])


def test_a_call_and_its_sound_outlive_a_killed_engine(tmp_path: Path, cable: Cable) -> None:
    async def scene() -> None:
        async with branch_and_exchange(tmp_path, cable) as (branch, user, exchange, network):
            placed, offered = await talk(network, user)
            await hears(exchange, placed, branch, offered, 1)
            await kill(branch.engine)
            nobody_else_could_have_them(cable)
            assert [leg.leg for leg in (await user.snapshot()).values()] == [offered.leg]
            await hears(exchange, placed, branch, offered, 2)
            await hears(branch, offered, exchange, placed, 3)
            await user.done(legs.ReleaseLeg(leg=offered.leg))
            released = await network.expect(legs.LegReleased, placed.leg)
            assert (released.cause, released.by) == (16, ReleasedBy.PEER)
            assert [told.body for told in network.heard if isinstance(told.body, AlarmRaised)] == []

    asyncio.run(scene())


def test_the_exchange_clears_the_calls_of_a_killed_line_worker_and_calls_again(tmp_path: Path, cable: Cable) -> None:
    async def scene() -> None:
        async with branch_and_exchange(tmp_path, cable) as (branch, _, exchange, network):
            placed, _ = await talk(network, _)
            await kill(branch.line)
            nobody_else_could_have_them(cable)
            released = await network.expect(legs.LegReleased, placed.leg)
            assert released.by is not ReleasedBy.US
            async with attached(branch) as user:
                assert await user.snapshot() == {}
                await branch.in_service(user)
                placed, offered = await talk(network, user)
                await hears(exchange, placed, branch, offered, 1)
            assert [told.body for told in network.heard if isinstance(told.body, AlarmRaised)] == []

    asyncio.run(scene())


@asynccontextmanager
async def two_branches(
    folder: Path, cable: Cable, signalling: str = R2
) -> AsyncIterator[tuple[tuple[Box, Attachment], ...]]:
    """Signalling by bits at both ends, in service."""
    for channels in cable.ends:
        channels.close()
    async with (
        box(folder / "near", cable, NEAR, signalling) as near,
        box(folder / "far", cable, FAR, signalling) as far,
        attached(near) as one,
        attached(far) as other,
    ):
        await near.in_service(one)
        await far.in_service(other)
        yield (near, one), (far, other)


async def a_call_each_way(*ends: tuple[Office, Attachment]) -> None:
    """With sound; the caller hangs up."""
    for seed, ((here, caller), (there, called)) in enumerate((ends, ends[::-1])):
        placed, offered = await talk(caller, called)
        await hears(here, placed, there, offered, seed)
        await caller.done(legs.ReleaseLeg(leg=placed.leg))
        released = await called.expect(legs.LegReleased, offered.leg)
        assert released.by is ReleasedBy.PEER
        await caller.expect(legs.LegReleased, placed.leg)


def test_q441_a_call_each_way_by_r2_with_sound(tmp_path: Path, cable: Cable) -> None:
    async def scene() -> None:
        async with two_branches(tmp_path, cable) as ends:
            await a_call_each_way(*ends)

    asyncio.run(scene())


def test_t1_a_call_each_way_by_robbed_bits_with_sound(tmp_path: Path, t1: Cable) -> None:
    async def scene() -> None:
        async with two_branches(tmp_path, t1, WINK) as ends:
            await a_call_each_way(*ends)

    asyncio.run(scene())


def test_t1_a_call_each_way_by_isdn_with_sound(tmp_path: Path, t1: Cable) -> None:
    async def scene() -> None:
        async with branch_and_exchange(tmp_path, t1) as (branch, user, exchange, network):
            await a_call_each_way((exchange, network), (branch, user))

    asyncio.run(scene())


def test_r2_a_call_outlives_a_killed_engine_and_ends_with_its_line_worker(tmp_path: Path, cable: Cable) -> None:
    async def scene() -> None:
        async with two_branches(tmp_path, cable) as ((near, one), (far, other)):
            placed, offered = await talk(other, one)
            await kill(near.engine)
            await hears(far, placed, near, offered, 1)
            await hears(near, offered, far, placed, 2)
            assert [leg.leg for leg in (await other.snapshot()).values()] == [placed.leg]
            await kill(near.line)
            assert (await other.expect(legs.LegReleased, placed.leg)).by is ReleasedBy.PEER
            await far.in_service(other)
            async with attached(near) as again:
                await near.in_service(again)
                placed, offered = await talk(again, other)
                await hears(near, placed, far, offered, 3)

    asyncio.run(scene())


def test_a_card_that_was_taken_out_comes_back_without_a_restart(tmp_path: Path, cable: Cable) -> None:
    async def scene() -> None:
        async with branch_and_exchange(tmp_path, cable) as (branch, user, exchange, network):
            starts = branch.engine.starts, branch.line.starts
            put_back = cable.take_out(NEAR)
            await stands(user, Alarm.FAULT)
            await kill(branch.engine)
            await stands(user, Alarm.FAULT)
            put_back()
            await stands(user)
            await branch.in_service(user)
            await exchange.in_service(network)
            placed, offered = await talk(network, user)
            await hears(exchange, placed, branch, offered, 1)
            await hears(branch, offered, exchange, placed, 2)
            assert (branch.engine.starts, branch.line.starts) == (starts[0] + 1, starts[1]), "the kill alone"

    asyncio.run(scene())


async def stands(client: Attachment, *alarms: Alarm) -> None:
    """Wait until these alarms stand, or none."""
    while True:
        told = (await client.expect(SpanChanged)).span.alarms
        if set(alarms) <= set(told) and (alarms or not told):
            return

# SPDX-License-Identifier: GPL-2.0-only
"""The line process on spans that are configured for CAS, over a real engine and CESoPSN: calls both ways, deaths."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.signalling.cas.channel import Wants
from appliance.signalling.cas.circuit import trunks
from appliance.signalling.cas.events import Digits
from appliance.signalling.cas.variant import load
from appliance.wire import legs
from appliance.wire.legs import LegState, ReleasedBy
from tests.line.cas_boxes import Boxes, End, Trunk, started

pytestmark = [pytest.mark.system, pytest.mark.timeout(90)]

DNIS, ANI, OWN, OLD = "9558", "0251", "5551234", "5559999"
EM = Trunk(
    "signalling: cas\n    variant: em_wink_e1\n    dnis_digits: 4\n    trunk: {zone: us, ani: yes}",
    trunks(load("em_wink_e1"), Wants(dnis_digits=4, ani=True, gives_way=False), "us"),
    0b0001,
)
MF = Trunk(
    "signalling: cas\n    variant: em_immediate_e1\n    dnis_digits: 4\n    trunk: {zone: us, digits: mf}",
    trunks(load("em_immediate_e1"), Wants(Digits.MF, 4, gives_way=False), "us"),
    0b0001,
)
LINE = Trunk(
    f"signalling: cas\n    variant: fxo_loop_e1\n    analogue: {{number: {OLD}, zone: us, answer: polarity,"
    " hang_up: [cpc, polarity], caller_id: none}",
    trunks(load("fxs_reversal_e1"), Wants(dnis_digits=4), "us"),
    0b1101,
)
T1 = Trunk(
    "line: t1\n    signalling: cas\n    variant: em_wink_t1\n    dnis_digits: 4\n    trunk: {zone: us, ani: yes}",
    trunks(load("em_wink_t1"), Wants(dnis_digits=4, ani=True, gives_way=False), "us"),
    0b0000,
    "t1",
)
ALL = {"trunk1": EM, "trunk2": MF, "trunk3": LINE}
Calls = list[tuple[str, legs.Leg]]


def run(story: Callable[[Boxes], Awaitable[None]], folder: Path, spans: dict[str, Trunk]) -> None:
    async def scene() -> None:
        async with started(folder, spans) as boxes:
            await story(boxes)
            for client in (boxes.near, boxes.far):
                assert await client.snapshot() == {}

    asyncio.run(scene())


async def placed(caller: End, called: End, to: str = DNIS) -> Calls:
    """A call on each span: the caller's leg and the called one's as it was offered."""
    ours = {}
    for span in ALL:
        leg = caller.leg()
        number = "" if span == "trunk3" and to == OWN else DNIS
        await caller.place(legs.PlaceLeg(leg=leg, to=number, contact="contact-1", clid=ANI, trunk=span))
        ours[span] = leg
    offers = [offered.leg for offered in await called.each(legs.LegOffered)]
    return [(ours[f"trunk{offer.channel.split()[1]}"], offer) for offer in sorted(offers, key=lambda leg: leg.channel)]


async def answered(caller: End, called: End, calls: Calls) -> None:
    for _, offer in calls:
        await called.done(legs.AnswerLeg(leg=offer.leg))
    assert {told.leg for told in await caller.each(legs.LegAnswered)} == {leg for leg, _ in calls}
    alerted = [told.body for told in caller.heard() if isinstance(told.body, legs.LegAlerting)]
    inband = {told.leg: told.inband for told in alerted}
    expected = {
        leg: offer.dnis != OWN for leg, offer in calls if offer.dnis == OWN or not offer.channel.startswith("span 3")
    }
    assert {leg: inband[leg] for leg, _ in calls if leg in inband} == expected


async def ended(client: End, named: list[str], by: ReleasedBy) -> None:
    """Each of these legs ends so, in any order."""
    told = await client.each(legs.LegReleased)
    assert {(one.leg, one.cause, one.by) for one in told} == {(leg, 16, by) for leg in named}


def test_every_kind_of_span_calls_dies_with_its_worker_and_is_called(tmp_path: Path) -> None:
    async def story(boxes: Boxes) -> None:
        calls = await placed(boxes.near, boxes.far)
        assert [(offer.dnis, offer.ani) for _, offer in calls] == [(DNIS, ANI), (DNIS, None), (DNIS, None)]
        await answered(boxes.near, boxes.far, calls)
        await boxes.die()
        await boxes.live()
        await ended(boxes.far, [offer.leg for _, offer in calls], ReleasedBy.PEER)
        await boxes.idle()
        boxes.reconfigure(OLD, OWN)
        calls = await placed(boxes.far, boxes.near, OWN)
        assert [(offer.dnis, offer.ani) for _, offer in calls] == [(DNIS, ANI), (DNIS, None), (OWN, None)]
        await answered(boxes.far, boxes.near, calls)
        for _, offer in calls:
            await boxes.near.done(legs.ReleaseLeg(leg=offer.leg))
        await ended(boxes.near, [offer.leg for _, offer in calls], ReleasedBy.US)
        await ended(boxes.far, [leg for leg, _ in calls], ReleasedBy.PEER)

    run(story, tmp_path, ALL)


def test_a_t1_s_trunk_calls_and_is_called_on_all_24_timeslots(tmp_path: Path) -> None:
    async def story(boxes: Boxes) -> None:
        for caller, called in ((boxes.near, boxes.far), (boxes.far, boxes.near)):
            leg = caller.leg()
            await caller.place(legs.PlaceLeg(leg=leg, to=DNIS, contact="contact-1", clid=ANI, trunk="t1"))
            (offered,) = await called.each(legs.LegOffered)
            assert (offered.leg.dnis, offered.leg.ani) == (DNIS, ANI)
            await called.done(legs.AnswerLeg(leg=offered.leg.leg))
            await caller.each(legs.LegAnswered)
            await caller.done(legs.ReleaseLeg(leg=leg))
            await ended(called, [offered.leg.leg], ReleasedBy.PEER)
            await ended(caller, [leg], ReleasedBy.US)
        assert await boxes.channels() == {1: set(range(1, 25))}

    run(story, tmp_path, {"t1": T1})


@pytest.mark.soak
def test_calls_of_both_ends_are_ended_by_either(tmp_path: Path) -> None:
    async def story(boxes: Boxes) -> None:
        boxes.reconfigure(OLD, OWN)
        for caller, called, to in ((boxes.near, boxes.far, DNIS), (boxes.far, boxes.near, OWN)):
            for caller_first in (True, False):
                calls = await placed(caller, called, to)
                await answered(caller, called, calls)
                states = {leg.state for leg in (await called.snapshot()).values()}
                assert states == {LegState.ANSWERED}
                sides = [(caller, [leg for leg, _ in calls]), (called, [offer.leg for _, offer in calls])]
                first, other = sides if caller_first else reversed(sides)
                for leg in first[1]:
                    await first[0].done(legs.ReleaseLeg(leg=leg))
                await ended(*other, ReleasedBy.PEER)
                await ended(*first, ReleasedBy.US)
                await boxes.idle()

    run(story, tmp_path, {**ALL, "trunk3": LINE})

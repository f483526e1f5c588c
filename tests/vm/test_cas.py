# SPDX-License-Identifier: GPL-2.0-only
"""A branch's trunks and lines with CAS against Asterisk's, over DAHDI's kernel drivers: a whole call each way.

What is said comes back from its Echo, so both directions are heard.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from drivers.model import TIMESLOTS_PER_SPAN
from tests.media.rig import noise, until
from tests.vm.box import box
from tests.vm.cable import FAR, NEAR, SECONDS, Cable
from tests.vm.office import Office
from tests.vm.switch import Switch, Trunk, cas, switch
from tests.vm.test_switch import hang_up
from tests.wire.conformance import Attachment, attached

pytestmark = [pytest.mark.vm, pytest.mark.timeout(600)]

OWN, THEIRS = "7001", "5555678"
CALLER = ("02512345678", "WANG")
SAID_S, HEARD_S = 4, 2
BLOCK = 160
PATIENCE_S = 40.0
"""With Asterisk's own timers, such as two seconds before it dials."""


class Kind(NamedTuple):
    """Asterisk's end, the keys of our span, the bits of Asterisk's end at rest, what our end hears of who calls."""

    exchange: Trunk
    ours: str
    rests: int
    caller: tuple[str | None, str | None] = (None, None)


def _trunk(variant: str, trunk: str = "{zone: us}") -> str:
    return f"signalling: cas, variant: {variant}, dnis_digits: 4, trunk: {trunk}"


def _line(variant: str, hang_up: str) -> str:
    return (
        f"signalling: cas, variant: {variant}, "
        f"analogue: {{number: {OWN!r}, zone: us, caller_id: bell202, hang_up: [{hang_up}]}}"
    )


SUBSCRIBER = ("usecallerid = no",)
KINDS = {
    "em_wink": Kind(cas("e&m", "em_w"), _trunk("em_wink_e1"), 0b0000),
    "em_wink_mf": Kind(cas("e&m", "featb"), _trunk("em_wink_e1", "{zone: us, digits: mf}"), 0b0000),
    "em_immediate": Kind(cas("e&m", "em"), _trunk("em_immediate_e1"), 0b0000),
    "fxs_loop": Kind(
        cas("fxsls", "fxs_ls", *SUBSCRIBER, "busydetect = yes", "busycount = 3"), _trunk("fxs_loop_e1"), 0b0101
    ),
    "fxs_ground": Kind(cas("fxsgs", "fxs_gs", *SUBSCRIBER), _trunk("fxs_ground_e1"), 0b0101),
    "fxs_kewl": Kind(cas("fxsks", "fxs_ks", *SUBSCRIBER), _trunk("fxs_kewl_e1"), 0b0101),
    "fxo_loop": Kind(cas("fxols", "fxo_ls"), _line("fxo_loop_e1", "tone"), 0b0101, CALLER),
    "fxo_ground": Kind(cas("fxogs", "fxo_gs"), _line("fxo_ground_e1", "cpc"), 0b1111, CALLER),
    "fxo_kewl": Kind(cas("fxoks", "fxo_ks"), _line("fxo_loop_e1", "cpc"), 0b0101, CALLER),
}


async def hears_itself(branch: Office, leg: legs.Leg) -> None:
    """The last of some seconds that we say come back octet for octet: by then Asterisk knows that it is answered."""
    sound = noise(SAID_S, 1)
    assert leg.port is not None
    branch.side.recorder.engine.record(1, leg.port, leg.port, 0)
    branch.side.ivr.engine.play(leg.port, 1, [branch.side.arena.add_alaw(sound)])
    end = branch.side.engine.samples + (SAID_S + 1) * 8000
    await asyncio.to_thread(until, lambda: branch.side.engine.samples >= end, SECONDS)
    branch.side.recorder.engine.stop_recording(1)
    heard, told = branch.side.recorder.left(1), sound[-HEARD_S * 8000 :]
    lacking = [at // BLOCK for at in range(0, len(told), BLOCK) if told[at : at + BLOCK] not in heard]
    assert lacking == []
    assert told in heard


async def idle_again(branch: Office, client: Attachment, exchange: Switch, leg: legs.Leg, kind: Kind) -> None:
    """On both sides and on the wire."""
    assert leg.port is not None
    await branch.in_service(client)
    channel = exchange.channels[leg.port % TIMESLOTS_PER_SPAN]
    await asyncio.to_thread(exchange.wait, f"dahdi show channel {channel}", "Owner: <None>")
    status = branch.side.engine.bits_status(leg.port)
    assert status is not None
    assert status.received == kind.rests


async def is_called(branch: Office, client: Attachment, exchange: Switch, kind: Kind) -> None:
    exchange.calls(OWN, "Echo")
    leg = (await client.expect(legs.LegOffered, seconds=PATIENCE_S)).leg
    assert (leg.dnis, leg.clid, leg.name) == (OWN, *kind.caller)
    await client.done(legs.AnswerLeg(leg=leg.leg))
    await client.expect(legs.LegAnswered, leg.leg)
    await hears_itself(branch, leg)
    await hang_up(client, leg.leg)
    await idle_again(branch, client, exchange, leg, kind)


async def calls(branch: Office, client: Attachment, exchange: Switch, kind: Kind) -> None:
    name = client.ids.leg()
    await client.done(legs.PlaceLeg(leg=name, to=THEIRS, contact="contact-1", clid=OWN))
    leg = (await client.expect(legs.LegPlaced, name)).leg
    await client.expect(legs.LegAnswered, name, PATIENCE_S)
    await hears_itself(branch, leg)
    await asyncio.to_thread(exchange.told, "channel request hangup all")
    released = await client.expect(legs.LegReleased, name)
    assert (released.cause, released.by) == (16, ReleasedBy.PEER)
    await idle_again(branch, client, exchange, leg, kind)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_call_each_way_with_sound(tmp_path: Path, cable: Cable, kind: Kind) -> None:
    for channels in cable.ends:
        channels.close()

    async def scene(exchange: Switch) -> None:
        async with box(tmp_path / "branch", cable, NEAR, kind.ours) as branch, attached(branch) as client:
            await branch.in_service(client)
            await is_called(branch, client, exchange, kind)
            await calls(branch, client, exchange, kind)
            assert await client.snapshot() == {}

    with switch(tmp_path, cable, FAR, kind.exchange) as exchange:
        asyncio.run(scene(exchange))

# SPDX-License-Identifier: GPL-2.0-only
"""Two trunks of a branch's file, their DTMF heard by two administrations, by line processes over a real engine."""

import asyncio
from pathlib import Path

import pytest

from appliance.media.engine import Engine
from appliance.media.events import Client, DigitDetected
from tests.line.site import SPAN, Site, lines_started
from tests.line.test_process import talk
from tests.media.rig import engine_process
from tests.wire.conformance import attached

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

SOFT_DBM0 = -32.0
"""Of the high tone, -34 of the low one: NTT's exchanges must not hear -29, AT&T's must not hear -55."""
LOUD_DBM0 = -20.0
CHANNEL = 5
PATIENCE_S = 5.0
PAUSE_S = 0.3


class Heard:
    """Digits by port, of the box."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.digits: dict[int, str] = {}

    async def until(self, expected: dict[int, str]) -> None:
        """These and no others, since the last look."""
        self.digits.clear()
        async with asyncio.timeout(PATIENCE_S):
            while {port: self.digits.get(port, "") for port in expected} != expected:
                await asyncio.sleep(0.02)
                for event in self._engine.take_events():
                    if isinstance(event, DigitDetected):
                        self.digits[event.port] = self.digits.get(event.port, "") + event.digit


async def dialled(sites: tuple[Site, ...], digits: str, level_dbm0: float) -> None:
    """By the exchanges' callers, once the pause behind what they dialled before is over."""
    await asyncio.sleep(PAUSE_S)
    for site in sites:
        site.far.engine.send_digits(SPAN * 32 + CHANNEL, 1, digits, level_dbm0=level_dbm0)


def test_q24_a_soft_digit_is_heard_on_the_trunk_whose_administration_wants_it(tmp_path: Path) -> None:
    async def scene() -> None:
        trunks = {0: "dtmf: {administration: NTT}", 1: "dtmf: {administration: Brazil}"}
        with engine_process() as near:
            async with (
                lines_started(tmp_path, 2, more=trunks, near=near) as (ntt, brazil),
                attached(ntt.network) as one,
                attached(brazil.network) as other,
            ):
                (first, _), (second, _) = await talk(ntt, one, CHANNEL), await talk(brazil, other, CHANNEL)
                deaf, hears = first.port, second.port
                assert deaf is not None
                assert hears is not None
                for site in (ntt, brazil):
                    site.far.engine.open_timeslot(SPAN * 32 + CHANNEL)
                heard = Heard(near.engine(Client.CALL))
                for digits in ("4711", "2580"):
                    await dialled((ntt, brazil), digits, SOFT_DBM0)
                    await heard.until({deaf: "", hears: digits})
                    await dialled((ntt, brazil), "9", LOUD_DBM0)
                    await heard.until({deaf: "9", hears: "9"})
                    near.kill()
                    near.start()
                assert (await one.snapshot()).keys() == {first.leg}

    asyncio.run(scene())

# SPDX-License-Identifier: GPL-2.0-only
"""The able agent talks: a caller of the precision queue has the next one after three seconds, or who has learned it."""

import asyncio
import time

from tests.accept.queue import waiting
from tests.accept.sheet import Sheet
from tests.accept.site import GOLD, until
from tests.accept.talk import Rig, closed

STEP_S = 3.0
OFF_S = 0.25
LEARNED_MS = 1000.0
TAKEN_OVER_S = 1.5
"""Until headquarters has seen a file that has changed."""


async def run(rig: Rig, sheet: Sheet) -> None:
    """The second step, and an attribute that changes."""
    sheet.stage("the able agent talks; callers of the precision queue wait")
    with sheet.guarded("A10", "callers of a precision queue are rung step by step"):
        await _steps(rig, sheet)


async def _steps(rig: Rig, sheet: Sheet) -> None:
    talk, able = await rig.talking("02512360000")
    (other,) = (phone for phone in rig.phones if phone is not able)
    rig.site.set_skill(able.number, 9)
    rig.site.set_skill(other.number, 5)
    await asyncio.sleep(TAKEN_OVER_S)

    clid = "02512360001"
    call = await waiting(rig, GOLD, clid)
    await until(lambda: rig.rung(clid), 10, "the second step is rung")
    call.hang_up(16)
    await closed(other)
    waited, rung, *_ = (await rig.site.record_of(clid))["decisions"]
    took_s = (rung["at_ns"] - waited["at_ns"]) / 1e9
    sheet.at_most("A3", "precision: second step rings after 3 s, off by", abs(took_s - STEP_S), OFF_S, "s")

    learner = "02512360002"
    call = await waiting(rig, GOLD, learner)
    begun = time.monotonic()
    rig.site.set_skill(other.number, 9)
    await until(lambda: rig.rung(learner), 2.5, "who has learned it is rung")
    took_ms = (time.monotonic() - begun) * 1000
    sheet.at_most("A10", "precision: attribute changed to phone ringing", took_ms, LEARNED_MS, "ms")
    for one in (call, talk):
        one.hang_up(16)
        await one.result()
    await rig.quiet()

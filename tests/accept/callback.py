# SPDX-License-Identifier: GPL-2.0-only
"""A caller keys 1, hangs up, and is called back in his place before one who waits on the line; deaths in between."""

import asyncio
import time
from typing import Any

from appliance.simulator.call import Call
from appliance.simulator.caller import (
    BUSY,
    Answerer,
    AwaitAnswer,
    AwaitSound,
    HangUp,
    Key,
    Rest,
    Script,
)
from appliance.simulator.result import CallResult
from tests.accept.agents import typed
from tests.accept.queue import freed, waiting
from tests.accept.sheet import Sheet
from tests.accept.site import CALLBACK, QUEUE, Box, until
from tests.accept.talk import Rig

RINGS_MS = 1000.0
RINGS_FOR_S = 4.0
"""The customer's phone, so that call control can die meanwhile."""
ASKS = Script((AwaitAnswer(within_s=20), AwaitSound(within_s=10), Rest(0.3), Key("1"), Rest(1.0), HangUp()))
TALKS = Script((AwaitSound(within_s=10), Rest(0.5), HangUp()))
FIRST, SECOND, THIRD = "02512390001", "02512390002", "02512390003"


async def run(rig: Rig, sheet: Sheet) -> None:
    """Two scenes."""
    sheet.stage("a caller hangs up and is called back; headquarters and call control killed meanwhile")
    with sheet.guarded("Y1", "callback: who hangs up keeps his place"):
        await _in_his_place(rig, sheet)
    with sheet.guarded("Y1", "callback: who is busy is tried again"):
        await _tried_again(rig, sheet)


async def _in_his_place(rig: Rig, sheet: Sheet) -> None:
    talks = [await rig.talking(f"0251239100{number}") for number in range(2)]
    rig.exchange.answer(FIRST, Answerer(TALKS, alert_s=0.2, answer_s=RINGS_FOR_S))
    await rig.exchange.call(CALLBACK, FIRST, ASKS)
    waits = await waiting(rig, QUEUE, SECOND)
    sheet.equal("Y1", "callback: what becomes of the caller's own call", await _asked_for(rig), "back")
    await _dies(rig.site.headquarters, "headquarters")
    took_ms = await freed(rig, *talks[0], FIRST)
    sheet.at_most("Y1", "callback: agent free to his phone ringing for it", took_ms, RINGS_MS, "ms")
    await until(lambda: _ringing(rig) is not None, 10, "the customer's phone rings")
    await _dies(rig.site.branch, "call")
    customer = await _answered(rig)
    sheet.equal(
        "Y1", "callback: what the customer misses of the agent, over call control's death", customer.unmet, None
    )
    sheet.holds("Y1", "callback: who came later waits on the line meanwhile", not rig.rung(SECOND))
    await until(lambda: rig.rung(SECOND), 10, "then it is the other's turn")
    talks[1][0].hang_up(16)
    await asyncio.sleep(1.0)
    waits.hang_up(16)
    await waits.result()
    await rig.quiet()
    made = await _tries(rig, FIRST, 1)
    sheet.equal("Y1", "callback: times the customer was dialled", len(made), 1)
    sheet.holds(
        "Y1", "callback: talk and recording are on the record", made[0]["talk_samples"] and made[0]["recordings"]
    )


async def _tried_again(rig: Rig, sheet: Sheet) -> None:
    rig.exchange.answer(THIRD, BUSY)
    asked_s = time.monotonic()
    added = await typed(rig, "callback", "add", THIRD, "card", "--tries", "2", "--pause", "3")
    sheet.equal("Y1", "callback: added at headquarters", added.stdout.split()[1:2], [f"{THIRD}:"])
    await _tries(rig, THIRD, 1)
    rig.exchange.answer(THIRD, Answerer(TALKS, answer_s=0.3))
    first, second = await _tries(rig, THIRD, 2)
    sheet.equal("Y1", "callback: cause of the first try", first["cause"], 17)
    pause_s = (second["began_ns"] - first["ended_ns"]) / 1e9
    sheet.within("Y1", "callback: pause before the second less 3 s", pause_s - 3, 0.5, "s")
    sheet.note(f"from the command to the end of the talk {time.monotonic() - asked_s:.1f} s")
    await rig.quiet()
    page = await typed(rig, "show", "callbacks")
    ends = [line.split()[-1] for line in page.stdout.splitlines()[1:]]
    sheet.equal("Y1", "callback: customers reached, of two; 0 lost", ends.count("reached"), 2)
    verified = await typed(rig, "report", "verify")
    sheet.equal("Y1", "callback: exit status of counting all events anew", verified.returncode, 0)


async def _asked_for(rig: Rig) -> str:
    record = await rig.site.record_of(FIRST)
    (decided,) = (one for one in record["decisions"] if one["callback"])
    return str(decided["path"][0])


async def _dies(box: Box, child: str) -> None:
    before = box.pid(child)
    box.kill(child)

    def back() -> bool:
        now = box.children()[child]
        return now["pid"] not in {None, before} and now["state"] == "running"

    await until(back, 20, f"{child} is back")
    if child == "headquarters":
        await asyncio.sleep(2.0)  # until it has heard its branches again


def _ringing(rig: Rig) -> Call | None:
    return next((one for one in rig.exchange.calls() if one.party.dialled == FIRST), None)


async def _answered(rig: Rig) -> CallResult:
    async with asyncio.timeout(20):
        return await rig.exchange.answered.get()


async def _tries(rig: Rig, number: str, count: int) -> list[dict[str, Any]]:
    """Contacts that have called that number back, when there are so many."""

    def made() -> list[dict[str, Any]]:
        return [one for one in rig.site.calls(number) if one["callback"]]

    await until(lambda: len(made()) >= count, 20, f"{count} tries to call {number}")
    return made()

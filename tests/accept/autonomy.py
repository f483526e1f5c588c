# SPDX-License-Identifier: GPL-2.0-only
"""The link lets nothing through from headquarters: callers who wait go on being rung at the branch, in their order."""

import asyncio
import time

from appliance.simulator.call import Call
from appliance.simulator.phone import Phone
from tests.accept.agents import typed, typed_at
from tests.accept.queue import WAITS, freed, through, waiting
from tests.accept.sheet import Sheet
from tests.accept.site import QUEUE, until
from tests.accept.talk import INCOMING, Rig

ALONE_S, BACK_S, RINGS_MS = 5.0, 5.0, 1000.0
OVER, GRANTED = "domain.lease.over", "domain.lease.granted"
TALKERS = tuple(f"0251239500{number}" for number in range(2))
WAITERS = tuple(f"0251239600{number}" for number in range(3))


async def run(rig: Rig, sheet: Sheet) -> None:
    """Cut in one direction, and healed."""
    sheet.stage("the branch is cut off while callers wait, and goes on by its own router")
    with sheet.guarded("I1", "a branch that is cut off queues and rings by itself"):
        try:
            await _cut_off(rig, sheet)
        finally:
            rig.site.path.heal()


async def _cut_off(rig: Rig, sheet: Sheet) -> None:
    talking = [await rig.talking(clid) for clid in TALKERS]
    first, second, third = WAITERS
    waits = [await waiting(rig, QUEUE, clid) for clid in (first, second)]
    begun, over = time.monotonic(), _told(rig, OVER)
    rig.site.path.black_hole("down")
    await until(lambda: _told(rig, OVER) > over, 10, "the lease has run out")
    sheet.at_most("I1", "cut off: until the branch decides by itself", time.monotonic() - begun, ALONE_S, "s")
    took_ms = await freed(rig, *talking[0], first)
    sheet.at_most("I1", "cut off: agent free to his phone ringing", took_ms, RINGS_MS, "ms")
    sheet.holds("A9", "cut off: who came first is rung first", not rig.rung(second))
    await until(lambda: through(rig, first), 10, "the first of them talks")
    waits.append(rig.exchange.place(QUEUE, third, WAITS))
    await asyncio.sleep(1.0)
    agent = f"1{talking[1][1].number}"
    said = await typed_at(rig.site.branch.state, "agent", agent, "not-ready", "lunch")
    sheet.equal("D1", "cut off: exit status of what is typed at the branch", said.returncode, 0)
    sheet.holds("D1", "cut off: the branch says who decides", "decides by itself since" in said.stdout)
    begun, granted = time.monotonic(), _told(rig, GRANTED)
    rig.site.path.heal()
    await until(lambda: _told(rig, GRANTED) > granted, 10, "headquarters has the lease again")
    sheet.at_most("I1", "healed: until headquarters decides again", time.monotonic() - begun, BACK_S, "s")
    shown = (await typed(rig, "show", "agents")).stdout
    sheet.holds("D1", "healed: headquarters has what was typed at the branch", "not ready: lunch" in shown)
    await typed(rig, "agent", agent, "ready")
    await freed(rig, *talking[1], second)
    sheet.holds("A9", "healed: who waited longer is rung first", not rig.rung(third))
    await _ends(rig, sheet, waits)


async def _ends(rig: Rig, sheet: Sheet, waits: list[Call]) -> None:
    _, second, third = WAITERS
    await until(lambda: through(rig, second), 10, "the second of them talks")
    waits[0].hang_up(16)
    await waits[0].result()
    await until(lambda: rig.rung(third), 10, "the last one is rung")
    await until(lambda: through(rig, third), 10, "and talks")
    for call in waits[1:]:
        call.hang_up(16)
        await call.result()
    await rig.quiet()
    twice = sum(_rings(rig, one) > 1 for one in WAITERS)
    sheet.equal("I1", "cut off and healed: callers for whom two phones rang", twice, 0)
    records = [await rig.site.record_of(clid) for clid in WAITERS]
    by = [record["decisions"][-1]["by"] for record in records]
    sheet.equal("I1", "who found the agents of the three", by, ["branch", "headquarters", "headquarters"])
    verified = await typed(rig, "report", "verify")
    sheet.equal("C7", "cut off and healed: exit status of counting all events anew", verified.returncode, 0)


def _told(rig: Rig, event: str) -> int:
    return sum(path.read_text(errors="replace").count(event) for path in rig.site.branch.state.glob("log/uplink.log*"))


def _rings(rig: Rig, clid: str) -> int:
    return sum(_offers(phone, clid) for phone in rig.phones)


def _offers(phone: Phone, clid: str) -> int:
    return sum(event.type == INCOMING and f"sip:{clid}@" in event.peer for event in tuple(phone.events))

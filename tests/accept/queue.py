# SPDX-License-Identifier: GPL-2.0-only
"""Two callers wait while both agents talk; headquarters dies meanwhile; whoever came first is rung first."""

import asyncio

from appliance.simulator.call import Call
from appliance.simulator.caller import AwaitAnswer, AwaitRelease, AwaitSound, Script
from appliance.simulator.phone import Phone, PhoneEvent
from tests.accept.sheet import Sheet
from tests.accept.site import QUEUE, until
from tests.accept.talk import CLOSED, ESTABLISHED, INCOMING, Rig

RINGS_MS = 1000.0
HEARD_S = 2.0
"""Until headquarters has heard its branches again."""
WAITS = Script((AwaitAnswer(within_s=20), AwaitSound(within_s=10), AwaitRelease(within_s=120)))


async def run(rig: Rig, sheet: Sheet) -> None:
    """A wait each, and the place is kept."""
    sheet.stage("two callers wait for an agent, headquarters killed meanwhile")
    with sheet.guarded("A9", "callers who wait are rung in their order"):
        await _in_order(rig, sheet)


async def _in_order(rig: Rig, sheet: Sheet) -> None:
    talks = [await rig.talking(f"0251235000{number}") for number in range(2)]
    first, second = "02512351000", "02512351001"
    waits = [await waiting(rig, QUEUE, clid) for clid in (first, second)]
    sheet.equal("A9", "queue: phones that ring while both agents talk", rig.rung(first) + rig.rung(second), 0)
    await _headquarters_dies(rig)
    took_ms = await freed(rig, *talks[0], first)
    sheet.at_most("A9", "queue: agent free to his phone ringing", took_ms, RINGS_MS, "ms")
    sheet.holds("A9", "queue: who came first is rung first, over headquarters' death", not rig.rung(second))
    await until(lambda: through(rig, first), 10, "the first of them talks")
    await freed(rig, *talks[1], second)
    for call in waits:
        call.hang_up(16)
        await call.result()
    await rig.quiet()
    record = await rig.site.record_of(first)
    sheet.equal("A2", "queue: how the last decision came about", record["decisions"][-1]["outcome"], "waiting")
    sheet.equal("A1", "queue: call type from DNIS", record["call_type"], "card-queue")


async def waiting(rig: Rig, number: str, clid: str) -> Call:
    """Answered, played to, and in the queue by the record's word."""
    call = rig.exchange.place(number, clid, WAITS)
    told = rig.site.decisions
    await until(lambda: any("waits as number" in one["reason"] for one in told(clid)), 10, f"{clid} waits")
    return call


async def _headquarters_dies(rig: Rig) -> None:
    box = rig.site.headquarters
    before = box.pid("headquarters")
    box.kill("headquarters")
    await until(lambda: box.children()["headquarters"]["pid"] not in (None, before), 15, "headquarters is back")
    await asyncio.sleep(HEARD_S)


async def freed(rig: Rig, call: Call, phone: Phone, next_clid: str) -> float:
    """A talk ends; ms until a phone rings for whoever is next, by the phones' own words: it may do so at once."""
    seen = len(phone.events)
    call.hang_up(16)
    await until(lambda: _first(phone, seen, CLOSED) is not None, 5, f"phone {phone.number} is free")
    await until(lambda: rig.rung(next_clid), 10, f"a phone rings for {next_clid}")
    rung = (_first(one, 0, INCOMING, next_clid) for one in rig.phones)
    rung_s = min(event.at_s for event in rung if event is not None)
    over = _first(phone, seen, CLOSED)
    return (rung_s - (over.at_s if over is not None else rung_s)) * 1000


def _first(phone: Phone, seen: int, kind: str, clid: str = "") -> PhoneEvent | None:
    """Of that kind, and caller, since so many were seen."""
    told = (event for event in tuple(phone.events)[seen:] if event.type == kind)
    return next((event for event in told if not clid or f"sip:{clid}@" in event.peer), None)


def through(rig: Rig, clid: str) -> bool:
    """An agent has taken this caller's call."""
    told = ((event.type, event.peer) for phone in rig.phones for event in tuple(phone.events))
    return any(kind == ESTABLISHED and f"sip:{clid}@" in peer for kind, peer in told)

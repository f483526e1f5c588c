# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters killed, frozen, black-holed, and the branch's outbox put back: calls go on, records arrive once."""

import asyncio
import shutil
import signal
from collections.abc import Awaitable, Callable

from appliance.simulator.caller import AwaitAnswer, HangUp, Rest, Script
from tests.accept.sheet import Sheet
from tests.accept.site import NUMBER, until
from tests.accept.talk import Rig, closed, in_service

DEFAULT_MS, ARRIVAL_S = 600.0, 10.0
LEASE_S = 5.0
"""Then the branch decides by its own router, and not by its default."""
BRIEF = Script((AwaitAnswer(within_s=10), Rest(1.0), HangUp()))


async def run(rig: Rig, sheet: Sheet) -> None:
    """Three ways to lose headquarters, and a restored disk between."""
    box, path = rig.site.headquarters, rig.site.path

    async def killed() -> None:
        await asyncio.to_thread(box.kill_all)

    async def started() -> None:
        await asyncio.to_thread(box.start)

    async def frozen() -> None:
        box.signal_all(signal.SIGSTOP)

    async def thawed() -> None:
        box.signal_all(signal.SIGCONT)

    async def holed() -> None:
        path.black_hole()

    async def healed() -> None:
        path.heal()

    await _lost(rig, sheet, "killed", "02512341001", killed, started)
    await _lost(rig, sheet, "frozen", "02512341002", frozen, thawed)
    await _lost(rig, sheet, "black-holed", "02512341003", holed, healed)
    await _restored(rig, sheet, killed, started)


async def _call_by_default(rig: Rig, clid: str) -> float:
    """One short call without headquarters; SETUP to ALERTING in ms."""
    call = rig.exchange.place(NUMBER, clid, BRIEF)
    result = await call.result()
    if result.alerting is None or result.answered is None:
        raise AssertionError(f"no phone rang: {result.unmet}, cause {result.cause}")
    for phone in rig.phones:
        await closed(phone)
    return (result.alerting.ns - result.began.ns) / 1e6


async def _lost(
    rig: Rig,
    sheet: Sheet,
    how: str,
    clid: str,
    lose: Callable[[], Awaitable[None]],
    restore: Callable[[], Awaitable[None]],
) -> None:
    sheet.stage(f"headquarters {how}")
    with sheet.guarded("P7", f"headquarters {how}: calls go on"):
        await lose()
        try:
            first = await _call_by_default(rig, clid)
        finally:
            await restore()
        sheet.at_most("P7", f"headquarters {how}: next call rings by the default", first, DEFAULT_MS, "ms")
        took = await until(lambda: bool(rig.site.calls(clid)), ARRIVAL_S + 20, f"no record of {clid}")
        sheet.at_most("P7", f"headquarters {how}: its record arrives after the return", took, ARRIVAL_S, "s")
        await asyncio.sleep(1.0)
        calls = rig.site.calls(clid)
        sheet.equal("P7", f"headquarters {how}: records of that call", len(calls), 1)
        sheet.equal("P7", f"headquarters {how}: decided by", calls[0]["decisions"][0]["by"], "branch")
        sheet.holds("P7", f"headquarters {how}: talk in the record", calls[0]["talk_samples"] is not None)
        await _decides_again(rig)


async def _decides_again(rig: Rig) -> None:
    """Headquarters' decisions are back before the next stage; the first calls may still find the link down."""
    for number in range(20):
        clid = f"0251234{900 + number}"
        call = rig.exchange.place(NUMBER, clid, Script((AwaitAnswer(within_s=3), Rest(0.3))))
        await call.result()
        await rig.quiet()
        await until(lambda named=clid: bool(rig.site.calls(named)), ARRIVAL_S, f"no record of {clid}")  # type: ignore[misc]
        if rig.site.calls(clid)[-1]["decisions"][0]["by"] == "headquarters":
            return
        await asyncio.sleep(0.5)
    raise AssertionError("headquarters does not decide again")


async def _restored(
    rig: Rig, sheet: Sheet, lose: Callable[[], Awaitable[None]], restore: Callable[[], Awaitable[None]]
) -> None:
    sheet.stage("the branch's outbox restored to an older state")
    with sheet.guarded("P7", "restored outbox: nothing swallowed, nothing twice"):
        site = rig.site
        before, between, after = "02512342001", "02512342002", "02512342003"
        # An older copy, taken while the branch is down; then two calls; then the copy is put back.
        await asyncio.to_thread(site.branch.stop)
        copy = site.folder / "older-outbox"
        copy.mkdir()
        for path in site.branch.state.glob("outbox.db*"):
            shutil.copy2(path, copy)
        await asyncio.to_thread(site.branch.start)
        await in_service(rig.exchange, rig.site)
        await _call_by_any(rig, before)
        await site.record_of(before)
        await lose()
        await _call_by_default(rig, between)
        await asyncio.to_thread(site.branch.stop)
        for path in site.branch.state.glob("outbox.db*"):
            path.unlink()
        for path in copy.iterdir():
            shutil.copy2(path, site.branch.state)
        await asyncio.to_thread(site.branch.start)
        await in_service(rig.exchange, rig.site)
        await asyncio.sleep(LEASE_S)
        await _call_by_any(rig, after)
        await restore()
        took = await until(lambda: bool(site.calls(after)), 30, f"no record of {after}")
        sheet.at_most("P7", "restored outbox: the call after it is recorded", took, ARRIVAL_S, "s")
        await asyncio.sleep(1.0)
        sheet.equal("P7", "restored outbox: records of the call after it", len(site.calls(after)), 1)
        sheet.equal("P7", "restored outbox: records of the call before it", len(site.calls(before)), 1)
        await _decides_again(rig)


async def _call_by_any(rig: Rig, clid: str) -> None:
    call, phone = await rig.talking(clid)
    await asyncio.sleep(0.5)
    call.hang_up()
    await call.result()
    await closed(phone)

# SPDX-License-Identifier: GPL-2.0-only
"""Agents are ready and not ready as a supervisor types it; why a call went where it went; statistics of all calls."""

import asyncio
import datetime as dt
import subprocess
import sys
import time
from pathlib import Path

from appliance.headquarters.reports import store
from appliance.headquarters.reports.intervals.reading import WIDTHS, rows
from appliance.headquarters.reports.intervals.story import Kind
from tests.accept.queue import waiting
from tests.accept.sheet import Sheet
from tests.accept.site import QUEUE, ROOT, until
from tests.accept.talk import Rig, closed
from tests.headquarters.site import settled

CLID = "02512370001"
READY_MS = 1000.0
STILL_S = 1.5


async def run(rig: Rig, sheet: Sheet) -> None:
    """By the CLI of headquarters."""
    sheet.stage("agents are not ready and ready; the supervisor asks why, and counts")
    with sheet.guarded("D1", "an agent's state is changed from outside"):
        await _ready(rig, sheet)
    with sheet.guarded("A2", "why a call went where it went"):
        page = await typed(rig, "why", CLID)
        for what in ("waits as number 1 of 1", "(lunch)", "is free; the caller has waited"):
            sheet.holds("A2", f"why: the page tells {what!r}", what in page.stdout)
    with sheet.guarded("C7", "the day's statistics"):
        verified = await typed(rig, "report", "verify")
        sheet.equal("C7", "statistics: exit status of counting all events anew", verified.returncode, 0)
        offered, told = await asyncio.to_thread(_identity, rig)
        sheet.equal("C7", "statistics: offered less all that became of them", offered - told, 0)
        sheet.holds("C7", "statistics: calls were counted", offered > 0)


async def _ready(rig: Rig, sheet: Sheet) -> None:
    agents = [f"1{phone.number}" for phone in rig.phones]
    for agent in agents:
        await typed(rig, "agent", agent, "not-ready", "lunch")
    call = await waiting(rig, QUEUE, CLID)
    await asyncio.sleep(STILL_S)
    sheet.equal("D1", "not ready: phones that ring while both agents are at lunch", int(rig.rung(CLID)), 0)
    command = asyncio.create_task(typed(rig, "agent", agents[0], "ready"))
    begun = time.monotonic()
    await until(lambda: rig.rung(CLID), 10, "the agent who is ready is rung")
    took_ms = (time.monotonic() - begun) * 1000
    sheet.equal("D1", "ready: exit status of the command", (await command).returncode, 0)
    sheet.at_most("D1", "ready: command typed to his phone ringing", took_ms, READY_MS, "ms")
    call.hang_up(16)
    await call.result()
    for phone in rig.phones:
        await closed(phone)
    await typed(rig, "agent", agents[1], "ready")
    await rig.quiet()
    await rig.site.record_of(CLID)


def _identity(rig: Rig) -> tuple[int, int]:
    """Offered to the day's call types and queues, and the sum of what became of them."""
    settled(rig.site.headquarters.state)
    engine = store.open_reader(store.path_of(rig.site.headquarters.state))
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    from_ns = int(today.timestamp()) * 10**9
    found = [
        row.figures
        for kind in (Kind.CALL_TYPE, Kind.QUEUE)
        for row in rows(engine, kind.value, from_ns, from_ns + 86_400 * 10**9, WIDTHS["day"])
    ]
    engine.dispose()
    outcomes = (
        one.answered
        + one.abandoned
        + one.short
        + one.overflow
        + one.redirected
        + one.callback
        + one.released
        + one.waiting
        for one in found
    )
    return sum(one.offered for one in found), sum(outcomes)


async def typed(rig: Rig, *words: str) -> subprocess.CompletedProcess[str]:
    """At headquarters."""
    return await typed_at(rig.site.headquarters.state, *words)


async def typed_at(box: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """At the box with that state directory."""
    state = str(box)
    command = [sys.executable, "-m", "appliance.cli", *words, "--state", state, "--language", "en"]
    return await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False)

# SPDX-License-Identifier: GPL-2.0-only
"""The line test beside a call, its page and its history; and how often a verdict on a line is right."""

import asyncio
import http.client
import json
import os
import sys
import time
from typing import Any

from appliance.line.performance.verdict import judge
from appliance.simulator.states import State
from tests.accept import console
from tests.accept.sheet import Sheet
from tests.accept.talk import Rig, closed
from tests.line.performance.faulty_lines import MECHANISMS, lines
from tests.ports import HOST

LOOPED = (29, 30)
TEST_S = 65
STEPS = ("signal", "loop", "bit-errors", "d-channel", "seconds", "clock", "host", "verdict")
DRAWN = 10 * len(MECHANISMS)


async def run(rig: Rig, sheet: Sheet) -> None:
    """A test of the branch's span while a caller talks to an agent."""
    sheet.stage("line test")
    _verdicts(sheet)
    with sheet.guarded("P8", "a line is tested beside a call"):
        await _tested(rig, sheet)


def _verdicts(sheet: Sheet) -> None:
    drawn = list(lines(2026, DRAWN, held_out=True))
    findings = [judge(line.looks) for line in drawn]
    right = sum(found is not None and found.verdict == line.cause for found, line in zip(findings, drawn, strict=True))
    sheet.at_least("P8", f"verdicts on {DRAWN} lines with drawn faults that are right", right / DRAWN, 0.95)


async def _tested(rig: Rig, sheet: Sheet) -> None:
    rig.exchange.loop(LOOPED)
    call, phone = await rig.talking("02512366001")
    call.cue()  # he waits for us to hang up
    begun = time.monotonic()
    trial = asyncio.create_task(console.goes_back(rig, sheet))  # it takes its minute too
    status, page = await _typed(rig, "line", "test", "span", "1", "--seconds", str(TEST_S))
    sheet.at_most("P8", "a line test takes", time.monotonic() - begun, 300, "s")
    await trial
    said = {words[1].rstrip(":"): words[0] for line in page.splitlines()[1:-1] if len(words := line.split()) > 1}
    sheet.equal("P8", "its page has each step", tuple(said), STEPS)
    sheet.equal("P8", "its exit status tells what the page tells", status, int("FAIL" in said.values()))
    for step in ("signal", "loop", "d-channel"):
        sheet.equal("P8", f"the line test's step {step}", said.get(step), "pass")
    sheet.note(next((line for line in page.splitlines() if "bit-errors: " in line), "none judged"))
    sheet.holds("P8", "the call beside it lives", call.state is not State.CLEARED)
    call.hang_up()
    await call.result()
    await closed(phone)
    _, history = await _typed(rig, "line", "history", "span", "1")
    sheet.holds("P8", "the history's page names the span", history.startswith("span 1 · "))
    seen = sum(quarter["near"]["seconds"] for quarter in _performance(rig)["quarters"])
    sheet.at_least("P8", "seconds of the span's history at headquarters", seen, TEST_S - 10, "s")


async def _typed(rig: Rig, *words: str) -> tuple[int, str]:
    """Exit status and page."""
    environment = os.environ | {"BRANCHLINE_STATE": str(rig.site.branch.state), "LC_ALL": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appliance.cli", *words), env=environment, stdout=asyncio.subprocess.PIPE
    )
    page, _ = await process.communicate()
    return process.returncode or 0, page.decode()


def _performance(rig: Rig) -> dict[str, Any]:
    """As the page at headquarters asks for it."""
    connection = http.client.HTTPConnection(HOST, rig.site.ports.web, timeout=5)
    connection.request("GET", "/api/performance/BR-0001/1")
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return answer

# SPDX-License-Identifier: GPL-2.0-only
"""kill -9 during a talk: call control, engine, line worker; a stuck engine. What each may cost, and no more."""

import asyncio
import os
import signal
from pathlib import Path

from appliance.simulator.call import Call
from appliance.simulator.phone import Phone
from tests.accept.sheet import Sheet
from tests.accept.site import until
from tests.accept.talk import Rig, closed, heard, in_service
from tests.sound.alaw import encode
from tests.sound.compare import compare
from tests.sound.speech import read_wav

BACK_S, GAP_MS, STUCK_GAP_S = 5.0, 300.0, 1.5
TALK_S = 3.0
BLOCK_MS = 20.0


async def run(rig: Rig, sheet: Sheet, said: dict[str, Path]) -> None:
    """The deaths."""
    sheet.stage("call control killed during two talks")
    with sheet.guarded("P6", "call control killed: the talks live on"):
        await _call_control(rig, sheet, said)
    sheet.stage("media engine killed during a talk")
    with sheet.guarded("P6", "engine killed: the talk lives on"):
        await _engine_killed(rig, sheet, said["caller-alaw"])
    sheet.stage("media engine stuck during a talk")
    with sheet.guarded("P6", "engine stuck: the talk lives on"):
        await _engine_stuck(rig, sheet, said["caller-alaw"])
    sheet.stage("line worker killed during a talk")
    with sheet.guarded("P6", "line worker killed: its calls end"):
        await _line_worker(rig, sheet)


async def _call_control(rig: Rig, sheet: Sheet, said: dict[str, Path]) -> None:
    branch = rig.site.branch
    source = said["caller-alaw"]
    first, first_phone = await rig.talking("02512343001", (str(source),))
    second, second_phone = await rig.talking("02512343002")
    before = branch.pid("call")
    first.cue()
    await asyncio.sleep(1.0)
    branch.kill("call")
    took = await until(lambda: _runs_again(rig, "call", before), 20, "call control is not back")
    sheet.at_most("P6", "call control is back after kill -9", took, BACK_S, "s")
    await asyncio.sleep(8.0)
    first_phone.hang_up()
    ended = await asyncio.wait_for(first.result(), 10)
    sheet.equal("P6", "the phone hangs up afterwards: cause at the exchange", ended.cause, 16)
    second.hang_up()
    await second.result()
    await closed(second_phone)
    sound = compare(encode(read_wav(source)), encode(await heard(first_phone)))
    sheet.equal("P6", "20 ms blocks of sound lost while call control was dead", sound.silent, 0)
    for clid, by in (("02512343001", "agent"), ("02512343002", "caller")):
        record = await rig.site.record_of(clid)
        complete = (record["by"], record["talk_samples"] is not None, sorted(leg["cause"] for leg in record["legs"]))
        sheet.equal("P6", f"record of the talk that the {by} ended", complete, (by, True, [16, 16]))
    await rig.exchange.all_cleared()


async def _engine_killed(rig: Rig, sheet: Sheet, source: Path) -> None:
    sound = compare(encode(read_wav(source)), await _through_an_engine_that(rig, sheet, "killed", source))
    lost = sound.blocks - sound.identical
    sheet.at_most("P6", "engine killed: sound lost at the phone", lost * BLOCK_MS, GAP_MS, "ms")
    sheet.note(f"engine killed: {sound.sentence()}")


async def _engine_stuck(rig: Rig, sheet: Sheet, source: Path) -> None:
    came = await _through_an_engine_that(rig, sheet, "stuck", source)
    later = encode(read_wav(source))[int(8000 * (TALK_S + STUCK_GAP_S)) :]
    sound = compare(later, came)
    sheet.at_least("P6", f"engine stuck: heard of what is said {STUCK_GAP_S} s later", sound.identical_share, 0.95)
    sheet.note(f"engine stuck: {sound.sentence()}")


async def _through_an_engine_that(rig: Rig, sheet: Sheet, is_what: str, source: Path) -> bytes:
    """What a phone hears while the caller speaks and the engine is killed or stuck TALK_S after his first word."""
    branch = rig.site.branch
    number = {"killed": signal.SIGKILL, "stuck": signal.SIGSTOP}[is_what]
    clid = f"0251234{number:04}"
    call, phone = await rig.talking(clid, (str(source),))
    before = branch.pid("engine")
    call.cue()
    await asyncio.sleep(TALK_S)
    os.kill(before, number)
    await until(lambda: _runs_again(rig, "engine", before), 10, "the engine is not back")
    await asyncio.sleep(8.0)
    sheet.holds("P6", f"engine {is_what}: the call lives", _alive(call, phone))
    call.hang_up()
    await call.result()
    await closed(phone)
    came = encode(await heard(phone))
    record = await rig.site.record_of(clid)
    sheet.equal("P6", f"engine {is_what}: who ended the call, in the record", record["by"], "caller")
    await rig.exchange.all_cleared()
    return came


async def _line_worker(rig: Rig, sheet: Sheet) -> None:
    branch = rig.site.branch
    others = {name: child["pid"] for name, child in branch.children().items() if name != "line1"}
    call, phone = await rig.talking("02512343004")
    before = branch.pid("line1")
    branch.kill("line1")
    took = await closed(phone, 10)
    sheet.note(f"line worker killed: the agent's phone was let go after {took:.2f} s")
    result = await asyncio.wait_for(call.result(), 20)
    sheet.holds("P6", "line worker killed: the exchange's call ended with a cause", result.cause > 0)
    sheet.note(f"line worker killed: cause at the exchange {result.cause}")
    await until(lambda: _runs_again(rig, "line1", before), 20, "the line worker is not back")
    now = {name: child["pid"] for name, child in branch.children().items() if name != "line1"}
    sheet.holds("P6", "line worker killed: other processes untouched", now == others)
    await in_service(rig.exchange, rig.site)
    record = await rig.site.record_of("02512343004")
    sheet.equal("P6", "line worker killed: cause of the call's record", record["cause"], 41)
    await rig.exchange.all_cleared(10)
    again, phone = await rig.talking("02512343005")
    sheet.holds("P6", "line worker killed: the next call is answered", again.answered is not None)
    again.hang_up()
    await again.result()
    await closed(phone)


def _runs_again(rig: Rig, child: str, before: int) -> bool:
    entry = rig.site.branch.children()[child]
    return bool(entry["state"] == "running" and entry["pid"] != before)


def _alive(call: Call, phone: Phone) -> bool:
    return call.answered is not None and phone.events[-1].type != "CALL_CLOSED"

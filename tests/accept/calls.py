# SPDX-License-Identifier: GPL-2.0-only
"""The call of the first page: in by E1, asked, treated, rung, talked, hung up, recorded, reported."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np

from appliance.simulator.caller import AwaitAnswer, AwaitSound, HangUp, Rest, Script
from tests.accept import trace
from tests.accept.sheet import Sheet
from tests.accept.site import LOBBY, NUMBER
from tests.accept.talk import ESTABLISHED, Rig, SecurePhone, closed, heard, phone_of
from tests.accept.wav import read_alaw_stereo
from tests.sound.alaw import encode, ideal_pass
from tests.sound.compare import Comparison, PesqScores, compare, judge
from tests.sound.speech import read_wav, speech, write_wav

SPEECH_S = 8.0
PESQ_DECODED, PESQ_BELOW_IDEAL, IDENTICAL = 4.4, 0.05, 0.99
TALK_MS = 20.0
LEAVERS = 5
MENU_DBOV = -40.0
LEAVE = Script((AwaitAnswer(within_s=20), AwaitSound(within_s=10), Rest(0.2), HangUp()))


def sounds(folder: Path) -> dict[str, Path]:
    """What caller and agent say: real speech, written once as it is and once as one A-law pass leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    out = {}
    for voice in ("caller", "agent"):
        linear = speech(SPEECH_S, voice)
        out[voice] = write_wav(folder / f"{voice}.wav", linear)
        out[f"{voice}-alaw"] = write_wav(folder / f"{voice}-alaw.wav", ideal_pass(linear))
    return out


async def run(rig: Rig, sheet: Sheet, said: dict[str, Path]) -> None:
    """Caller hangs up, then the agent does; sound both ways in the first."""
    sheet.stage("one call, the caller hangs up")
    with sheet.guarded("K4", "a call crosses the whole system"):
        await _caller_hangs_up(rig, sheet, said)
    sheet.stage("one call, the agent hangs up")
    with sheet.guarded("K1", "an agent's hang-up reaches the exchange"):
        await _agent_hangs_up(rig, sheet)
    sheet.stage(f"{LEAVERS} callers leave while the menu plays")
    with sheet.guarded("C1", "callers who leave in the IVR ring nobody"):
        await _callers_leave_the_menu(rig, sheet)
    sheet.stage("a phone that speaks nothing but SRTP calls")
    with sheet.guarded("K4", "a phone with SRTP alone hears the menu"):
        await _encrypted_phone_calls(rig, sheet, said)


async def _caller_hangs_up(rig: Rig, sheet: Sheet, said: dict[str, Path]) -> None:
    clid = "02512340001"
    call, phone = await rig.talking(clid, (str(said["caller-alaw"]),), record=True)
    call.cue()
    await asyncio.sleep(SPEECH_S + 1.5)
    call.hang_up(16)
    result = await call.result()
    await closed(phone)
    await rig.exchange.all_cleared()

    # What was signalled.
    if result.proceeding is None or result.answered is None or result.heard is None or not result.said:
        raise AssertionError(f"the call did not run: {result.unmet}")
    proceeding_ms = (result.proceeding.ns - result.began.ns) / 1e6
    sheet.at_most("K1", "CALL PROCEEDING after SETUP", proceeding_ms, 100, "ms")
    sheet.equal("K1", "channels busy at the exchange afterwards", len(rig.exchange.busy_channels()), 0)

    # What was heard.
    agent_heard = encode(await heard(phone))
    caller_alaw = encode(read_wav(said["caller-alaw"]))
    to_agent = compare(caller_alaw, agent_heard)
    _sound(sheet, "caller to agent", to_agent, judge(read_wav(said["caller"]), agent_heard))
    agent_alaw = encode(read_wav(said["agent-alaw"]))
    to_caller = compare(agent_alaw, result.heard.octets)
    _sound(sheet, "agent to caller", to_caller, judge(read_wav(said["agent"]), result.heard.octets))

    # What is written.
    record = await rig.site.record_of(clid)
    decisions = record["decisions"]
    sheet.holds("I1", "the first decision was taken before answer", _before_answer(record))
    sheet.equal("A1", "call type from DNIS", record["call_type"], "card-service")
    sheet.equal("B3", "CED from in-band DTMF", record["ced"], "1")
    sheet.equal("C1", "CLID and DNIS in the record", f"{record['clid']} {record['dnis']}", f"{clid} 95588")
    sheet.equal("C1", "causes of both legs", sorted(leg["cause"] for leg in record["legs"]), [16, 16])
    sheet.at_least("A2", "decisions with a reason", len([d for d in decisions if d["reason"]]), 2)
    sheet.at_most("I1", "slowest decision of headquarters", max(d["latency_ms"] for d in decisions), 500, "ms")
    await _recording(rig, sheet, clid, record, {"caller": caller_alaw, "agent": agent_alaw})
    await trace.run(rig.site, sheet, record)


def _sound(sheet: Sheet, way: str, comparison: Comparison, scores: PesqScores) -> None:
    sheet.at_least("K4", f"PESQ {way}, against the A-law-decoded source", scores.against_decoded, PESQ_DECODED)
    sheet.at_most("K4", f"PESQ {way}, below one ideal A-law pass", scores.below_ideal, PESQ_BELOW_IDEAL)
    sheet.at_least("K4", f"20 ms blocks octet-identical {way}", comparison.identical_share, IDENTICAL)
    sheet.note(f"{way}: {comparison.sentence()}")


def _before_answer(record: dict[str, Any]) -> bool:
    caller = next(leg for leg in record["legs"] if leg["direction"] == "incoming")
    return bool(record["decisions"][0]["at_ns"] < caller["connected_ns"])


async def _recording(rig: Rig, sheet: Sheet, clid: str, record: dict[str, Any], said: dict[str, bytes]) -> None:
    left, right = read_alaw_stereo(await rig.site.sound_of(clid))
    sheet.within("V1", "recording's length less the talk's", (len(left) - record["talk_samples"]) / 8, TALK_MS, "ms")
    for side, octets, source in (("left, caller", left, said["caller"]), ("right, agent", right, said["agent"])):
        share = compare(source, octets).identical_share
        sheet.at_least("V1", f"recording, {side}: 20 ms blocks as they were said", share, IDENTICAL)


async def _agent_hangs_up(rig: Rig, sheet: Sheet) -> None:
    clid = "02512340002"
    call, phone = await rig.talking(clid)
    await asyncio.sleep(1.0)
    phone.hang_up()
    result = await call.result()
    sheet.equal("K1", "cause at the exchange when the agent hangs up", result.cause, 16)
    sheet.equal("K1", "who cleared, seen by the exchange", str(result.by), "peer")
    record = await rig.site.record_of(clid)
    sheet.equal("C1", "who hung up, in the record", record["by"], "agent")
    await rig.exchange.all_cleared()


async def _callers_leave_the_menu(rig: Rig, sheet: Sheet) -> None:
    clids = [f"0251234010{number}" for number in range(LEAVERS)]
    for clid in clids:
        await rig.exchange.place(NUMBER, clid, LEAVE).result()
        await rig.exchange.all_cleared()
    records = [await rig.site.record_of(clid) for clid in clids]
    ends = {(record["by"], record["cause"], len(record["legs"])) for record in records}
    sheet.equal("C1", "left in the IVR: by whom, cause and legs in the records", ends, {("caller", 16, 1)})
    sheet.equal("C1", "left in the IVR: phones rung", sum(rig.rung(clid) for clid in clids), 0)


async def _encrypted_phone_calls(rig: Rig, sheet: Sheet, said: dict[str, Path]) -> None:
    """The agents' phones speak no SRTP."""
    with phone_of(rig.site, LOBBY, said["agent-alaw"], SecurePhone) as phone:
        phone.dial(NUMBER)
        await asyncio.to_thread(phone.wait_for, ESTABLISHED, 10)
        await asyncio.sleep(2.0)
        phone.hang_up()
        sound = (await heard(phone)).astype(float) / 32768
    sheet.at_least("K4", "SRTP: the menu at the phone", 10 * np.log10(np.mean(sound**2) + 1e-10), MENU_DBOV, "dBov")

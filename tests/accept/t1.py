# SPDX-License-Identifier: GPL-2.0-only
"""A call over a T1: the system of the first page with mu-law on its line and the D-channel in timeslot 24."""

import asyncio
from pathlib import Path

from appliance.signalling.pri.link import Profile
from dsp import g711
from tests.accept.sheet import Sheet
from tests.accept.talk import Rig, closed, heard
from tests.sound.alaw import encode
from tests.sound.compare import judge
from tests.sound.speech import read_wav

PROFILE = Profile.NATIONAL
SPEECH_S = 8.0
PESQ_BELOW_LAWS = 0.05


async def run(rig: Rig, sheet: Sheet, said: dict[str, Path]) -> None:
    """Sound both ways."""
    sheet.stage("one call over a T1, National ISDN")
    with sheet.guarded("K4", "a call crosses the whole system over a T1"):
        await _talk(rig, sheet, said)


async def _talk(rig: Rig, sheet: Sheet, said: dict[str, Path]) -> None:
    call, phone = await rig.talking("02512345001", (str(said["caller-alaw"]),), record=True)
    call.cue()
    await asyncio.sleep(SPEECH_S + 1.5)
    call.hang_up(16)
    result = await call.result()
    await closed(phone)
    await rig.exchange.all_cleared()
    if result.heard is None:
        raise AssertionError(f"the call did not run: {result.unmet}")
    ways = {
        "caller to agent": ("caller", encode(await heard(phone))),
        "agent to caller": ("agent", result.heard.octets),
    }
    for way, (voice, octets) in ways.items():
        source = read_wav(said[voice])
        laws = g711.ulaw_to_alaw(g711.alaw_to_ulaw(encode(source)))  # A-law, mu-law on the wire, A-law
        below = judge(source, laws).against_linear - judge(source, octets).against_linear
        sheet.at_most("K4", f"T1: PESQ {way}, below what the two laws leave", below, PESQ_BELOW_LAWS)
    sheet.equal("K1", "T1: channels busy at the exchange afterwards", len(rig.exchange.busy_channels()), 0)

# SPDX-License-Identifier: GPL-2.0-only
"""An agent hands the caller on: after a consultation, and blind by the phone's own key. One call, two agents."""

import asyncio
import contextlib
import json
import time
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import numpy as np

from appliance.cli import headquarters
from appliance.simulator.phone import Phone
from appliance.wire.agents import AgentTold, CallAsked, CallWish
from tests.accept.agents import typed
from tests.accept.sheet import Sheet
from tests.accept.site import HOLD_HZ, QUEUE, hum, until
from tests.accept.talk import ESTABLISHED, Rig, closed
from tests.sound import alaw
from tests.sound.speech import write_wav

FREED_MS = 1000.0
GAP_MS = 60.0
"""Of silence: the second agent's sound is in the jitter buffer already."""
AGENT_HZ = 1000
FRAME = 80
STEADY = 10
"""Frames of music in a row: a click has its frequency too, for one."""
LOUD = 1000.0
NOTE = "lost card, wants a new one"


async def run(rig: Rig, sheet: Sheet) -> None:
    """By headquarters' commands, as a desktop would give them, and by the phone."""
    sheet.stage("an agent hands the caller on, consulting and blind")
    async with _humming(rig) as these:
        with sheet.guarded("F1", "a caller is handed on after a consultation"):
            await _consulted(these, sheet)
        with sheet.guarded("F1", "a caller is handed on blind into a queue"):
            await _blind(these, sheet)


@contextlib.asynccontextmanager
async def _humming(rig: Rig) -> AsyncIterator[Rig]:
    """The second phone gives a tone for ever, so that a gap can be heard."""
    first, second = rig.phones
    site, number = rig.site, second.number
    tone = write_wav(site.folder / "agent-hum.wav", hum(AGENT_HZ))
    await asyncio.to_thread(second.stop)
    folder = site.folder / f"phone-{number}-hum"
    with Phone(f"{number}@branch.test", site.secret(number), site.proxy, folder, speech=tone, loop=True) as phone:
        yield msgspec.structs.replace(rig, phones=(first, phone))
    await asyncio.to_thread(second.start)


async def _consulted(rig: Rig, sheet: Sheet) -> None:
    clid, one, two = "02512380001", *_agents(rig)
    await typed(rig, "agent", two, "not-ready")
    call, first = await rig.talking(clid, record=True)
    second = rig.phones[1]
    await typed(rig, "agent", two, "ready")
    await typed(rig, "agent", one, "note", NOTE)
    asked = await typed(rig, "agent", one, "consult", second.number)
    sheet.equal("F1", "transfer: exit status of `agent ID consult NUMBER`", asked.returncode, 0)
    await until(lambda: _talks(second, clid), 10, "the second agent talks to the first")
    shown = await asyncio.to_thread(_contact, rig, two)
    sheet.equal("F1", "transfer: IVR digits that the second agent sees", shown["ced"], "1")
    sheet.holds("F1", "transfer: the second agent sees the first one's note", shown["notes"][0]["text"] == NOTE)
    await asyncio.sleep(0.5)
    begun = time.monotonic()
    await _ordered(rig, one, CallWish.COMPLETE)
    await closed(first)
    sheet.at_most("F1", "transfer: completed to the first agent's phone free", _ms(begun), FREED_MS, "ms")
    await asyncio.sleep(1.0)
    call.hang_up(16)
    result = await call.result()
    await rig.quiet()
    if result.heard is None:
        raise AssertionError("the caller heard nothing")
    sheet.at_most("F1", "transfer: gap between music and second agent", _gap_ms(result.heard.octets), GAP_MS, "ms")
    record = await rig.site.record_of(clid)
    told = [(one["by"], one["agent"], one["outcome"]) for one in record["transfers"]]
    sheet.holds("F1", "transfer: the record tells who to whom", told == [(one, two, "completed")])
    agents = [leg["agent"] for leg in record["legs"] if leg["agent"]]
    sheet.holds("F1", "transfer: one call has both agents' legs", agents == [one, two])
    sheet.equal("F1", "transfer: recordings of the one call, consultation too", len(record["recordings"]), 3)


async def _blind(rig: Rig, sheet: Sheet) -> None:
    clid, _, two = "02512380002", *_agents(rig)
    await typed(rig, "agent", two, "not-ready")
    call, first = await rig.talking(clid)
    await typed(rig, "agent", two, "ready")
    begun = time.monotonic()
    first.transfer(f"sip:{QUEUE}@branch.test")
    await closed(first)
    sheet.at_most("F1", "transfer: REFER of the first phone to its being free", _ms(begun), FREED_MS, "ms")
    await until(lambda: _talks(rig.phones[1], clid), 10, "the second agent has the caller")
    call.hang_up(16)
    await call.result()
    await rig.quiet()
    record = await rig.site.record_of(clid)
    sheet.equal("F1", "transfer: call type after REFER to another number", record["call_type"], "card-queue")
    sheet.equal("F1", "transfer: how that decision came about", record["decisions"][-1]["outcome"], "transferred")
    verified = await typed(rig, "report", "verify")
    sheet.equal("F1", "transfer: exit status of counting all events anew", verified.returncode, 0)


def _agents(rig: Rig) -> tuple[str, str]:
    first, second = (f"1{phone.number}" for phone in rig.phones)
    return first, second


async def _ordered(rig: Rig, agent: str, wish: CallWish) -> None:
    """As the CLI does, without its start."""
    asked = CallAsked(agent=agent, to=wish, by="accept")
    told = await asyncio.to_thread(headquarters.command, rig.site.headquarters.state, asked)
    if not isinstance(told, AgentTold):
        raise AssertionError(f"{wish}: {told}")  # noqa: TRY004 - an answer that we do not want


def _talks(phone: Phone, clid: str) -> bool:
    return any(one.type == ESTABLISHED and f"sip:{clid}@" in one.peer for one in tuple(phone.events))


def _ms(begun: float) -> float:
    return (time.monotonic() - begun) * 1000


def _gap_ms(octets: bytes) -> float:
    """From the end of the music to the second agent's first tone. AssertionError where one was not heard.

    A frame that is lost later, in the agent's talk, is no part of it.
    """
    linear = alaw.decode(octets).astype(float)
    frames = linear[: len(linear) // FRAME * FRAME].reshape(-1, FRAME)
    time_s = np.arange(FRAME) / 8000
    music, agent = (
        np.abs(frames @ np.exp(-2j * np.pi * frequency_hz * time_s)) * 2 / FRAME > LOUD
        for frequency_hz in (HOLD_HZ, AGENT_HZ)
    )
    steady = np.lib.stride_tricks.sliding_window_view(music, STEADY).all(axis=1)
    if not steady.any():
        raise AssertionError(f"the caller heard music in {music.sum()} frames")
    ends = int(np.flatnonzero(steady)[-1]) + STEADY
    if not agent[ends:].any():
        raise AssertionError(f"the caller did not hear the second agent in {len(agent) - ends} frames after the music")
    return float(np.flatnonzero(agent[ends:])[0] * 10)


def _contact(rig: Rig, agent: str) -> dict[str, Any]:
    address = f"http://127.0.0.1:{rig.site.ports.web}/api/agents/{agent}/contact"
    with urllib.request.urlopen(address, timeout=5) as answer:
        shown: dict[str, Any] = json.load(answer)
    return shown

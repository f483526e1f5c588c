# SPDX-License-Identifier: GPL-2.0-only
"""240 legs on one engine for two minutes (LEGS_SECONDS): 120 timeslots, each in a talk with an RTP port.

The callers stand beyond a vpair. The RTP ports speak with one another in pairs, so every caller hears another one, over
two talks and the loopback: octet for octet while the legs are clear, then each is a voice.
"""

import asyncio
import os
import time
from pathlib import Path

from appliance.media.engine import RTP_FIRST, EngineBusyError
from appliance.media.events import EngineStatus, Profile
from drivers.model import SPANS, Alarm, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.accept.sheet import Sheet
from tests.accept.use import judge_lateness
from tests.media.rig import EngineProcess, Side, engine_process, noise, until
from tests.ports import HOST

SECONDS, SETTLE_S = float(os.environ.get("LEGS_SECONDS", "120")), 10.0
D_CHANNEL = 16
TIMESLOTS = [number for number in range(1, 32) if number != D_CHANNEL]
TALKS = SPANS // 2 * len(TIMESLOTS)
VOICE_S, LISTEN_S = 2.0, 6.0
COST_S, ECHO_TAIL_MS = 5.0, 64
LISTENED = range(0, TALKS, 12)
GROWN_KIB, SHARE = 256, 5.0
COMMAND_S = 0.01  # two ticks: a client's ring is not there to be filled


async def run(sheet: Sheet) -> None:
    """One engine, all its spans in pairs."""
    sheet.stage(f"{2 * TALKS} legs for {SECONDS:.0f} s")
    with sheet.guarded("K4", f"{2 * TALKS} legs on one engine"), engine_process() as host:
        side = Side(host)
        _join(side)
        await _call(side)
        callers = await _cost(side)
        await _talk(side, host)
        await _rest(side, SETTLE_S)
        heard = await _listen(side)
        sheet.equal("K4", f"{2 * TALKS} legs: voices heard whole, of those listened to", heard, len(LISTENED))
        await _voices(sheet, side, callers)
        lost = [side.engine.port_status(RTP_FIRST + n).rtp for n in range(TALKS)]
        sheet.equal("K4", f"{2 * TALKS} legs: packets lost", sum(each.lost + each.late for each in lost), 0)


def _caller(talk: int) -> int:
    return Timeslot(2 * (talk // len(TIMESLOTS)), TIMESLOTS[talk % len(TIMESLOTS)]).port


def _leg(talk: int) -> int:
    return Timeslot(2 * (talk // len(TIMESLOTS)) + 1, TIMESLOTS[talk % len(TIMESLOTS)]).port


def _join(side: Side) -> None:
    driver = VpairDriver(side.engine)
    for span in range(SPANS):
        driver.configure(span, VpairSettings(partner=span ^ 1), D_CHANNEL)
    until(lambda: all(driver.alarms(span) == Alarm.NONE for span in range(SPANS)))


async def _call(side: Side) -> None:
    """The callers, who are no legs of ours, and talk."""
    voice = side.arena.add_alaw(noise(VOICE_S))
    for talk in range(TALKS):
        side.engine.open_timeslot(_caller(talk))
        side.ivr.engine.play(_caller(talk), talk, [voice], 0)
        await asyncio.sleep(COMMAND_S)


async def _talk(side: Side, host: EngineProcess) -> None:
    for talk in range(TALKS):
        side.engine.open_timeslot(_leg(talk))
        side.engine.open_rtp(RTP_FIRST + talk, (HOST, host.rtp_base + 2 * (talk ^ 1)))
        side.engine.connect(_leg(talk), RTP_FIRST + talk)
        await asyncio.sleep(COMMAND_S)
    await _rest(side, 0.1)
    refused = [event for event in side.engine.take_events() if "Refused" in type(event).__name__]
    if refused:
        raise EngineBusyError(f"{len(refused)} commands refused, first {refused[0]}")


async def _rest(side: Side, seconds: float) -> None:
    """Wait as a living client does: it takes its events."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        side.engine.take_events()
        side.recorder.engine.take_taps()
        await asyncio.sleep(0.1)


async def _listen(side: Side) -> int:
    """How many of the callers listened to hear the whole voice of another."""
    for talk in LISTENED:
        side.recorder.engine.record(talk, _caller(talk), _leg(talk), 0)
    await asyncio.sleep(LISTEN_S)
    voice = noise(VOICE_S)
    heard = sum(voice in side.recorder.left(talk) for talk in LISTENED)
    for talk in LISTENED:
        side.recorder.engine.stop_recording(talk)
    return heard


async def _cost(side: Side) -> float:
    """Share of a core, over a few seconds."""
    before = side.engine.status()
    await _rest(side, COST_S)
    return _spent(before, side.engine.status(), COST_S)[0]


async def _voices(sheet: Sheet, side: Side, callers: float) -> None:
    """The same legs with all that a voice has: echo of 64 ms cancelled, fax and modem listened for."""
    for talk in range(TALKS):
        side.engine.set_profile(_leg(talk), Profile.VOICE, ECHO_TAIL_MS)
        await asyncio.sleep(COMMAND_S)
    await _rest(side, SETTLE_S)
    before, kib = side.engine.status(), _resident_kib(side)
    begun = time.monotonic()
    await _rest(side, SECONDS)
    after, seconds = side.engine.status(), time.monotonic() - begun
    share, spent = _spent(before, after, seconds)
    sheet.note(f"{100 * share:.1f} % of a core, the {TALKS} callers' ends included; µs a tick: {spent}")
    judge_lateness(sheet, f"{2 * TALKS} legs", before, after)
    sheet.at_most("K4", f"{2 * TALKS} legs: memory grown", _resident_kib(side) - kib, GROWN_KIB, "KiB")
    half = 100 * (share - callers) / 2
    sheet.at_most("K4", f"{TALKS} legs of them, the callers' ends taken off", half, SHARE, "% of a core")


def _spent(before: EngineStatus, after: EngineStatus, seconds: float) -> tuple[float, str]:
    """Share of a core, and microseconds of a tick by stage."""
    ticks = after.ticks - before.ticks
    stages = {name: (after.stage_ns[name] - before.stage_ns[name]) // ticks // 1000 for name in after.stage_ns}
    return (after.cpu_ns - before.cpu_ns) / 1e9 / seconds, ", ".join(
        f"{name} {us}" for name, us in stages.items() if us
    )


def _resident_kib(side: Side) -> int:
    """The process's own memory; the shared segment has its size once for all."""
    status = Path(f"/proc/{side.engine.status().pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("RssAnon:"))
    return int(line.split()[1])

# SPDX-License-Identifier: GPL-2.0-only
"""A foreign PBX is unplugged and plugged in again; an IVR's caller reaches its agent by telephone, with his context.

Then a media server (`media.py`).
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from appliance.simulator.peripheral import ForeignPeripheral
from appliance.wire.routes import Label, RingAgent
from tests.accept import media
from tests.accept.sheet import Sheet
from tests.headquarters.foreign import OTHER, Look, free, looking, peripheral, site_in, started
from tests.headquarters.test_translation import FAR, ROUTES

CALLER = "02512345678"
TIMES = 3
GONE_S, BACK_S, ANSWER_MS = 5.0, 2.0, 50.0


def run(sheet: Sheet, folder: Path) -> None:
    """Real message server and headquarters; the peripherals are clients of the documented protocol."""
    sheet.stage("a foreign PBX and an IVR at headquarters")
    folder.mkdir()
    site = site_in(folder, ROUTES, {"welcome": FAR})

    async def scene() -> None:
        pbx = peripheral(site)
        async with peripheral(site, OTHER, {}) as ivr, looking(site) as look:
            await pbx.plug()
            await _translated(sheet, ivr, pbx)
            await _refused(sheet, ivr, pbx)
            await _unplugged(sheet, pbx, look)

    try:
        with sheet.guarded("I3", "peripherals speak with headquarters"):
            started(site)
            asyncio.run(scene())
    finally:
        site.close()
    media.run(sheet, folder / "media")


async def _translated(sheet: Sheet, ivr: ForeignPeripheral, pbx: ForeignPeripheral) -> None:
    first, second = ivr.new_contact(), pbx.new_contact()
    sent = await ivr.ask("95588", first, clid=CALLER)
    begun_s = time.monotonic()
    met = await pbx.ask("87650001", second, clid=CALLER)
    took_ms = (time.monotonic() - begun_s) * 1000
    label, ring = sent.action, met.action
    same = isinstance(label, Label) and isinstance(ring, RingAgent) and label.token == ring.token
    sheet.holds("F2", "translation: who arrives by the number has the reserved agent", same)
    sheet.at_most("F2", "translation: the number's call is answered after", round(took_ms, 1), ANSWER_MS, "ms")
    sheet.holds("F2", "translation: the context is there, the secret is not", met.context == {"tier": "gold"})
    sheet.holds("F2", "translation: the second call names its contact", met.origin == first)
    await pbx.carry_out(second, met)
    await pbx.end(second)


async def _refused(sheet: Sheet, ivr: ForeignPeripheral, pbx: ForeignPeripheral) -> None:
    contacts = [ivr.new_contact() for _ in range(3)]
    given = [(await ivr.ask("95588", contact, clid=f"{CALLER}{contact[-1]}")).action for contact in contacts]
    sheet.equal("F2", "translation: labels for three callers, of two numbers", sum(map(_is_label, given)), 2)
    for what, clid, sentence in (
        ("a wrong caller", "02087654321", "awaits another caller"),
        ("a caller without a number", "", "awaits another caller"),
    ):
        answer = await pbx.ask("87650002", clid=clid)
        told = sentence in answer.reason and not isinstance(answer.action, RingAgent)
        sheet.holds("F2", f"translation: {what} is refused the agent, with the reason", told)
    for contact in contacts:
        await ivr.arrive(contact, "95588")
        await ivr.end(contact)


def _is_label(action: object) -> bool:
    return isinstance(action, Label)


async def _unplugged(sheet: Sheet, pbx: ForeignPeripheral, look: Look) -> None:
    gone, back = [], []
    await _until(look, lambda count: count == len(pbx.agents))
    for _ in range(TIMES):
        await pbx.unplug()
        gone.append(await _until(look, lambda count: count == 0))
        begun_s = time.monotonic()
        await pbx.plug()
        await _until(look, lambda count: count == len(pbx.agents))
        back.append(time.monotonic() - begun_s)
    sheet.at_most("I3", f"unplugged {TIMES} times: its agents have left every queue", round(max(gone), 2), GONE_S, "s")
    sheet.at_most("I3", "plugged in again: they are back by themselves", round(max(back), 2), BACK_S, "s")
    await pbx.unplug()


async def _until(look: Look, so: Callable[[int], bool]) -> float:
    begun_s = time.monotonic()
    while not so(free(await look(), "far")):
        if time.monotonic() - begun_s > 2 * GONE_S:
            raise AssertionError(f"{free(await look(), 'far')} agents of the PBX are free")
        await asyncio.sleep(0.02)
    return time.monotonic() - begun_s

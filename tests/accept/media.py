# SPDX-License-Identifier: GPL-2.0-only
"""A media server that knows docs/peripheral.md alone: chats beside a call, a mail that gives way, its death."""

import asyncio
import time
from pathlib import Path

from tests.accept.sheet import Sheet
from tests.headquarters.foreign import started
from tests.headquarters.media import Floor, media_server, media_site, opened_floor, until

GONE_S, BACK_S, TOLD_MS = 5.0, 2.0, 250.0


def run(sheet: Sheet, folder: Path) -> None:
    """Real message server and headquarters; the agents' telephones are a PBX's."""
    folder.mkdir()
    site = media_site(folder)

    async def scene() -> None:
        async with opened_floor(site) as floor:
            await _at_once(sheet, floor)
            call = await _interrupted(sheet, floor)
            kept = set(floor.media.disk.contacts)
            await floor.media.kill()
            gone_s = await until(floor.look, lambda now: {one.staffed for one in now.queues[1:]} == {0}, 2 * GONE_S)
            sheet.at_most("I3", "media server killed: its agents have left every queue", round(gone_s, 2), GONE_S, "s")
            begun_s = time.monotonic()
            async with media_server(site, floor.media.disk) as again:
                await until(floor.look, lambda now: now.queues[1].staffed == 3, BACK_S)
                back_s = round(time.monotonic() - begun_s, 2)
                sheet.at_most("I3", "media server back: its agents are, by its snapshot", back_s, BACK_S, "s")
                has = await floor.has()
                held = (has["chat"], has["mail"]) == ("busy", "interrupted") and set(again.disk.contacts) == kept
                sheet.holds("I3", "media server back: the chat goes on, the mail waits for the call", held)
                await floor.phones.end(call)
                await floor.clear(again)

    try:
        with sheet.guarded("I3", "a media server speaks with headquarters"):
            started(site)
            asyncio.run(scene())
    finally:
        site.close()


async def _at_once(sheet: Sheet, floor: Floor) -> None:
    chats = [await floor.chat() for _ in range(3)]
    fourth = await floor.media.arrive("chat", "1", "visitor-4")
    sheet.holds("I3", "an agent with three chats is offered no fourth", fourth.offered_to is None)
    call, agent = await floor.call()
    sheet.equal("I3", "an agent with three chats is given a call", agent, "1001")
    await floor.media.end(chats[0])
    sheet.holds("I3", "a chat that ends beside the call brings no other", fourth.offered_to is None)
    begun_s = time.monotonic()
    await floor.phones.end(call)
    await floor.media.heard(lambda: fourth.offered_to == "1001")
    took_ms = round((time.monotonic() - begun_s) * 1000, 1)
    sheet.at_most("I3", "after the call the next chat is offered in", took_ms, TOLD_MS, "ms")
    for chat in (*chats[1:], fourth):
        await floor.media.end(chat)


async def _interrupted(sheet: Sheet, floor: Floor) -> str:
    mail, _ = await floor.chat("mail"), await floor.chat()
    begun_s = time.monotonic()
    call, _ = await floor.call()
    await floor.media.heard(lambda: mail.interrupted)
    sheet.at_most("I3", "a call interrupts the mail in", round((time.monotonic() - begun_s) * 1000, 1), TOLD_MS, "ms")
    return call

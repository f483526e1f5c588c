# SPDX-License-Identifier: GPL-2.0-only
"""Calls of a dead worker: Kamailio still holds their dialogs, so it is asked to end them and the phones are free.

Answered ones get a BYE each way (dlg.end_dlg), ringing phones a CANCEL (tm.cancel), a phone that was calling us a final
answer (tm.reply_callid). Only dialogs that began before us and that we do not know are touched.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import structlog

from appliance.signalling.sip.control import ControlError, control

RETRY_S = 0.25
AGAIN_S = 1.0
ROUNDS = 10
CONFIRMED = 3  # Kamailio's dialog states: 1 unconfirmed, 2 early, 3 confirmed without ACK, 4 confirmed, 5 deleted
DELETED = 5

log = structlog.get_logger()


class _Brief(msgspec.Struct, frozen=True):
    call_id: str = msgspec.field(name="call-id")
    state: int


class _Caller(msgspec.Struct, frozen=True):
    contact: str
    cseq: str


class _Dialog(msgspec.Struct, frozen=True):
    h_entry: int
    h_id: int
    state: int
    init_ts: int
    caller: _Caller


async def end_former_calls(path: Path, gateway: str, ours: Callable[[str], bool], asked: Callable[[], None]) -> None:
    """End them, as soon as Kamailio is there, and see that they are gone; one that is not is asked for again.

    `ours`: whether a Call-ID is a living call's. `asked` is called when every one of them has been asked for.
    """
    began = int(time.time())
    for _ in range(ROUNDS):
        briefs = await _briefs(path)
        former = [brief.call_id for brief in briefs if brief.state < DELETED and not ours(brief.call_id)]
        ended = [await _end(path, gateway, call_id, began) for call_id in former]
        asked()
        if not any(ended):
            return
        log.warning("sip.former.ended", calls=sum(ended))
        await asyncio.sleep(AGAIN_S)
    log.error("sip.former.kept", after_s=ROUNDS * AGAIN_S)


async def _briefs(path: Path) -> list[_Brief]:
    """Every dialog in brief: a whole list of some 180 would not fit into Kamailio's datagram."""
    while True:
        try:
            return await control(path, list[_Brief], "dlg.briefing", "cs")
        except ControlError as error:
            log.debug("sip.former.waiting", error=str(error))
            await asyncio.sleep(RETRY_S)


async def _end(path: Path, gateway: str, call_id: str, began: int) -> bool:
    """Whether it was one that is to end. What Kamailio refuses here has ended meanwhile, or is asked for again."""
    try:
        dialog = await control(path, _Dialog, "dlg.dlg_list", call_id)
        if dialog.init_ts > began:
            return False
        if dialog.state >= CONFIRMED:
            await control(path, Any, "dlg.end_dlg", dialog.h_entry, dialog.h_id)
        elif gateway in dialog.caller.contact:
            await control(path, Any, "tm.cancel", call_id, dialog.caller.cseq)
        else:
            await control(path, Any, "tm.reply_callid", 503, "Service Unavailable", call_id, dialog.caller.cseq, ".")
    except ControlError as error:
        log.info("sip.former.unmoved", call_id=call_id, error=str(error))
    return True

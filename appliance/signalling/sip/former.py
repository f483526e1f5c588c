# SPDX-License-Identifier: GPL-2.0-only
"""Calls of a dead worker: Kamailio still holds their dialogs, so it is asked to end them and the phones are free.

Answered ones get a BYE each way (dlg.end_dlg), ringing phones a CANCEL (tm.cancel), a phone that was calling us a final
answer (tm.reply_callid). Only dialogs that began before us and that we do not know are touched, and none of a peer's
with a phone of ours: those were never ours.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import structlog

from appliance.signalling.sip.control import ControlError, control

AGAIN_S = 1.0
ROUNDS = 30
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
    variables: tuple[dict[str, str], ...] = ()


async def ask_former_calls(path: Path, gateway: str, ours: Callable[[str], bool], began: int) -> int:
    """Ask once for the end of each that began before `began` and is not `ours` (by Call-ID); returns their number.

    Best asked while the gateway's port is closed: Kamailio sends its two BYEs one after the other, and an answer to the
    first (481, from us) that comes before the second keeps it from the phone. Raises ControlError.
    """
    briefs = await control(path, list[_Brief], "dlg.briefing", "cs")
    former = [brief.call_id for brief in briefs if brief.state < DELETED and not ours(brief.call_id)]
    ended = sum([await _end(path, gateway, call_id, began) for call_id in former])
    if ended:
        log.warning("sip.former.ended", calls=ended)
    return ended


async def end_former_calls(path: Path, gateway: str, ours: Callable[[str], bool], began: int) -> None:
    """As soon as Kamailio is there, and again for those that are not gone by then."""
    for _ in range(ROUNDS):
        try:
            if not await ask_former_calls(path, gateway, ours, began):
                return
        except ControlError as error:
            log.debug("sip.former.waiting", error=str(error))
        await asyncio.sleep(AGAIN_S)
    log.error("sip.former.kept", after_s=ROUNDS * AGAIN_S)


async def _end(path: Path, gateway: str, call_id: str, began: int) -> bool:
    """Whether it was one that is to end. What Kamailio refuses here has ended meanwhile, or is asked for again."""
    try:
        dialog = await control(path, _Dialog, "dlg.dlg_list", call_id)
        if dialog.init_ts > began or any("peer" in variable for variable in dialog.variables):
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

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

import structlog

from appliance.signalling.sip.control import ControlError, control

RETRY_S = 0.25
AGAIN_S = 1.0
ROUNDS = 10
CONFIRMED = 3  # Kamailio's dialog states: 1 unconfirmed, 2 early, 3 confirmed without ACK, 4 confirmed, 5 deleted
DELETED = 5

log = structlog.get_logger()


async def end_former_calls(path: Path, gateway: str, ours: Callable[[str], bool], asked: Callable[[], None]) -> None:
    """End them, as soon as Kamailio is there, and see that they are gone; one that is not is asked for again.

    `ours`: whether a Call-ID is a living call's. `asked` is called when every one of them has been asked for.
    """
    began = int(time.time())
    for _ in range(ROUNDS):
        former = [
            dialog
            for dialog in await _dialogs(path)
            if dialog["init_ts"] <= began and dialog["state"] < DELETED and not ours(dialog["call-id"])
        ]
        for dialog in former:
            await _end(path, gateway, dialog)
        asked()
        if not former:
            return
        log.warning("sip.former.ended", calls=len(former))
        await asyncio.sleep(AGAIN_S)
    log.error("sip.former.kept", after_s=ROUNDS * AGAIN_S)


async def _dialogs(path: Path) -> list[dict[str, Any]]:
    while True:
        try:
            return list(await control(path, "dlg.list"))
        except ControlError:
            await asyncio.sleep(RETRY_S)


async def _end(path: Path, gateway: str, dialog: dict[str, Any]) -> None:
    call_id = dialog["call-id"]
    try:
        if dialog["state"] >= CONFIRMED:
            await control(path, "dlg.end_dlg", dialog["h_entry"], dialog["h_id"])
        elif gateway in dialog["caller"]["contact"]:
            await control(path, "tm.cancel", call_id, dialog["caller"]["cseq"])
        else:
            await control(path, "tm.reply_callid", 503, "Service Unavailable", call_id, dialog["caller"]["cseq"], ".")
    except ControlError as error:
        log.info("sip.former.unmoved", call_id=call_id, error=str(error))

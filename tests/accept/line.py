# SPDX-License-Identifier: GPL-2.0-only
"""The E1 cut: RED in time; short and the call lives, long and it is cleared with cause 27 on both sides."""

import asyncio
from pathlib import Path

from appliance.simulator.states import State
from tests.accept.sheet import Sheet
from tests.accept.span_watch import SpanWatch
from tests.accept.talk import Rig, closed, heard, in_service
from tests.sound.alaw import encode
from tests.sound.compare import compare
from tests.sound.speech import read_wav

RED_S, SHORT_S, LONG_S = 1.0, 2.0, 10.0
NO_SERVICE = 27  # Q.850: destination out of order


async def run(rig: Rig, sheet: Sheet, said: dict[str, Path]) -> None:
    """Two seconds, then ten."""
    watch = SpanWatch(rig.site)
    try:
        sheet.stage("E1 cut for 2 s")
        with sheet.guarded("P8", "E1 cut for 2 s: the call lives"):
            await _short(rig, sheet, said, watch)
        sheet.stage("E1 cut for 10 s")
        with sheet.guarded("K1", "E1 cut for 10 s: cleared with cause 27"):
            await _long(rig, sheet, watch)
    finally:
        watch.close()


async def _short(rig: Rig, sheet: Sheet, said: dict[str, Path], watch: SpanWatch) -> None:
    source = said["caller-alaw"]
    call, phone = await rig.talking("02512344001", (str(source),))
    await watch.red(wanted=False, within_s=5)
    rig.exchange.cut()
    sheet.at_most("P8", "RED after the packets stop", await watch.red(wanted=True, within_s=5), RED_S, "s")
    await asyncio.sleep(SHORT_S - 1)
    rig.exchange.restore()
    await watch.red(wanted=False, within_s=5)
    call.cue()
    await asyncio.sleep(9.5)
    sheet.holds("P8", "the call lives after a cut of 2 s", call.state is not State.CLEARED)
    call.hang_up()
    await call.result()
    await closed(phone)
    sound = compare(encode(read_wav(source)), encode(await heard(phone)))
    sheet.at_least("P8", "its sound has returned: blocks identical", sound.identical_share, 0.99)
    await rig.exchange.all_cleared()


async def _long(rig: Rig, sheet: Sheet, watch: SpanWatch) -> None:
    call, phone = await rig.talking("02512344002")
    rig.exchange.cut()
    await asyncio.sleep(LONG_S)
    rig.exchange.restore()
    result = await asyncio.wait_for(call.result(), 10)
    await closed(phone, 5)
    sheet.equal("K1", "cut of 10 s: cause at the exchange (T309)", result.cause, NO_SERVICE)
    record = await rig.site.record_of("02512344002")
    caller = next(leg for leg in record["legs"] if leg["direction"] == "incoming")
    sheet.equal("K1", "cut of 10 s: cause at the branch (T309)", caller["cause"], NO_SERVICE)
    await watch.red(wanted=False, within_s=5)
    await in_service(rig.exchange, rig.site)
    again, phone = await rig.talking("02512344003")
    sheet.holds("K1", "in service by itself: the next call is answered", again.answered is not None)
    again.hang_up()
    await again.result()
    await closed(phone)
    await rig.exchange.all_cleared()

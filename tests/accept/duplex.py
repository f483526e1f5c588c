# SPDX-License-Identifier: GPL-2.0-only
"""Two headquarters and a voter: the active router is killed at 50 calls a second."""

import signal
from pathlib import Path

from tests.accept.sheet import Sheet
from tests.headquarters.duplex.site import A, B, DuplexSite
from tests.headquarters.duplex.story import Story

SECONDS = 9
ANSWER_MS = 50.0


def run(sheet: Sheet, folder: Path) -> None:
    """One kill; whoever called is served by the standby, in order."""
    sheet.stage("two headquarters: the active router is killed at 50 calls a second")
    folder.mkdir()
    duplex = DuplexSite(folder)
    try:
        with sheet.guarded("I4", "a standby takes over"):
            duplex.start_all()
            _killed(sheet, duplex)
    finally:
        duplex.close()


def _killed(sheet: Sheet, duplex: DuplexSite) -> None:
    story = Story(duplex)

    async def kill() -> None:
        duplex.signal(signal.SIGKILL, f"{A}/headquarters")

    story.run(kill, SECONDS, B)
    sheet.note(f"{story.calls} calls")
    sheet.equal("I4", "takeover: callers whom nobody has served half a minute after the last", story.lost, 0)
    sheet.at_most("I1", "route answers of a duplex before the kill, p99", round(story.p99_ms(), 1), ANSWER_MS, "ms")
    sheet.at_most("I4", "takeover: from the kill to the next answer", round(story.back_s(), 2), 5.0, "s")
    sheet.equal("I4", "takeover: agents given to two at once", len(story.crowd.doubled), 0)
    story.check([B])
    sheet.holds("I4", "takeover: order and age kept, each event once in the survivor's record", truth=True)

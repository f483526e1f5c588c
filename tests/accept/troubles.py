# SPDX-License-Identifier: GPL-2.0-only
"""A minute of deaths, cuts and locks at random: two headquarters, a voter, a branch full of callers."""

import os
from pathlib import Path

from tests.accept.sheet import Sheet
from tests.faults.site import FaultSite
from tests.faults.story import Story

SECONDS = 60.0
ANSWERED = 0.9
"""Without headquarters each is rung at the branch's default; a few leave while they wait."""
SEED = int(os.environ.get("FAULTS_SEED", "7"))


async def run(sheet: Sheet, folder: Path) -> None:
    """FAULTS_SEED chooses other troubles; the ten minutes are `pytest -m soak tests/faults`."""
    sheet.stage(f"everything that can die dies, seed {SEED}")
    site = FaultSite(folder)
    story = Story(site, SEED)
    with sheet.guarded("I4", f"a minute of faults, seed {SEED}"):
        async with site.running() as exchange:
            await story.run(exchange, SECONDS)
        sheet.note("; ".join(story.done))
        sheet.note("; ".join(f"{kind}: {times}" for kind, times in sorted(story.kinds.items())))
        sheet.note(f"{len(story.called)} calls, {story.answered} of them answered, {story.readings} readings")
        for what, found in story.faults().items():
            sheet.equal("I4", f"faults: {what}", len(found), 0)
            if found:
                sheet.note(", ".join(found[:5]))
        sheet.at_least("I4", "faults: share of callers who were answered", story.answered / len(story.called), ANSWERED)

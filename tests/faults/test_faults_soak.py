# SPDX-License-Identifier: GPL-2.0-only
"""Ten minutes of faults all together, by hand: `pytest -m soak tests/faults`; FAULTS_SEED, SOAK_SECONDS."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.faults.site import FaultSite
from tests.faults.story import Story

pytestmark = [pytest.mark.soak, pytest.mark.system, pytest.mark.timeout(3600)]

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
SEED = int(os.environ.get("FAULTS_SEED", "0")) or random.randrange(1, 10_000)  # noqa: S311  # told, to be had again


def test_nothing_is_lost_whatever_dies_and_whenever(tmp_path: Path) -> None:
    site = FaultSite(tmp_path)
    story = Story(site, SEED)

    async def run() -> None:
        async with site.running() as exchange:
            await story.run(exchange, SECONDS)

    try:
        asyncio.run(run())
        assert {what: value for what, value in story.faults().items() if value} == {}
        assert story.readings > SECONDS / 2
    finally:
        print(f"seed {SEED}, {len(story.called)} calls, {story.answered} answered, {story.readings} readings")
        print("\n".join([*story.done, *site.tracebacks()]))

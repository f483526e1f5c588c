# SPDX-License-Identifier: GPL-2.0-only
"""Random deaths, sleeps and returns of either headquarters and its message server; SOAK_SEED, SOAK_SECONDS."""

import asyncio
import os
import random
import signal

import pytest

from tests.headquarters.duplex.site import HEADQUARTERS, DuplexSite
from tests.headquarters.duplex.story import Story, so

pytestmark = [pytest.mark.soak, pytest.mark.system, pytest.mark.timeout(3600)]

SECONDS = float(os.environ.get("SOAK_SECONDS", "120"))
SEED = int(os.environ.get("SOAK_SEED", "0")) or random.randrange(1, 10_000)  # noqa: S311  # told, to be had again
CALM_S = 8.0
"""Between two troubles: until somebody is active, and the other follows again."""


def test_either_headquarters_dies_sleeps_and_comes_back_again_and_again(duplex: DuplexSite) -> None:
    duplex.start_all()
    story = Story(duplex)
    chance = random.Random(SEED)  # noqa: S311  # the same troubles again
    done: list[str] = []

    async def trouble(box: str) -> None:
        kind = chance.choice(["kill", "sleep", "kill box", "cut off"])
        done.append(f"{kind} {box}")
        both = [f"{box}/headquarters", f"{box}/nats-server"]
        names = {"kill": both[:1], "sleep": both[:1], "kill box": both, "cut off": both[1:]}[kind]
        away_s = chance.uniform(1, 8)
        if kind.startswith("kill"):
            duplex.signal(signal.SIGKILL, *names)
            await asyncio.sleep(away_s)
            duplex.start(*reversed(names))
        else:
            duplex.signal(signal.SIGSTOP, *names)
            await asyncio.sleep(away_s)
            duplex.signal(signal.SIGCONT, *names)

    async def hurt() -> None:
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - began < SECONDS - 20:
            await trouble(chance.choice(HEADQUARTERS))
            await so(lambda: story.crowd.link.up, 20)
            await asyncio.sleep(chance.uniform(0.5, 1) * CALM_S)

    try:
        story.run(hurt, SECONDS, HEADQUARTERS[0])
        story.check(HEADQUARTERS)
        assert story.crowd.doubled == []
    finally:
        lives = {box: duplex.lives(box) for box in HEADQUARTERS}
        print(f"seed {SEED}: {'; '.join(done)}; lives {lives}, {story.calls} calls, {story.crowd.silent} silent")

# SPDX-License-Identifier: GPL-2.0-only
"""A story of a duplex: callers at 50 a second, some who wait for agents who talk, and something that happens."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from appliance.uplink.connection import Access
from tests.headquarters.duplex.crowd import GOLD, Crowd
from tests.headquarters.duplex.site import BOXES, DuplexSite
from tests.headquarters.site import until

RATE = 50
GOLD_AGENTS = 3
GOLD_WAITING = 10
SERVED_S = 30.0
"""After the last has called, and all that hurts is over: who has no agent by then is lost."""
CLOCKS_S = 0.3
"""How far a caller's own clock and the router's may be apart: asking, deciding, and a takeover between clocks."""

Hurt = Callable[[], Coroutine[Any, Any, None]]


class Story:
    """Callers with and without agents, and what happens to headquarters meanwhile; `lost` were never served."""

    def __init__(self, duplex: DuplexSite) -> None:
        self.duplex = duplex
        self.crowd = Crowd([duplex.listens[box] for box in BOXES], Access(duplex.secret))
        self.hurt_at = 0.0
        self.order: list[str] = []
        self.calls = 0
        self.lost = 0

    def run(self, hurt: Hurt, seconds: float, survivor: str) -> None:
        """Load for `seconds`, `hurt` after 2.5 of them; then those who waited get their agents.

        Ends where callers are `lost`.
        """
        self.crowd.run_beside(lambda: self._scene(hurt, seconds, survivor))

    async def _scene(self, hurt: Hurt, seconds: float, survivor: str) -> None:
        crowd = self.crowd
        await so(lambda: crowd.link.up, 5)
        ends = [asyncio.Event() for _ in range(GOLD_AGENTS + GOLD_WAITING)]
        self.calls = int(RATE * seconds) + len(ends)
        gold = []
        for end in ends:
            gold.append(asyncio.create_task(crowd.call(GOLD, end)))
            await asyncio.sleep(0.1)
        await so(lambda: len(crowd.answered) == len(ends), 5)
        self.order = list(crowd.asked_ns)
        began_s = time.monotonic()
        load = asyncio.create_task(crowd.calls(RATE, seconds))
        await asyncio.sleep(2.5)
        self.hurt_at = time.monotonic()
        await hurt()
        if not await _ended([load], max(0.0, began_s + seconds - time.monotonic()) + SERVED_S):
            self.lost = len(set(crowd.asked_ns) - set(crowd.served) - set(self.order[GOLD_AGENTS:]))
            return
        places = self.duplex.router(survivor)[0].places
        for contact in self.order[GOLD_AGENTS:]:
            assert abs(places[contact].queued_ns - crowd.asked_ns[contact]) < CLOCKS_S * 1e9
        for end in ends:
            end.set()
            await asyncio.sleep(0.05)
        if not await _ended(gold, SERVED_S):
            self.lost = len(set(self.order) - set(crowd.served))
            return
        await so(lambda: not crowd.unsent, 10)

    def p99_ms(self) -> float:
        """How long answers took before the hurt."""
        took = sorted(took for at, took in self.crowd.answered if at < self.hurt_at)
        return took[len(took) * 99 // 100] * 1000

    def back_s(self) -> float:
        """From the hurt to the first answer to a question that was asked after it."""
        return min(at for at, took in self.crowd.answered if at - took > self.hurt_at) - self.hurt_at

    def check(self, boxes: Sequence[str]) -> None:
        """Nobody lost, everybody in order, no event doubled, in the records and journals of those boxes."""
        crowd = self.crowd
        assert len(crowd.served) == self.calls
        assert [contact for contact in crowd.served if contact in self.order] == self.order
        for box in boxes:
            self._check(box)

    def _check(self, box: str) -> None:
        crowd, duplex = self.crowd, self.duplex
        until(lambda: duplex.stored(box) == crowd.sent, 15, f"all events in the record of {box}")
        unique = "SELECT count(*) FROM (SELECT DISTINCT box, process, incarnation, seq FROM event)"
        assert duplex.record(box, unique) == [(crowd.sent,)]
        assert duplex.record(box, "SELECT count(*) FROM contact WHERE ended_ns IS NULL") == [(0,)]
        until(lambda: not duplex.router(box)[0].places, 5, f"the router of {box} knows that all are gone")
        state, verified = duplex.router(box)
        assert (verified.differs, verified.other_engine) == (0, 0)
        assert not state.reservations


async def _ended(calls: Sequence[asyncio.Task[Any]], within_s: float) -> bool:
    """Whether all were in time; those that were not are ended."""
    done, going_on = await asyncio.wait(calls, timeout=within_s)
    for one in going_on:
        one.cancel()
    await asyncio.gather(*done)
    return not going_on


async def so(what: Callable[[], object], within_s: float) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(within_s):
        while not what():  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.05)

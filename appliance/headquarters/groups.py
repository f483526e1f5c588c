# SPDX-License-Identifier: GPL-2.0-only
"""Batches of call events that come while a commit runs share the next one: one sync for many branches."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from appliance.wire.envelope import Envelope

GATHER_S = 0.1  # from one commit to the next: many small ones would take the processor from the router's answers


class _Batch:
    def __init__(self, events: Sequence[Envelope]) -> None:
        self.events = events
        self.stored = self.alone = False


class Groups:
    """`commit` stores a list of events, all or none, and raises where it cannot."""

    def __init__(self, commit: Callable[[list[Envelope]], Awaitable[None]]) -> None:
        self._commit = commit
        self._come: list[_Batch] = []
        self._turn = asyncio.Lock()
        self._next_s = 0.0

    async def store(self, events: Sequence[Envelope]) -> None:
        """Until they are stored. Raises what `commit` does; where it refuses a group, each batch is tried alone."""
        mine = _Batch(events)
        self._come.append(mine)
        async with self._turn:
            if not mine.stored and not mine.alone:
                await self._store(await self._gathered())
            if not mine.stored:
                await self._commit(list(mine.events))

    async def _store(self, group: list[_Batch]) -> None:
        try:
            await self._commit([event for batch in group for event in batch.events])
        except Exception:  # noqa: BLE001 - whoever sent what cannot be stored is told when it is tried alone
            for batch in group:
                batch.alone = True
            return
        for batch in group:
            batch.stored = True

    async def _gathered(self) -> list[_Batch]:
        now_s = time.monotonic()
        await asyncio.sleep(max(0.0, self._next_s - now_s))
        self._next_s = max(self._next_s, now_s) + GATHER_S
        group, self._come = self._come, []
        return group

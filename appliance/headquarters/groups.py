# SPDX-License-Identifier: GPL-2.0-only
"""Batches of call events that come while a commit runs share the next one: one sync for many branches."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from appliance.wire.envelope import Envelope


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

    async def store(self, events: Sequence[Envelope]) -> None:
        """Until they are stored. Raises what `commit` does.

        A group that is refused is so for its first batch; each of the others is tried alone, so one that can never be
        stored holds up no other.
        """
        mine = _Batch(events)
        self._come.append(mine)
        async with self._turn:
            if mine.stored:
                return
            group = [mine]
            if not mine.alone:
                group, self._come = self._come, []
            for batch in group:
                batch.alone = True
            await self._commit([event for batch in group for event in batch.events])
            for batch in group:
                batch.stored = True

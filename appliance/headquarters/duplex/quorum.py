# SPDX-License-Identifier: GPL-2.0-only
"""The active's pen: each batch stands right after the last one in the stream, or this life is over.

So two can never write, however long one of them slept: the sleeper's next batch is refused, and nothing that was not
acknowledged has left it. Whoever gets no acknowledgement for GIVE_UP_S is over as well, since another may be active.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from appliance.headquarters.duplex.batch import Batch, Mark
from appliance.headquarters.duplex.stream import NoQuorumError, OvertakenError, Stream
from appliance.router.journal import Entry, Snapshot
from appliance.wire.envelope import Envelope

BEAT_S = 0.5
GIVE_UP_S = 3.0
PAUSE_S = 0.05
MESSAGE_OCTETS = 8_000_000  # the servers take 8 MiB
ENTRIES = "entries"
STATE = "state"


class DeposedError(Exception):
    """This life is over."""


class Succession(NamedTuple):
    """What a life of one of two headquarters begins with, beside its state.

    `ahead_ns`: what the last one's clock is ahead of our steady one by, None where that is not known; `missed` are
    events of the record that it was not told of; `unwritten` what this box's disk has refused, with a `gap` even more.
    """

    quorum: "Quorum | None" = None
    ahead_ns: int | None = None
    missed: tuple[Envelope, ...] = ()
    unwritten: tuple[Entry, ...] = ()
    gap: bool = False


ALONE = Succession()
"""Of the only headquarters there is."""


class Quorum:
    """Of one life; `mark` is where the stream ends when it begins, `written` the last entry that is in it."""

    def __init__(self, stream: Stream, box: str, epoch: int, mark: Mark, written: int = 0) -> None:
        self.epoch = epoch
        self.over = False
        self._stream = stream
        self._box = box
        self._mark = Mark(mark.stream, mark.position, epoch, mark.told)
        self._written = written
        self._acknowledged = time.monotonic()
        self._turn = asyncio.Lock()

    @property
    def mark(self) -> Mark:
        """As far as the stream has us."""
        return self._mark

    async def put(self, entries: Sequence[Entry], told: int, snapshot: Snapshot | None) -> None:
        """Those that it does not have yet, in order. Raises DeposedError; then nothing of them may leave."""
        async with self._turn:
            new = tuple(entry for entry in entries if entry.seq > self._written)
            if not new:
                return
            await self._put(Batch(self._box, self.epoch, new[-1].at_ns, told, new, snapshot))
            self._written = new[-1].seq

    async def beat(self, now_ns: Callable[[], int]) -> None:
        """Say for ever that this life goes on; cancel to end. Raises DeposedError."""
        while True:
            await asyncio.sleep(max(PAUSE_S, self._acknowledged + BEAT_S - time.monotonic()))
            async with self._turn:
                if not self.over and time.monotonic() - self._acknowledged >= BEAT_S:
                    await self._put(Batch(self._box, self.epoch, now_ns(), self._mark.told))

    async def _put(self, batch: Batch) -> None:
        payload = batch.encoded()
        if len(payload) > MESSAGE_OCTETS and len(batch.entries) > 1:
            middle = len(batch.entries) // 2
            first, rest = batch.entries[:middle], batch.entries[middle:]
            told = self._mark.told  # what was heard of is said with the last of it
            await self._put(Batch(batch.box, batch.epoch, first[-1].at_ns, told, first))
            await self._put(Batch(batch.box, batch.epoch, batch.at_ns, batch.told, rest, batch.snapshot))
            return
        try:
            position = await self._acknowledge(STATE if batch.snapshot else ENTRIES, payload)
        except BaseException:
            self.over = True  # also where nobody waited for the end of it
            raise
        self._acknowledged = time.monotonic()
        self._mark = Mark(self._mark.stream, position, self.epoch, batch.told)

    async def _acknowledge(self, subject: str, payload: bytes) -> int:
        until = time.monotonic() + GIVE_UP_S
        while not self.over:
            try:
                return await self._stream.append_after(self._mark.position, subject, payload)
            except OvertakenError as error:
                raise DeposedError(str(error)) from error
            except NoQuorumError as error:
                if time.monotonic() > until:
                    raise DeposedError(str(error)) from error
            await asyncio.sleep(PAUSE_S)
        raise DeposedError("this life was over before")

# SPDX-License-Identifier: GPL-2.0-only
"""Passes on what the box's processes tell of themselves: spans as they change, alarms while they stand.

Alarms are said again every 10 s and at every reconnection, so headquarters may forget those it has not heard for 30 s.
A process that comes back says its standing alarms in its snapshot; those it no longer says are over.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.uplink.link import Link
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.client import Client
from appliance.wire.envelope import Body, Envelope, Sealer, encode
from appliance.wire.legs import Hello
from appliance.wire.performance import SpanPerformance
from appliance.wire.spans import SpanChanged

REPEAT_S = 10.0
SNAPSHOT_S = 1.0
QUEUE_LIMIT = 1_000
SUBJECTS: dict[type, str] = {SpanChanged: "line.{}.status", SpanPerformance: "line.{}.performance"}

Key = tuple[str, str]


class Standing:
    """The alarms that one source holds now."""

    def __init__(self) -> None:
        self._raised: dict[Key, AlarmRaised] = {}

    def take(self, body: AlarmRaised | AlarmCleared) -> None:
        """One change."""
        if isinstance(body, AlarmRaised):
            self._raised[body.code, body.address] = body
        else:
            self._raised.pop((body.code, body.address), None)

    def keys(self) -> set[Key]:
        """(code, address) of each."""
        return set(self._raised)

    def __iter__(self) -> Iterator[AlarmRaised]:
        return iter(tuple(self._raised.values()))


class Source:
    """One socket of the box. `say` passes a message on."""

    def __init__(self, say: Callable[[Body], None]) -> None:
        self.standing = Standing()
        self._say = say
        self._unsaid: set[Key] = set()

    def heard(self, envelope: Envelope) -> None:
        """Take one message of the socket."""
        body = envelope.body
        if isinstance(body, Hello):
            self._unsaid = self.standing.keys()
            asyncio.get_running_loop().call_later(SNAPSHOT_S, self._forget_unsaid)
        elif isinstance(body, AlarmRaised | AlarmCleared):
            self._unsaid.discard((body.code, body.address))
            self.standing.take(body)
            self._say(body)
        elif isinstance(body, SpanChanged | SpanPerformance):
            self._say(body)

    def _forget_unsaid(self) -> None:
        for code, address in self._unsaid:
            over = AlarmCleared(code=code, address=address)
            self.standing.take(over)
            self._say(over)
        self._unsaid = set()


class Watching:
    """All sources of the box: its sockets, and the uplink itself (`own`)."""

    def __init__(self, link: Link, sealer: Sealer) -> None:
        self._link = link
        self._sealer = sealer
        self._sources: list[Standing] = []
        self._own = Standing()
        self._sources.append(self._own)
        self._to_say: asyncio.Queue[Body] = asyncio.Queue(QUEUE_LIMIT)

    def own(self, body: AlarmRaised | AlarmCleared) -> None:
        """An alarm of the uplink itself."""
        self._own.take(body)
        self._say(body)

    def own_standing(self) -> list[AlarmRaised]:
        """For the snapshot of the uplink's socket."""
        return list(self._own)

    async def run(self) -> None:
        """Say what there is to say, for ever; cancel to end."""
        while True:
            body = await self._to_say.get()
            subject = SUBJECTS.get(type(body), "alarm.{}").format(self._link.identity.box)
            await self._link.tell(subject, encode(self._sealer.seal(body)))

    async def repeat_often(self) -> None:
        """Standing alarms, again and again; cancel to end."""
        while True:
            await asyncio.sleep(REPEAT_S)
            self.repeat()

    def repeat(self) -> None:
        """Say every standing alarm again."""
        for source in self._sources:
            for alarm in source:
                self._say(alarm)

    async def observe(self, socket: Path) -> None:
        """Listen to one socket for ever; cancel to end."""
        source = Source(self._say)
        self._sources.append(source.standing)
        await Client(socket, self._sealer, source.heard, role="observer").run()

    def _say(self, body: Body) -> None:
        """A full queue drops the oldest: everything here is said again."""
        if self._to_say.full():
            self._to_say.get_nowait()
        self._to_say.put_nowait(body)

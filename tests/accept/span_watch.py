# SPDX-License-Identifier: GPL-2.0-only
"""What the line worker says of its span, heard by an observer, as headquarters hears it."""

import asyncio
import time
from collections.abc import Callable

from appliance.wire.client import Client
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.spans import Alarm, ChannelState, Span, SpanChanged
from tests.accept.site import Box, Site


class SpanWatch:
    """An observer of the line worker, the branch's or another `box`'s: what it says of its span, as it says it."""

    def __init__(self, site: Site, box: Box | None = None) -> None:
        socket = (box or site.branch).state / "run" / "leg.line1.sock"
        self._client = Client(socket, Sealer(Identity.take("TEST", "accept")), self._take, role="observer")
        self._task = asyncio.create_task(self._client.run())
        self._news = asyncio.Event()
        self._span: Span | None = None

    async def red(self, *, wanted: bool, within_s: float) -> float:
        """Wait for RED to come or go; seconds it took. TimeoutError if it does not."""
        return await self._until(lambda span: (Alarm.RED in span.alarms) is wanted, within_s)

    async def all_idle(self, within_s: float) -> float:
        """Wait until every B-channel can be called. TimeoutError if one cannot."""
        return await self._until(lambda span: set(span.channels.values()) == {ChannelState.IDLE}, within_s)

    async def _until(self, so: Callable[[Span], bool], within_s: float) -> float:
        begun = time.monotonic()
        async with asyncio.timeout(within_s):
            while self._span is None or not so(self._span):
                self._news.clear()
                await self._news.wait()
        return time.monotonic() - begun

    def close(self) -> None:
        """Stop watching."""
        self._task.cancel()

    def _take(self, envelope: Envelope) -> None:
        if isinstance(envelope.body, SpanChanged):
            self._span = envelope.body.span
            self._news.set()

# SPDX-License-Identifier: GPL-2.0-only
"""What the box's processes tell of their spans goes to headquarters under its subject."""

import asyncio
from typing import Any

import pytest

from appliance.uplink.watching import Source, Watching
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Body, Sealer, decode
from appliance.wire.ids import Identity
from appliance.wire.performance import Interval, SpanPerformance
from appliance.wire.spans import Span, SpanChanged

pytestmark = pytest.mark.unit

SPAN = Span(span=1, name="telco", alarms=(), d_channel_up=True, channels={}, counters={})
TOLD: tuple[Body, ...] = (
    SpanChanged(span=SPAN),
    SpanPerformance(span=1, name="telco", quarters=(Interval(0),), days=()),
    AlarmRaised(code="span.red", address="span 1", sentence="no signal"),
)


class Link:
    """One that keeps what it is told."""

    identity = Identity.take("BR-0001", "uplink")

    def __init__(self) -> None:
        self.told: list[tuple[str, Body]] = []
        self.all_told = asyncio.Event()

    async def tell(self, subject: str, payload: bytes) -> None:
        self.told.append((subject, decode(payload).body))
        if len(self.told) == len(TOLD):
            self.all_told.set()


def test_spans_their_performance_and_alarms_have_a_subject_each() -> None:
    async def scene() -> list[tuple[str, Body]]:
        link: Any = Link()
        watching = Watching(link, Sealer(link.identity))
        source = Source(watching._say)
        for body in TOLD:
            source.heard(Sealer(Identity.take("BR-0001", "line1")).seal(body))
        running = asyncio.ensure_future(watching.run())
        await asyncio.wait_for(link.all_told.wait(), 5)
        running.cancel()
        told: list[tuple[str, Body]] = link.told
        return told

    subjects = ("line.BR-0001.status", "line.BR-0001.performance", "alarm.BR-0001")
    assert asyncio.run(scene()) == list(zip(subjects, TOLD, strict=True))

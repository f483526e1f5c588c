# SPDX-License-Identifier: GPL-2.0-only
"""What a box's processes tell of themselves, kept as it is now: attached to each as an observer, asked for nothing."""

import asyncio
from collections import Counter
from pathlib import Path

from appliance.config import AnyBox, Branch
from appliance.config.branch import line_workers
from appliance.uplink.watching import Source
from appliance.wire.alarms import AlarmRaised
from appliance.wire.client import Client
from appliance.wire.configuration import Configured
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.legs import (
    Hello,
    LegAlerting,
    LegAnswered,
    LegOffered,
    LegPlaced,
    LegProceeding,
    LegReleased,
    LegSnapshot,
    LegState,
)
from appliance.wire.link import LinkNow
from appliance.wire.performance import SpanPerformance
from appliance.wire.spans import Span, SpanChanged

STEPS = {LegProceeding: LegState.PROCEEDING, LegAlerting: LegState.ALERTING, LegAnswered: LegState.ANSWERED}


class Legs:
    """A worker's: `now` by name, and what has become of those before, since we attached first."""

    def __init__(self) -> None:
        self.now: dict[str, LegState] = {}
        self.offered = self.placed = self.answered = 0
        self.released: Counter[tuple[int, str]] = Counter()

    def take(self, body: object) -> None:
        """One message of the worker's socket."""
        match body:
            case Hello():
                self.now.clear()
            case LegSnapshot(legs=legs):
                self.now = {leg.leg: leg.state for leg in legs if leg.state is not LegState.RELEASED}
            case LegOffered(leg=leg):
                self.offered += 1
                self.now[leg.leg] = leg.state
            case LegPlaced(leg=leg):
                self.placed += 1
                self.now[leg.leg] = leg.state
            case LegReleased(leg=name, cause=cause, by=by):
                self.now.pop(name, None)
                self.released[cause, by] += 1
            case LegProceeding() | LegAlerting() | LegAnswered() if body.leg in self.now:
                self.now[body.leg] = STEPS[type(body)]
                self.answered += isinstance(body, LegAnswered)


class Watching:
    """Everything that is told on the box, `run` as long as it is wanted."""

    def __init__(self, box: AnyBox, run: Path, sealer: Sealer) -> None:
        workers = (*line_workers(box), "sip") if isinstance(box, Branch) else ()
        others = ("health.call", "ivr", "recorder", "uplink") if isinstance(box, Branch) else ()
        self.legs = {worker: Legs() for worker in workers}
        self.spans: dict[int, Span] = {}
        self.performance: dict[int, SpanPerformance] = {}
        self.configured: Configured | None = None
        self.link: LinkNow | None = None
        self._run, self._sealer = run, sealer
        self._sources = {name: Source(self._take) for name in (*workers, *others, "supervisor", "diagnostics")}

    async def run(self) -> None:
        """Listen for ever; cancel to end."""
        async with asyncio.TaskGroup() as parts:
            for name, source in self._sources.items():
                path = self._run / (f"leg.{name}.sock" if name in self.legs else f"{name}.sock")
                parts.create_task(self._observe(path, name, source))

    def alarms(self) -> list[AlarmRaised]:
        """Those that stand, in order."""
        standing = [alarm for source in self._sources.values() for alarm in source.standing]
        return sorted(standing, key=lambda one: (one.code, one.address))

    async def _observe(self, path: Path, name: str, source: Source) -> None:
        legs = self.legs.get(name)

        def heard(envelope: Envelope) -> None:
            source.heard(envelope)
            if legs is not None:
                legs.take(envelope.body)
            elif isinstance(envelope.body, LinkNow | Configured):
                self._take(envelope.body)

        await Client(path, self._sealer, heard, role="observer").run()

    def _take(self, body: object) -> None:
        match body:
            case SpanChanged(span=span):
                self.spans[span.span] = span
            case SpanPerformance():
                self.performance[body.span] = body
            case LinkNow():
                self.link = body
            case Configured():
                self.configured = body

# SPDX-License-Identifier: GPL-2.0-only
"""What every card of spans does the same way: its settings go to the engine, its status comes from there."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from drivers.model import Alarm, Cas, ClockDomain, Span, SpanCounters, SpanStatus
from drivers.protocol import CardSettings, SpanEngine

Settings = TypeVar("Settings", bound=CardSettings)


class EngineSpans(Generic[Settings]):
    """Spans of one card family on one media engine."""

    card = ""
    """The family's name, for people."""

    def __init__(self, engine: SpanEngine) -> None:
        self._engine = engine
        self._spans: dict[int, Span] = {}

    @property
    def spans(self) -> tuple[Span, ...]:
        """Spans that are configured, by number."""
        return tuple(self._spans[number] for number in sorted(self._spans))

    def configure(self, span: int, settings: Settings, d_channel: int | None, cas: Cas | None = None) -> None:
        """Put a span into service; one that is open is opened anew."""
        self._engine.open_span(span, settings, d_channel, cas)
        source: Literal["recovered", "local"] = "recovered" if settings.clock_recovered else "local"
        clock = ClockDomain(source, settings.clock_domain, settings.clock_priority, settings.trim_ppm)
        self._spans[span] = Span(span, self.card, clock)

    def close(self, span: int) -> None:
        """Take a span out of service."""
        self._engine.close_span(span)
        self._spans.pop(span, None)

    def status(self, span: int) -> SpanStatus:
        """Everything that is known of the span now."""
        return self._engine.span_status(span)

    def alarms(self, span: int) -> Alarm:
        """Alarms that stand now."""
        return self.status(span).alarms

    def counters(self, span: int) -> SpanCounters:
        """Counters since the span was configured."""
        return self.status(span).counters

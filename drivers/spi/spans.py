# SPDX-License-Identifier: GPL-2.0-only
"""Spans behind DS26521 framers, one chip a span: the SpanDriver.

Law: control only. No `io.c` carries the frames yet, so no span here is open in a media engine; README.md says what is
missing.
"""

from __future__ import annotations

import msgspec

from drivers.model import Alarm, ClockDomain, LineErrors, Span, SpanCounters, SpanStatus
from drivers.spi.bus import Pin, Spi
from drivers.spi.ds26521 import Ds26521, FramerSettings


class SpiSpanSettings(msgspec.Struct, frozen=True):
    """One span."""

    spi: Spi
    framer: FramerSettings = FramerSettings()
    reset: Pin | None = None
    """RESETB, active low."""


class SpiSpanDriver:
    """Spans on chips of their own."""

    def __init__(self) -> None:
        self._chips: dict[int, Ds26521] = {}

    @property
    def spans(self) -> tuple[Span, ...]:
        """Spans that are configured, by number."""
        return tuple(Span(number, "spi", ClockDomain()) for number in sorted(self._chips))

    def configure(self, span: int, settings: SpiSpanSettings, d_channel: int | None) -> None:
        """Put a span into service; `poll` powers it up."""
        if d_channel is not None and settings.framer.signalling == "cas":
            raise ValueError(f"d_channel={d_channel}: the span has CAS")
        self._chips[span] = Ds26521(settings.spi, settings.framer, settings.reset)

    def close(self, span: int) -> None:
        """Take a span out of service."""
        self._chip(span).close()
        del self._chips[span]

    def poll(self, now_s: float) -> list[tuple[int, Alarm]]:
        """Serve the chips, every 10 ms; tell what alarms stand now where they changed."""
        return [(span, chip.alarms) for span, chip in sorted(self._chips.items()) if chip.serve(now_s)]

    def status(self, span: int) -> SpanStatus:
        """Everything that is known of the span now."""
        chip = self._chip(span)
        return SpanStatus(span, chip.ready, chip.alarms, self.counters(span), 0.0, 0.0, clock_locked=False)

    def alarms(self, span: int) -> Alarm:
        """Alarms that stand now."""
        return self._chip(span).alarms

    def counters(self, span: int) -> SpanCounters:
        """Counters since the span was configured."""
        return SpanCounters(slips=self._chip(span).errors.slips)

    def errors(self, span: int) -> LineErrors:
        """What the framer has counted."""
        return self._chip(span).errors

    def fault(self, span: int) -> str:
        """Why the chip is out of service, or nothing."""
        return self._chip(span).fault

    def signalling(self, span: int) -> dict[int, int]:
        """ABCD bits that are received, by timeslot; empty while they are not known."""
        return self._chip(span).signalling()

    def send_signalling(self, span: int, timeslot: int, abcd: int) -> bool:
        """Set the ABCD bits of a timeslot. True if the chip took them."""
        return self._chip(span).send_signalling(timeslot, abcd)

    def _chip(self, span: int) -> Ds26521:
        if span not in self._chips:
            raise ValueError(f"span={span}: not configured; there are {', '.join(map(str, self._chips)) or 'none'}")
        return self._chips[span]

# SPDX-License-Identifier: GPL-2.0-only
"""What every card of spans, and every card of lines, must be able to do, and what it may ask of the media engine.

A driver configures; sound never passes through it. It is given the engine's handle, because a driver may not know the
appliance that owns it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from drivers.model import (
    Alarm,
    Cas,
    Defect,
    DigitalLine,
    LineErrors,
    LineEvent,
    LineStatus,
    Loop,
    Span,
    SpanCounters,
    SpanStatus,
)


class CardSettings(Protocol):
    """Settings of one span, in the form the card's part in the engine (`io.c`) reads."""

    @property
    def card(self) -> int:
        """Number of the card family in the engine."""

    @property
    def line(self) -> DigitalLine:
        """What it is: a T1 has 24 timeslots of mu-law, an E1 31 of A-law."""

    @property
    def clock_recovered(self) -> bool:
        """The span may lead the engine's clock."""

    @property
    def clock_domain(self) -> int:
        """Which clock it is: spans of one number have one clock. 1 to 8."""

    @property
    def clock_priority(self) -> int:
        """The lowest of the spans that may lead does. 1 to 8; of equal ones the first span."""

    @property
    def trim_ppm(self) -> float:
        """Offset of the engine's clock while no span leads it."""

    def encode(self) -> bytes:
        """Settings as octets, at most 64."""


class SpanEngine(Protocol):
    """What a driver asks of the media engine."""

    def open_span(self, span: int, settings: CardSettings, d_channel: int | None, cas: Cas | None = None) -> None:
        """Open the span or replace its settings."""

    def close_span(self, span: int) -> None:
        """Close the span and all its timeslots."""

    def span_status(self, span: int) -> SpanStatus:
        """Read counters and alarms."""


class FramedEngine(SpanEngine, Protocol):
    """What a driver of framers asks besides, whose frames reach the engine by another card."""

    def tell_framer(self, span: int, alarms: Alarm, bits: Mapping[int, int]) -> None:
        """What the framer says now: alarms, RED is the engine's; and ABCD that came, by timeslot."""

    def sent_bits(self, span: int) -> Mapping[int, int]:
        """ABCD that are to be sent, by timeslot; none without CAS."""


Settings = TypeVar("Settings", contravariant=True)


class SpanDriver(Protocol[Settings]):
    """One card family."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Spans that are configured, by number."""

    def configure(self, span: int, settings: Settings, d_channel: int | None, cas: Cas | None = None) -> None:
        """Put a span into service. `d_channel`: timeslot that carries HDLC frames; or CAS, or neither."""

    def close(self, span: int) -> None:
        """Take a span out of service."""

    def status(self, span: int) -> SpanStatus:
        """Everything that is known of the span now."""

    def alarms(self, span: int) -> Alarm:
        """Alarms that stand now."""

    def counters(self, span: int) -> SpanCounters:
        """Counters since the span was configured."""


class FramerRefusedError(Exception):
    """The framer cannot do that, or does not answer: the sentence says which."""


class Framer(Protocol):
    """A card's framer, for who serves its span."""

    @property
    def blocks(self) -> int:
        """That it checks each second (G.826)."""

    def errors(self) -> LineErrors | None:
        """What it has counted; None: it does not answer."""

    def loop(self, where: Loop | None) -> None:
        """Loop the span there, or nowhere any more: whatever passes is cut. Raises: FramerRefusedError."""

    def insert(self, defect: Defect) -> None:
        """Send one. Raises: FramerRefusedError."""


class LineDriver(Protocol[Settings]):
    """One card family of analogue lines, the subscriber's side (FXO).

    A card that dies is an alarm of its lines, never an exception: commands then say False, and `poll` tries to power it
    up again. On hook the line is listened to, so that caller ID is heard before the first ring and between rings.
    """

    @property
    def lines(self) -> tuple[int, ...]:
        """Lines that are configured, by number."""

    def configure(self, line: int, settings: Settings) -> None:
        """Put a line into service; `poll` powers it up and tells when it is ready."""

    def set_mode(self, line: int, mode: str, acim: int) -> bool:
        """A country's line mode and impedance from now on, in a call too. True if the card takes it."""

    def close(self, line: int) -> None:
        """Put the line on hook and take it out of service."""

    def poll(self, now_s: float) -> list[tuple[int, LineEvent]]:
        """Serve the cards, every 10 ms. `now_s`: a monotonic clock."""

    def status(self, line: int) -> LineStatus:
        """The line as `poll` last found it."""

    def fault(self, line: int) -> str:
        """Why its card is out of service, or nothing."""

    def off_hook(self, line: int) -> bool:
        """Seize or answer, or close the loop again after a break. True if the card took it."""

    def on_hook(self, line: int) -> bool:
        """Clear. True if the card took it."""

    def break_loop(self, line: int) -> bool:
        """Interrupt the loop of a line that is off hook: a pulse, or a flash (register recall, ES 201 235)."""

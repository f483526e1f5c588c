# SPDX-License-Identifier: GPL-2.0-only
"""Spans behind DS26521 framers, one chip a span: the SpanDriver.

Law: the chip knows the line's alarms and bits ABCD, the engine those of the TDM device. `poll` tells the engine what
the chip knows, and the chip which bits the engine sends.
"""

from __future__ import annotations

import msgspec

from drivers.model import (
    FRAMER_BLOCKS,
    Alarm,
    Cas,
    ClockDomain,
    Defect,
    LineErrors,
    Loop,
    Span,
    SpanCounters,
    SpanStatus,
)
from drivers.protocol import FramedEngine, FramerRefusedError
from drivers.spi.bus import Pin, Spi
from drivers.spi.ds26521 import Ds26521, FramerSettings
from drivers.spi.tdm import TdmSettings


class SpiSpanSettings(msgspec.Struct, frozen=True):
    """One span.

    Raises:
        ValueError: a TDM device for a T1.
    """

    spi: Spi
    framer: FramerSettings = FramerSettings()
    reset: Pin | None = None
    """RESETB, active low."""
    sound: TdmSettings | None = None
    """Where its frames come from; None: the chip is controlled, and the engine has no such span."""

    def __post_init__(self) -> None:
        if self.sound and not self.framer.e1:
            raise ValueError(f"mode={self.framer.mode}: only an e1 has a TDM device")


class SpiFramer:
    """One span's framer: what it counts, its loops."""

    def __init__(self, chip: Ds26521) -> None:
        self._chip = chip
        self.blocks = FRAMER_BLOCKS[chip.line]

    def errors(self) -> LineErrors | None:
        """What it has counted; None: it does not answer."""
        return self._chip.errors if self._chip.ready else None

    def loop(self, where: Loop | None) -> None:
        """Loop the span there, or nowhere any more. Raises: FramerRefusedError."""
        if where is Loop.LINE:
            raise FramerRefusedError("DS26521: no line loop, a payload loop it has")
        if not self._chip.loop(where):
            raise FramerRefusedError(self._chip.fault or "DS26521: not in service yet")

    def insert(self, defect: Defect) -> None:
        """It has none of them. Raises: FramerRefusedError."""
        raise FramerRefusedError(f"DS26521: no {defect} errors on purpose")


class SpiSpanDriver:
    """Spans on chips of their own."""

    def __init__(self, engine: FramedEngine) -> None:
        self._engine = engine
        self._chips: dict[int, Ds26521] = {}
        self._sounds: dict[int, TdmSettings] = {}
        self._told: dict[int, tuple[Alarm, dict[int, int]]] = {}
        self._sent: dict[int, dict[int, int]] = {}
        """Bits that the chip was given, by timeslot."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Spans that are configured, by number."""
        return tuple(Span(number, "spi", self._clock(number)) for number in sorted(self._chips))

    def _clock(self, span: int) -> ClockDomain:
        sound = self._sounds.get(span)
        if sound is None:
            return ClockDomain()
        return ClockDomain("recovered", sound.clock_domain, sound.clock_priority, sound.trim_ppm)

    def configure(self, span: int, settings: SpiSpanSettings, d_channel: int | None, cas: Cas | None = None) -> None:
        """Put a span into service; `poll` powers it up."""
        if (cas is not None) != (settings.framer.signalling == "cas"):
            raise ValueError(f"signalling={settings.framer.signalling}: the span has {'CAS' if cas else 'none'}")
        if d_channel is not None and settings.framer.signalling == "cas":
            raise ValueError(f"d_channel={d_channel}: the span has CAS")
        if span in self._chips:
            self.close(span)
        self._chips[span] = Ds26521(settings.spi, settings.framer, settings.reset)
        if settings.sound:
            self._engine.open_span(span, settings.sound, d_channel, cas)
            self._sounds[span] = settings.sound

    def close(self, span: int) -> None:
        """Take a span out of service."""
        self._chip(span).close()
        del self._chips[span]
        self._told.pop(span, None)
        self._sent.pop(span, None)
        if self._sounds.pop(span, None):
            self._engine.close_span(span)

    def poll(self, now_s: float) -> list[tuple[int, Alarm]]:
        """Serve the chips, every 10 ms; tell what alarms stand now where they changed."""
        changed = [(span, chip.alarms) for span, chip in sorted(self._chips.items()) if chip.serve(now_s)]
        for span in self._sounds:
            self._tell_engine(span)
            self._tell_chip(span)
        return changed

    def _tell_engine(self, span: int) -> None:
        chip = self._chips[span]
        now = chip.alarms & ~Alarm.RED, chip.signalling()
        if now != self._told.get(span):
            self._engine.tell_framer(span, *now)
            self._told[span] = now

    def _tell_chip(self, span: int) -> None:
        """One that was powered up again has forgotten all."""
        chip = self._chips[span]
        if not chip.ready:
            self._sent[span] = {}
            return
        for timeslot, abcd in self._engine.sent_bits(span).items():
            if self._sent[span].get(timeslot) != abcd and chip.send_signalling(timeslot, abcd):
                self._sent[span][timeslot] = abcd

    def status(self, span: int) -> SpanStatus:
        """Everything that is known of the span now."""
        chip = self._chip(span)
        if span not in self._sounds:
            return SpanStatus(span, chip.ready, chip.alarms, SpanCounters(), 0.0, 0.0, clock_locked=False)
        status = self._engine.span_status(span)
        return msgspec.structs.replace(status, open=status.open and chip.ready, alarms=status.alarms | chip.alarms)

    def alarms(self, span: int) -> Alarm:
        """Alarms that stand now."""
        return self.status(span).alarms

    def counters(self, span: int) -> SpanCounters:
        """Counters of the TDM device since the span was configured."""
        return self.status(span).counters

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

    def framer(self, span: int) -> SpiFramer:
        """Of a span, for who serves it."""
        return SpiFramer(self._chip(span))

    def _chip(self, span: int) -> Ds26521:
        if span not in self._chips:
            raise ValueError(f"span={span}: not configured; there are {', '.join(map(str, self._chips)) or 'none'}")
        return self._chips[span]

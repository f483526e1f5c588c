# SPDX-License-Identifier: GPL-2.0-only
"""Status of spans, ports and the engine, read from the shared table without asking the engine."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from appliance.media.events import (
    BitsStatus,
    Codec,
    ConferenceStatus,
    EchoStatus,
    EngineStatus,
    PatternStatus,
    PortStatus,
    Profile,
    RtpCounters,
    SignalKind,
)
from appliance.media.segment import Segment, dotted
from drivers.model import Alarm, SpanCounters, SpanStatus
from dsp.prbs import PatternCounters

_KINDS: tuple[Literal["closed", "timeslot", "rtp", "null"], ...] = ("closed", "timeslot", "rtp", "null")
_SOURCES: tuple[Literal["idle", "bridge", "play", "tone", "digits", "listen", "conference", "test"], ...] = (
    "idle",
    "bridge",
    "play",
    "tone",
    "digits",
    "listen",
    "conference",
    "test",
)
_RTP = _KINDS.index("rtp")
_NO_PEER = 0xFFFF
NO_BITS = 0xFF
STAGES = (
    "commands",
    "span_receive",
    "rtp_receive",
    "decode",
    "echo",
    "detect",
    "condition",
    "conference",
    "source",
    "tap",
    "span_send",
    "rtp_send",
    "events",
)


def span_status(segment: Segment, span: int) -> SpanStatus:
    """Read a span."""
    status = segment.span_status(span)
    return SpanStatus(
        span=span,
        open=bool(status.open),
        alarms=Alarm(status.alarms),
        counters=SpanCounters(**_fields(status.counters, SpanCounters)),
        buffer_ms=status.buffer_us / 1000,
        clock_ppm=status.clock_ppm,
        store_ms=status.store_us / 1000,
        skew_ppm=status.skew_ppm,
        clock_locked=bool(status.clock_locked),
        leads=bool(status.leads),
    )


def port_status(segment: Segment, port: int) -> PortStatus:
    """Read a port."""
    status = segment.port_status(port)
    return PortStatus(
        port=port,
        kind=_KINDS[status.kind],
        source=_SOURCES[status.source],
        muted=bool(status.muted),
        speaks=bool(status.speaks),
        profile=Profile(status.profile),
        peer=None if status.peer == _NO_PEER else status.peer,
        rx_dbm0=status.rx_dbm0,
        tx_dbm0=status.tx_dbm0,
        noise_dbm0=status.noise_dbm0,
        clipped=status.clipped,
        echo=_echo(status) if status.echo else None,
        remote=(dotted(status.remote.ip), status.remote.port) if status.remote.port else None,
        codec=Codec(status.codec) if status.kind == _RTP else None,
        jitter_ms=status.jitter_us / 1000,
        delay_ms=status.delay_us / 1000,
        secure=bool(status.secure),
        loss_percent=status.loss_percent,
        round_trip_ms=None if status.round_trip_ms < 0 else status.round_trip_ms,
        mos_lq=status.mos_lq,
        mos_cq=status.mos_cq,
        rtp=RtpCounters(**_fields(status.rtp, RtpCounters)),
        hears=tuple(kind for kind in SignalKind if status.hears >> kind & 1),
        sends=(SignalKind(status.sends.kind), status.sends.signal) if status.sends.signal else None,
    )


def _echo(status: Any) -> EchoStatus:
    return EchoStatus(
        erl_db=status.erl_db,
        erle_db=status.erle_db,
        double_talk=bool(status.double_talk),
        disabled=bool(status.echo_disabled),
    )


def bits_status(segment: Segment, port: int) -> BitsStatus | None:
    """Read a timeslot's bits."""
    status = segment.bits_status(port)
    return BitsStatus(status.tx, None if status.rx == NO_BITS else status.rx) if status.open else None


def test_status(segment: Segment, port: int) -> PatternStatus | None:
    """Read a test."""
    status = segment.test_status(port)
    if not status.active:
        return None
    return PatternStatus(bool(status.synced), PatternCounters(**_fields(status.counters, PatternCounters)))


def conference_status(segment: Segment, conference: int) -> ConferenceStatus:
    """Read a conference."""
    status = segment.conference_status(conference)
    dominant = None if status.dominant == _NO_PEER else status.dominant
    return ConferenceStatus(parties=int(status.parties).bit_count(), dominant=dominant)


def engine_status(segment: Segment) -> EngineStatus:
    """Read the header."""
    header = segment.header
    return EngineStatus(
        pid=header.pid,
        generation=header.generation,
        samples=header.samples,
        ticks=header.ticks,
        late_ticks=header.tick.late,
        worst_lateness_us=header.tick.worst_ns // 1000,
        lateness_histogram=tuple(header.tick.histogram),
        reference_late_ticks=header.reference.late,
        late_alone_ticks=header.late_alone,
        reference_worst_us=header.reference.worst_ns // 1000,
        reference_histogram=tuple(header.reference.histogram),
        skipped_ticks=header.skipped_ticks,
        cpu_ns=header.cpu_ns,
        stage_ns=dict(zip(STAGES, header.stage_ns, strict=True)),
        policy="fifo" if header.policy_fifo else "other",
        repaired=header.repaired,
        orphans=header.orphans,
        clock_ppm=header.clock_ppm,
        taps_dropped=header.taps_dropped,
    )


def _fields(counters: Any, shape: type[msgspec.Struct]) -> dict[str, int]:
    return {name: int(getattr(counters, name)) for name in shape.__struct_fields__}

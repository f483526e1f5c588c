# SPDX-License-Identifier: GPL-2.0-only
"""Metrics of the media engine, read from its segment: it is asked nothing, and does nothing for it."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from dsp._core import lib

from appliance.diagnostics.metrics.exposition import Sample, sample
from appliance.media.events import EngineStatus, PortStatus
from appliance.media.segment import Segment
from appliance.media.status import engine_status, port_status, span_status
from appliance.wire.spans import Span


def of_engine(segment: Segment, spans: Sequence[Span]) -> Iterator[Sample]:
    """The engine, the clocks of these spans, and ports."""
    yield from _engine(engine_status(segment))
    for span in spans:
        told, which = span_status(segment, span.span - 1), (span.span, span.name)
        yield sample("span_clock_ppm", told.clock_ppm, *which)
        yield sample("span_clock_locked", int(told.clock_locked), *which)
        yield sample("span_clock_leads", int(told.leads), *which)
        yield sample("span_buffer_seconds", told.buffer_ms / 1000, *which)
    yield from _ports([port_status(segment, port) for port in range(lib.BL_PORTS) if segment.port_status(port).kind])


def _engine(told: EngineStatus) -> Iterator[Sample]:
    yield sample("engine_ticks_total", told.ticks)
    yield sample("engine_late_ticks_total", told.late_ticks)
    for place, count in enumerate(itertools.accumulate(told.lateness_histogram[:-1])):
        yield sample("engine_ticks_within_total", count, f"{2**place / 1e6:g}")
    yield sample("engine_skipped_ticks_total", told.skipped_ticks)
    yield sample("engine_worst_lateness_seconds", told.worst_lateness_us / 1e6)
    yield sample("engine_reference_late_ticks_total", told.reference_late_ticks)
    yield sample("engine_late_alone_ticks_total", told.late_alone_ticks)
    yield sample("engine_cpu_seconds_total", told.cpu_ns / 1e9)
    for stage, took_ns in told.stage_ns.items():
        yield sample("engine_stage_seconds_total", took_ns / 1e9, stage)
    yield sample("engine_lives_total", told.generation)
    yield sample("engine_repaired_total", told.repaired)
    yield sample("engine_orphans_total", told.orphans)
    yield sample("engine_recording_blocks_dropped_total", told.taps_dropped)


def _ports(ports: Sequence[PortStatus]) -> Iterator[Sample]:
    kinds = Counter(port.kind for port in ports)
    for kind in ("timeslot", "rtp", "null"):
        yield sample("engine_ports", kinds[kind], kind)
    rtp = [port for port in ports if port.kind == "rtp" and port.rtp.received]
    trips = [port.round_trip_ms / 1000 for port in rtp if port.round_trip_ms is not None]
    yield from _mean_and_worst("rtp_mos_cq", [port.mos_cq for port in rtp], worst=min)
    yield from _mean_and_worst("rtp_loss_ratio", [port.loss_percent / 100 for port in rtp])
    yield from _mean_and_worst("rtp_jitter_seconds", [port.jitter_ms / 1000 for port in rtp])
    yield from _mean_and_worst("rtp_jitter_buffer_seconds", [port.delay_ms / 1000 for port in rtp])
    yield from _mean_and_worst("rtp_round_trip_seconds", trips)


def _mean_and_worst(
    name: str, values: Sequence[float], worst: Callable[[Sequence[float]], float] = max
) -> Iterator[Sample]:
    if values:
        yield sample(name, sum(values) / len(values), "mean")
        yield sample(name, worst(values), "worst")

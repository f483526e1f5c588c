# SPDX-License-Identifier: GPL-2.0-only
"""Metrics of a branch's spans and legs, as their workers have told them."""

from collections import Counter
from collections.abc import Iterator

from appliance.diagnostics.metrics.exposition import Sample, sample
from appliance.diagnostics.watching import Legs, Watching
from appliance.wire.performance import Interval, SpanPerformance, Verdict
from appliance.wire.spans import Alarm, ChannelState, Span

COUNTERS = {
    "received": "span_packets_received_total",
    "sent": "span_packets_sent_total",
    "send_errors": "span_send_errors_total",
    "lost": "span_packets_lost_total",
    "late": "span_packets_late_total",
    "duplicates": "span_packets_duplicate_total",
    "stray": "span_packets_stray_total",
    "malformed": "span_packets_malformed_total",
    "resyncs": "span_resyncs_total",
    "slips": "span_slips_received_total",
    "slips_sent": "span_slips_sent_total",
    "framer_code_violations": "span_code_violations_total",
    "framer_crc_errors": "span_crc_errors_total",
    "framer_framing_errors": "span_framing_errors_total",
    "framer_far_end_block_errors": "span_far_end_block_errors_total",
    "framer_slips": "span_framer_slips_total",
    "frames_received": "dchannel_frames_received_total",
    "frames_sent": "dchannel_frames_sent_total",
    "fcs_errors": "dchannel_fcs_errors_total",
    "frame_errors": "dchannel_frame_errors_total",
    "damaged_messages": "dchannel_damaged_messages_total",
}
"""What a line worker counts, by its own name."""
FIGURES = {
    "seconds": "span_observed_seconds",
    "es": "span_errored_seconds",
    "ses": "span_severely_errored_seconds",
    "uas": "span_unavailable_seconds",
    "bbe": "span_background_block_errors",
    "slips": "span_period_slips",
}


def of_spans(watching: Watching) -> Iterator[Sample]:
    """Spans by number, then legs by worker."""
    for _, span in sorted(watching.spans.items()):
        yield from _span(span)
    for _, told in sorted(watching.performance.items()):
        yield from _performance(told)
    for worker, legs in watching.legs.items():
        yield from _legs(worker, legs)


def _span(span: Span) -> Iterator[Sample]:
    which = span.span, span.name
    for alarm in Alarm:
        yield sample("span_alarm", int(alarm in span.alarms), *which, alarm.value)
    yield sample("span_signalling_up", int(span.d_channel_up), *which)
    states = Counter(span.channels.values())
    for state in ChannelState:
        yield sample("span_channels", states[state], *which, state.value)
    for counted, name in COUNTERS.items():
        if counted in span.counters:
            yield sample(name, span.counters[counted], *which)


def _performance(told: SpanPerformance) -> Iterator[Sample]:
    which = told.span, told.name
    for verdict in Verdict if told.window_s else ():
        yield sample("span_verdict", int(told.verdict is verdict), *which, verdict.value)
    for period, intervals in (("15m", told.quarters), ("24h", told.days)):
        if intervals:
            yield from _interval(told, period, intervals[-1])


def _interval(told: SpanPerformance, period: str, interval: Interval) -> Iterator[Sample]:
    for direction, figures in (("near", interval.near), ("far", interval.far)):
        for figure, name in FIGURES.items():
            yield sample(name, getattr(figures, figure), told.span, told.name, direction, period)


def _legs(worker: str, legs: Legs) -> Iterator[Sample]:
    for state, count in sorted(Counter(legs.now.values()).items()):
        yield sample("legs", count, worker, state.value)
    yield sample("legs_offered_total", legs.offered, worker)
    yield sample("legs_placed_total", legs.placed, worker)
    yield sample("legs_answered_total", legs.answered, worker)
    for (cause, by), count in sorted(legs.released.items()):
        yield sample("legs_released_total", count, worker, cause, by)

# SPDX-License-Identifier: GPL-2.0-only
"""Every series of a box by its name, without the prefix: what it is, and its labels. docs/metrics.md is made of it.

Names and units are as Prometheus wants them: seconds, octets as `bytes`, ratios, `_total` on what only grows. What
only grows is counted from a process's start, and begins at 0 with the next.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

PREFIX = "branchline_"
Kind = Literal["gauge", "counter"]
Part = Literal["box", "spans", "calls", "engine", "phones", "uplink", "recordings", "floor", "router", "headquarters"]


class Series(msgspec.Struct, frozen=True):
    """One name."""

    name: str
    kind: Kind
    part: Part
    said: str
    labels: tuple[str, ...] = ()


def _of(part: Part, *rows: tuple[str, str] | tuple[str, str, str]) -> Iterator[Series]:
    for name, said, *labels in rows:
        kind: Kind = "counter" if name.endswith("_total") else "gauge"
        yield Series(name, kind, part, said, tuple(labels[0].split()) if labels else ())


_SPAN = "span name"
_PERIOD = "span name direction period"

TABLE = (
    *_of(
        "box",
        ("build_info", "1; what runs here", "box role version"),
        ("uptime_seconds", "Since the machine started"),
        ("alarms", "Alarms that stand, by code", "code"),
        ("alarm", "1 for an alarm that stands", "code address"),
        ("process_up", "1 while a process of the box runs and is ready", "process"),
        ("process_starts_total", "Starts of a process since the box's start", "process"),
        ("process_started_seconds", "When its state last changed, as Unix time", "process"),
        ("process_cpu_seconds_total", "Processor time of a process", "process"),
        ("process_resident_bytes", "Memory of a process", "process"),
        ("crash_reports", "Reports of processes that have died"),
        ("disk_size_bytes", "Of the data disk"),
        ("disk_free_bytes", "Free on the data disk"),
        ("memory_size_bytes", "Of the machine"),
        ("memory_available_bytes", "That could be had without swapping"),
        ("load_average", "Processes that run or wait for a disk, mean of one minute"),
        ("configuration_version", "Of the file's history; 0: it was written by hand"),
        ("configuration_applied", "1: all processes live by the file as it is"),
        ("configuration_on_trial", "1: the version goes back unless it is confirmed"),
        ("syslog_up", "1 while the collector of logs is connected"),
        ("syslog_lines_sent_total", "Lines that it has"),
        ("syslog_lines_dropped_total", "Lines that were passed over, as too many waited"),
        ("scrape_seconds", "Processor time of the scrape before this one"),
    ),
    *_of(
        "spans",
        ("span_alarm", "1 while the alarm stands: LOS, LFA, AIS, RAI, RED, FAULT", _SPAN + " alarm"),
        ("span_signalling_up", "1 while the D-channel, or what takes its place, works", _SPAN),
        ("span_channels", "Bearer channels by state: idle, busy, blocked", _SPAN + " state"),
        (
            "span_verdict",
            "1 for whose fault it is: sound, telco, cable, clock, host, configuration",
            _SPAN + " verdict",
        ),
        ("span_packets_received_total", "Good packets, or chunks of a card", _SPAN),
        ("span_packets_sent_total", "Packets, or chunks of a card", _SPAN),
        ("span_send_errors_total", "Packets that the kernel would not take", _SPAN),
        ("span_packets_lost_total", "Packets that had not come when their turn was", _SPAN),
        ("span_packets_late_total", "Packets that came after their turn", _SPAN),
        ("span_packets_duplicate_total", "Packets that came twice", _SPAN),
        ("span_packets_stray_total", "Datagrams from elsewhere", _SPAN),
        ("span_packets_malformed_total", "Datagrams of a wrong size or head", _SPAN),
        ("span_resyncs_total", "Times the receive buffer was laid out anew", _SPAN),
        ("span_slips_received_total", "Controlled slips of what is received (G.822)", _SPAN),
        ("span_slips_sent_total", "Controlled slips of what is sent", _SPAN),
        ("span_code_violations_total", "Bipolar violations that a card's framer has counted (G.703)", _SPAN),
        ("span_crc_errors_total", "CRC errors that a card's framer has counted (G.704)", _SPAN),
        ("span_framing_errors_total", "Frame alignment words in error", _SPAN),
        ("span_far_end_block_errors_total", "CRC errors that the far end tells (E bits)", _SPAN),
        ("span_framer_slips_total", "Slips of a card's elastic store", _SPAN),
        ("span_clock_ppm", "The span's clock against the machine's", _SPAN),
        ("span_clock_locked", "1: the recovered clock has settled", _SPAN),
        ("span_clock_leads", "1: the engine's clock is this span's", _SPAN),
        ("span_buffer_seconds", "How long before its turn the last packet came", _SPAN),
        ("span_observed_seconds", "Seconds of the period that were seen (G.826)", _PERIOD),
        ("span_errored_seconds", "Errored seconds of the period under way: 15m or 24h", _PERIOD),
        ("span_severely_errored_seconds", "Severely errored ones", _PERIOD),
        ("span_unavailable_seconds", "Unavailable ones", _PERIOD),
        ("span_background_block_errors", "Errored blocks outside severely errored seconds", _PERIOD),
        ("span_period_slips", "Controlled slips of the period", _PERIOD),
        ("dchannel_frames_received_total", "Good frames of the D-channel", _SPAN),
        ("dchannel_frames_sent_total", "Frames sent on the D-channel", _SPAN),
        ("dchannel_fcs_errors_total", "Frames whose check sequence is wrong", _SPAN),
        ("dchannel_frame_errors_total", "Frames aborted, too short, too long, or not of octets", _SPAN),
        ("dchannel_damaged_messages_total", "Messages of layer 3 that could not be read", _SPAN),
    ),
    *_of(
        "calls",
        ("contacts", "Contacts in progress"),
        ("legs", "Sides of calls by worker and state", "worker state"),
        ("legs_offered_total", "Calls that came", "worker"),
        ("legs_placed_total", "Calls that we made", "worker"),
        ("legs_answered_total", "Of both, those answered", "worker"),
        ("legs_released_total", "Of both, those over: cause of Q.850, and who let go", "worker cause by"),
    ),
    *_of(
        "engine",
        ("engine_ticks_total", "Ticks of 5 ms since the box's start"),
        ("engine_late_ticks_total", "Ticks more than 10 ms late"),
        ("engine_ticks_within_total", "Ticks that began less than so late", "seconds"),
        ("engine_skipped_ticks_total", "Ticks that were never run, as the engine was dead"),
        ("engine_worst_lateness_seconds", "The latest tick of all"),
        ("engine_reference_late_ticks_total", "The same of an idle thread: the machine's own share"),
        ("engine_late_alone_ticks_total", "Late ticks while that thread was in time: the engine's own share"),
        ("engine_cpu_seconds_total", "Processor time of the media thread"),
        ("engine_stage_seconds_total", "Where it went", "stage"),
        ("engine_lives_total", "Lives of the engine"),
        ("engine_repaired_total", "Entries that had to be closed when it came back"),
        ("engine_orphans_total", "Ports closed because their opener was dead"),
        ("engine_recording_blocks_dropped_total", "Blocks of sound that the recorder did not fetch in time"),
        ("engine_ports", "Ports that are open, by kind", "kind"),
        ("rtp_mos_cq", "Conversational quality by G.107 of ports with RTP: mean and worst", "of"),
        ("rtp_loss_ratio", "Packets lost or too late, of ports with RTP: mean and worst", "of"),
        ("rtp_jitter_seconds", "Interarrival jitter (RFC 3550), of ports with RTP: mean and worst", "of"),
        ("rtp_jitter_buffer_seconds", "What a packet waits there: mean and worst", "of"),
        ("rtp_round_trip_seconds", "By RTCP: mean and worst", "of"),
    ),
    *_of(
        "phones",
        ("phones_configured", "Extensions of the file"),
        ("phones_registered", "Extensions that have a phone now"),
    ),
    *_of(
        "uplink",
        ("uplink_up", "1 while headquarters answers"),
        ("uplink_round_trip_seconds", "Of the last heartbeat"),
        ("uplink_decides", "1 for who routes this branch's calls: headquarters, branch or nobody", "who"),
        ("outbox_events", "Events of calls that headquarters has not yet"),
        ("outbox_recordings", "Recordings that headquarters has not yet"),
    ),
    *_of(
        "recordings",
        ("recordings", "Sealed recordings on the disk"),
        ("recordings_bytes", "Their size"),
        ("recording_log_bytes", "Sound that is not sealed yet"),
    ),
    *_of(
        "floor",
        ("agents", "Agents by state: of a branch its own, at headquarters all", "state"),
        ("queue_waiting", "Who waits", "queue"),
        ("queue_callbacks", "Of those, callbacks", "queue"),
        ("queue_oldest_wait_seconds", "Since the first of them waits", "queue"),
        ("queue_expected_wait_seconds", "What a new caller would wait", "queue"),
        ("queue_agents", "Its agents: staffed, free, busy", "queue state"),
    ),
    *_of(
        "router",
        ("router_entries_total", "Events that the box's own router has decided"),
        ("router_journal_commit_seconds", "What the disk took for the last of them, at headquarters"),
    ),
    *_of(
        "headquarters",
        ("branch_up", "1 while the branch is heard", "branch"),
        ("branch_alarms", "Alarms of a branch that stand", "branch"),
        ("branch_span_up", "1 while a branch's span has no alarm and its signalling works", "branch span"),
        ("queue_offered_today", "Contacts offered since 00:00 UTC", "queue"),
        ("queue_answered_today", "Of those, answered", "queue"),
        ("queue_abandoned_today", "Of those, abandoned", "queue"),
        ("queue_service_level_ratio", "Answered in time, of all but who abandoned in time, since 00:00 UTC", "queue"),
    ),
)
NAMED = {one.name: one for one in TABLE}

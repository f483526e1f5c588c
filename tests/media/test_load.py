# SPDX-License-Identifier: GPL-2.0-only
"""A full E1: ten callers hear a prompt, twenty talk with phones and are recorded."""

from __future__ import annotations

import time

import pytest

from appliance.media.engine import NULL_FIRST, RTP_FIRST
from appliance.media.events import TapSound
from tests.media.rig import Side, engine_process, engine_thread, join, noise, until
from tests.media.virtual import TICKS_A_SECOND, virtual_engine
from tests.ports import HOST

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

SECONDS = 5
TIMESLOTS = [timeslot for timeslot in range(1, 32) if timeslot != 16]
PROMPTED, TALKING = TIMESLOTS[:10], TIMESLOTS[10:]


def test_thirty_timeslots_twenty_phones_recorded() -> None:
    with engine_process() as exchange_host, engine_process() as branch_host, engine_thread() as phones_host:
        exchange, branch, phones = Side(exchange_host), Side(branch_host), Side(phones_host)
        join(exchange, branch, jitter_ms=30)
        for timeslot in TIMESLOTS:
            exchange.engine.open_timeslot(timeslot)
            branch.engine.open_timeslot(timeslot)
        for n, timeslot in enumerate(TALKING):
            branch.engine.open_rtp(256 + n, (HOST, phones_host.rtp_base + 2 * n))
            phones.engine.open_rtp(256 + n, (HOST, branch_host.rtp_base + 2 * n))
            branch.engine.connect(timeslot, 256 + n)
            branch.call.engine.record(n, timeslot, 256 + n, 0)
        voice, answer, prompt = noise(2, 1), noise(2, 2), noise(2, 3)
        for timeslot in TIMESLOTS:
            exchange.engine.play(timeslot, timeslot, [exchange.arena.add_alaw(voice)], 0)
        for n in range(len(TALKING)):
            phones.engine.play(256 + n, n, [phones.arena.add_alaw(answer)], 0)
        for timeslot in PROMPTED:
            branch.ivr.engine.play(timeslot, timeslot, [branch.arena.add_alaw(prompt)], 0)
        time.sleep(1)
        before, begun = branch.engine.status(), time.monotonic()
        taps = []
        while time.monotonic() - begun < SECONDS:
            taps += branch.recorder.engine.take_taps()
            time.sleep(0.1)
        after = branch.engine.status()
        share = (after.cpu_ns - before.cpu_ns) / 1e9 / (time.monotonic() - begun)
        ticks = after.ticks - before.ticks
        stages = {name: (after.stage_ns[name] - before.stage_ns[name]) // ticks // 1000 for name in after.stage_ns}
        print(
            f"cpu {share:.1%} of a core; µs a tick {stages}; "
            f"late {after.late_ticks} worst {after.worst_lateness_us} µs "
            f"(idle thread: late {after.reference_late_ticks} worst {after.reference_worst_us} µs); {after.policy}"
        )
        sounds = [tap for tap in taps if isinstance(tap, TapSound)]
        for n in range(len(TALKING)):
            left = b"".join(tap.left for tap in sounds if tap.recording_id == n)
            right = b"".join(tap.right for tap in sounds if tap.recording_id == n)
            assert voice in left
            assert answer in right
        assert after.taps_dropped == 0
        assert share < 0.25
        assert branch.engine.span_status(0).counters.slips == 0
        until(lambda: branch.in_service() and exchange.in_service())


def test_every_port_is_served_in_every_tick_when_all_have_packets_of_5_ms() -> None:
    with virtual_engine() as host:
        side, ports = Side(host), range(RTP_FIRST, NULL_FIRST)
        for port in ports:
            side.engine.open_rtp(port, (HOST, host.rtp_base + 2 * ((port ^ 1) - RTP_FIRST)), packet_ms=5)
            host.tick()
        host.tick(TICKS_A_SECOND)
        before = [side.engine.port_status(port).rtp for port in ports]
        host.tick(TICKS_A_SECOND)
        after = [side.engine.port_status(port) for port in ports]
    for earlier, later in zip(before, after, strict=True):
        assert later.rtp.received - earlier.received == TICKS_A_SECOND
        assert (later.rtp.lost, later.rtp.late) == (0, 0)
        assert later.jitter_ms < 0.1

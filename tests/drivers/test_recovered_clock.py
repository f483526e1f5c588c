# SPDX-License-Identifier: GPL-2.0-only
"""The recovered clock follows a far end that runs fast or slow, without a slip (G.822)."""

from __future__ import annotations

import contextlib
import time

import pytest

from appliance.media.events import FrameReceived
from drivers.cesopsn import CesopsnSettings
from tests.media.rig import Side, engine_thread, join, judged_while_the_machine_keeps_time, noise, until
from tests.ports import HOST, free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]


def test_g703_both_limits_are_followed_without_a_slip() -> None:
    judged_while_the_machine_keeps_time(_both_limits)


def _both_limits(sides: list[Side]) -> None:
    with contextlib.ExitStack() as stack:
        pairs = []
        for far_ppm, near_ppm in ((50, 0), (-50, 0), (50, -50)):
            exchange, branch = (Side(stack.enter_context(engine_thread())) for _ in range(2))
            sides += (exchange, branch)
            join(exchange, branch, exchange_ppm=far_ppm, branch_ppm=near_ppm)
            exchange.engine.open_timeslot(1)
            branch.engine.open_timeslot(1)
            branch.engine.record(1, 1, 1, 0)
            pairs.append((exchange, branch, far_ppm))
        sound = noise(9)
        for exchange, _, _ in pairs:
            exchange.engine.play(1, 1, [exchange.arena.add_alaw(sound)])
        time.sleep(9)
        for exchange, branch, far_ppm in pairs:
            until(lambda branch=branch: sound in branch.recorder.left(1), 5)  # type: ignore[misc]
            status = branch.engine.span_status(0)
            assert abs(status.clock_ppm - far_ppm) < 25, status
            for side in (exchange, branch):
                counters = side.engine.span_status(0).counters
                assert (counters.slips, counters.resyncs) == (0, 1), counters


def test_two_exchanges_of_two_clocks_are_each_given_as_much_as_they_give() -> None:
    """Both are seen at their own pace: the one that does not lead neither runs dry nor over, and loses no frame."""
    with contextlib.ExitStack() as stack:
        branch, *exchanges = (Side(stack.enter_context(engine_thread())) for _ in range(3))
        for span, exchange in enumerate(exchanges):
            here, there = ((HOST, port) for port in (free_port(), free_port()))
            number = span + 1
            branch.engine.open_span(
                span,
                CesopsnSettings(here, there, 2, jitter_ms=20, clock_domain=number, clock_priority=number),
                16,
            )
            far = CesopsnSettings(there, here, 2, clock="local", trim_ppm=125 - 250 * span, jitter_ms=20)
            exchange.engine.open_span(0, far, 16)
        until(lambda: all(exchange.in_service() for exchange in exchanges))
        until(lambda: abs(branch.engine.span_status(0).clock_ppm - 125) < 60, 40)  # at once, or after a stall
        until(lambda: abs(branch.engine.span_status(1).skew_ppm + 250) < 50, 40)
        begun = exchanges[1].engine.span_status(0).buffer_ms
        frames = [n.to_bytes(2, "big") * 20 for n in range(500)]
        for frame in frames:
            branch.engine.send_frame(1, frame)
            exchanges[1].engine.send_frame(0, frame)
            time.sleep(0.01)
        until(lambda: all(len(side.line.all(FrameReceived)) == len(frames) for side in (branch, exchanges[1])))
        assert [event.frame for event in exchanges[1].line.all(FrameReceived)] == frames
        assert [event.frame for event in branch.line.all(FrameReceived)] == frames
        assert abs(exchanges[1].engine.span_status(0).buffer_ms - begun) < 0.8, "1.25 ms if it were given the leader's"
        for counters in (branch.engine.span_status(1).counters, exchanges[1].engine.span_status(0).counters):
            assert (counters.slips, counters.resyncs) == (0, 1)
            assert (counters.fcs_errors, counters.frame_errors) == (0, 0)


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_recovered_clock_locks_within_ten_ppm() -> None:
    judged_while_the_machine_keeps_time(_locks)


def _locks(sides: list[Side]) -> None:
    with engine_thread() as first, engine_thread() as second:
        exchange, branch = Side(first), Side(second)
        sides += (exchange, branch)
        join(exchange, branch, exchange_ppm=-50)
        until(lambda: branch.engine.span_status(0).clock_locked, 40)
        assert abs(branch.engine.span_status(0).clock_ppm + 50) < 10
        assert branch.engine.span_status(0).counters.slips == 0

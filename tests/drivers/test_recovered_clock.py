# SPDX-License-Identifier: GPL-2.0-only
"""The recovered clock follows a far end that runs fast or slow, without a slip (G.822)."""

from __future__ import annotations

import contextlib
import time

import pytest

from tests.media.rig import Side, engine_thread, join, noise, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]


def test_g703_both_limits_are_followed_without_a_slip() -> None:
    with contextlib.ExitStack() as stack:
        pairs = []
        for far_ppm, near_ppm in ((50, 0), (-50, 0), (50, -50)):
            exchange, branch = (Side(stack.enter_context(engine_thread())) for _ in range(2))
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


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_recovered_clock_locks_within_ten_ppm() -> None:
    with engine_thread() as first, engine_thread() as second:
        exchange, branch = Side(first), Side(second)
        join(exchange, branch, exchange_ppm=-50)
        until(lambda: branch.engine.span_status(0).clock_locked, 40)
        assert abs(branch.engine.span_status(0).clock_ppm + 50) < 10
        assert branch.engine.span_status(0).counters.slips == 0

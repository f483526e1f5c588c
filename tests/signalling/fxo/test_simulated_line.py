# SPDX-License-Identifier: GPL-2.0-only
"""Simulated lines are what they say: the truth is in the minute, and held-out lines are others."""

import itertools

import numpy as np
import pytest

from appliance.signalling.fxo.events import Feed
from appliance.signalling.fxo.settings import CallerId, HangUp
from tests.signalling.fxo import simulated_line
from tests.signalling.fxo.simulated_line import RATE_HZ, SimulatedLine

pytestmark = pytest.mark.unit

LINES = [SimulatedLine(seed, "FCC", held_out=held_out) for seed in range(12) for held_out in (False, True)]


def test_held_out_ranges_have_nothing_of_the_others() -> None:
    for name, ranges in vars(simulated_line).items():
        if isinstance(ranges, dict) and set(ranges) == {False, True}:
            for (low, high), (other_low, other_high) in itertools.product(ranges[False], ranges[True]):
                assert high <= other_low or other_high <= low, name


def test_a_minute_holds_the_call_to_its_end() -> None:
    assert all(2 < line.answer_s < line.release_s < simulated_line.SECONDS - 1 for line in LINES)


def test_the_pair_shows_what_is_true_of_it() -> None:
    for line in LINES:
        feeds = line._feeds
        assert feeds == sorted(feeds)
        long_opens = [
            at for (at, feed), (then, _) in itertools.pairwise(feeds) if feed is Feed.OPEN and then - at >= 0.2
        ]
        assert len(long_opens) == (HangUp.CPC in line.truth.hang_up)
        rings = [at for at, on in line._rings if on]
        assert len(rings) >= (6 if line.truth.caller_id is CallerId.V23_JP else 2)


@pytest.mark.parametrize("held_out", [False, True])
def test_the_best_impedance_returns_least_of_what_we_send(*, held_out: bool) -> None:
    line = SimulatedLine(1, "TBR21", held_out=held_out)
    line._heard[:] = 0
    begun = round((line.answer_s + 1.2) * RATE_HZ / 160)

    def returned(acim: int) -> float:
        blocks = [line.block(number, acim) for number in range(begun, begun + 500)]
        return float(np.mean(np.frombuffer(b"".join(block.heard for block in blocks), np.int16).astype(float) ** 2))

    losses = line.truth.loss_db
    best, worst = int(np.argmax(losses)), int(np.argmin(losses))
    assert returned(best) < returned(worst)
    assert losses[best] - losses[0] > 1, "600 ohms is not the best for a complex network"


def test_a_line_is_the_same_each_time() -> None:
    one, other = (SimulatedLine(3, "UK", held_out=True) for _ in range(2))
    assert one.truth == other.truth
    assert all(one.block(number, 2) == other.block(number, 2) for number in range(0, 3000, 50))

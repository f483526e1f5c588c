# SPDX-License-Identifier: GPL-2.0-only
"""The router against queueing theory (Erlang C, Little), and a crowd in which everything goes wrong."""

import math
import statistics

import pytest

from tests.router.simulation import Crowd

pytestmark = pytest.mark.system

CI_CALLS, CI_EVENTS, CI_OFF = 60_000, 20_000, 0.08
CALLS, EVENTS, OFF_WAITS, OFF_MEANS = 400_000, 1_000_000, 0.03, 0.04
CASES = [(5, 0.8), (20, 0.8)]
"""Agents, and their load; at 0.9 the mean of 400,000 calls scatters by itself by more than OFF_MEANS."""
TALK_S = 60.0


def erlang_c(agents: int, load: float) -> float:
    """The share that waits, at `load` of each agent."""
    erlang = agents * load
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = erlang * blocked / (number + erlang * blocked)
    return blocked / (1 - load * (1 - blocked))


def theory(agents: int, load: float, calls: int) -> tuple[float, float]:
    """How far the share that waits, and the mean wait of those, are off, as shares."""
    crowd = Crowd(seed=agents, agents=agents, arrivals_s=TALK_S / (agents * load), talk_s=TALK_S)
    crowd.run(calls)
    assert (crowd.counts["answered"], crowd.counts["left over"]) == (calls, 0)
    waited = [seconds for seconds in crowd.waits_s if seconds > 0]
    wanted_s = TALK_S / (agents * (1 - load))
    return (
        len(waited) / calls / erlang_c(agents, load) - 1,
        statistics.fmean(waited) / wanted_s - 1,
    )


def chaos(events: int) -> Crowd:
    """Until so many events have been."""
    crowd = Crowd(seed=7, agents=10, arrivals_s=1.9, talk_s=20.0, wait_s=25, faults=True)
    crowd.run(events // 4)
    assert crowd.counts["events"] >= events
    return crowd


def judged(crowd: Crowd) -> None:
    counts = crowd.counts
    assert (counts["double"], counts["inversions"], counts["left over"]) == (0, 0, 0)
    assert counts["offered"] == counts["answered"] + counts["abandoned"] + counts["refused"], counts
    assert min(counts["answered"], counts["abandoned"], counts["refused"]) > 0, counts


@pytest.mark.timeout(300)
def test_erlang_c_of_five_agents() -> None:
    waits, mean = theory(*CASES[0], CI_CALLS)
    assert max(abs(waits), abs(mean)) <= CI_OFF, (waits, mean)


def test_nothing_is_lost_doubled_or_overtaken_where_all_goes_wrong() -> None:
    judged(chaos(CI_EVENTS))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("agents", "load"), CASES)
def test_erlang_c_of_400_000_calls(agents: int, load: float) -> None:
    waits, mean = theory(agents, load, CALLS)
    assert abs(waits) <= OFF_WAITS, (waits, mean)
    assert abs(mean) <= OFF_MEANS, (waits, mean)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_events_lose_double_and_overtake_nothing() -> None:
    judged(chaos(EVENTS))


def test_erlang_c_itself() -> None:
    assert math.isclose(erlang_c(1, 0.7), 0.7)
    assert math.isclose(erlang_c(2, 0.5), 1 / 3)

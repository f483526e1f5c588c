# SPDX-License-Identifier: GPL-2.0-only
"""The router against queueing theory (Erlang B, C and A, Little), and a crowd in which everything goes wrong."""

import math
import statistics
from collections.abc import Callable

import msgspec
import pytest

from appliance.router.rules import Rules
from appliance.script.nodes import If, Node, Queue, Release, Script, Text
from tests.router.simulation import GROUP, Crowd, rules

pytestmark = pytest.mark.system

CI_CALLS, CI_EVENTS, CI_OFF = 60_000, 20_000, 0.08
CALLS, EVENTS, OFF_SHARES, OFF_MEANS = 400_000, 1_000_000, 0.03, 0.04
TALK_S = 60.0


def erlang_b(agents: int, load: float) -> float:
    """The share that finds all agents busy and goes, at `load` offered to each."""
    erlang = agents * load
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = erlang * blocked / (number + erlang * blocked)
    return blocked


def erlang_c(agents: int, load: float) -> float:
    """The share that waits, at `load` of each agent."""
    blocked = erlang_b(agents, load)
    return blocked / (1 - load * (1 - blocked))


def erlang_a(agents: int, load: float, patience: float) -> tuple[float, float, float]:
    """The shares that wait and that give up, and the mean wait of all, in talks; patience too (Palm's M/M/n+M)."""
    weights = [1.0]
    while weights[-1] > sum(weights) * 1e-15 or len(weights) <= agents:
        present = len(weights)
        leaving = min(present, agents) + max(present - agents, 0) / patience
        weights.append(weights[-1] * agents * load / leaving)
    whole = sum(weights)
    queue = sum((present - agents) * weight for present, weight in enumerate(weights) if present > agents) / whole
    return sum(weights[agents:]) / whole, queue / patience / (agents * load), queue / (agents * load)


Off = dict[str, float]
"""How far a figure is off, as a share of what theory tells."""


def lossy(agents: int) -> Rules:
    """Nobody waits."""
    known = rules(agents, 0)
    nodes: dict[str, Node] = {
        "free": If(that=f"free('{GROUP}') > 0", then="card", otherwise="gone"),
        "card": Queue(queues=(GROUP,), otherwise="gone"),
        "gone": Release(cause=17),
    }
    scripts = {name: Script(name, "v", Text(start="free", nodes=nodes)) for name in known.scripts}
    return msgspec.structs.replace(known, scripts=scripts)


def lost(agents: int, load: float, calls: int) -> Off:
    """Erlang B."""
    crowd = Crowd(seed=agents, agents=0, arrivals_s=TALK_S / (agents * load), talk_s=TALK_S, known=lossy(agents))
    crowd.run(calls)
    assert (crowd.counts["answered"] + crowd.counts["refused"], crowd.counts["left over"]) == (calls, 0)
    return {"refused": crowd.counts["refused"] / calls / erlang_b(agents, load) - 1}


def patient(agents: int, load: float, calls: int) -> Off:
    """Erlang C: nobody gives up."""
    crowd = Crowd(seed=agents, agents=agents, arrivals_s=TALK_S / (agents * load), talk_s=TALK_S)
    crowd.run(calls)
    assert (crowd.counts["answered"], crowd.counts["left over"]) == (calls, 0)
    waited = [seconds for seconds in crowd.waits_s if seconds > 0]
    wanted_s = TALK_S / (agents * (1 - load))
    return {
        "wait": len(waited) / calls / erlang_c(agents, load) - 1,
        "mean": statistics.fmean(waited) / wanted_s - 1,
        "Little": crowd.stood_s / sum(waited) - 1,
    }


def impatient(agents: int, load: float, calls: int) -> Off:
    """Erlang A, the patience two talks."""
    crowd = Crowd(seed=agents, agents=agents, arrivals_s=TALK_S / (agents * load), talk_s=TALK_S, patience_s=2 * TALK_S)
    crowd.run(calls)
    counts = crowd.counts
    assert (counts["answered"] + counts["abandoned"], counts["left over"]) == (calls, 0)
    waits, leaves, mean = erlang_a(agents, load, 2.0)
    waited_s = [seconds for seconds in crowd.waits_s if seconds > 0] + crowd.left_s
    return {
        "wait": len(waited_s) / calls / waits - 1,
        "abandon": counts["abandoned"] / calls / leaves - 1,
        "mean": sum(waited_s) / calls / (mean * TALK_S) - 1,
        "Little": crowd.stood_s / sum(waited_s) - 1,
    }


THEORIES = (
    (lost, 10, 0.8),
    (lost, 30, 0.9),
    (patient, 5, 0.8),
    (patient, 20, 0.8),
    (impatient, 5, 0.8),
    (impatient, 40, 1.1),
)
"""The agents, and what is offered to each; of Erlang C at 0.9 the mean of 400,000 calls scatters by over OFF_MEANS."""


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
@pytest.mark.parametrize(("theory", "agents", "load"), THEORIES[::2])
def test_60_000_calls_are_as_theory_tells(theory: Callable[..., Off], agents: int, load: float) -> None:
    off = theory(agents, load, CI_CALLS)
    assert all(abs(one) <= CI_OFF for one in off.values()), off


def test_nothing_is_lost_doubled_or_overtaken_where_all_goes_wrong() -> None:
    judged(chaos(CI_EVENTS))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("theory", "agents", "load"), THEORIES)
def test_400_000_calls_are_as_theory_tells(theory: Callable[..., Off], agents: int, load: float) -> None:
    off = theory(agents, load, CALLS)
    assert all(abs(one) <= (OFF_MEANS if name == "mean" else OFF_SHARES) for name, one in off.items()), off


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_events_lose_double_and_overtake_nothing() -> None:
    judged(chaos(EVENTS))


def test_the_formulas_themselves() -> None:
    """A textbook's 10 agents at 8 Erlang; patience without end is Erlang C, none is Erlang B."""
    assert math.isclose(erlang_b(10, 0.8), 0.1217, abs_tol=5e-5)
    assert math.isclose(erlang_c(10, 0.8), 0.4092, abs_tol=5e-5)
    assert math.isclose(erlang_c(2, 0.5), 1 / 3)
    waits, leaves, mean = erlang_a(5, 0.8, 1e9)
    assert math.isclose(waits, erlang_c(5, 0.8), rel_tol=1e-6)
    assert math.isclose(mean, waits / (5 * (1 - 0.8)), rel_tol=1e-6)
    assert leaves < 1e-6
    assert math.isclose(erlang_a(5, 0.8, 1e-9)[1], erlang_b(5, 0.8), rel_tol=1e-6)

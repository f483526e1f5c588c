# SPDX-License-Identifier: GPL-2.0-only
"""How long who waits in a queue will wait, as likely longer as shorter, from what its contacts were like lately.

The queue moves on each time one of its agents is done or somebody ahead gives up. Of few agents it counts how long
each has worked already: the less talks differ, the more that tells. Whole numbers only, so every machine says the same.
"""

import math

import msgspec

from appliance.router import agents
from appliance.router.state import Agent, Handled, Left, State, Waiting
from appliance.router.states import AgentState

SECOND_NS = 1_000_000_000
WHOLE = 1000
FEW = 30  # of more agents it does not matter how long each has worked
STRIDES = 64
RECENT = 128  # contacts that patience follows
EIGHTHS = (
    (1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000),
    (650, 779, 860, 933, 1009, 1095, 1210, 1464),
    (419, 587, 710, 831, 965, 1129, 1368, 1991),
    (276, 442, 578, 721, 891, 1113, 1461, 2518),
    (190, 338, 471, 622, 809, 1068, 1500, 3002),
)
"""Talks of a log-normal law in eighths, the shortest first: the mean of each, in thousandths of all talks'. A row each
quarter of deviation over mean."""
QUARTER = 250

Rest = tuple[int, int]
"""Until an agent is done: mean, in thousandths of a contact's, and variance, in thousandths of its square."""

_replace = msgspec.structs.replace


def expected_s(state: State, queue: str, ahead: int, at_ns: int) -> int | None:
    """Of who finds nobody free, with so many before; None: nobody can tell."""
    handled, there = state.handled.get(queue), agents.staffed(state, queue)
    if handled is None or not handled.mean_ns or not there:
        return None
    left, square = state.left.get(queue, Left()), _square(handled)
    step_ns = max(1, handled.mean_ns // there)
    stride = ahead // STRIDES + 1
    rest_ns = sum(
        min(stride, ahead - done) * _step_ns(handled.mean_ns, there, left, done + stride // 2 + 1)
        for done in range(0, ahead, stride)
    )
    first, loose = _first(state, queue, handled.mean_ns, square, at_ns)
    mean_ns = _step_ns(handled.mean_ns, there, left, 0) * first // WHOLE + rest_ns
    variance = step_ns * (step_ns * loose + rest_ns * square) // WHOLE
    # A few long waits make the mean, most are shorter: told is the median, taking the wait for log-normal.
    median_ns = mean_ns * mean_ns // max(1, math.isqrt(mean_ns * mean_ns + variance))
    return -(-median_ns // SECOND_NS)


def _square(handled: Handled) -> int:
    """Of deviation over mean, in thousandths; a deviation is five fourths of the distance from the mean."""
    return min(WHOLE, (5 * handled.spread_ns) ** 2 * WHOLE // (4 * handled.mean_ns) ** 2)


def _step_ns(mean_ns: int, there: int, left: Left, waiting: int) -> int:
    """Until the queue moves on by one, with so many who might give up."""
    if not left.waited_ns:
        return mean_ns // there
    return mean_ns * left.waited_ns // (there * left.waited_ns + waiting * left.gave_up * mean_ns)


def _first(state: State, queue: str, mean_ns: int, square: int, at_ns: int) -> Rest:
    """Until the first is done, by what one of them takes on the average."""
    usual = (WHOLE + square) // 2
    names = dict.fromkeys(name for step in state.rules.queues[queue].steps for name in step.agents)
    working = [
        agent
        for name in names
        if state.rules.seats[name].box in state.present and (agent := state.agents[name]).state not in agents.AWAY
    ]
    if len(working) > FEW:
        return usual, square
    talks = _talks(square)
    rests = [_rest(agent, mean_ns, square, talks, at_ns) for agent in working]
    mean = sum(rest for rest, _ in rests) - (len(rests) - 1) * usual
    return max(WHOLE // 10, mean), sum(loose for _, loose in rests) // max(1, len(rests))


def _rest(agent: Agent, mean_ns: int, square: int, talks: tuple[int, ...], at_ns: int) -> Rest:
    """Until this one is done."""
    match agent.state:
        case AgentState.AVAILABLE:
            return 0, 0
        case AgentState.WRAP_UP:
            return max(0, (agent.until_ns or at_ns) - at_ns) * WHOLE // mean_ns, 0
        case AgentState.BUSY:
            worked_ns = at_ns - (agent.since_ns if agent.talk_ns is None else agent.talk_ns)
            return _left(talks, worked_ns * WHOLE // mean_ns)
    return WHOLE, square


def _talks(square: int) -> tuple[int, ...]:
    """EIGHTHS for this deviation."""
    row, over = divmod(math.isqrt(square * WHOLE), QUARTER)
    low, high = EIGHTHS[row], EIGHTHS[min(row + 1, len(EIGHTHS) - 1)]
    return tuple(one + (other - one) * over // QUARTER for one, other in zip(low, high, strict=True))


def _left(talks: tuple[int, ...], worked: int) -> Rest:
    """Of a talk that has lasted so long: one of those that last longer; beyond all, a quarter of the longest."""
    rests = [talk - worked for talk in talks if talk > worked] or [talks[-1] // 4]
    mean = sum(rests) // len(rests)
    return mean, sum((rest - mean) ** 2 for rest in rests) // (len(rests) * WHOLE)


def gone(state: State, waits: Waiting, at_ns: int, *, gave_up: bool) -> State:
    """It has waited for the last time, in all its queues."""
    waited_ns, after = at_ns - waits.place.here_ns, dict(state.left)
    for stand in waits.place.stands:
        before = after.get(stand.queue, Left())
        if before.contacts >= RECENT:
            before = Left(before.contacts // 2, before.gave_up // 2, before.waited_ns // 2)
        after[stand.queue] = Left(before.contacts + 1, before.gave_up + gave_up, before.waited_ns + waited_ns)
    return _replace(state, left=after)

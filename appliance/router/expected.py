# SPDX-License-Identifier: GPL-2.0-only
"""How long who waits in a queue will wait, from what its contacts were like lately.

The queue moves on each time one of its agents is done or somebody ahead gives up. Of few agents it counts how long
each has worked already: the less talks differ, the more that tells. Whole numbers only, so every machine says the same.
"""

import msgspec

from appliance.router import agents
from appliance.router.state import Agent, Handled, Left, State, Waiting
from appliance.router.states import AgentState

SECOND_NS = 1_000_000_000
WHOLE = 1000
FEW = 30  # of more agents it does not matter how long each has worked
STRIDES = 64
RECENT = 128  # contacts that patience follows

_replace = msgspec.structs.replace


def expected_s(state: State, queue: str, ahead: int, at_ns: int) -> int | None:
    """Of who finds nobody free, with so many before; None: nobody can tell."""
    handled, there = state.handled.get(queue), agents.staffed(state, queue)
    if handled is None or not handled.mean_ns or not there:
        return None
    left = state.left.get(queue, Left())
    first_ns = _step_ns(handled.mean_ns, there, left, 0) * _first(state, queue, handled, at_ns) // WHOLE
    stride = ahead // STRIDES + 1
    rest_ns = sum(
        min(stride, ahead - done) * _step_ns(handled.mean_ns, there, left, done + stride // 2 + 1)
        for done in range(0, ahead, stride)
    )
    return -(-(first_ns + rest_ns) // SECOND_NS)


def _step_ns(mean_ns: int, there: int, left: Left, waiting: int) -> int:
    """Until the queue moves on by one, with so many who might give up."""
    if not left.waited_ns:
        return mean_ns // there
    return mean_ns * left.waited_ns // (there * left.waited_ns + waiting * left.gave_up * mean_ns)


def _first(state: State, queue: str, handled: Handled, at_ns: int) -> int:
    """Until the first is done, in thousandths of what one of them takes on the average."""
    square = min(WHOLE, (5 * handled.spread_ns) ** 2 * WHOLE // (4 * handled.mean_ns) ** 2)  # of deviation over mean
    usual = (WHOLE + square) // 2
    names = dict.fromkeys(name for step in state.rules.queues[queue].steps for name in step.agents)
    working = [
        agent
        for name in names
        if state.rules.seats[name].box in state.present and (agent := state.agents[name]).state not in agents.AWAY
    ]
    if len(working) > FEW:
        return usual
    rest = sum(_rest_ns(agent, handled.mean_ns, square, at_ns) for agent in working) * WHOLE // handled.mean_ns
    return max(WHOLE // 10, rest - (len(working) - 1) * usual)


def _rest_ns(agent: Agent, mean_ns: int, square: int, at_ns: int) -> int:
    """Until this one is done."""
    match agent.state:
        case AgentState.AVAILABLE:
            return 0
        case AgentState.WRAP_UP:
            return max(0, (agent.until_ns or at_ns) - at_ns)
        case AgentState.BUSY:
            worked_ns = at_ns - (agent.since_ns if agent.talk_ns is None else agent.talk_ns)
            return max(mean_ns // 4, mean_ns - worked_ns * (WHOLE - square) // WHOLE)
    return mean_ns


def gone(state: State, waits: Waiting, at_ns: int, *, gave_up: bool) -> State:
    """It has waited for the last time, in all its queues."""
    waited_ns, after = at_ns - waits.place.here_ns, dict(state.left)
    for stand in waits.place.stands:
        before = after.get(stand.queue, Left())
        if before.contacts >= RECENT:
            before = Left(before.contacts // 2, before.gave_up // 2, before.waited_ns // 2)
        after[stand.queue] = Left(before.contacts + 1, before.gave_up + gave_up, before.waited_ns + waited_ns)
    return _replace(state, left=after)

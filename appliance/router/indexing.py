# SPDX-License-Identifier: GPL-2.0-only
"""The index of a state, made from nothing: after a restart, and for other rules."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from appliance.router.callbacks.states import CallbackState
from appliance.router.mappings import K, QueuedRow, Row
from appliance.router.rows import Due, agent_row, group, hands_of, lines_of, next_ns, queued_row, queues_of, stood_in
from appliance.router.rules import Rules
from appliance.router.state import Index, Pool, State, Waiting
from appliance.router.states import AgentState

_replace = msgspec.structs.replace


def indexed(state: State) -> State:
    """The same, with its index made from nothing."""
    rules, hands = state.rules, hands_of(state)
    state = _replace(state, index=Index(hands=hands))
    pools = _pools(rules)
    tally: dict[str, Counter[AgentState]] = {queue: Counter() for queue in rules.queues}
    for name, agent in state.agents.items():
        _, counts = agent_row(state, name, agent)
        for queue in queues_of(pools, name):
            if counts is not None:
                tally[queue][counts] += 1
    legs = {leg: name for name, agent in state.agents.items() for leg in agent.legs}
    index = Index(
        pools=pools,
        phones={(seat.box, seat.extension): seat.agent for seat in rules.seats.values() if seat.extension},
        legs=legs,
        calls=_grouped((agent.legs[leg], leg) for agent in state.agents.values() for leg in agent.legs),
        seats=_grouped((seat.box, seat.agent) for seat in rules.seats.values()),
        hands=hands,
        held={held.contact: token for token, held in state.reservations.items()},
        tally={queue: dict(counts) for queue, counts in tally.items()},
        free=_in_pools(_all_free(state, pools)),
        queued=_in_pools((pool, group(waits), row) for waits, row in _all_queued(state) for pool in stood_in(waits)),
        lines=_grouped((queue, row) for waits, row in _all_queued(state) for queue in lines_of(waits)),
        progress=dict(Counter(one.call_type for one in state.typed.values())),
        due=tuple(sorted(_all_due(state))),
        numbers={one.number: name for name, one in state.callbacks.items() if one.state is not CallbackState.OVER},
    )
    return _replace(state, index=index)


def _grouped(pairs: Iterable[tuple[K, Row]]) -> dict[K, tuple[Row, ...]]:
    found: dict[K, list[Row]] = {}
    for key, row in pairs:
        found.setdefault(key, []).append(row)
    return {key: tuple(sorted(rows)) for key, rows in found.items()}


def _in_pools(told: Iterable[tuple[Pool, K, Row]]) -> dict[Pool, dict[K, tuple[Row, ...]]]:
    found: dict[Pool, list[tuple[K, Row]]] = {}
    for pool, key, row in told:
        found.setdefault(pool, []).append((key, row))
    return {pool: _grouped(pairs) for pool, pairs in found.items()}


def _all_free(state: State, pools: Mapping[str, tuple[Pool, ...]]) -> Iterator[tuple[Pool, str, tuple[int, str]]]:
    for name, agent in state.agents.items():
        row, _ = agent_row(state, name, agent)
        if row is not None:
            yield from ((pool, state.rules.seats[name].box, row) for pool in pools.get(name, ()))


def _all_queued(state: State) -> Iterator[tuple[Waiting, QueuedRow]]:
    for waits in state.waiting.values():
        row = queued_row(state, waits)
        if row is not None:
            yield waits, row


def _pools(rules: Rules) -> dict[str, tuple[Pool, ...]]:
    pools: dict[str, tuple[Pool, ...]] = {}
    for queue, rule in rules.queues.items():
        for number, step in enumerate(rule.steps):
            for name in step.agents:
                pools[name] = (*pools.get(name, ()), (queue, number))
    return pools


def _all_due(state: State) -> Iterator[tuple[int, str, str]]:
    for token, held in state.reservations.items():
        yield held.expires_ns, Due.LAPSE, token
    for contact, waits in state.waiting.items():
        yield next_ns(waits) or waits.until_ns, Due.WAITS, contact
    for name, agent in state.agents.items():
        if agent.until_ns is not None:
            yield agent.until_ns, Due.WRAPPED, name
    for contact, asking in state.asking.items():
        yield asking.until_ns, Due.UNANSWERED, contact
    for name, callback in state.callbacks.items():
        yield callback.due_ns, Due.CALLBACK, name
    for key, resting in state.resting.items():
        yield resting.until_ns, Due.RESTED, key
    if state.sweep_ns:
        yield state.sweep_ns, Due.SWEEP, ""

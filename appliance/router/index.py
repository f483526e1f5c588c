# SPDX-License-Identifier: GPL-2.0-only
"""The state's index: every change of an agent, a reservation, a contact that waits or a place goes through here.

    state = put_agent(state, "1001", now)        # and the rows of every pool that they belong to
    state = put_present(state, "BR-0001", True)  # of all that belong to a branch that comes or goes

What stands there is told by `rows.py`; `indexing.py` makes all of it anew.
"""

from collections.abc import Iterable, Mapping

import msgspec

from appliance.router.callbacks.states import CallbackState
from appliance.router.mappings import QueuedRow, copied, moved, moved_in, sorted_in, with_one, without
from appliance.router.rows import (
    LAPSE,
    WAITS,
    WRAPPED,
    AgentRow,
    Due,
    agent_row,
    group,
    hands_of,
    lines_of,
    next_ns,
    queued_row,
    queues_of,
    stood_in,
)
from appliance.router.rules import Rules
from appliance.router.state import (
    Agent,
    Asking,
    Callback,
    Context,
    Index,
    Place,
    Reservation,
    Resting,
    Shown,
    State,
    Typed,
    Waiting,
)
from appliance.router.states import AgentState

DueRow = tuple[int, str, str]
_replace = msgspec.structs.replace


def put_agent(state: State, name: str, now: Agent | None) -> State:
    """The agent is `now`; None: is no more."""
    before = state.agents.get(name)
    agents = without(state.agents, name) if now is None else with_one(state.agents, name, now)
    after, index = _replace(state, agents=agents), state.index
    if before is None or now is None or before.state is not now.state or before.free_ns != now.free_ns:
        for one in index.hands.get(name, (name,)):  # what a person does bears on all of their slots
            was_row, now_row = agent_row(state, one, state.agents.get(one)), agent_row(after, one, agents.get(one))
            if was_row != now_row:
                index = _agent_rows(state.rules, index, one, was_row, now_row)
    was, legs = before.legs if before else {}, now.legs if now else {}
    if was is not legs and was != legs:
        index = _legs(index, name, was, legs)
    was_ns, now_ns = before.until_ns if before else None, now.until_ns if now else None
    if was_ns != now_ns:
        index = _replace(index, due=_due(index, WRAPPED, name, was_ns, now_ns))
    if now is None and name in index.hands:
        index = _replace(index, hands=hands_of(after))
    return after if index is state.index else _replace(after, index=index)


def put_present(state: State, box: str, *, there: bool) -> State:
    """The branch is heard, or is not."""
    present = state.present | {box} if there else state.present - {box}
    after, index = _replace(state, present=present), state.index
    for name in index.seats.get(box, ()):
        agent = state.agents.get(name)
        index = _agent_rows(state.rules, index, name, agent_row(state, name, agent), agent_row(after, name, agent))
    for waits in state.waiting.values():
        if waits.box == box:
            index = _waits_rows(index, (waits, queued_row(state, waits)), (waits, queued_row(after, waits)), index.due)
    return _replace(after, index=index)


def put_reservation(state: State, held: Reservation) -> State:
    """A new one."""
    due = _due(state.index, LAPSE, held.token, None, held.expires_ns)
    index = _replace(state.index, due=due, held=with_one(state.index.held, held.contact, held.token))
    return _replace(state, reservations=with_one(state.reservations, held.token, held), index=index)


def drop_reservation(state: State, held: Reservation) -> State:
    """It has ended."""
    due = _due(state.index, LAPSE, held.token, held.expires_ns, None)
    index = _replace(state.index, due=due, held=without(state.index.held, held.contact))
    return _replace(state, reservations=without(state.reservations, held.token), index=index)


def put_waiting(state: State, contact: str, now: Waiting | None) -> State:
    """The contact waits so; None: no more."""
    before = state.waiting.get(contact)
    due = _due(state.index, WAITS, contact, next_ns(before), next_ns(now))
    index = _waits_rows(state.index, (before, queued_row(state, before)), (now, queued_row(state, now)), due)
    waiting = without(state.waiting, contact) if now is None else with_one(state.waiting, contact, now)
    return _replace(state, waiting=waiting, index=index)


def put_place(state: State, contact: str, now: Place | None) -> State:
    """The contact's place; None: it has none."""
    if now is None:
        return _replace(state, places=without(state.places, contact))
    return _replace(_swept_by(state, now.forget_ns), places=with_one(state.places, contact, now))


def put_context(state: State, contact: str, now: Context | None) -> State:
    """The contact's fields; None: they are dropped."""
    if now is None:
        return _replace(state, contexts=without(state.contexts, contact))
    return _replace(_swept_by(state, now.forget_ns), contexts=with_one(state.contexts, contact, now))


def put_shown(state: State, contact: str, now: Shown | None) -> State:
    """What agents are shown of the contact; None: it is dropped."""
    if now is None:
        return _replace(state, shown=without(state.shown, contact))
    return _replace(_swept_by(state, now.forget_ns), shown=with_one(state.shown, contact, now))


def put_typed(state: State, contact: str, now: Typed | None) -> State:
    """The contact is in progress with that call type; None: it is over."""
    before = state.typed.get(contact)
    if now is not None and before is not None and now.call_type == before.call_type:
        return state
    counts = copied(state.index.progress)
    if before is not None:
        counts[before.call_type] -= 1
        if not counts[before.call_type]:
            del counts[before.call_type]
    if now is None:
        typed = without(state.typed, contact)
    else:
        counts[now.call_type] = counts.get(now.call_type, 0) + 1
        state, typed = _swept_by(state, now.forget_ns), with_one(state.typed, contact, now)
    return _replace(state, typed=typed, index=_replace(state.index, progress=counts))


def put_sweep(state: State, at_ns: int) -> State:
    """The next sweep; 0: none."""
    due = _due(state.index, Due.SWEEP, "", state.sweep_ns or None, at_ns or None)
    return _replace(state, sweep_ns=at_ns, index=_replace(state.index, due=due))


def _swept_by(state: State, at_ns: int) -> State:
    return state if state.sweep_ns else put_sweep(state, at_ns)


def put_asking(state: State, contact: str, now: Asking | None) -> State:
    """What the contact's script looks up; None: nothing."""
    before = state.asking.get(contact)
    due = _due(state.index, Due.UNANSWERED, contact, before.until_ns if before else None, now.until_ns if now else None)
    index = _replace(state.index, due=due)
    asking = without(state.asking, contact) if now is None else with_one(state.asking, contact, now)
    return _replace(state, asking=asking, index=index)


def put_callback(state: State, name: str, now: Callback | None) -> State:
    """The callback is `now`; None: is forgotten."""
    before = state.callbacks.get(name)
    due = _due(state.index, Due.CALLBACK, name, before.due_ns if before else None, now.due_ns if now else None)
    index = _replace(state.index, due=due)
    if before is not None and before.state is not CallbackState.OVER:
        index = _replace(index, numbers=without(index.numbers, before.number))
    if now is not None and now.state is not CallbackState.OVER:
        index = _replace(index, numbers=with_one(index.numbers, now.number, name))
    callbacks = without(state.callbacks, name) if now is None else with_one(state.callbacks, name, now)
    return _replace(state, callbacks=callbacks, index=index)


def put_try(state: State, contact: str, callback: str | None) -> State:
    """That contact tries that callback; None: no more."""
    tries = without(state.tries, contact) if callback is None else with_one(state.tries, contact, callback)
    return _replace(state, tries=tries)


def put_resting(state: State, key: str, now: Resting | None) -> State:
    """The number rests; None: no more."""
    before = state.resting.get(key)
    due = _due(state.index, Due.RESTED, key, before.until_ns if before else None, now.until_ns if now else None)
    index = _replace(state.index, due=due)
    resting = without(state.resting, key) if now is None else with_one(state.resting, key, now)
    return _replace(state, resting=resting, index=index)


def _agent_rows(rules: Rules, index: Index, name: str, was: AgentRow, now: AgentRow) -> Index:
    seat, free, tally = rules.seats.get(name), index.free, index.tally
    if was[0] != now[0] and seat is not None:
        free = moved_in(free, index.pools.get(name, ()), seat.box, was[0], now[0])
    if was[1] != now[1]:
        tally = _counted_on(tally, queues_of(index.pools, name), was[1], now[1])
    return _replace(index, free=free, tally=tally)


def _legs(index: Index, name: str, was: Mapping[str, str], now: Mapping[str, str]) -> Index:
    legs, calls = index.legs, index.calls
    for leg in sorted(was.keys() - now.keys()) if was else ():
        legs = without(legs, leg)
        left = sorted_in(calls[was[leg]], leg, None)
        calls = with_one(calls, was[leg], left) if left else without(calls, was[leg])
    for leg in sorted(now.keys() - was.keys()) if now else ():
        legs = with_one(legs, leg, name)
        calls = with_one(calls, now[leg], sorted_in(calls.get(now[leg], ()), None, leg))
    return _replace(index, legs=legs, calls=calls)


def _counted_on(
    tally: Mapping[str, Mapping[AgentState, int]], queues: Iterable[str], was: AgentState | None, now: AgentState | None
) -> dict[str, Mapping[AgentState, int]]:
    after = copied(tally)
    for queue in queues:
        counts = copied(after[queue])
        if was is not None:
            counts[was] -= 1
            if not counts[was]:
                del counts[was]
        if now is not None:
            counts[now] = counts.get(now, 0) + 1
        after[queue] = counts
    return after


def _waits_rows(
    index: Index,
    was: tuple[Waiting | None, QueuedRow | None],
    now: tuple[Waiting | None, QueuedRow | None],
    due: tuple[DueRow, ...],
) -> Index:
    queued, lines = index.queued, index.lines
    for waits, was_row, now_row in ((was[0], was[1], None), (now[0], None, now[1])):
        if waits is not None and (was_row is not None or now_row is not None):
            queued = moved_in(queued, stood_in(waits), group(waits), was_row, now_row)
            lines = moved(lines, lines_of(waits), was_row, now_row)
    return _replace(index, queued=queued, lines=lines, due=due)


def _due(index: Index, what: Due, whom: str, was_ns: int | None, at_ns: int | None) -> tuple[DueRow, ...]:
    if was_ns == at_ns:
        return index.due
    was: DueRow | None = None if was_ns is None else (was_ns, what, whom)
    now: DueRow | None = None if at_ns is None else (at_ns, what, whom)
    return sorted_in(index.due, was, now)

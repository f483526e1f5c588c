# SPDX-License-Identifier: GPL-2.0-only
"""A child's life as a table, and how long it waits before the next one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.supervisor.states import TABLE, TIMERS, Action, Backoff, Event, State, step

pytestmark = pytest.mark.unit


def test_a_child_that_cannot_use_its_configuration_is_never_started_again() -> None:
    state, _ = step(State.RUNNING, Event.REFUSED)
    assert state is State.FAILED
    assert not any(action is Action.SPAWN for _, action in TABLE[State.FAILED].values())


def test_a_child_that_is_stopped_is_not_started_again_when_it_ends() -> None:
    state, action = step(State.RUNNING, Event.STOP)
    assert action is Action.TERMINATE
    assert step(state, Event.EXITED) == (State.STOPPED, Action.NONE)
    assert step(state, Event.OVERDUE) == (State.STOPPING, Action.KILL)


def test_every_state_s_timer_is_an_event_it_knows() -> None:
    assert all(event in TABLE[state] for state, event in TIMERS.items())


def test_a_step_outside_the_table_is_refused() -> None:
    with pytest.raises(KeyError):
        step(State.STOPPED, Event.READY)


@given(st.lists(st.sampled_from(Event)))
def test_any_events_lead_only_to_states_that_can_be_stopped(events: list[Event]) -> None:
    state = State.STOPPED
    for event in events:
        if event in TABLE[state]:
            state, _ = step(state, event)
    state, _ = step(state, Event.STOP)
    assert state in {State.STOPPED, State.STOPPING}


def test_backoff_doubles_from_100_ms_to_5_s() -> None:
    waits = Backoff()
    assert [round(waits.next_s(1), 3) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_backoff_of_the_engine_begins_with_none() -> None:
    waits = Backoff(first_s=0)
    assert [round(waits.next_s(1), 3) for _ in range(4)] == [0.0, 0.1, 0.2, 0.4]


def test_a_life_of_30_s_earns_a_fresh_start() -> None:
    waits = Backoff()
    for _ in range(5):
        waits.next_s(1)
    assert waits.next_s(30) == 0.1

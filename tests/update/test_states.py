# SPDX-License-Identifier: GPL-2.0-only
"""The life of an update: every state, every event, and what a power cut may make of it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.update.states import BY_PERSON, REFUSALS, TABLE, TIMERS, Action, Event, RefusedError, State, step

pytestmark = pytest.mark.unit
BOOTED = [event for event in Event if event.startswith("booted")]
OTHER_SLOT_WRITTEN = (State.INSTALLED, State.DRAINING, State.SWITCHING, State.TRIAL, State.CONFIRMED)


def test_each_state_knows_each_event_or_refuses_it_with_a_sentence() -> None:
    for state, event in itertools.product(State, Event):
        if event in TABLE[state]:
            after, action = step(state, event)
            assert after in State
            assert action in Action
        elif event in BY_PERSON:
            with pytest.raises(RefusedError) as refused:
                step(state, event, "0.2.0")
            assert "{" not in str(refused.value)
        else:
            with pytest.raises(KeyError):
                step(state, event)


def test_every_cell_that_a_person_has_not_is_a_sentence() -> None:
    assert all(state in REFUSALS[event] for state in State for event in BY_PERSON)


def test_the_box_starts_in_every_state_whatever_runs() -> None:
    assert all(Event.BOOTED_OTHER in TABLE[state] for state in State)


def test_only_a_switch_points_the_boot_loader_away_from_what_is_good() -> None:
    switching = {
        (state, event) for state in State for event, (_, does) in TABLE[state].items() if does is Action.SWITCH
    }
    assert switching == {(State.DRAINING, Event.DRAINED)}


def test_only_a_trial_is_confirmed_or_one_whose_confirmation_was_cut_off() -> None:
    froms = {state for state in State for _, does in TABLE[state].values() if does is Action.CONFIRM}
    assert froms == {State.TRIAL, State.CONFIRMED}
    assert TABLE[State.CONFIRMED][Event.BOOTED_NEW] == (State.CONFIRMED, Action.CONFIRM)


def test_no_update_begins_before_the_last_one_is_confirmed_or_given_up() -> None:
    begins = {state for state in State if Event.INSTALL in TABLE[state]}
    assert begins == {State.IDLE, State.CONFIRMED, State.FALLEN_BACK}
    with pytest.raises(RefusedError, match=r"0\.2\.0 is not confirmed yet"):
        step(State.TRIAL, Event.INSTALL, "0.2.0")


def test_a_bundle_that_is_half_written_is_never_switched_to() -> None:
    assert {TABLE[State.INSTALLING][event][0] for event in TABLE[State.INSTALLING] if event in BOOTED} == {State.IDLE}


def test_a_power_cut_in_a_trial_is_its_end_and_one_before_the_switch_is_none() -> None:
    assert step(State.TRIAL, Event.BOOTED_SPENT) == (State.FALLEN_BACK, Action.CLEAR)
    assert step(State.SWITCHING, Event.BOOTED_OLD) == (State.DRAINING, Action.DRAIN)


def test_every_state_s_timer_is_an_event_it_knows() -> None:
    assert all(event in TABLE[state] for state, (event, _) in TIMERS.items())


@given(st.lists(st.sampled_from(Event), max_size=40))
def test_any_events_reach_confirmed_only_by_way_of_a_trial(events: list[Event]) -> None:
    state, seen = State.IDLE, {State.IDLE}
    for event in events:
        if event in TABLE[state]:
            state, _ = step(state, event)
            seen.add(state)
    if State.CONFIRMED in seen:
        assert set(OTHER_SLOT_WRITTEN) <= seen | {State.CHECKING, State.INSTALLING}

# SPDX-License-Identifier: GPL-2.0-only
"""The line's TABLE holds the leg protocol's, and no walk leaves it or tells a release twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.line.states import BEGIN, TABLE, TOLD, Action, Event, State, step
from appliance.wire import legs
from appliance.wire.legs import Direction, LegState, LegStep

pytestmark = pytest.mark.unit

AS_COMMAND = {
    LegStep.PROCEED: Event.PROCEED,
    LegStep.ALERT: Event.ALERT,
    LegStep.ANSWER: Event.ANSWER,
    LegStep.RELEASE: Event.RELEASE,
}
AS_MESSAGE = {
    LegStep.PROCEED: Event.PROCEEDING,
    LegStep.ALERT: Event.ALERTING,
    LegStep.ANSWER: Event.CONNECT,
    LegStep.RELEASE: Event.DISCONNECT,
}


@pytest.mark.parametrize("direction", Direction)
def test_every_cell_of_the_leg_protocol_is_here(direction: Direction) -> None:
    words = AS_COMMAND if direction is Direction.INCOMING else AS_MESSAGE
    for state in TABLE[direction]:
        if state in TOLD:
            for way, after in legs.TABLE[TOLD[state]].items():
                move = step(direction, state, words[way])
                told = TOLD.get(move.to, LegState.RELEASED)
                assert told is after, f"{direction} {state} {way}"


@pytest.mark.parametrize(
    "event", [Event.PROCEED, Event.PROCEED_INBAND, Event.ALERT, Event.ALERT_INBAND, Event.ANSWER, Event.RELEASE_INBAND]
)
def test_an_outgoing_leg_takes_no_steps_from_us(event: Event) -> None:
    for state in TABLE[Direction.OUTGOING]:
        with pytest.raises(KeyError):
            step(Direction.OUTGOING, state, event)


@given(st.sampled_from(Direction), st.lists(st.sampled_from(Event), max_size=40))
def test_a_walk_ends_once_and_closes_its_port_once(direction: Direction, walk: list[Event]) -> None:
    state, done = BEGIN[direction], list[Action]()
    for event in [*walk, Event.CLEARED]:
        if event in TABLE[direction][state]:
            state, actions = step(direction, state, event)
            done += actions
    assert state is State.GONE
    assert done.count(Action.TELL_RELEASED) == 1
    assert done.count(Action.CLOSE_PORT) == 1
    assert done.index(Action.CLOSE_PORT) < done.index(Action.TELL_RELEASED)
    assert done.count(Action.TELL_ANSWERED) <= 1

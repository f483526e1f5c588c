# SPDX-License-Identifier: GPL-2.0-only
"""TABLE as a whole, and a walk of a random exchange and a random user."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.signalling.fxo import events
from appliance.signalling.fxo.events import Feed, Hook
from appliance.signalling.fxo.incoming import FREE
from appliance.signalling.fxo.line import Call, CallStateError, Line
from appliance.signalling.fxo.modes import impedances, load, modes
from appliance.signalling.fxo.settings import RECOGNITION, Answer, CallerId, Place, Settings
from appliance.signalling.fxo.states import EARS, HOOK, TABLE, TIMERS
from appliance.signalling.fxo.words import Action, Event, State
from dsp.caller_id import Message
from dsp.tone import Kind

pytestmark = pytest.mark.unit

CELLS = [(state, event) for state, cells in TABLE.items() for event in cells]
QUIET = set(FREE) | {State.ANNOUNCED}
TALKING = (State.CONNECTED, State.CONNECTED_SILENT)


def test_every_state_event_and_action_is_used() -> None:
    assert set(TABLE) == set(State) == {TABLE[state][event].to for state, event in CELLS}
    assert {event for _, event in CELLS} == set(Event)
    assert {action for state, event in CELLS for action in TABLE[state][event].actions} == set(Action)


def test_a_timer_belongs_to_each_state_that_takes_its_end_and_to_no_other() -> None:
    assert {state for state in TABLE if Event.TIMEOUT in TABLE[state]} == set(TIMERS)
    assert all(timer.clause for timer in TIMERS.values())
    assert not RECOGNITION.keys() & {timer.name for timer in TIMERS.values()}


def test_every_call_can_be_released_and_none_is_without_end() -> None:
    for state in set(TABLE) - QUIET:
        assert {Event.RELEASE, Event.LOSE} <= TABLE[state].keys()
        assert state in TIMERS or state in (*TALKING, State.DIALLING)


def test_a_call_is_cleared_where_its_line_comes_free_or_the_next_call_begins() -> None:
    for state, event in CELLS:
        move = TABLE[state][event]
        ends = state not in QUIET and (move.to in QUIET or Action.TELL_SEIZED in move.actions)
        begun = state in QUIET and event not in (Event.PLACE, Event.PLACE_BLIND, Event.PLACE_GROUND)
        assert move.actions.count(Action.TELL_CLEARED) == int(ends), f"{state} {event}"
        if begun and move.to not in QUIET:
            assert Action.TELL_SEIZED in move.actions, f"{state} {event}"


def test_people_hear_when_a_line_is_blocked_and_when_it_is_not() -> None:
    silent = {State.BLOCKED, State.IN_USE}
    for state, event in CELLS:
        move = TABLE[state][event]
        assert (Action.TELL_BLOCKED in move.actions) == (move.to in silent and state not in silent), f"{state} {event}"
        assert (Action.TELL_UNBLOCKED in move.actions) == (state in silent and move.to not in silent)


def test_a_free_line_is_on_hook_and_hears_nothing_of_calls() -> None:
    assert all(HOOK.get(state, Hook.ON) is Hook.ON and state not in EARS for state in (*FREE, State.GUARD))
    assert all(HOOK[state] is Hook.OFF for state in EARS if state is not State.AWAITING_CALLER)


def test_dahdi_has_73_line_modes_each_with_an_impedance_of_the_data_sheet() -> None:
    assert len(modes()) == 73
    assert all(mode.acim < 16 and mode.dcv < 4 and mode.mini < 4 for mode in modes().values())
    assert len(impedances()) == 15
    assert impedances()[load("TBR21").acim] == (270, 750, 150)
    assert impedances()[load("FCC").acim] == (600, 0, 0)
    assert impedances()[load("UK").acim] == (320, 1050, 230)


INPUTS = st.one_of(
    st.tuples(st.just("feed"), st.sampled_from(Feed)),
    st.tuples(st.just("ring"), st.booleans()),
    st.tuples(st.just("tone"), st.sampled_from((None, *Kind))),
    st.tuples(st.just("voice"), st.booleans()),
    st.tuples(st.just("caller"), st.sampled_from((None, Message(number="12")))),
    st.tuples(st.just("wait"), st.sampled_from((0.0, 0.05, 0.15, 0.4, 3.0, 20.0, 200.0))),
    st.tuples(st.sampled_from(("place", "answer", "flash", "release", "dialled", "lose")), st.none()),
)
LINES = st.builds(
    Settings,
    ground_start=st.booleans(),
    answer=st.sampled_from(Answer),
    caller_id=st.sampled_from([kind for kind in CallerId if kind is not CallerId.V23_JP]),
    place=st.sampled_from(Place),
    dial_tone=st.booleans(),
) | st.just(Settings(caller_id=CallerId.V23_JP, place=Place.POLARITY))


@pytest.mark.parametrize("state", sorted(set(TABLE) - QUIET))
def test_a_lost_port_ends_the_call_wherever_it_stands(state: State) -> None:
    line = Line(Settings(), clock=lambda: 0.0)
    line.state = state
    line.lose()
    assert line.take_events() == [events.CallCleared(27, by_peer=False), events.ChannelBlocked()]


@pytest.mark.parametrize("state", sorted(set(TABLE) - QUIET))
def test_a_released_call_is_cleared_once_with_our_cause_wherever_it_stood(state: State) -> None:
    now = 0.0
    line = Line(Settings(), clock=lambda: now)
    line.see_feed(Feed.NORMAL)
    now = 1.0
    line.run()
    line.take_events()
    line.state = state
    line._begin_timer()
    line.release(21)
    line.release(17)
    while (due := line.due()) is not None:
        now = due
        line.run()
    assert line.take_events() == [events.CallCleared(21, by_peer=False)]
    assert line.state is State.IDLE


@given(LINES, st.lists(INPUTS, max_size=80))
def test_a_random_exchange_and_a_random_user_leave_an_idle_line(
    settings: Settings, inputs: list[tuple[str, object]]
) -> None:
    now = 0.0
    line = Line(settings, clock=lambda: now)
    told: Counter[type[events.Event]] = Counter()
    placed = 0
    commands = {
        "feed": line.see_feed,
        "ring": lambda on: line.see_ring(on=on),
        "tone": line.hear_tone,
        "voice": lambda on: line.hear_voice(on=on),
        "caller": line.hear_caller,
    }
    idle = Feed.OPEN if settings.ground_start else Feed.NORMAL
    closing = [("ring", False), ("feed", idle), ("wait", 1.0), ("release", None), *[("wait", 200.0)] * 6]
    for what, value in inputs + closing:
        try:
            if what == "wait":
                assert isinstance(value, float)
                now += value
            elif what == "place":
                line.place(Call("123"))
                placed += 1
            elif what in commands:
                commands[what](value)
            else:
                getattr(line, what)()
        except CallStateError:
            assert what in ("place", "answer", "flash", "release")
        line.run()
        told.update(map(type, line.take_events()))
    assert line.state is State.IDLE
    assert told[events.CallCleared] == placed + told[events.CallSeized]
    assert line.due() is None

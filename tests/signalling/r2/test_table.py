# SPDX-License-Identifier: GPL-2.0-only
"""TABLE as a whole: no cell is dead, none is missed silently, no walk leaves a tone, a call or a channel behind."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.signalling.r2 import events
from appliance.signalling.r2.bits import Role, role
from appliance.signalling.r2.channel import Call, CallStateError, Channel, Direction, Wants
from appliance.signalling.r2.incoming import INCOMING
from appliance.signalling.r2.outgoing import OUTGOING
from appliance.signalling.r2.states import EXPECTING, FREE, READING, TABLE, TIMERS
from appliance.signalling.r2.variant import load, names
from appliance.signalling.r2.words import Action, Event, State

pytestmark = pytest.mark.unit

COMMANDS = {Event.PLACE, Event.ACCEPT, Event.ANSWER, Event.METER, Event.RELEASE, Event.WITHDRAW, Event.RESTORE}
SAYING = {action for action in Action if action.name.startswith(("SEND_", "ASK_", "SAY_"))}
CELLS = [(state, event) for state, cells in TABLE.items() for event in cells]


def test_every_state_has_a_row_and_can_be_reached() -> None:
    assert set(TABLE) == set(State)
    reached, new = {State.BLOCKED}, [State.BLOCKED]
    while new:
        new = [move.to for state in new for move in TABLE[state].values() if move.to not in reached]
        reached |= set(new)
    assert reached == set(State)


def test_every_event_and_action_is_used() -> None:
    assert {event for _, event in CELLS} == set(Event)
    assert {action for state, event in CELLS for action in TABLE[state][event].actions} == set(Action)


@pytest.mark.parametrize("state", State)
def test_a_command_without_a_cell_changes_nothing(state: State) -> None:
    channel = Channel(load("CN"), clock=lambda: 0.0)
    channel.take_orders()
    channel.state = state
    commands = {
        Event.PLACE: lambda: channel.place(Call("1")),
        Event.ACCEPT: channel.accept,
        Event.ANSWER: channel.answer,
        Event.METER: channel.meter,
        Event.RELEASE: channel.release,
        Event.WITHDRAW: channel.withdraw,
        Event.RESTORE: channel.restore,
    }
    assert set(commands) == COMMANDS
    for event in commands.keys() - TABLE[state].keys():
        with pytest.raises(CallStateError, match=f"that is {state} takes no {event}"):
            commands[event]()
        assert (channel.state, channel.take_orders(), channel.take_events()) == (state, [], [])


def test_a_timer_belongs_to_each_state_that_takes_its_end_and_to_no_other() -> None:
    assert {state for state in TABLE if Event.TIMEOUT in TABLE[state]} | EXPECTING == set(TIMERS)
    assert all(Event.PULSE_CONGESTION in TABLE[state] for state in EXPECTING)
    assert all(timer.clause for timer in TIMERS.values())


def test_no_call_is_without_end() -> None:
    for state in (*OUTGOING, *INCOMING):
        assert Event.RELEASE in TABLE[state], f"{state} cannot be released"
        assert Event.LOSE in TABLE[state]
        assert state in TIMERS or role(state) in (Role.CALLED, Role.CALLING), state
    assert all(Event.CLEAR_FORWARD in TABLE[state] for state in INCOMING)
    lets_go = {Event.IDLE_HEARD, Event.FORCED_RELEASE}
    assert all(lets_go <= TABLE[state].keys() for state in OUTGOING if role(state) is Role.CALLING)


def test_an_outgoing_register_takes_an_answer_and_any_signal_wherever_it_stands() -> None:
    assert all(Event.ANSWER_HEARD in TABLE[state] for state in SENDING | DUE)
    assert all({Event.ACCEPTED, Event.REFUSED, Event.UNKNOWN} <= TABLE[state].keys() for state in READING)


def test_a_call_is_cleared_where_its_channel_comes_free_and_nowhere_else() -> None:
    for state, event in CELLS:
        move = TABLE[state][event]
        ends = state not in FREE and move.to in FREE
        assert move.actions.count(Action.TELL_CLEARED) == int(ends), f"{state} {event}"
        if ends and role(move.to) is not Role.ENDING:
            assert Action.SET_IDLE in move.actions, f"{state} {event}"


S, A = State, Action
SEIZING = {S.SEIZING, S.UNACKNOWLEDGED, S.GLARE}
SENDING = {S.SENDING_DIGIT, S.SENDING_CALLER, S.SENDING_SERVICE}
DUE = {S.OUT_OF_DIGITS, S.DUE_DIGIT, S.DUE_CATEGORY, S.DUE_CALLER, S.DUE_SERVICE, S.DUE_ACCEPTANCE, S.DUE_REFUSAL}
CALLING = {S.RINGING, S.CONNECTED, S.CLEARED_SHORTLY, S.CLEARED_BACK}
ASKING = {
    S.ASKING_DIGIT,
    S.ASKING_CATEGORY,
    S.ASKING_CALLER,
    S.ASKING_SERVICE,
    S.COMPLETING,
    S.REFUSING,
    S.LEAVING,
    S.TAKING_BACK,
}
PULSING = {S.PULSING_CATEGORY, S.PULSING_SERVICE, S.PULSING_COMPLETE, S.PULSING_CONGESTION}
VERDICT = {S.COMPLETING, S.ACCEPTING, S.ANSWERING, S.REFUSING, S.TAKING_BACK}
QUIET = {S.SETTLING, S.SETTLING_ANSWER, S.ALERTING}

# What stands on the line in each state: bits, tone, and the direction that is heard.
STANDS: dict[State, tuple[set[Action], bool, Action]] = {
    S.IDLE: ({A.SET_IDLE}, False, A.LISTEN_NOT),
    S.BLOCKED: ({A.SET_IDLE}, False, A.LISTEN_NOT),
    S.WITHDRAWN: ({A.SET_BLOCKED}, False, A.LISTEN_NOT),
    S.HELD: ({A.SET_CLEAR_FORWARD, A.SET_SEIZE_ACK, A.SET_CLEAR_BACK, A.SET_UNANSWERED}, False, A.LISTEN_NOT),
    **dict.fromkeys(SEIZING | CALLING, ({A.SET_SEIZE}, False, A.LISTEN_NOT)),
    **dict.fromkeys(SENDING, ({A.SET_SEIZE}, True, A.LISTEN_BACKWARD)),
    **dict.fromkeys(DUE, ({A.SET_SEIZE}, False, A.LISTEN_BACKWARD)),
    S.CLEARING: ({A.SET_CLEAR_FORWARD}, False, A.LISTEN_NOT),
    **dict.fromkeys(EXPECTING | {S.OFFERED}, ({A.SET_SEIZE_ACK}, False, A.LISTEN_FORWARD)),
    **dict.fromkeys(ASKING | PULSING | VERDICT, ({A.SET_SEIZE_ACK}, True, A.LISTEN_FORWARD)),
    **dict.fromkeys(QUIET, ({A.SET_SEIZE_ACK}, False, A.LISTEN_NOT)),
    **dict.fromkeys((S.ANSWERED, S.ANSWERED_TWICE), ({A.SET_ANSWER}, False, A.LISTEN_NOT)),
    **dict.fromkeys((S.ANSWERED_ONCE, S.METERING), ({A.SET_CLEAR_BACK}, False, A.LISTEN_NOT)),
    S.LET_GO: ({A.SET_SEIZE_ACK, A.SET_CLEAR_BACK, A.SET_UNANSWERED}, False, A.LISTEN_NOT),
}


def test_on_every_way_each_state_has_its_bits_its_tone_and_its_receiver() -> None:
    assert set(STANDS) == set(State)
    begin = (State.BLOCKED, Action.SET_IDLE, False, Action.LISTEN_NOT)
    reached, new = {begin}, [begin]
    while new:
        state, bits, tone, listening = new.pop()
        for event, move in TABLE[state].items():
            after = (move.to, *stand(state, event, bits, listening, tone=tone))
            possible, on, hears = STANDS[move.to]
            assert after[1] in possible, f"{state}, {event}: bits {after[1]}"
            assert after[2:] == (on, hears), f"{state}, {event}: tone and receiver {after[2:]}"
            if after not in reached:
                reached.add(after)
                new.append(after)


def stand(state: State, event: Event, bits: Action, listening: Action, *, tone: bool) -> tuple[Action, bool, Action]:
    """What stands on the line after a cell's actions."""
    for action in TABLE[state][event].actions:
        if action.name.startswith("SET_"):
            bits = action
        elif action.name.startswith("LISTEN_"):
            listening = action
        elif action in SAYING:
            assert not tone, f"{state}, {event}: a second tone upon the first"
            tone = True
        elif action is Action.STOP:
            tone = False
    return bits, tone, listening


def test_people_hear_when_a_channel_is_blocked_and_when_it_is_not() -> None:
    silent = {State.BLOCKED, State.HELD, State.WITHDRAWN}
    for state, event in CELLS:
        move = TABLE[state][event]
        blocks = move.to in (State.BLOCKED, State.HELD) and state not in silent
        unblocks = state in (State.BLOCKED, State.HELD) and move.to not in silent
        assert (Action.TELL_BLOCKED in move.actions) == blocks, f"{state}, {event}"
        assert (Action.TELL_UNBLOCKED in move.actions) == unblocks, f"{state}, {event}"


INPUTS = st.one_of(
    st.tuples(st.just("bits"), st.integers(0, 15)),
    st.tuples(st.just("signal"), st.integers(0, 15)),
    st.tuples(st.just("wait"), st.sampled_from((0.0, 0.03, 0.2, 3.0, 20.0, 400.0))),
    st.tuples(st.sampled_from(sorted(COMMANDS)), st.just(0)),
    st.tuples(st.just("lose"), st.just(0)),
)


@given(st.sampled_from(names()), st.lists(INPUTS, max_size=80))
def test_a_random_far_end_and_a_random_user_leave_an_idle_channel(
    variant: str, inputs: list[tuple[str, float]]
) -> None:
    now = 0.0
    channel = Channel(load(variant), Wants(dnis_digits=3), clock=lambda: now)
    told: Counter[type[events.Event]] = Counter()
    placed = 0

    def act(what: str, value: float) -> None:
        nonlocal now, placed
        match what:
            case "bits":
                channel.see_bits(int(value))
            case "signal":
                channel.hear(Direction.FORWARD, int(value))
                channel.hear(Direction.BACKWARD, int(value))
            case "wait":
                now += value
            case "lose":
                channel.lose()
            case Event.PLACE:
                channel.place(Call("123", "45"))
                placed += 1
            case _:
                getattr(channel, what)()
        channel.run()
        told.update(map(type, channel.take_events()))

    closing: list[tuple[str, float]] = [("restore", 0), ("release", 0), ("bits", 0b1001)]
    for what, value in (
        inputs + closing + [("wait", 400.0)] * 4 + [("bits", 0b1101), ("wait", 1), *closing, ("wait", 1)]
    ):
        try:
            act(what, value)
        except CallStateError:
            assert what in COMMANDS
    assert channel.state is State.IDLE
    assert told[events.CallCleared] == placed + told[events.CallSeized]
    assert channel.due() is None

# SPDX-License-Identifier: GPL-2.0-only
"""Robots on the telephone: scripts as data, walked through TABLE."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.simulator.caller import (
    AwaitAnswer,
    AwaitCue,
    AwaitRelease,
    AwaitSound,
    HangUp,
    Key,
    Rest,
    Script,
    Step,
    Talk,
)
from appliance.simulator.states import STATE_OF, TABLE, Event, Position, State, advance, begin

pytestmark = pytest.mark.unit

CUSTOMER = Script((AwaitAnswer(), AwaitSound(), Key("1234"), Talk(("a.wav",)), HangUp(31)))


def walk(script: Script, *events: Event) -> tuple[Position, list[Step]]:
    position, step = begin(script)
    steps = [step]
    for event in events:
        position, new = advance(script, position, event)
        steps += [new] if new is not None else []
    return position, steps


def test_customer_hears_the_prompt_keys_talks_and_hangs_up() -> None:
    position, steps = walk(CUSTOMER, Event.ANSWERED, Event.HEARD, Event.KEYED, Event.SAID, Event.RELEASED)
    assert steps == list(CUSTOMER.steps)
    assert position.state is State.CLEARED
    assert position.unmet is None


def test_customer_to_whom_nobody_speaks_gives_up_and_says_so() -> None:
    position, steps = walk(CUSTOMER, Event.ANSWERED, Event.TIMED_OUT)
    assert steps[-1] == HangUp(16)
    assert position.unmet == "step 2 AwaitSound: timed out while listening"
    position, _ = walk(CUSTOMER, Event.ANSWERED, Event.TIMED_OUT, Event.RELEASED)
    assert position.unmet == "step 2 AwaitSound: timed out while listening"


def test_customer_whose_words_do_not_get_out_gives_up() -> None:
    position, _ = walk(CUSTOMER, Event.ANSWERED, Event.HEARD, Event.KEYED, Event.TIMED_OUT)
    assert position.unmet == "step 4 Talk: timed out while talking"


def test_customer_cut_off_while_keying_says_so() -> None:
    position, _ = walk(CUSTOMER, Event.ANSWERED, Event.HEARD, Event.RELEASED)
    assert position == Position(2, State.CLEARED, "step 3 Key: released while keying")


def test_customer_who_waits_for_the_far_end_is_content_when_it_clears() -> None:
    position, _ = walk(Script((AwaitAnswer(), AwaitRelease())), Event.ANSWERED, Event.RELEASED)
    assert position == Position(1, State.CLEARED)


def test_caller_who_abandons_while_ringing() -> None:
    position, steps = walk(Script((Rest(2), HangUp())), Event.ANSWERED, Event.TIMED_OUT, Event.RELEASED)
    assert steps == [Rest(2), HangUp()]
    assert position.unmet is None


def test_a_script_without_an_end_hangs_up() -> None:
    position, steps = walk(Script((AwaitCue(),)), Event.CUED, Event.RELEASED)
    assert steps == [AwaitCue(), HangUp()]
    assert position.unmet is None


def test_a_cell_that_table_lacks_raises_and_changes_nothing() -> None:
    position, _ = begin(CUSTOMER)
    with pytest.raises(KeyError):
        advance(CUSTOMER, position, Event.KEYED)
    assert position.state is State.CALLING


def test_every_step_has_its_state_and_every_state_its_row() -> None:
    assert set(STATE_OF.values()) | {State.CLEARED} == set(TABLE)


STEPS = st.sampled_from((AwaitAnswer(), AwaitSound(), AwaitCue(), Key("1"), Talk(("a",)), Rest(1), AwaitRelease()))


@given(st.lists(STEPS, max_size=6), st.lists(st.sampled_from(Event), max_size=30))
def test_random_events_never_leave_table_and_release_always_ends(steps: list[Step], events: list[Event]) -> None:
    script = Script(tuple(steps))
    position, _ = begin(script)
    for event in events:
        if event in TABLE[position.state]:
            was = position
            position, _ = advance(script, position, event)
            assert position.at >= was.at
    if position.state is not State.CLEARED:
        position, _ = advance(script, position, Event.RELEASED)
    assert position.state is State.CLEARED

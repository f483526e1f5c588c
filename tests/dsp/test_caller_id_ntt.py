# SPDX-License-Identifier: GPL-2.0-only
"""NTT's answer sequence: the line is taken for the number, given back, and rings once."""

import pytest

from dsp.caller_id import NttAction, NttAnswer, NttEvent

pytestmark = pytest.mark.unit

NAMES = {
    "reversed": NttEvent.POLARITY_REVERSED,
    "restored": NttEvent.POLARITY_RESTORED,
    "on": NttEvent.RING_ON,
    "off": NttEvent.RING_OFF,
    "message": NttEvent.MESSAGE,
    "cleared": NttEvent.CLEARED,
}


def played(*script: tuple[int, str], until_ms: int = 40000) -> list[tuple[int, NttAction]]:
    """What is done and when, in ms, upon events at these ms; time passes in ticks."""
    answer = NttAnswer()
    done: list[tuple[int, NttAction]] = []
    events = dict(script)
    for now in range(0, until_ms, 5):
        action = answer.step(NAMES[events[now]] if now in events else NttEvent.TIME, 8 * now)
        if action is not NttAction.NOTHING:
            done.append((now, action))
    return done


def test_number_is_fetched_before_the_true_ringing() -> None:
    story = [
        (100, "reversed"),
        (500, "on"),
        (1000, "off"),
        (1700, "message"),
        (3000, "on"),
        (4000, "off"),
        (6000, "on"),
    ]
    assert played(*story) == [
        (1000, NttAction.TAKE_LINE),
        (1700, NttAction.GIVE_BACK),
        (3000, NttAction.RING),
    ]


def test_line_is_given_back_without_a_message() -> None:
    story = [(100, "reversed"), (500, "on"), (1000, "off"), (9500, "on")]
    assert played(*story) == [(1000, NttAction.TAKE_LINE), (8000, NttAction.GIVE_BACK), (9500, NttAction.RING)]


def test_ringing_without_reversal_or_in_whole_seconds_is_a_call() -> None:
    assert played((100, "on"), (1100, "off"), (3100, "on")) == [(100, NttAction.RING)]
    assert played((100, "reversed"), (500, "on"), (1500, "off")) == [(1250, NttAction.RING)]


def test_caller_who_hangs_up_leaves_nothing_behind() -> None:
    story = [(100, "reversed"), (500, "on"), (1000, "off"), (1200, "cleared"), (5000, "reversed"), (5500, "on")]
    assert played(*story, (6000, "off")) == [
        (1000, NttAction.TAKE_LINE),
        (1200, NttAction.GIVE_BACK),
        (6000, NttAction.TAKE_LINE),
        (13000, NttAction.GIVE_BACK),
    ]
    assert played((100, "reversed"), (300, "restored"), (500, "on")) == [(500, NttAction.RING)]
    assert played((100, "reversed"), (11000, "on")) == [(11000, NttAction.RING)]
    again = [(100, "reversed"), (500, "on"), (1000, "off"), (1500, "message")]
    assert played(*again, (25000, "reversed"), (25500, "on"), (26000, "off"), (26500, "message")) == [
        (1000, NttAction.TAKE_LINE),
        (1500, NttAction.GIVE_BACK),
        (26000, NttAction.TAKE_LINE),
        (26500, NttAction.GIVE_BACK),
    ]


def test_events_out_of_place_change_nothing() -> None:
    assert played((100, "message"), (200, "off"), (300, "restored")) == []

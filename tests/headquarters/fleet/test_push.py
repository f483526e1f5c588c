# SPDX-License-Identifier: GPL-2.0-only
"""A push goes wave by wave, stops by itself, and goes on when somebody says so: its table and its gate alone."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.headquarters.fleet.push import Entry, Health, Made, Push, Terms, WrongWavesError, in_waves
from appliance.headquarters.fleet.states import BOX, PUSH, Course, Move, Stage, Turn
from appliance.wire.fleet import PushWish, Step

pytestmark = [pytest.mark.unit, pytest.mark.timeout(20)]
BOXES = [f"BR-{number}" for number in range(1, 11)]
WELL = Health(0.0)


def _push(**terms: float) -> Push:
    made = Made(1, "HQ.1.1", "all", "li", "", 0, Terms(**{"healthy_s": 10, **terms}))  # type: ignore[arg-type]
    waves = in_waves(BOXES, ("1", "30%", "all"))
    return Push(made, [Entry(box, waves[box], "old", "new") for box in BOXES])


def _give(push: Push, *steps: Step) -> list[str]:
    turn = [one.box for one in push.turn()]
    for box in turn:
        push.move(box, Move.ORDER)
        for step in steps:
            push.move(box, step)
    return turn


def _all(health: Health) -> Callable[[str], Health]:
    return lambda _box: health


def test_waves_are_numbers_shares_and_all() -> None:
    waves = in_waves(BOXES, ("1", "30%", "all"))
    assert [list(waves.values()).count(number) for number in (1, 2, 3)] == [1, 3, 6]
    assert set(in_waves(["BR-1"], ("1", "10%", "all")).values()) == {1}
    for wrong in (("1",), ("0", "all"), ("x", "all"), ("110%", "all")):
        with pytest.raises(WrongWavesError):
            in_waves(BOXES, wrong)


def test_the_next_wave_begins_when_the_one_before_has_been_well_for_as_long_as_it_had_to() -> None:
    push = _push()
    assert _give(push, Step.TRIAL) == ["BR-1"]
    assert not push.judge(0, _all(WELL))
    push.move("BR-1", Step.CONFIRMED)
    assert not push.judge(1, _all(WELL))
    assert not push.judge(10.9, _all(WELL))
    assert push.judge(11, _all(WELL))
    assert _give(push, Step.CONFIRMED) == BOXES[1:4]
    assert not push.judge(12, _all(WELL))
    assert push.judge(22, _all(WELL))
    assert _give(push, Step.CONFIRMED) == BOXES[4:]
    assert not push.judge(23, _all(WELL))
    assert push.judge(33, _all(WELL))
    assert push.course is Course.DONE


def test_a_box_that_went_back_stops_the_push_with_its_reason() -> None:
    push = _push()
    _give(push, Step.KEPT)
    push.move("BR-1", Step.RETURNED, "version 7 was worse (the signal of telco)")
    assert push.judge(0, _all(WELL))
    assert push.course is Course.STOPPED
    assert push.reason == "1 of wave 1 and before: BR-1 returned: version 7 was worse (the signal of telco)"
    assert _give(push) == []
    assert push.wish(PushWish.GO_ON, "") == ""
    assert not push.judge(0, _all(WELL))
    assert push.judge(11, _all(WELL))
    assert push.wave == 2


def test_a_box_that_is_worse_after_it_has_confirmed_or_that_falls_silent_stops_the_push() -> None:
    for health, said in ((Health(0, ("the signal of telco",)), "is worse"), (Health(91), "not heard")):
        push = _push()
        _give(push, Step.CONFIRMED)
        assert push.judge(0, _all(health))
        assert push.course is Course.STOPPED
        assert said in push.reason


def test_what_was_amiss_before_and_a_phone_that_is_off_stop_nothing() -> None:
    push = _push()
    push.entries["BR-1"].amiss = ("the signal of pbx",)
    _give(push, Step.CONFIRMED)
    push.judge(0, _all(Health(0, ("the signal of pbx", "phone 8001"))))
    assert push.judge(10, _all(Health(0, ("the signal of pbx", "phone 8001"))))


def test_boxes_that_are_away_hold_up_no_wave_but_one_of_them_alone() -> None:
    away = Health(61, away=True)
    push = _push()
    assert not push.judge(0, _all(away))
    assert not push.judge(100, _all(away))
    push.move("BR-1", Move.ORDER)
    push.move("BR-1", Step.CONFIRMED)
    health = {"BR-1": WELL, "BR-2": WELL}
    push.judge(101, lambda box: health.get(box, away))
    assert push.judge(111, lambda box: health.get(box, away))
    push.move("BR-2", Move.ORDER)
    push.move("BR-2", Step.CONFIRMED)
    push.judge(112, lambda box: health.get(box, away))
    assert push.judge(122, lambda box: health.get(box, away))
    assert push.wants("BR-3")


def test_more_failures_than_are_tolerated_stop_it() -> None:
    push = _push(tolerate=1)
    _give(push, Step.CONFIRMED)
    push.judge(0, _all(WELL))
    push.judge(10, _all(WELL))
    _give(push, Step.CONFIRMED)
    push.entries["BR-2"].stage = Stage.REFUSED
    assert not push.judge(11, _all(WELL))
    push.entries["BR-3"].stage = Stage.REFUSED
    assert push.judge(12, _all(WELL))


def test_what_a_newer_push_is_for_is_left_and_an_order_on_its_way_still_counts() -> None:
    push = _push()
    push.move("BR-1", Move.ORDER)
    push.leave(BOXES)
    assert {one.stage for one in push.entries.values()} == {Stage.LEFT}
    assert not push.wants("BR-1")
    push.move("BR-1", Step.CONFIRMED)
    assert push.entries["BR-1"].stage is Stage.CONFIRMED


def test_what_cannot_be_done_with_a_push_says_what_can() -> None:
    push = _push()
    assert push.wish(PushWish.GO_ON, "") == "push 1 is running; what can be done now: stop, back, abort"
    assert push.wish(PushWish.ABORT, "by li") == ""
    assert {one.stage for one in push.entries.values()} == {Stage.LEFT}


@given(st.lists(st.sampled_from([*Move, *Step, *PushWish, *Turn]), max_size=30))
def test_no_order_of_events_leaves_the_tables(events: list[Move | Step | PushWish | Turn]) -> None:
    push = _push()
    for event in events:
        if isinstance(event, Move | Step):
            before = push.entries["BR-1"].stage
            push.move("BR-1", event)
            assert push.entries["BR-1"].stage in {before, *BOX[before].values()}
        else:
            course = push.course
            push.wish(event, "")
            assert push.course in {course, *PUSH[course].values()}

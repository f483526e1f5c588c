# SPDX-License-Identifier: GPL-2.0-only
"""Calls that come: rings, the caller's number in each place, answer, refusal, and what disturbs them."""

import pytest

from appliance.signalling.fxo import events
from appliance.signalling.fxo.events import Ear, Feed, Hook
from appliance.signalling.fxo.line import Call, CallStateError
from appliance.signalling.fxo.settings import CallerId, Place, Settings
from appliance.signalling.fxo.words import State
from dsp.caller_id import Kind as MessageKind
from dsp.caller_id import Message
from tests.signalling.fxo.rig import Rig

pytestmark = pytest.mark.unit

CALLER = Message(number="2125551234", name="JOHN Q SMITH")
OFFERED = events.CallOffered("2125551234", restricted=False, name="JOHN Q SMITH")
NOBODY = events.CallOffered(None, restricted=False, name=None)
REVERSAL = Settings(caller_id=CallerId.V23, place=Place.POLARITY)
BEFORE = Settings(caller_id=CallerId.DTMF, place=Place.BEFORE_RING)
JAPAN = Settings(caller_id=CallerId.V23_JP, place=Place.POLARITY, mode="JAPAN", zone="jp")


def ears(rig: Rig) -> frozenset[Ear]:
    return [order.ears for _, order in rig.orders if isinstance(order, events.Listen)][-1]


def test_gr_30_the_caller_is_told_between_the_first_two_rings() -> None:
    rig = Rig()
    rig.ring(2, 0.5)
    assert ears(rig) == {Ear.CALLER_ID}
    assert rig.every(events.CallOffered) == []
    rig.line.hear_caller(CALLER)
    rig.pass_s(0.001)
    assert [event for _, event in rig.told] == [events.CallSeized(), OFFERED]
    rig.pass_s(3)
    rig.ring()
    rig.line.answer()
    rig.pass_s(1)
    assert rig.last() == events.CallAnswered()
    assert rig.hooks() == [Hook.ON, Hook.OFF]


def test_without_a_number_a_call_is_offered_at_the_second_ring() -> None:
    rig = Rig()
    rig.ring()
    assert rig.every(events.CallOffered) == []
    rig.ring(2, 1)
    assert rig.every(events.CallOffered) == [NOBODY]
    assert rig.at(events.CallOffered) == pytest.approx(2 + 6.1)


def test_a_caller_id_that_cannot_be_read_is_not_waited_for() -> None:
    rig = Rig()
    rig.ring(2, 0.5)
    rig.line.hear_caller(None)
    rig.pass_s(0.001)
    assert rig.last() == NOBODY


def test_a_withheld_number_is_restricted() -> None:
    rig = Rig()
    rig.ring(2, 0.5)
    rig.line.hear_caller(Message(number_absent="P"))
    rig.pass_s(0.001)
    assert rig.last() == events.CallOffered(None, restricted=True, name=None)


def test_a_message_waiting_indication_is_no_call() -> None:
    rig = Rig(BEFORE)
    rig.line.hear_caller(Message(kind=MessageKind.WAITING))
    assert rig.line.state is State.IDLE


def test_a_line_without_caller_id_offers_at_the_first_ring() -> None:
    rig = Rig(Settings(caller_id=CallerId.NONE))
    rig.ring(0.5, 0.1)
    assert [event for _, event in rig.told] == [events.CallSeized(), NOBODY]


def test_en_300_659_a_number_upon_reversal_is_offered_at_the_first_ring() -> None:
    rig = Rig(REVERSAL)
    assert ears(rig) == {Ear.CALLER_ID}
    rig.feed(Feed.REVERSED, 0.2)
    assert rig.line.state is State.ANNOUNCED
    rig.line.hear_caller(CALLER)
    rig.pass_s(1)
    assert rig.told == []
    rig.ring(0.5, 0.1)
    assert [event for _, event in rig.told] == [events.CallSeized(), OFFERED]


def test_a_number_before_the_ring_needs_no_reversal() -> None:
    rig = Rig(BEFORE)
    rig.line.hear_caller(CALLER)
    with pytest.raises(CallStateError, match="that is announced takes no place"):
        rig.line.place(Call("1"))
    rig.pass_s(1)
    rig.ring(0.5, 0.1)
    assert rig.last() == OFFERED


def test_no_call_is_placed_into_one_that_is_announced() -> None:
    rig = Rig(REVERSAL)
    rig.feed(Feed.REVERSED, 0.2)
    with pytest.raises(CallStateError, match="that is announced takes no place"):
        rig.line.place(Call("1"))


def test_what_was_announced_and_does_not_ring_is_forgotten() -> None:
    rig = Rig(REVERSAL)
    rig.feed(Feed.REVERSED, 0.2)
    rig.line.hear_caller(CALLER)
    rig.pass_s(10)
    assert rig.line.state is State.IDLE
    rig.ring(0.5, 0.1)
    assert rig.last() == NOBODY


def test_ntt_the_line_is_taken_for_the_number_and_given_back_before_it_rings() -> None:
    rig = Rig(JAPAN)
    rig.feed(Feed.REVERSED, 1)
    rig.ring(0.5, 0.4)
    assert rig.hooks()[-1] is Hook.OFF
    assert ears(rig) == {Ear.CALLER_ID}
    rig.pass_s(1)
    rig.line.hear_caller(CALLER)
    rig.pass_s(0.2)
    assert rig.hooks()[-1] is Hook.ON
    assert rig.every(events.CallOffered) == []
    rig.ring(1, 0.5)
    assert rig.last() == OFFERED
    rig.line.answer()
    rig.pass_s(1)
    assert rig.hooks() == [Hook.ON, Hook.OFF, Hook.ON, Hook.OFF]


def test_ntt_a_true_ring_is_a_call_without_number() -> None:
    rig = Rig(JAPAN)
    rig.feed(Feed.REVERSED, 1)
    rig.ring(1.5, 0.5)
    assert rig.last() == NOBODY
    assert rig.hooks() == [Hook.ON]


def test_ntt_a_line_is_given_back_after_7_s_without_a_message() -> None:
    rig = Rig(JAPAN)
    rig.feed(Feed.REVERSED, 1)
    rig.ring(0.5, 8)
    assert rig.hooks() == [Hook.ON, Hook.OFF, Hook.ON]
    rig.pass_s(21)
    assert rig.last() == events.CallCleared(16, by_peer=True)


def test_a_caller_who_gives_up_is_told_8_s_after_his_last_ring() -> None:
    rig = Rig()
    rig.offered()
    rig.pass_s(20)
    assert rig.last() == events.CallCleared(16, by_peer=True)
    assert rig.at(events.CallCleared) - (2 + 6 + 2) == pytest.approx(8.3)
    assert rig.line.state is State.IDLE


def test_a_missed_ring_ends_no_call_while_the_pause_is_short_and_leaves_no_number_to_the_next() -> None:
    rig = Rig(Settings(timers={"ring_gap": 11.0}))
    rig.ring(2, 0.5)
    rig.line.hear_caller(CALLER)
    rig.pass_s(9)
    rig.ring()
    assert len(rig.every(events.CallSeized)) == 1
    rig.pass_s(20)
    rig.offered()
    assert rig.last() == NOBODY


@pytest.mark.parametrize("on_s", [0.02, 0.08])
def test_a_knock_on_the_bell_is_no_ring(on_s: float) -> None:
    rig = Rig()
    rig.ring(on_s)
    assert rig.told == []


def test_a_ring_with_a_short_pause_is_one() -> None:
    rig = Rig(Settings(mode="UK", zone="gb"))
    rig.ring(0.4, 0.2)
    rig.ring(0.4, 0.1)
    assert ears(rig) == frozenset(), "it rings yet"
    rig.pass_s(0.5)
    assert ears(rig) == {Ear.CALLER_ID}


def test_a_released_call_is_over_when_it_rings_no_more() -> None:
    rig = Rig()
    rig.offered()
    rig.line.release(17)
    rig.pass_s(3)
    rig.ring()
    assert rig.every(events.CallCleared) == []
    rig.pass_s(9)
    assert rig.last() == events.CallCleared(17, by_peer=False)
    assert rig.hooks() == [Hook.ON]


def test_a_parallel_phone_that_answers_ends_the_call_at_once() -> None:
    rig = Rig()
    rig.offered()
    rig.feed(Feed.SHARED, 1)
    assert [event for _, event in rig.told[-2:]] == [events.CallCleared(26, by_peer=True), events.ChannelBlocked()]
    with pytest.raises(CallStateError, match="that is in use"):
        rig.line.place(Call("1"))
    rig.feed(Feed.NORMAL, 1)
    assert rig.last() == events.ChannelIdle()


@pytest.mark.parametrize(("settings", "then"), [(Settings(), []), (Settings(caller_id=CallerId.NONE), [NOBODY])])
def test_a_call_that_rings_right_after_another_is_not_missed(settings: Settings, then: list[events.Event]) -> None:
    rig = Rig(settings)
    rig.answered()
    rig.told.clear()
    rig.line.release()
    rig.pass_s(0.5)
    rig.ring(2, 1)
    assert [event for _, event in rig.told] == [events.CallCleared(16, by_peer=False), events.CallSeized(), *then]


def test_an_answer_before_the_number_is_an_answer() -> None:
    rig = Rig()
    rig.ring(1, 0)
    rig.line.answer()
    rig.line.see_ring(on=False)
    rig.pass_s(2)
    assert [event for _, event in rig.told] == [events.CallSeized(), events.CallAnswered()]
    assert rig.line.state is State.CONNECTED


def test_ground_start_ground_on_tip_keeps_us_from_calling_out() -> None:
    rig = Rig(Settings(ground_start=True, caller_id=CallerId.NONE))
    rig.feed(Feed.NORMAL, 0.2)
    with pytest.raises(CallStateError, match="announced"):
        rig.line.place(Call("1"))
    rig.ring(2, 1)
    rig.line.answer()
    rig.pass_s(5)
    rig.feed(Feed.OPEN, 0.4)
    assert rig.every(events.CallDisconnected) == [events.CallDisconnected(16)]
    rig.pass_s(3)
    assert rig.line.state is State.IDLE


def test_a_line_without_battery_is_blocked_until_it_is_back() -> None:
    rig = Rig()
    rig.feed(Feed.OPEN, 1)
    assert rig.last() == events.ChannelBlocked()
    rig.feed(Feed.NORMAL, 1)
    assert rig.last() == events.ChannelIdle()


def test_a_ground_start_line_is_free_again_when_a_parallel_phone_hangs_up() -> None:
    rig = Rig(Settings(ground_start=True))
    rig.feed(Feed.SHARED, 1)
    rig.feed(Feed.OPEN, 1)
    assert rig.last() == events.ChannelIdle()


ANSWERED_ELSEWHERE = [events.CallCleared(26, by_peer=True), events.ChannelBlocked()]


@pytest.mark.parametrize("feed", [Feed.OPEN, Feed.SHARED])
@pytest.mark.parametrize(("settings", "then"), [(Settings(), []), (Settings(caller_id=CallerId.NONE), [NOBODY])])
def test_a_ring_on_a_line_that_seemed_blocked_is_a_call(
    feed: Feed, settings: Settings, then: list[events.Event]
) -> None:
    rig = Rig(settings)
    rig.feed(feed, 1)
    rig.ring(1, 0)
    assert [event for _, event in rig.told] == [
        events.ChannelBlocked(),
        events.ChannelIdle(),
        events.CallSeized(),
        *then,
    ]


def test_a_line_without_battery_and_one_in_use_are_told_apart_but_blocked_once() -> None:
    rig = Rig()
    for feed, state in ((Feed.OPEN, State.BLOCKED), (Feed.SHARED, State.IN_USE), (Feed.OPEN, State.BLOCKED)):
        rig.feed(feed, 1)
        assert rig.line.state is state
    assert [event for _, event in rig.told] == [events.ChannelBlocked()]


@pytest.mark.parametrize("feed", [Feed.OPEN, Feed.SHARED])
def test_a_line_that_is_blocked_after_an_announcement_forgets_it(feed: Feed) -> None:
    rig = Rig(REVERSAL)
    rig.feed(Feed.REVERSED, 0.2)
    rig.line.hear_caller(CALLER)
    rig.feed(feed, 1)
    assert rig.last() == events.ChannelBlocked()
    rig.feed(Feed.NORMAL, 1)
    rig.ring(0.5, 0.1)
    assert rig.last() == NOBODY


def test_ground_start_the_number_may_come_after_the_first_ring() -> None:
    rig = Rig(Settings(ground_start=True))
    rig.feed(Feed.NORMAL, 0.2)
    rig.ring(2, 0.5)
    rig.line.hear_caller(CALLER)
    rig.pass_s(0.01)
    assert [event for _, event in rig.told] == [events.CallSeized(), OFFERED]


@pytest.mark.parametrize("released", [False, True])
@pytest.mark.parametrize("rings", [1, 2])
def test_a_parallel_phone_may_answer_at_any_pause(rings: int, *, released: bool) -> None:
    rig = Rig()
    for _ in range(rings):
        rig.ring(2, 1)
    if released:
        rig.line.release(17)
    rig.feed(Feed.SHARED, 1)
    expected = [events.CallCleared(17, by_peer=False), events.ChannelBlocked()] if released else ANSWERED_ELSEWHERE
    assert [event for _, event in rig.told[-2:]] == expected


def test_ntt_a_parallel_phone_may_answer_before_the_true_ring() -> None:
    rig = Rig(JAPAN)
    rig.feed(Feed.REVERSED, 1)
    rig.ring(0.5, 1)
    rig.line.hear_caller(None)
    rig.pass_s(0.1)
    assert rig.hooks()[-1] is Hook.ON
    rig.feed(Feed.SHARED, 1)
    assert [event for _, event in rig.told[-2:]] == ANSWERED_ELSEWHERE


def test_an_answer_between_the_first_two_rings_is_an_answer() -> None:
    rig = Rig()
    rig.ring(2, 1)
    rig.line.answer()
    rig.pass_s(1)
    assert rig.last() == events.CallAnswered()

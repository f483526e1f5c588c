# SPDX-License-Identifier: GPL-2.0-only
"""Line signals: bits of a call, clearing from either side, double seizing, blocking, time-outs of a call's states."""

import pytest

from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call, CallStateError
from appliance.signalling.r2.events import Send, SetBits
from appliance.signalling.r2.variant import Verdict
from appliance.signalling.r2.words import State
from tests.signalling.r2.back_to_back import CLID, DNIS, EIGHT, BackToBack, every_variant, hang_up, with_timers

pytestmark = pytest.mark.unit


@every_variant
def test_q421_bits_of_a_call_that_the_caller_clears(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    pair.talk(Call(DNIS, CLID))
    hang_up(pair, "a")
    assert pair.bits("a") == ["10", "00", "10"]
    assert pair.bits("b") == ["10", "11", "01", "10"]
    cd = {sent.what.abcd & 3 for sent in pair.sent if isinstance(sent.what, SetBits)}
    assert cd == {0b11 if variant == "CN" else 0b01}


@every_variant
def test_q421_bits_of_a_call_that_the_called_party_clears(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    pair.talk(Call(DNIS, CLID))
    hang_up(pair, "b")
    assert pair.bits("b") == ["10", "11", "01", "11", "10"]
    assert pair.told("a", events.CallDisconnected) == [events.CallDisconnected(16)]
    assert pair.told("a", events.CallCleared) == [events.CallCleared(16, by_peer=True)]
    assert pair.told("b", events.CallCleared) == [events.CallCleared(16, by_peer=False)]


@every_variant
def test_an_answer_waits_until_the_receivers_are_off(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    pair.talk(Call(DNIS, CLID))
    answer = next(
        sent.at for sent in pair.sent if sent.side == "b" and sent.what == SetBits(int("01" + pair.variant.bits.cd, 2))
    )
    last_tone = max(sent.at for sent in pair.sent if isinstance(sent.what, Send))
    assert answer - last_tone >= 0.149
    assert pair.told("a", events.CallAccepted) == [events.CallAccepted(charge=True)]


@every_variant
def test_q422_double_seizing_frees_both_ends(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    pair.a.place(Call(DNIS, CLID))
    pair.b.place(Call("12345678"))
    pair.pass_s(1)
    assert pair.idle()
    for side in ("a", "b"):
        assert pair.heard[side][1:] == [events.CallCleared(44, by_peer=False)]
        seized, cleared = (sent.at for sent in pair.sent if sent.side == side and pair.now - sent.at < 1.0001)
        assert cleared - seized >= 0.1
    pair.talk(Call(DNIS, CLID))


def test_q422_double_seizing_of_a_call_that_is_released_already() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.a.place(Call(DNIS))
    pair.b.place(Call(DNIS))
    pair.a.release(31)
    pair.pass_s(1)
    assert pair.told("a", events.CallCleared) == [events.CallCleared(31, by_peer=False)]
    assert pair.told("b", events.CallCleared) == [events.CallCleared(44, by_peer=False)]
    assert pair.idle()


@every_variant
def test_q421_a_blocked_channel_takes_no_call_until_it_is_restored(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    pair.b.withdraw()
    pair.b.withdraw()
    pair.until("a", events.ChannelBlocked)
    with pytest.raises(CallStateError, match="blocked takes no place"):
        pair.a.place(Call(DNIS))
    with pytest.raises(CallStateError, match="withdrawn takes no place"):
        pair.b.place(Call(DNIS))
    pair.b.restore()
    pair.until("a", events.ChannelIdle)
    pair.talk(Call(DNIS, CLID))


def test_a_call_into_a_withdrawn_channel_ends_by_its_timer() -> None:
    pair = BackToBack("CN", EIGHT)
    pair.lost = lambda sent: sent.side == "b"
    pair.b.withdraw()
    pair.a.place(Call(DNIS))
    assert pair.until("a", events.CallCleared) == events.CallCleared(41, by_peer=False)
    assert not pair.told("b", events.CallSeized)


def test_q422_seizing_without_acknowledgement() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.lost = lambda sent: sent.side == "b"
    pair.a.place(Call(DNIS))
    pair.pass_s(5)
    assert pair.a.state is State.UNACKNOWLEDGED
    pair.heal()  # the acknowledgement is seen late: clear-forward at once
    assert pair.until("a", events.CallCleared, 1) == events.CallCleared(41, by_peer=False)
    pair.pass_s(1)
    assert pair.idle()


def test_q422_a_release_before_the_acknowledgement_waits_for_it() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.a.place(Call(DNIS))
    pair.a.release(31)
    assert pair.a.state is State.UNACKNOWLEDGED
    pair.a.release(31)
    assert pair.until("a", events.CallCleared, 1) == events.CallCleared(31, by_peer=False)
    pair.pass_s(1)
    assert pair.idle()


def test_a_decision_that_does_not_come_counts_as_free() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.a.place(Call(DNIS))
    pair.until("b", events.CallOffered)
    begun = pair.now
    pair.until("a", events.CallAccepted)
    assert 9 <= pair.now - begun < 12
    pair.b.answer()
    pair.until("a", events.CallAnswered)


def test_q118_a_caller_waits_3_min_for_an_answer() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.a.place(Call(DNIS))
    pair.until("b", events.CallOffered)
    pair.b.accept()
    pair.until("a", events.CallAccepted)
    begun = pair.now
    assert pair.until("a", events.CallCleared, 300) == events.CallCleared(102, by_peer=False)
    assert 120 <= pair.now - begun <= 240


def test_q118_a_cleared_back_call_is_cleared_by_itself() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.talk(Call(DNIS))
    pair.b.release()
    pair.until("a", events.CallDisconnected)
    begun = pair.now
    pair.until("a", events.CallCleared, 200)
    assert 60 <= pair.now - begun <= 120


@every_variant
def test_a_release_before_the_answer_reaches_the_caller_only_where_bits_can_say_it(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    pair.a.place(Call(DNIS))
    pair.until("b", events.CallOffered)
    pair.b.accept()
    pair.until("a", events.CallAccepted)
    pair.pass_s(1)
    pair.b.release(17)
    pair.pass_s(1)
    assert bool(pair.told("a", events.CallCleared)) == (variant == "BR")
    if variant != "BR":
        pair.a.release()
    pair.pass_s(1)
    assert pair.told("b", events.CallCleared) == [events.CallCleared(17, by_peer=False)]
    assert pair.idle()


def test_a_caller_who_hangs_up_while_numbers_are_sent() -> None:
    for wait_s in (0.05, 0.3, 0.6, 1.0, 1.5, 2.0):
        pair = BackToBack("CN", EIGHT)
        pair.a.place(Call(DNIS, CLID))
        pair.pass_s(wait_s)
        pair.a.release()
        pair.pass_s(1)
        assert pair.idle()
        assert pair.told("b", events.CallCleared) == [events.CallCleared(16, by_peer=True)]


def test_a_called_side_that_gives_up_says_congestion_up_to_the_offer() -> None:
    for step in range(1, 106):  # every 20 ms, between tones and upon them
        pair = BackToBack("MX", EIGHT)
        pair.a.place(Call(DNIS, CLID))
        pair.pass_s(0.03 + step * 0.02)
        assert not pair.told("b", events.CallOffered), f"{step}"
        pair.b.release(41)
        assert pair.until("a", events.CallCleared, 2) == events.CallCleared(42, by_peer=True)
        pair.pass_s(1)
        assert pair.told("b", events.CallCleared) == [events.CallCleared(41, by_peer=False)]
        assert pair.idle()


@pytest.mark.parametrize("variant", ["AR"])
def test_metering_pulses_are_told_and_do_not_end_the_call(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    pair.talk(Call(DNIS, CLID))
    for _ in range(3):
        pair.b.meter()
        pair.pass_s(2)
    assert pair.told("a", events.PulseReceived) == [events.PulseReceived()] * 3
    assert not pair.told("a", events.CallDisconnected)
    begun = pair.now
    pair.b.release()
    pair.until("a", events.CallDisconnected)
    assert pair.now - begun >= 0.4
    pair.a.release()
    pair.pass_s(1)
    assert pair.idle()


def test_a_double_answer_is_one_call_to_a_patient_caller_and_its_end_to_another() -> None:
    for patience, ends in ((0.8, False), (0.0, True)):
        pair = BackToBack(with_timers("BR", double_answer=1.0, clear_back=patience), EIGHT)
        pair.talk(Call(DNIS, CLID))
        pair.pass_s(3)
        assert bool(pair.told("a", events.CallDisconnected)) == ends
        assert pair.bits("b") == ["10", "11", "01", "11", "01"]
        pair.a.release()
        pair.pass_s(1)
        assert pair.idle()


@every_variant
def test_a_lost_span_ends_the_call_and_both_sides_begin_anew(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    pair.talk(Call(DNIS, CLID))
    pair.a.lose()
    pair.b.lose()
    pair.settle()
    for side in ("a", "b"):
        assert pair.told(side, events.CallCleared) == [events.CallCleared(27, by_peer=False)]
        assert pair.heard[side][-1] == events.ChannelBlocked()
    pair.heal()
    pair.pass_s(1)
    assert pair.idle()
    pair.talk(Call(DNIS, CLID))


def test_a_far_end_that_lets_go_of_a_seized_circuit_ends_the_call() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.talk(Call(DNIS))
    pair.a.see_bits(0b1001)  # it has started anew
    pair.pass_s(0.1)
    assert pair.told("a", events.CallCleared) == [events.CallCleared(41, by_peer=True)]


def test_a_far_end_that_never_says_idle_is_blocked_until_it_does() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.talk(Call(DNIS))
    pair.lost = lambda sent: sent.side == "b"
    pair.a.release()
    pair.until("a", events.CallCleared)
    assert pair.a.state is State.HELD
    assert pair.heard["a"][-1] == events.ChannelBlocked()
    pair.heal()
    pair.until("a", events.ChannelIdle)
    assert pair.idle()


def test_a_caller_that_never_clears_is_blocked_until_he_does() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.talk(Call(DNIS))
    pair.lost = lambda sent: sent.side == "a"
    pair.b.release()
    pair.until("b", events.CallCleared, 400)
    assert pair.heard["b"][-1] == events.ChannelBlocked()
    pair.heal()
    pair.until("b", events.ChannelIdle)
    pair.pass_s(1)
    assert pair.idle()


def test_q424_a_flicker_of_the_bits_is_nothing() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.talk(Call(DNIS))
    for bits in (0b0001, 0b1001, 0b1101):
        pair.a.see_bits(bits)
        pair.b.see_bits(bits)
        pair.pass_s(0.015)
        pair.a.see_bits(0b0101)
        pair.b.see_bits(0b0001)
        pair.pass_s(0.1)
    assert (pair.a.state, pair.b.state) == (State.CONNECTED, State.ANSWERED)


def test_an_answer_before_the_register_is_through_is_an_answer() -> None:
    for step in range(3, 60):  # every 20 ms from the acknowledgement on, between tones and upon them
        pair = BackToBack("ITU", EIGHT)
        pair.a.place(Call(DNIS, CLID))
        pair.pass_s(step * 0.02)
        pair.a.see_bits(0b0101)
        pair.pass_s(0.03)
        assert pair.a.state is State.CONNECTED, f"{step}"
        assert pair.told("a", events.CallAnswered) == [events.CallAnswered()]


def test_a_channel_may_be_withdrawn_while_the_far_end_blocks_it() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.b.withdraw()
    pair.until("a", events.ChannelBlocked)
    pair.a.withdraw()
    pair.b.restore()
    pair.pass_s(1)
    assert (pair.a.state, pair.b.state) == (State.WITHDRAWN, State.BLOCKED)
    pair.a.restore()
    pair.pass_s(1)
    assert pair.idle()


def test_a_far_end_that_seizes_a_blocked_channel_is_in_order() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.b.lose()
    pair.a.place(Call(DNIS))
    assert pair.until("b", events.CallOffered).dnis == DNIS
    assert pair.heard["b"][-4:-2] == [events.ChannelBlocked(), events.ChannelIdle()]


def test_saying_twice_that_a_line_is_free_says_it_once() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.a.place(Call(DNIS))
    pair.until("b", events.CallOffered)
    for _ in range(4):
        pair.b.accept()
        pair.pass_s(0.1)
    assert pair.signals("b").count(pair.variant.b[Verdict.FREE]) == 1


def test_a_lost_span_frees_a_channel_that_the_far_end_holds() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.talk(Call(DNIS))
    pair.lost = lambda sent: sent.side == "a"
    pair.b.release()
    pair.until("b", events.CallCleared, 400)
    pair.b.lose()
    pair.heal()
    pair.pass_s(1)
    assert pair.idle()


@every_variant
def test_two_ends_that_a_disturbance_has_seized_come_free_of_each_other(variant: str) -> None:
    """Each takes the other for the caller and waits for it to clear."""
    pair = BackToBack(variant)
    seize = int(pair.variant.bits.seize + pair.variant.bits.cd, 2)
    for channel in (pair.a, pair.b):
        channel.see_bits(seize)
    pair.pass_s(0.1)
    assert not pair.idle()
    pair.heal()
    pair.pass_s(400)
    assert pair.idle()
    assert [len(pair.told(side, events.CallCleared)) for side in "ab"] == [1, 1]
    pair.talk(Call(DNIS))

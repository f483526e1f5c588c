# SPDX-License-Identifier: GPL-2.0-only
"""E&M trunks between two of our ends: wink and immediate start, digits, answer, clearing, glare, troubles."""

import msgspec
import pytest

from appliance.signalling.cas import events
from appliance.signalling.cas.channel import Call, Channel, Wants
from appliance.signalling.cas.events import Digits
from appliance.signalling.cas.variant import load
from appliance.signalling.cas.words import State
from tests.signalling.cas.pair import Pair

pytestmark = pytest.mark.unit

VARIANTS = ["em_wink_t1", "em_immediate_t1", "em_wink_e1", "em_immediate_e1"]
every_variant = pytest.mark.parametrize("variant", VARIANTS)
SEVEN = Wants(dnis_digits=7)
CALL = Call("5551234")


def talk(pair: Pair, call: Call = CALL) -> events.CallOffered:
    pair.a.place(call)
    offered = pair.until("b", events.CallOffered)
    pair.b.answer()
    pair.until("a", events.CallAnswered)
    return offered


def calls(pair: Pair, count: int) -> None:
    for number in range(count):
        one, other = ("a", "b") if number % 2 else ("b", "a")
        pair.channels[one].place(Call(f"{number:07d}"))
        assert pair.until(other, events.CallOffered).dnis == f"{number:07d}"
        pair.channels[other].answer()
        pair.until(one, events.CallAnswered)
        pair.channels["a" if number % 3 else "b"].release()
        pair.pass_s(3)
        assert pair.idle()
    assert [len(pair.told(side, events.CallCleared)) for side in "ab"] == [count, count]


@every_variant
@pytest.mark.parametrize("first", ["a", "b"])
def test_tia_464_a_call_is_offered_answered_and_cleared_from_either_end(variant: str, first: str) -> None:
    pair = Pair(variant, SEVEN)
    assert talk(pair).dnis == "5551234"
    pair.pass_s(10)
    pair.channels[first].release()
    for side in "ab":
        assert pair.told(side, events.CallCleared) == []
    pair.pass_s(3)
    assert pair.told("a", events.CallCleared) == [events.CallCleared(16, by_peer=first == "b")]
    assert pair.told("b", events.CallCleared) == [events.CallCleared(16, by_peer=first == "a")]
    assert pair.idle()


@every_variant
def test_100_calls_of_both_ways_leave_nothing_behind(variant: str) -> None:
    calls(Pair(variant, SEVEN), 100)


def test_tia_464_the_wink_has_its_place_and_length_and_digits_follow_it() -> None:
    pair = Pair("em_wink_t1", SEVEN)
    pair.a.place(CALL)
    seized = pair.now
    pair.until("b", events.CallOffered)
    (on, on_bits), (off, off_bits) = pair.bits["b"][-2:]
    assert (on_bits, off_bits) == (0b1111, 0b0000)
    assert 0.1 <= on - seized <= 0.3
    assert 0.14 <= off - on <= 0.29
    assert pair.orders["a"][-1] == events.Dial("5551234", Digits.DTMF)


def test_immediate_start_sends_no_wink_and_waits_before_the_digits() -> None:
    pair = Pair("em_immediate_t1", SEVEN)
    pair.a.place(CALL)
    pair.pass_s(0.45)  # DAHDI's end takes 0.3 s to know a seizure from a wink, and listens then
    assert not any(isinstance(order, events.Dial) for order in pair.orders["a"])
    pair.until("b", events.CallOffered)
    assert [bits for _, bits in pair.bits["b"]] == [0b0000]


def test_the_bits_of_an_e1_keep_c_and_d() -> None:
    pair = Pair("em_wink_e1", SEVEN)
    talk(pair)
    assert {bits for side in "ab" for _, bits in pair.bits[side]} == {0b0001, 0b1101}


@pytest.mark.parametrize("length_s", [0.0, 0.05])
def test_a_short_off_hook_is_no_wink(length_s: float) -> None:
    pair = Pair("em_wink_t1", SEVEN)
    pair.lost = True
    pair.a.place(CALL)
    pair.later(0.2, lambda: pair.a.see_bits(0b1111))
    pair.later(0.2 + length_s, lambda: pair.a.see_bits(0b0000))
    assert pair.until("a", events.CallCleared).cause == 41
    assert not any(isinstance(order, events.Dial) for order in pair.orders["a"])


@pytest.mark.parametrize("length_s", [0.12, 0.29, 0.35])
def test_a_wink_may_be_as_long_as_tia_464_has_it(length_s: float) -> None:
    pair = Pair("em_wink_t1", SEVEN)
    pair.lost = True
    pair.a.place(CALL)
    pair.later(0.2, lambda: pair.a.see_bits(0b1111))
    pair.later(0.2 + length_s, lambda: pair.a.see_bits(0b0000))
    pair.pass_s(1)
    assert pair.orders["a"][-1] == events.Dial("5551234", Digits.DTMF)


def test_mf_numbers_stand_between_kp_and_st() -> None:
    pair = Pair("em_wink_t1", Wants(digits=Digits.MF))
    assert talk(pair).dnis == "5551234"
    assert events.Dial("*5551234#", Digits.MF) in pair.orders["a"]
    assert events.Listen(Digits.MF) in pair.orders["b"]


def test_mf_signals_before_kp_are_none() -> None:
    pair = Pair("em_wink_t1", Wants(digits=Digits.MF))
    pair.lost = True
    pair.b.see_bits(0b1111)
    pair.pass_s(1)
    for signal in "99*12#":
        pair.b.hear(signal)
    assert pair.until("b", events.CallOffered).dnis == "12"


def test_dtmf_may_tell_the_caller_before_the_number() -> None:
    pair = Pair("em_wink_t1", Wants(ani=True))
    assert talk(pair, Call("8005550100", ani="2125551234")) == events.CallOffered("8005550100", "2125551234")


def test_a_number_ends_by_silence_where_its_length_is_not_known() -> None:
    pair = Pair("em_wink_t1")
    pair.a.place(Call("95588"))
    assert pair.until("b", events.CallOffered).dnis == "95588"


def test_a_number_may_be_long_since_the_timer_runs_from_digit_to_digit() -> None:
    pair = Pair("em_wink_t1", SEVEN)
    pair.lost = True
    pair.b.see_bits(0b1111)
    pair.pass_s(1)
    for digit in "555123":
        pair.b.hear(digit)
        pair.pass_s(4)
    pair.b.hear("4")
    assert pair.until("b", events.CallOffered).dnis == "5551234"


def test_a_number_of_one_digit_is_whole_with_its_first() -> None:
    pair = Pair("em_wink_t1", Wants(dnis_digits=1))
    pair.a.place(Call("7"))
    assert pair.until("b", events.CallOffered, within_s=2) == events.CallOffered("7", None)


def test_a_caller_who_gives_up_among_his_digits_leaves_a_free_trunk() -> None:
    pair = Pair("em_immediate_t1", SEVEN)
    pair.a.place(CALL)
    pair.pass_s(0.6)
    assert pair.b.state is State.COLLECTING
    pair.a.release()
    pair.pass_s(2)
    assert pair.heard["b"][1:] == [events.CallSeized(), events.CallCleared(16, by_peer=True)]
    assert pair.idle()


def test_a_ringdown_trunk_offers_at_once() -> None:
    pair = Pair("em_immediate_t1", Wants(dnis_digits=0))
    pair.a.place(Call())
    assert pair.until("b", events.CallOffered, within_s=0.1) == events.CallOffered("", None)


@pytest.mark.parametrize("variant", ["em_wink_t1", "em_wink_e1"])
def test_glare_the_end_that_gives_way_takes_the_other_ends_call(variant: str) -> None:
    pair = Pair(variant, Wants(dnis_digits=7, gives_way=False), SEVEN)
    pair.a.place(CALL)
    pair.b.place(Call("7654321"))
    assert pair.until("b", events.CallOffered).dnis == "5551234"
    assert pair.told("b", events.CallCleared) == [events.CallCleared(44, by_peer=True)]
    pair.b.answer()
    pair.until("a", events.CallAnswered)
    pair.a.release()
    pair.pass_s(3)
    assert pair.idle()


def test_glare_of_immediate_start_is_seen_before_the_digits() -> None:
    pair = Pair("em_immediate_t1", Wants(dnis_digits=7, gives_way=False), SEVEN)
    pair.a.place(CALL)
    pair.b.place(Call("7654321"))
    assert pair.until("b", events.CallOffered).dnis == "5551234"
    assert not any(isinstance(order, events.Dial) for order in pair.orders["b"])


def test_glare_that_nobody_gives_way_in_ends_with_cause_44() -> None:
    pair = Pair("em_wink_t1", Wants(dnis_digits=7, gives_way=False))
    pair.a.place(CALL)
    pair.b.place(CALL)
    pair.pass_s(10)
    assert [pair.told(side, events.CallCleared)[0].cause for side in "ab"] == [44, 44]
    assert pair.idle()


def test_a_flash_on_a_trunk_is_told_and_does_not_end_the_call() -> None:
    pair = Pair("em_wink_t1", SEVEN)
    talk(pair)
    pair.b.see_bits(0b0000)
    pair.later(0.35, lambda: pair.b.see_bits(0b1111))
    pair.pass_s(2)
    assert pair.told("b", events.HookFlashed) == [events.HookFlashed()]
    assert pair.b.state is State.CONNECTED


def test_bits_in_error_for_10_ms_change_nothing() -> None:
    pair = Pair("em_wink_t1", SEVEN)
    for bits in (0b1111, 0b0100, 0b1000):
        pair.b.see_bits(bits)
        pair.pass_s(0.01)
        pair.b.see_bits(0b0000)
        pair.pass_s(0.5)
    assert pair.heard["b"] == [events.ChannelIdle()]


def test_where_an_acknowledging_wink_comes_after_the_digits_it_is_no_answer() -> None:
    now = 0.0
    known = load("em_wink_t1")
    variant = msgspec.structs.replace(known, timers=known.timers | {"answer_least": 0.4})
    trunk = Channel(variant, SEVEN, clock=lambda: now)

    def see(bits: int, seconds: float) -> None:
        nonlocal now
        trunk.see_bits(bits)
        end = now + seconds
        while (due := trunk.due()) is not None and due <= end:
            now = max(now, due)
            trunk.run()
        now = end

    see(0b0000, 1)
    trunk.place(CALL)
    see(0b1111, 0.2)
    see(0b0000, 1)
    trunk.dialled()
    trunk.take_events()
    see(0b1111, 0.2)
    see(0b0000, 3)
    assert trunk.take_events() == []
    see(0b1111, 1)
    assert trunk.take_events() == [events.CallAnswered()]


@pytest.mark.parametrize("after_s", [0.08, 0.25, 0.5])
def test_a_caller_who_gives_up_before_within_or_after_the_wink_leaves_a_free_trunk(after_s: float) -> None:
    pair = Pair("em_wink_t1", SEVEN)
    pair.lost = True
    pair.b.see_bits(0b1111)
    pair.pass_s(after_s)
    pair.b.see_bits(0b0000)
    pair.pass_s(1)
    assert pair.heard["b"][1:] == [events.CallSeized(), events.CallCleared(16, by_peer=True)]
    assert pair.bits["b"][-1][1] == 0b0000
    assert not isinstance(pair.orders["b"][-1], events.Listen) or pair.orders["b"][-1].by is None
    assert pair.b.state is State.IDLE


def test_no_answer_ends_with_cause_19() -> None:
    pair = Pair("em_wink_t1", SEVEN)
    pair.a.place(CALL)
    assert pair.until("a", events.CallCleared, within_s=200).cause == 19
    pair.pass_s(0.1)
    assert pair.told("b", events.CallCleared) == [events.CallCleared(16, by_peer=True)]


def test_no_digits_end_the_seizure_and_the_trunk_is_held_until_the_far_end_lets_go() -> None:
    pair = Pair("em_wink_t1", SEVEN)
    pair.lost = True
    pair.b.see_bits(0b1111)
    pair.pass_s(60)
    assert pair.b.state is State.LET_GO
    pair.pass_s(60)
    assert pair.heard["b"][-2:] == [events.CallCleared(102, by_peer=False), events.ChannelBlocked()]
    pair.b.see_bits(0b0000)
    pair.pass_s(1)
    assert pair.heard["b"][-1] == events.ChannelIdle()


@pytest.mark.parametrize(
    ("variant", "wants", "then"),
    [
        ("em_wink_t1", SEVEN, [events.CallSeized()]),
        ("em_immediate_t1", SEVEN, [events.CallSeized()]),
        ("em_immediate_t1", Wants(dnis_digits=0), [events.CallSeized(), events.CallOffered("", None)]),
    ],
)
def test_a_new_seizure_within_the_guard_time_is_a_call_of_its_own(
    variant: str, wants: Wants, then: list[events.Event]
) -> None:
    pair = Pair(variant, wants)
    talk(pair, CALL if wants.dnis_digits else Call())
    pair.b.release()
    pair.lost = True
    pair.later(0.2, lambda: pair.b.see_bits(0b0000))
    pair.later(0.4, lambda: pair.b.see_bits(0b1111))
    pair.pass_s(0.5)
    cleared = pair.heard["b"].index(events.CallCleared(16, by_peer=False))
    assert pair.heard["b"][cleared + 1 :] == then


@pytest.mark.parametrize("after_s", [0.05, 0.3, 0.6, 1.5, 5.0])
def test_a_lost_span_ends_the_call_wherever_it_stands(after_s: float) -> None:
    pair = Pair("em_wink_t1", SEVEN)
    pair.a.place(CALL)
    pair.pass_s(after_s)
    pair.a.lose()
    pair.b.lose()
    pair.pass_s(0.001)
    assert pair.told("a", events.CallCleared)[-1].cause == 27
    assert pair.heard["a"][-1] == events.ChannelBlocked()
    assert len(pair.told("b", events.CallCleared)) == len(pair.told("b", events.CallSeized))


def test_what_cannot_be_dialled_is_refused_and_changes_nothing() -> None:
    channel = Channel(load("em_wink_t1"), Wants(digits=Digits.MF))
    channel.see_bits(0)
    with pytest.raises(ValueError, match="mf sends up to 32 digits"):
        channel.place(Call("12*"))
    with pytest.raises(ValueError, match="0 to 32"):
        Wants(dnis_digits=33)
    with pytest.raises(ValueError, match="by MF a number comes alone"):
        Wants(digits=Digits.MF, ani=True)
    assert channel.state is State.BLOCKED


@pytest.mark.soak
@every_variant
def test_1000_calls_each_way(variant: str) -> None:
    calls(Pair(variant, SEVEN), 2000)

# SPDX-License-Identifier: GPL-2.0-only
"""The registers where a number is not plain: said again, without end, without answer, without meaning."""

import msgspec
import pytest

from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call, Wants
from appliance.signalling.r2.events import Direction
from appliance.signalling.r2.variant import Request, Verdict, load
from appliance.signalling.r2.words import State
from tests.signalling.r2.back_to_back import CLID, DNIS, EIGHT, BackToBack, every_variant, sends, with_timers

pytestmark = pytest.mark.unit

without_end_signal = pytest.mark.parametrize("variant", ["AR", "BR", "CN", "MX", "VE"])


@without_end_signal
def test_q442_a_pulse_goes_on_where_a_number_ends_in_silence(variant: str) -> None:
    pair = BackToBack(variant, Wants(dnis_digits=20))
    offered = pair.talk(Call(DNIS, CLID))
    assert (offered.dnis, offered.clid) == (DNIS, CLID)
    pulsed = Request.CATEGORY if variant == "MX" else Request.GROUP_B
    tones = [sent for sent in pair.sent if sends(sent, "b")]
    signals = pair.signals("b")
    begun = 2 * signals.index(pair.variant.a[pulsed])
    assert tones[begun + 1].at - tones[begun].at == pytest.approx(0.15)


@pytest.mark.parametrize("variant", ["AR", "VE"])
def test_q442_address_complete_as_a_pulse(variant: str) -> None:
    pair = BackToBack(variant, Wants(dnis_digits=20, group_b=False))
    pair.a.place(Call(DNIS, CLID))
    assert pair.until("b", events.CallOffered).dnis == DNIS
    pair.until("a", events.CallAccepted)
    pair.b.answer()
    pair.until("a", events.CallAnswered)


@pytest.mark.parametrize(("request_", "digit"), [("last_but_one", "2"), ("last_but_two", "1"), ("all_again", "1")])
def test_q441_digits_are_said_again(request_: str, digit: str) -> None:
    itu = load("ITU")
    pair = BackToBack(msgspec.structs.replace(itu, a=itu.a | {Request(request_): 12}))
    pair.lost = lambda sent: sent.side == "b"
    pair.a.place(Call("12345"))
    pair.pass_s(0.03)
    pair.a.see_bits(0b1101)
    pair.pass_s(0.03)
    for signal in (1, 1, 12):
        pair.a.hear(Direction.BACKWARD, signal)
        pair.a.hear(Direction.BACKWARD, 0)
    pair.settle()
    assert pair.signals("a")[-1] == int(digit)


def by_hand(variant: str, *signals: int) -> BackToBack:
    """A call of "a" to an exchange that we play: it acknowledges and says these backward signals, compelled."""
    pair = BackToBack(variant, EIGHT)
    pair.lost = lambda sent: sent.side == "b"
    pair.a.place(Call(DNIS, CLID))
    pair.settle()
    pair.a.see_bits(0b1101)
    pair.pass_s(0.1)
    for signal in signals:
        pair.a.hear(Direction.BACKWARD, signal)
        pair.pass_s(0.1)
        pair.a.hear(Direction.BACKWARD, 0)
        pair.pass_s(0.1)
    return pair


def cause_told(pair: BackToBack) -> tuple[int, bool]:
    """Why the call of "a" has ended, after the exchange that we play has become idle."""
    assert pair.bits("a")[-1] == "10"
    pair.a.see_bits(0b1001)
    pair.pass_s(0.1)
    cleared = pair.told("a", events.CallCleared)[-1]
    return cleared.cause, cleared.by_peer


@every_variant
def test_q441_congestion_is_heard_wherever_the_register_stands(variant: str) -> None:
    a, c = load(variant).a, load(variant).c
    congestion, category = a[Request.CONGESTION], a[Request.CATEGORY]
    assert cause_told(by_hand(variant, congestion)) == (42, True)
    assert cause_told(by_hand(variant, a[Request.NEXT_DIGIT], congestion)) == (42, True)
    assert cause_told(by_hand(variant, category, c.get(Request.CONGESTION, congestion))) == (42, True)
    assert cause_told(by_hand(variant, a[Request.GROUP_B], load(variant).b[Verdict.CONGESTION])) == (42, True)


def test_brazilian_forced_release_ends_a_call_wherever_it_stands() -> None:
    for signals in ((), (1,), (5,), (5, 5), (3,), (3, 1)):
        for standing in (0, 5):
            pair = by_hand("BR", *signals)
            pair.a.hear(Direction.BACKWARD, standing)
            pair.a.see_bits(0b0001)
            pair.pass_s(0.1)
            assert cause_told(pair) == (16, True), f"{signals} and {standing}"


def test_q441_a6_is_acceptance_wherever_the_register_stands() -> None:
    for signals in ((6,), (1, 1, 6), (5, 6), (5, 5, 6)):
        assert by_hand("ITU", *signals).told("a", events.CallAccepted) == [events.CallAccepted(charge=True)]


def test_gf002_a5_is_a_number_that_nobody_has() -> None:
    assert cause_told(by_hand("CN", 1, 5)) == (1, True)


@every_variant
def test_a_backward_signal_without_meaning_ends_the_call(variant: str) -> None:
    a = load(variant).a
    assert cause_told(by_hand(variant, 14)) == (111, False)
    assert cause_told(by_hand(variant, a[Request.CATEGORY], 14)) == (111, False)
    assert cause_told(by_hand(variant, a[Request.GROUP_B], 14)) == (111, False)


def test_the_caller_is_asked_for_again_after_other_questions() -> None:
    pair = by_hand("ITU", 5, 1, 5, 5, 1)
    assert pair.signals("a") == [6, 1, 2, 1, 3, 3]  # 6; category; 2; caller's 1 and 3; 3
    pair = by_hand("CN", 6, 1, 3)  # A-3 before the caller's number has ended
    assert pair.signals("a") == [6, 1, 1, 3]  # 6; KA; caller's 1; KD
    assert by_hand("CN", 6, 6, 1).signals("a") == [6, 1, 1, 1]  # KA twice
    assert by_hand("VE", *[1] * 8, 9).signals("a")[-2:] == [8, 1]  # out of digits, then the caller's 1


@every_variant
def test_a_forward_signal_without_meaning_is_congestion(variant: str) -> None:
    for earlier in ((), (1,)):
        pair = BackToBack(variant, EIGHT)
        pair.lost = lambda sent: sent.side == "a"
        pair.b.see_bits(0b0001)
        pair.pass_s(0.1)
        for signal in (*earlier, 14):
            pair.b.hear(Direction.FORWARD, signal)
            pair.pass_s(0.1)
            pair.b.hear(Direction.FORWARD, 0)
            pair.pass_s(0.1)
        if earlier and variant != "MX":  # the category was asked, and any signal is one
            assert pair.signals("b")[0] == pair.variant.a[Request.CATEGORY]
            assert pair.b.state is State.EXPECTING_CALLER
            pair.b.hear(Direction.FORWARD, 14)
            pair.settle()
        assert pair.signals("b")[-1] == pair.variant.a[Request.CONGESTION]
        pair.b.see_bits(0b1001)
        pair.pass_s(0.1)
        assert pair.told("b", events.CallCleared) == [events.CallCleared(42, by_peer=False)]


def test_numbers_without_end_are_congestion() -> None:
    pair = BackToBack("CN", Wants(dnis_digits=32))
    pair.lost = lambda sent: sent.side == "a"
    pair.b.see_bits(0b0001)
    pair.pass_s(0.1)
    for _ in range(40):  # one called digit, the category, and a caller's number that does not end
        pair.b.hear(Direction.FORWARD, 7)
        pair.b.hear(Direction.FORWARD, 0)
    pair.settle()
    assert pair.signals("b")[-1] == 4


@every_variant
def test_q476_a_forward_signal_without_answer_clears_after_15_s(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    pair.lost = lambda sent: sends(sent, "b")
    pair.a.place(Call(DNIS))
    begun = pair.now
    assert pair.until("a", events.CallCleared) == events.CallCleared(102, by_peer=False)
    assert 12 <= pair.now - begun <= 18.2
    pair.pass_s(1)
    assert pair.idle()


@every_variant
def test_q476_a_register_that_hears_nothing_pulses_congestion(variant: str) -> None:
    pair = BackToBack(with_timers(variant, forward_signal=100.0), EIGHT)
    pair.lost = lambda sent: sends(sent, "a")
    pair.a.place(Call(DNIS))
    begun = pair.now
    pair.until("a", events.CallCleared)
    assert 8 <= pair.now - begun <= 24
    assert pair.told("a", events.CallCleared) == [events.CallCleared(42, by_peer=True)]
    pair.pass_s(1)
    assert pair.told("b", events.CallCleared) == [events.CallCleared(102, by_peer=False)]
    assert pair.idle()


def test_q476_out_of_digits_waits_24_s_for_a_pulse() -> None:
    pair = BackToBack("CN", Wants(dnis_digits=20))
    pair.lost = lambda sent: sends(sent, "b", 3, 4)
    pair.a.place(Call(DNIS))
    begun = pair.now
    pair.until("a", events.CallCleared)
    assert pair.now - begun > 24

# SPDX-License-Identifier: GPL-2.0-only
"""Calls between two of our ends, every variant, in virtual time: what is told, and what was on the line for it."""

import msgspec
import pytest

from appliance.signalling.r2 import events
from appliance.signalling.r2.causes import CAUSE_OF
from appliance.signalling.r2.channel import Call, CallStateError, Wants
from appliance.signalling.r2.events import Direction, Send, SetBits
from appliance.signalling.r2.variant import Ending, Request, Variant, Verdict, load, names
from appliance.signalling.r2.words import State
from tests.signalling.r2.back_to_back import BackToBack, Sent

pytestmark = pytest.mark.unit

DNIS, CLID = "62345678", "13800138000"
EIGHT = Wants(dnis_digits=8)
every_variant = pytest.mark.parametrize("variant", names())
with_immediate_accept = pytest.mark.parametrize("variant", ["ITU", "AR", "ID", "VE"])
without_end_signal = pytest.mark.parametrize("variant", ["AR", "BR", "CN", "MX", "VE"])


def sends(sent: Sent, side: str, *signals: int) -> bool:
    """Whether this is a register signal of that side; of `signals`, if any are named."""
    return sent.side == side and isinstance(sent.what, Send) and (not signals or sent.what.signal in signals)


def with_timers(variant: str, **timers: float) -> Variant:
    loaded = load(variant)
    return msgspec.structs.replace(loaded, timers=loaded.timers | timers)


def hang_up(pair: BackToBack, first: str) -> None:
    """Both sides let go, `first` first."""
    if first == "a":
        pair.a.release()
    else:
        pair.b.release()
        pair.until("a", events.CallDisconnected)
        pair.a.release()
    pair.until("a", events.CallCleared)
    pair.pass_s(1)
    assert pair.idle()


@every_variant
def test_q440_number_caller_and_category_arrive(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    first = next(iter(pair.variant.category))
    offered = pair.talk(Call(DNIS, CLID))
    service = next(iter(pair.variant.service), None)
    assert offered == events.CallOffered(DNIS, CLID, restricted=False, category=first, service=service)
    hang_up(pair, "a")


@every_variant
def test_q441_each_category_arrives(variant: str) -> None:
    for category in load(variant).category:
        pair = BackToBack(variant, EIGHT)
        assert pair.talk(Call(DNIS, CLID, category)).category == category


def test_gf002_kd_says_what_the_call_is_and_ka_who_calls() -> None:
    for service, kd in load("CN").service.items():
        pair = BackToBack("CN", Wants(dnis_digits=3))
        offered = pair.talk(Call("110", "2345", "priority", service))
        assert (offered.category, offered.service) == ("priority", service)
        assert pair.signals("a") == [1, 8, 2, 3, 4, 5, 15, 1, 10, kd]  # 1; KA 8; 2345 and its end; 10; KD
        assert pair.signals("b") == [6, 1, 1, 1, 1, 1, 1, 1, 3, 1]  # A-6 after a digit, A-1 for all others, A-3, B-1


def test_mexico_asks_for_the_caller_in_group_c() -> None:
    pair = BackToBack("MX", Wants(dnis_digits=2))
    pair.talk(Call("12", "34"))
    assert pair.signals("a") == [1, 2, 1, 3, 4, 15, 1]
    assert pair.signals("b") == [1, 6, 1, 1, 1, 3, 1]  # C-1 three times, C-3, B-1


def test_the_international_caller_is_asked_for_after_the_first_digit() -> None:
    pair = BackToBack("ITU", Wants(dnis_digits=2))
    pair.talk(Call("12", "34"))
    assert pair.signals("a") == [1, 1, 3, 4, 15, 2, 1]
    assert pair.signals("b") == [5, 5, 5, 5, 1, 3, 6]


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
def test_q441_each_verdict_is_heard_as_its_cause(variant: str) -> None:
    causes = {cause for verdict, cause in CAUSE_OF.items() if verdict in load(variant).b}
    assert {17, 42} <= causes
    for cause in causes:
        pair = BackToBack(variant, EIGHT)
        pair.a.place(Call(DNIS, CLID))
        pair.until("b", events.CallOffered)
        pair.b.release(cause)
        assert pair.until("a", events.CallCleared) == events.CallCleared(cause, by_peer=True)
        pair.pass_s(1)
        assert pair.told("b", events.CallCleared) == [events.CallCleared(cause, by_peer=False)]
        assert pair.idle()


@every_variant
def test_q441_charge_and_no_charge(variant: str) -> None:
    for charge in (True, False):
        pair = BackToBack(variant, EIGHT)
        pair.a.place(Call(DNIS, CLID))
        pair.until("b", events.CallOffered)
        pair.b.accept(charge=charge)
        heard = pair.until("a", events.CallAccepted)
        assert heard.charge == (charge or Verdict.FREE_NO_CHARGE not in pair.variant.b)


def test_an_offered_call_that_is_answered_at_once_costs_nothing_if_so_said() -> None:
    pair = BackToBack("ITU", EIGHT)
    pair.a.place(Call(DNIS))
    pair.until("b", events.CallOffered)
    pair.b.answer(charge=False)
    assert not pair.until("a", events.CallAccepted).charge
    pair.until("a", events.CallAnswered)


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
def test_a_caller_who_withholds_his_number_has_none(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
    offered = pair.talk(Call(DNIS, None))
    assert (offered.dnis, offered.clid) == (DNIS, None)
    assert offered.restricted == (Ending.RESTRICTED in pair.variant.i)


@every_variant
def test_a_caller_without_a_number_is_not_a_withheld_one(variant: str) -> None:
    offered = BackToBack(variant, EIGHT).talk(Call(DNIS, ""))
    assert (offered.clid, offered.restricted) == (None, False)


@every_variant
def test_the_caller_is_not_asked_for_where_nobody_wants_him(variant: str) -> None:
    pair = BackToBack(variant, Wants(dnis_digits=8, clid_digits=0))
    assert pair.talk(Call(DNIS, CLID, "ordinary")) == events.CallOffered(
        DNIS, None, restricted=False, category="ordinary", service=next(iter(pair.variant.service), None)
    )
    pair = BackToBack(variant, Wants(dnis_digits=8, category=False))
    pair.talk(Call(DNIS, CLID))
    assert pair.variant.a[Request.CATEGORY] not in pair.signals("b")[:-1]


@every_variant
def test_a_longer_caller_number_than_wanted_is_cut(variant: str) -> None:
    offered = BackToBack(variant, Wants(dnis_digits=8, clid_digits=4)).talk(Call(DNIS, CLID))
    assert (offered.dnis, offered.clid) == (DNIS, CLID[:4])


@with_immediate_accept
def test_q441_a6_accepts_without_group_b(variant: str) -> None:
    pair = BackToBack(variant, Wants(dnis_digits=8, group_b=False))
    pair.a.place(Call(DNIS, CLID))
    pair.until("a", events.CallAccepted)
    assert pair.signals("b")[-1] == pair.variant.a[Request.ADDRESS_COMPLETE]
    pair.b.accept()
    pair.b.answer()
    pair.until("a", events.CallAnswered)
    hang_up(pair, "b")


def test_a_variant_without_a6_cannot_accept_at_once() -> None:
    with pytest.raises(ValueError, match="CN has no signal for address_complete"):
        BackToBack("CN", Wants(group_b=False))


@pytest.mark.parametrize("variant", [name for name in names() if Ending.END_OF_NUMBER in load(name).i])
def test_q441_i15_ends_a_number(variant: str) -> None:
    pair = BackToBack(variant, Wants(dnis_digits=20))
    assert pair.talk(Call(DNIS, CLID)).dnis == DNIS


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


@pytest.mark.parametrize(
    ("request_", "digit"), [("last_but_one", "2"), ("last_but_two", "1"), ("all_again", "1"), ("same_digit", "3")]
)
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


@every_variant
def test_q421_a_blocked_channel_takes_no_call_until_it_is_restored(variant: str) -> None:
    pair = BackToBack(variant, EIGHT)
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


def test_a_called_side_that_gives_up_while_numbers_come_says_congestion_or_stops() -> None:
    for wait_s in (0.08, 0.1, 0.3, 0.33, 0.36, 0.39, 1.0, 1.5):
        pair = BackToBack("CN", EIGHT)
        pair.a.place(Call(DNIS, CLID))
        pair.pass_s(wait_s)
        pair.b.release(41)
        pair.pass_s(30)
        assert pair.idle(), f"{wait_s} {pair.a.state} {pair.b.state}"
        assert pair.told("b", events.CallCleared) == [events.CallCleared(41, by_peer=False)]


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
    pair = BackToBack("ITU", EIGHT)
    pair.a.place(Call(DNIS))
    pair.pass_s(0.3)
    pair.a.see_bits(0b0101)
    pair.pass_s(0.05)
    assert pair.a.state is State.CONNECTED
    assert pair.told("a", events.CallAnswered) == [events.CallAnswered()]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (Call(""), "no number to call"),
        (Call("12a"), "'12a': R2 sends up to 32 digits 0 to 9"),
        (Call("1" * 33), "R2 sends up to 32 digits"),
        (Call("1", "+86"), "R2 sends up to 32 digits 0 to 9"),
        (Call("1", category="ordinery"), "CN has no category or service 'ordinery'; did you mean 'ordinary'"),
        (Call("1", service="lokal"), "did you mean 'local'"),
    ],
)
def test_a_call_that_signals_cannot_say_is_refused_and_changes_nothing(call: Call, sentence: str) -> None:
    pair = BackToBack("CN")
    before = len(pair.sent)
    with pytest.raises(ValueError, match=sentence.replace("+", r"\+")):
        pair.a.place(call)
    pair.settle()
    assert (pair.a.state, len(pair.sent)) == (State.IDLE, before)

# SPDX-License-Identifier: GPL-2.0-only
"""Calls between two of our ends, every variant, in virtual time: what is told, and by which signals it came."""

import pytest

from appliance.signalling.r2 import events
from appliance.signalling.r2.causes import CAUSE_OF
from appliance.signalling.r2.channel import Call, Wants
from appliance.signalling.r2.variant import Ending, Request, Verdict, load, names
from appliance.signalling.r2.words import State
from tests.signalling.r2.back_to_back import CLID, DNIS, EIGHT, BackToBack, every_variant, hang_up

pytestmark = pytest.mark.unit

with_immediate_accept = pytest.mark.parametrize("variant", ["ITU", "AR", "ID", "VE"])


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


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (Call(""), "no number to call"),
        (Call("12a"), "number of 3 characters: R2 sends up to 32 digits 0 to 9"),
        (Call("1" * 33), "R2 sends up to 32 digits"),
        (Call("1", "+86"), "R2 sends up to 32 digits 0 to 9"),
        (Call("1", category="ordinery"), "CN has no category or service 'ordinery'; did you mean 'ordinary'"),
        (Call("1", service="lokal"), "did you mean 'local'"),
    ],
)
def test_a_call_that_signals_cannot_say_is_refused_and_changes_nothing(call: Call, sentence: str) -> None:
    pair = BackToBack("CN")
    before = len(pair.sent)
    with pytest.raises(ValueError, match=sentence):
        pair.a.place(call)
    pair.settle()
    assert (pair.a.state, len(pair.sent)) == (State.IDLE, before)

# SPDX-License-Identifier: GPL-2.0-only
"""Calls with a stranger: Debian's libopenr2, every variant, both ways, by sound and bits.

What it cannot do stands here as tests too, each named after it: it cannot send the caller's number in China, hears a
withheld number in Mexico where the number ends by its signal, takes Colombia's busy line and the ITU's special tone for
an accepted call, and has no way to send metering pulses.
"""

import msgspec
import pytest

from appliance.signalling.r2 import events
from appliance.signalling.r2.causes import CAUSE_OF
from appliance.signalling.r2.channel import Call, CallStateError, Wants
from appliance.signalling.r2.variant import Ending, Verdict, load
from appliance.signalling.r2.words import State
from tests.peers.openr2 import stranger
from tests.signalling.r2.back_to_back import CLID, DNIS, every_variant
from tests.signalling.r2.to_openr2 import ToOpenR2

pytestmark = pytest.mark.unit

without_end_signal = pytest.mark.parametrize("variant", ["AR", "BR", "MX", "VE"])


def to_openr2(variant: str, *, we_call: bool = True) -> ToOpenR2:
    """Numbers of eight digits; what libopenr2 cannot do with a caller's number is not asked of it."""
    ani_digits = len(CLID) if variant == "MX" else 20
    wants = Wants(dnis_digits=8, category=we_call or variant != "CN")
    return ToOpenR2(variant, wants, dnis_digits=8, ani_digits=ani_digits)


@every_variant
def test_we_call_and_clear(variant: str) -> None:
    pair = to_openr2(variant)
    assert pair.we_call(Call(DNIS, CLID)) == stranger.Told("offered", CLID, DNIS, stranger.ORDINARY)
    pair.they_answer()
    pair.we_clear()


@every_variant
def test_we_call_and_they_clear(variant: str) -> None:
    pair = to_openr2(variant)
    pair.we_call(Call(DNIS, CLID))
    pair.they_answer()
    pair.they_clear()
    assert pair.ours.told[-1] == events.CallCleared(16, by_peer=True)


@every_variant
def test_they_call_and_clear(variant: str) -> None:
    pair = to_openr2(variant, we_call=False)
    offered = pair.they_call(DNIS, CLID)
    assert (offered.dnis, offered.restricted) == (DNIS, False)
    if variant != "CN":
        assert (offered.clid, offered.category) == (CLID, "ordinary")
    pair.we_answer()
    pair.theirs.disconnect()
    pair.finish()
    assert pair.ours.told[-1] == events.CallCleared(16, by_peer=True)


@every_variant
def test_they_call_and_we_clear(variant: str) -> None:
    pair = to_openr2(variant, we_call=False)
    pair.they_call(DNIS, CLID)
    pair.we_answer()
    pair.we_clear()
    assert pair.ours.told[-1] == events.CallCleared(16, by_peer=False)


@every_variant
def test_a_call_rings_before_it_is_answered(variant: str) -> None:
    pair = to_openr2(variant, we_call=False)
    pair.they_call(DNIS, CLID)
    pair.do(pair.channel.accept)
    assert pair.theirs_tells("accepted").value == stranger.CHARGE
    pair.pass_s(3)
    pair.we_answer()
    pair.we_clear()


@every_variant
def test_categories_both_ways(variant: str) -> None:
    known = load(variant).category
    same = {
        "priority": stranger.PRIORITY,
        "maintenance": stranger.TEST,
        "international": stranger.INTERNATIONAL,
        "international_priority": stranger.INTERNATIONAL_PRIORITY,
        "collect": stranger.COLLECT,
    }
    for category in known.keys() & same.keys() if variant != "CN" else ():
        pair = to_openr2(variant)
        assert pair.we_call(Call(DNIS, CLID, category)).value == same[category]
        pair = to_openr2(variant)
        assert pair.they_call(DNIS, CLID, same[category]).category == category


def test_gf002_the_chinese_category_is_what_a6_brought() -> None:
    pair = to_openr2("CN")
    assert pair.we_call(Call(DNIS, CLID, "immediate", "toll")).value == stranger.PRIORITY  # both are signal 2
    pair = to_openr2("CN")
    assert pair.we_call(Call(DNIS, CLID, "priority", "local")).value == stranger.UNKNOWN  # KA 8 has no name there


@every_variant
def test_we_hear_why_they_refuse(variant: str) -> None:
    said = {
        stranger.BUSY: Verdict.BUSY,
        stranger.CONGESTION: Verdict.CONGESTION,
        stranger.UNALLOCATED: Verdict.UNALLOCATED,
        stranger.OUT_OF_ORDER: Verdict.OUT_OF_ORDER,
        stranger.NUMBER_CHANGED: Verdict.CHANGED,
    }
    for cause, verdict in said.items():
        if verdict not in load(variant).b:
            continue
        pair = to_openr2(variant)
        pair.we_call(Call(DNIS, CLID))
        pair.theirs.disconnect(cause)
        assert pair.ours_tells(events.CallCleared) == events.CallCleared(CAUSE_OF[verdict], by_peer=True)
        pair.theirs_tells("disconnected")
        pair.theirs.disconnect()
        pair.theirs_tells("ended")


@every_variant
def test_they_hear_why_we_refuse(variant: str) -> None:
    heard = {17: stranger.BUSY, 42: stranger.CONGESTION, 1: stranger.UNALLOCATED, 27: stranger.OUT_OF_ORDER}
    known = load(variant).b
    if variant == "CO":
        del heard[17]  # see below
    for cause, told in heard.items():
        if not any(CAUSE_OF.get(verdict) == cause for verdict in known):
            continue
        pair = to_openr2(variant, we_call=False)
        pair.they_call(DNIS, CLID)
        pair.do(pair.channel.release, cause)
        assert pair.theirs_tells("disconnected").value == told
        pair.theirs.disconnect()
        pair.finish()


@every_variant
def test_charge_and_no_charge_both_ways(variant: str) -> None:
    known = Verdict.FREE_NO_CHARGE in load(variant).b
    pair = to_openr2(variant)
    pair.we_call(Call(DNIS, CLID))
    if known:
        pair.theirs.accept(stranger.NO_CHARGE)
        assert not pair.ours_tells(events.CallAccepted).charge
    pair = to_openr2(variant, we_call=False)
    pair.they_call(DNIS, CLID)
    pair.do(pair.channel.accept, charge=False)
    assert pair.theirs_tells("accepted").value == (stranger.NO_CHARGE if known else stranger.CHARGE)


@every_variant
def test_a_withheld_number_both_ways(variant: str) -> None:
    pair = to_openr2(variant)
    assert pair.we_call(Call(DNIS, None)) == stranger.Told("offered", "restricted", DNIS, stranger.ORDINARY)
    pair = to_openr2(variant, we_call=False)
    offered = pair.they_call(DNIS, None)
    assert (offered.dnis, offered.clid) == (DNIS, None)
    assert offered.restricted == (Ending.RESTRICTED in pair.variant.i and variant != "CN")


@every_variant
def test_a_blocked_channel_both_ways(variant: str) -> None:
    pair = to_openr2(variant)
    pair.theirs.block()
    pair.ours_tells(events.ChannelBlocked)
    with pytest.raises(CallStateError):
        pair.channel.place(Call(DNIS))
    pair.theirs.unblock()
    pair.ours_tells(events.ChannelIdle)
    pair.do(pair.channel.withdraw)
    pair.theirs_tells("blocked")
    with pytest.raises(RuntimeError):
        pair.theirs.call(DNIS, CLID)
    pair.do(pair.channel.restore)
    pair.theirs_tells("idle")
    pair.we_call(Call(DNIS, CLID))


@every_variant
def test_q422_double_seizing(variant: str) -> None:
    pair = to_openr2(variant)
    pair.do(pair.channel.place, Call(DNIS, CLID))
    pair.theirs.call(DNIS, CLID)
    assert pair.theirs_tells("disconnected").value == stranger.FORCED_RELEASE  # their word for it
    pair.pass_s(0.1)  # seizing stands so long at least
    pair.theirs.disconnect()
    assert pair.ours_tells(events.CallCleared) == events.CallCleared(44, by_peer=False)
    pair.theirs_tells("ended")
    pair.we_call(Call(DNIS, CLID))


def test_double_seizing_that_the_far_end_ends_before_we_can_have_seen_it() -> None:
    pair = to_openr2("CN")
    pair.do(pair.channel.place, Call(DNIS, CLID))
    pair.theirs.call(DNIS, CLID)
    pair.theirs_tells("disconnected")
    pair.theirs.disconnect()
    begun = pair.now
    assert pair.ours_tells(events.CallDisconnected) == events.CallDisconnected(41)
    assert pair.now - begun < 2.1
    assert pair.ours_tells(events.CallCleared) == events.CallCleared(41, by_peer=False)
    pair.pass_s(1)
    pair.we_call(Call(DNIS, CLID))


@every_variant
def test_the_caller_gives_up_while_numbers_are_sent(variant: str) -> None:
    pair = to_openr2(variant)
    pair.do(pair.channel.place, Call(DNIS, CLID))
    pair.theirs_tells("seized")
    pair.pass_s(1)
    pair.we_clear()
    pair = to_openr2(variant, we_call=False)
    pair.theirs.call(DNIS, CLID)
    pair.ours_tells(events.CallSeized)
    pair.pass_s(1)
    pair.theirs.disconnect()
    pair.finish()


@every_variant
def test_congestion_is_heard_whenever_we_give_up_on_a_number(variant: str) -> None:
    pair = to_openr2(variant, we_call=False)
    for wait in range(0, 50, 3):
        pair.theirs.call(DNIS, CLID)
        pair.ours_tells(events.CallSeized)
        pair.pass_s(wait * 0.02)
        pair.do(pair.channel.release, 41)
        assert pair.theirs_tells("disconnected", within_s=2).value == stranger.CONGESTION
        pair.theirs.disconnect()
        pair.finish()


@without_end_signal
def test_q442_a_number_that_ends_in_silence_both_ways(variant: str) -> None:
    pair = ToOpenR2(variant, Wants(dnis_digits=20), dnis_digits=18, ani_digits=11)
    assert pair.we_call(Call(DNIS, CLID)) == stranger.Told("offered", CLID, DNIS, stranger.ORDINARY)
    pair.they_answer()
    pair.we_clear()
    offered = pair.they_call(DNIS, CLID)
    assert (offered.dnis, offered.clid) == (DNIS, CLID)
    pair.we_answer()
    pair.we_clear()


def test_q442_a_chinese_number_that_ends_in_silence_both_ways() -> None:
    pair = ToOpenR2("CN", Wants(dnis_digits=20, category=False), dnis_digits=18)
    assert pair.we_call(Call(DNIS, CLID)) == stranger.Told("offered", CLID, DNIS, stranger.ORDINARY)
    pair.they_answer()
    pair.we_clear()
    assert pair.they_call(DNIS, CLID).dnis == DNIS
    pair.we_answer()
    pair.we_clear()


@pytest.mark.parametrize("variant", ["CO", "CZ", "EC", "ID", "ITU", "PH"])
def test_q441_i15_ends_a_number_both_ways(variant: str) -> None:
    pair = ToOpenR2(variant, Wants(dnis_digits=20), dnis_digits=18)
    assert pair.we_call(Call(DNIS, CLID)) == stranger.Told("offered", CLID, DNIS, stranger.ORDINARY)
    pair.they_answer()
    pair.we_clear()
    offered = pair.they_call(DNIS, CLID)
    assert (offered.dnis, offered.clid) == (DNIS, CLID)


@pytest.mark.parametrize("variant", ["AR", "CO", "CZ", "EC", "ID", "ITU", "PH", "VE"])
def test_q441_a6_accepts_at_once_both_ways(variant: str) -> None:
    pair = ToOpenR2(variant, Wants(dnis_digits=8, group_b=False), dnis_digits=8, immediate_accept=True)
    assert pair.we_call(Call(DNIS, CLID)).dnis == DNIS
    pair.ours_tells(events.CallAccepted)
    pair.theirs_tells("accepted")
    pair.theirs.answer()
    pair.ours_tells(events.CallAnswered)
    pair.we_clear()
    assert pair.they_call(DNIS, CLID).clid == CLID
    pair.theirs_tells("accepted")
    pair.we_answer()
    pair.we_clear()


def test_argentine_metering_pulses_are_told_there() -> None:
    pair = to_openr2("AR", we_call=False)
    pair.they_call(DNIS, CLID)
    pair.we_answer()
    for _ in range(3):
        pair.do(pair.channel.meter)
        pair.theirs_tells("pulse")
        pair.pass_s(1)
    pair.we_clear()


def test_a_double_answer_does_not_end_the_call_of_a_patient_caller() -> None:
    brazil = load("BR")
    pair = ToOpenR2(
        msgspec.structs.replace(brazil, timers=brazil.timers | {"clear_back": 0.6}), dnis_digits=8, double_answer=True
    )
    pair.we_call(Call(DNIS, CLID))
    pair.they_answer()
    pair.ours_tells(events.PulseReceived)
    pair.pass_s(2)
    assert pair.channel.state is State.CONNECTED
    pair.we_clear()


def test_brazilian_forced_release_both_ways() -> None:
    pair = to_openr2("BR")
    pair.we_call(Call(DNIS, CLID))
    pair.they_answer()
    pair.theirs.disconnect(stranger.FORCED_RELEASE)
    assert pair.ours_tells(events.CallCleared) == events.CallCleared(16, by_peer=True)
    pair.theirs_tells("ended")
    pair.they_call(DNIS, CLID)
    pair.do(pair.channel.accept)
    pair.theirs_tells("accepted")
    pair.do(pair.channel.release, 18)
    assert pair.theirs_tells("disconnected").value == stranger.FORCED_RELEASE
    pair.theirs.disconnect()
    pair.finish()


@every_variant
def test_fifty_calls_come_and_go(variant: str) -> None:
    many_calls(variant, each_way=25)


@pytest.mark.soak
@pytest.mark.timeout(600)
@every_variant
def test_a_thousand_calls_each_way_come_and_go(variant: str) -> None:
    many_calls(variant, each_way=1000)


def many_calls(variant: str, each_way: int) -> None:
    """One channel carries them all, in turn from either side and ended by either; numbers differ."""
    pair = to_openr2(variant, we_call=False)
    for number in range(each_way):
        dnis, clid = f"{62345678 + 7919 * number:08d}"[-8:], f"{13800138000 + 104729 * number:011d}"[-11:]
        offered = pair.we_call(Call(dnis, clid))
        assert (offered.dnis, offered.ani) == (dnis, clid)
        pair.they_answer()
        (pair.we_clear if number % 2 else pair.they_clear)()
        told = pair.they_call(dnis, clid)
        assert (told.dnis, told.clid) == (dnis, None if variant == "CN" else clid)
        pair.we_answer()
        if number % 3:
            pair.we_clear()
        else:
            pair.theirs.disconnect()
            pair.finish()


# What libopenr2 cannot do.


def test_libopenr2_sends_the_called_number_where_china_asks_for_the_callers() -> None:
    pair = ToOpenR2("CN", Wants(dnis_digits=8), dnis_digits=8)
    pair.theirs.call(DNIS, CLID)
    assert pair.theirs_tells("disconnected").value == stranger.CONGESTION  # we waited for the caller's number to end
    assert pair.channel._incoming.clid == DNIS[1:]


def test_libopenr2_hears_a_withheld_number_in_mexico_where_it_ends_by_its_signal() -> None:
    pair = ToOpenR2("MX", dnis_digits=8, ani_digits=20)
    assert pair.we_call(Call(DNIS, CLID)).ani == "restricted"


@pytest.mark.parametrize(("variant", "cause"), [("CO", 17), ("ITU", 4)])
def test_libopenr2_takes_b2_for_an_accepted_call(variant: str, cause: int) -> None:
    pair = to_openr2(variant, we_call=False)
    pair.they_call(DNIS, CLID)
    pair.do(pair.channel.release, cause)
    pair.theirs_tells("accepted")

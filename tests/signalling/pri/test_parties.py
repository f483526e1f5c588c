# SPDX-License-Identifier: GPL-2.0-only
"""Who calls whom: types and plans of numbers, redirecting, calling name, user-to-user, advice of charge."""

import itertools

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import Link, Profile, Setup, Side
from appliance.wire.numbers import NumberKind, NumberPlan, NumberType, Redirecting, RedirectingReason
from tests.signalling.pri.back_to_back import BackToBack
from tests.signalling.pri.by_hand import ByHand

pytestmark = pytest.mark.unit

NET, USER = Side.NETWORK, Side.USER
INTERNATIONAL = NumberKind(NumberType.INTERNATIONAL, NumberPlan.ISDN)
NATIONAL = NumberKind(NumberType.NATIONAL, NumberPlan.ISDN)


# What divertingLegInformation2 can say (EN 300 207-1, ECMA-174); the redirecting number's element says them all.
DIVERSIONS = {RedirectingReason.BUSY, RedirectingReason.NO_REPLY, RedirectingReason.UNCONDITIONAL}
REASONS = {
    Profile.EUROISDN: DIVERSIONS | {RedirectingReason.DEFLECTION},
    Profile.EUROISDN_T1: DIVERSIONS | {RedirectingReason.DEFLECTION},
    Profile.QSIG: DIVERSIONS,
}


def called(profile: Profile, setup: Setup, caller: Side = NET) -> events.SetupReceived:
    """What the called side hears of a call."""
    pri = BackToBack(profile=profile)
    pri.do(lambda: pri.link(caller).setup(setup))
    return pri.last(USER if caller is NET else NET, events.SetupReceived)


@pytest.mark.parametrize(("type_", "plan"), [*itertools.product(NumberType, NumberPlan)])
def test_q931_4_5_8_type_and_plan_of_both_numbers(type_: NumberType, plan: NumberPlan) -> None:
    kind = NumberKind(type_, plan)
    offered = called(Profile.EUROISDN, Setup(5, "95588", "8625123456", dnis_kind=kind, clid_kind=INTERNATIONAL))
    assert (offered.dnis, offered.dnis_kind, offered.clid_kind) == ("95588", kind, INTERNATIONAL)
    offered = called(Profile.EUROISDN, Setup(5, "95588", "8625123456", dnis_kind=NATIONAL, clid_kind=kind))
    assert (offered.dnis_kind, offered.clid_kind) == (NATIONAL, kind)


@pytest.mark.parametrize("reason", RedirectingReason)
@pytest.mark.parametrize("profile", Profile)
def test_q952_the_redirecting_number_and_why(profile: Profile, reason: RedirectingReason) -> None:
    redirecting = Redirecting("02588001234", reason, NATIONAL)
    offered = called(profile, Setup(5, "95588", "02512345678", redirecting=redirecting)).redirecting
    assert offered is not None
    assert (offered.number, offered.kind) == ("02588001234", NATIONAL)
    assert offered.reason is (
        reason if reason in REASONS.get(profile, RedirectingReason) else RedirectingReason.UNKNOWN
    )


@pytest.mark.parametrize("caller", Side)
@pytest.mark.parametrize("profile", Profile)
def test_the_calling_name_reaches_the_other_side(profile: Profile, caller: Side) -> None:
    """By display, in QSIG by facility; a EuroISDN user has no way to send one (ETS 300 403 §4.5.16)."""
    offered = called(profile, Setup(5, "95588", "02512345678", name="Wang Fang"), caller)
    silent = caller is USER and profile in (Profile.EUROISDN, Profile.EUROISDN_T1)
    assert offered.name == (None if silent else "Wang Fang")


@pytest.mark.parametrize("profile", Profile)
def test_q957_1_user_to_user_in_the_setup(profile: Profile) -> None:
    assert called(profile, Setup(5, "95588", user_to_user="order 4711; gold")).user_to_user == "order 4711; gold"


def test_a_setup_without_any_of_these_has_none() -> None:
    offered = called(Profile.EUROISDN, Setup(5, "95588"))
    assert (offered.name, offered.redirecting, offered.original, offered.user_to_user) == (None, None, None, None)
    assert offered.dnis_kind == offered.clid_kind == NumberKind()


@pytest.mark.parametrize(
    "setup",
    [
        Setup(5, "95588", name="x" * 51, clid="1"),
        Setup(5, "95588", name="王芳", clid="1"),
        Setup(5, "95588", user_to_user="x" * 36),
        Setup(5, "95588", redirecting=Redirecting("9" * 32)),
    ],
)
def test_what_cannot_be_carried_is_refused(setup: Setup) -> None:
    pri = BackToBack()
    with pytest.raises(ValueError, match="at most"):
        pri.net.setup(setup)
    assert not pri.net.take_frames()


@pytest.mark.parametrize(("octet_3a", "number"), [("00", "02588"), ("20", None), ("40", None)])
def test_q952_a_restricted_redirecting_number_is_not_told_but_its_reason_is(octet_3a: str, number: str | None) -> None:
    peer = ByHand(Link(USER, clock=lambda: 1000.0))
    redirecting = f"74 08 21 {octet_3a} 82 30 32 35 38 38"
    peer.says(f"08 02 00 01 05 04 03 80 90 a3 18 03 a9 83 85 70 03 81 39 35 {redirecting}")
    (offered,) = (event for event in peer.link.take_events() if isinstance(event, events.SetupReceived))
    assert offered.redirecting == Redirecting(number, RedirectingReason.NO_REPLY, NATIONAL)


class TestAdviceOfCharge:
    """Facility elements after EN 300 182-1 (operations 33 to 36), by hand."""

    def talk(self) -> tuple[ByHand, events.CallNumber]:
        """A call of the user's that is answered."""
        peer = ByHand(Link(USER, clock=lambda: 1000.0))
        call = peer.link.setup(Setup(5, "10086"))
        peer.hear()
        peer.says("08 02 80 01 02 18 03 a9 83 85")
        peer.says("08 02 80 01 07")
        peer.link.take_events()
        return peer, call

    @staticmethod
    def facility(component: str) -> str:
        """A facility element with one component."""
        octets = bytes.fromhex(component)
        return bytes([0x1C, len(octets) + 1, 0x91, *octets]).hex(" ")

    def test_units_during_the_call(self) -> None:
        peer, call = self.talk()
        units = "30 0a a1 05 30 03 02 01 2a 82 01 00"  # one record of 42, a subtotal
        peer.says("08 02 80 01 62 " + self.facility("a1 12 02 01 01 02 01 22 " + units))
        assert peer.link.take_events() == [events.ChargeReceived(call, units=42)]

    def test_an_amount_at_the_end(self) -> None:
        peer, call = self.talk()
        money = "30 11 30 0f a1 0d 81 03 43 4e 59 a2 06 81 01 2d 82 01 01"  # 45 hundredths of a CNY
        peer.says("08 02 80 01 45 08 02 80 90 " + self.facility("a1 19 02 01 01 02 01 23 " + money))
        assert peer.link.take_events() == [
            events.ChargeReceived(call, amount="0.45", currency="CNY", final=True),
            events.DisconnectReceived(call, 16),
        ]

    def test_free_of_charge(self) -> None:
        peer, call = self.talk()
        peer.says("08 02 80 01 45 08 02 80 90 " + self.facility("a1 0a 02 01 01 02 01 24 30 02 81 00"))
        assert peer.link.take_events()[0] == events.ChargeReceived(call, final=True)

# SPDX-License-Identifier: GPL-2.0-only
"""What a leg shows of who calls whom, and what a call out carries (docs/wire.md)."""

import pytest

from appliance.signalling.pri import events as pri
from appliance.signalling.pri.link import Setup, Side
from appliance.wire import legs
from appliance.wire.legs import PlaceLeg
from appliance.wire.numbers import NumberKind, NumberPlan, NumberType, Redirecting, RedirectingReason
from tests.line.span_pair import SpanPair

pytestmark = pytest.mark.unit

NATIONAL = NumberKind(NumberType.NATIONAL, NumberPlan.ISDN)
REDIRECTING = Redirecting("02588001234", RedirectingReason.NO_REPLY, NATIONAL)


def offered(setup: Setup) -> legs.Leg:
    """The leg that the user side offers for a SETUP of the network's."""
    pair = SpanPair()
    pair.net.span.link.setup(setup)
    pair.net.board.frames += pair.net.span.link.take_frames()
    pair.settle()
    return pair.last(Side.USER, legs.LegOffered).leg


def test_all_that_a_setup_tells_is_in_the_leg() -> None:
    more = {"clid_kind": NATIONAL, "name": "Wang Fang", "redirecting": REDIRECTING, "user_to_user": "order 4711"}
    leg = offered(Setup(5, "95588", "02512345678", **more))  # type: ignore[arg-type]
    assert (leg.clid_kind, leg.dnis_kind) == (NATIONAL, None)
    assert (leg.name, leg.redirecting, leg.user_to_user) == ("Wang Fang", REDIRECTING, "order 4711")


def test_q951_4_a_restricted_caller_has_no_name_either() -> None:
    leg = offered(Setup(5, "95588", "02512345678", presented=False, name="Wang Fang", clid_kind=NATIONAL))
    assert (leg.clid, leg.clid_kind, leg.name) == (None, None, None)


def test_all_that_a_call_out_is_told_goes_out() -> None:
    pair = SpanPair()
    order = PlaceLeg(
        leg="ours",
        to="10086",
        contact="contact-1",
        clid="95588",
        to_kind=NATIONAL,
        clid_kind=NATIONAL,
        redirecting=REDIRECTING,
        user_to_user="order 4711",
    )
    assert pair.user.span.place(order)
    pair.settle()
    leg = pair.last(Side.NETWORK, legs.LegOffered).leg
    assert (leg.dnis, leg.dnis_kind, leg.clid_kind) == ("10086", NATIONAL, NATIONAL)
    assert (leg.redirecting, leg.user_to_user) == (REDIRECTING, "order 4711")


def test_a_charge_is_told_of_its_leg() -> None:
    pair = SpanPair()
    assert pair.user.place("ours")
    pair.settle()
    (call,) = (leg.call for leg in pair.user.span.legs.values())
    pair.user.span.link._events.append(pri.ChargeReceived(call, units=3, final=True))
    pair.user.run()
    pair.settle()
    assert pair.last(Side.USER, legs.LegCharged) == legs.LegCharged(leg="ours", units=3, final=True)

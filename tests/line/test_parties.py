# SPDX-License-Identifier: GPL-2.0-only
"""What a leg shows of who calls whom, and what a call out carries (docs/wire.md)."""

import pytest

from appliance.signalling.pri import events as pri
from appliance.signalling.pri.link import Setup, Side
from appliance.wire import legs
from appliance.wire.legs import Bearer, Location, PlaceLeg, ReleasedBy
from appliance.wire.numbers import NumberKind, NumberPlan, NumberType, Redirecting, RedirectingReason, Withheld
from tests.line.span_pair import SpanPair

pytestmark = pytest.mark.unit

NATIONAL = NumberKind(NumberType.NATIONAL, NumberPlan.ISDN)
REDIRECTING = Redirecting("02588001234", RedirectingReason.NO_REPLY, NATIONAL)


def offered(setup: Setup, *, data: bool = False) -> legs.Leg:
    """The leg that the user side offers for a SETUP of the network's."""
    pair = SpanPair()
    pair.user.span._data = data
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


def test_q951_4_the_number_of_a_restricted_caller_is_kept_for_a_trunk() -> None:
    leg = offered(Setup(5, "95588", "02512345678", presented=False, verified=True, clid_kind=NATIONAL))
    assert (leg.withheld, leg.verified, leg.trunk) == (Withheld("02512345678", NATIONAL), True, "user")
    assert offered(Setup(5, "95588")).withheld is None


@pytest.mark.parametrize("bearer", Bearer)
def test_q931_4_5_5_where_data_calls_are_wanted_every_bearer_is_offered_as_it_is(bearer: Bearer) -> None:
    assert offered(Setup(5, "95588", bearer=bearer), data=True).bearer is bearer


def test_a_withheld_number_and_a_bearer_go_out_as_they_came() -> None:
    pair = SpanPair()
    pair.net.span._data = True
    withheld = Withheld("8001", NATIONAL)
    order = PlaceLeg(leg="ours", to="10086", contact="c", withheld=withheld, bearer=Bearer.UNRESTRICTED)
    assert pair.user.span.place(order)
    pair.settle()
    leg = pair.last(Side.NETWORK, legs.LegOffered).leg
    assert (leg.clid, leg.withheld, leg.bearer) == (None, withheld, Bearer.UNRESTRICTED)
    assert pair.last(Side.USER, legs.LegPlaced).leg.bearer is Bearer.UNRESTRICTED


@pytest.mark.parametrize("text", ["Müller", "a" * 51, "two\nlines"])
def test_a_text_that_q931_cannot_carry_is_left_out_and_costs_no_call(text: str) -> None:
    pair = SpanPair()
    order = PlaceLeg(leg="ours", to="10086", contact="c", clid="8001", name=text, user_to_user=text)
    assert pair.user.span.place(order)
    pair.settle()
    leg = pair.last(Side.NETWORK, legs.LegOffered).leg
    assert (leg.clid, leg.name, leg.user_to_user) == ("8001", None, None)


@pytest.mark.parametrize("location", Location)
def test_q850_2_2_3_a_leg_tells_and_takes_the_location_of_its_end(location: Location) -> None:
    pair = SpanPair()
    assert pair.user.place("ours")
    pair.settle()
    (called,) = pair.net.span.legs.values()
    pair.net.span.release(called, 21, ReleasedBy.US, location)
    pair.settle()
    over = pair.last(Side.USER, legs.LegReleased)
    assert (over.cause, over.by, over.location) == (21, ReleasedBy.PEER, location)


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

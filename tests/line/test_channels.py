# SPDX-License-Identifier: GPL-2.0-only
"""Which channel a call out takes, who goes first in glare, and what SERVICE and T316 do to a channel."""

from typing import get_args, get_type_hints

import pytest

from appliance.config.branch import Span
from appliance.line.channels import Order
from appliance.signalling.pri.link import Profile, Side
from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from appliance.wire.spans import ChannelState
from tests.line.span_pair import SpanPair, by_hand
from tests.signalling.pri.by_hand import ByHand

pytestmark = pytest.mark.unit

NET, USER = Side.NETWORK, Side.USER


def place(pair: SpanPair, *names: str) -> list[str]:
    """The user side calls; the channels that it takes."""
    for name in names:
        assert pair.user.place(name)
        pair.settle()
    return [told.leg.channel.split()[-1] for told in pair.heard[USER] if isinstance(told, legs.LegPlaced)]


@pytest.mark.parametrize(
    ("order", "taken"),
    [
        (Order.ASCENDING, ["1", "2", "3", "2"]),
        (Order.DESCENDING, ["31", "30", "29", "30"]),
        (Order.ROUND_ROBIN, ["31", "30", "29", "28"]),
    ],
)
def test_channels_are_taken_in_the_span_s_order(order: Order, taken: list[str]) -> None:
    pair = SpanPair(user=order)
    place(pair, "a", "b", "c")
    pair.user.span.release(pair.user.span.legs["b"], 16, ReleasedBy.US)
    pair.settle()
    assert place(pair, "d") == taken


def test_round_robin_comes_round_past_the_d_channel() -> None:
    pair = SpanPair(user=Order.ROUND_ROBIN)
    for n in range(31):
        place(pair, f"leg-{n}")
        pair.user.span.release(pair.user.span.legs[f"leg-{n}"], 16, ReleasedBy.US)
        pair.settle()
    told = [int(one.leg.channel.split()[-1]) for one in pair.heard[USER] if isinstance(one, legs.LegPlaced)]
    assert told == [*range(31, 16, -1), *range(15, 0, -1), 31]


@pytest.mark.parametrize("profile", Profile)
def test_q931_5_7_in_glare_the_call_from_the_network_goes_first(profile: Profile) -> None:
    """Both ends take the same channel at once; the network's call is offered, the user's one ends with cause 44."""
    pair = SpanPair(profile, user=Order.ASCENDING, net=Order.ASCENDING)
    assert pair.user.place("ours")
    assert pair.net.place("theirs")
    pair.settle()
    offered = pair.last(USER, legs.LegOffered).leg
    assert offered.channel == "span 1 timeslot 1"
    assert not pair.count(NET, legs.LegOffered)
    assert [(told.leg, told.cause) for told in pair.heard[USER] if isinstance(told, legs.LegReleased)] == [("ours", 44)]
    pair.user.span.release(pair.user.span.legs[offered.leg], 16, ReleasedBy.US)
    pair.pass_s(5.0)
    assert pair.net.idle() == pair.user.idle() == 30


def test_thirty_glares_at_once_leave_thirty_calls_and_no_stuck_channel() -> None:
    pair = SpanPair(user=Order.ASCENDING, net=Order.ASCENDING)
    for n in range(30):
        assert pair.user.place(f"ours-{n}")
        assert pair.net.place(f"theirs-{n}")
    pair.settle()
    assert pair.count(USER, legs.LegOffered) == 30
    assert pair.count(USER, legs.LegReleased) == 30
    for leg in tuple(pair.net.span.legs.values()):
        pair.net.span.release(leg, 16, ReleasedBy.US)
    pair.pass_s(5.0)
    assert pair.net.idle() == pair.user.idle() == 30
    assert not pair.net.board.open
    assert not pair.user.board.open


def test_q931_5_5_1_without_an_acknowledgement_a_channel_stays_out_of_use() -> None:
    """T316 times N316; a call from the far end proves the channel to be in order all the same."""
    pair = SpanPair()
    pair.wire.cut = True
    pair.user.span.channels.doubt([7])
    pair.user.span.link.restart([7])
    pair.pass_s(2 * 5.0 + 1.0)
    assert pair.user.span.channels.state(7) is ChannelState.BLOCKED
    pair.wire.cut = False
    pair.pass_s(60.0)
    assert pair.user.span.channels.state(7) is ChannelState.IDLE, "it is restarted until it is acknowledged"


def test_q931_5_1_2_a_channel_that_we_did_not_ask_for_is_released_with_cause_6() -> None:
    pair = SpanPair()
    peer = by_hand(pair.user)
    assert pair.user.place("ours")
    peer.hear()
    setup = peer.heard()[-1]
    peer.says(f"08 02 8{setup[7:11]} 02 18 03 a9 83 87")
    assert peer.heard() == [f"{setup[:11]} 4d 08 02 81 86"]
    peer.says(f"08 02 8{setup[7:11]} 5a")
    (end,) = (told for told in pair.user.take_events() if isinstance(told, legs.LegReleased))
    assert (end.cause, end.by) == (6, ReleasedBy.FAULT)
    assert pair.user.idle() == 30


@pytest.mark.parametrize(
    ("profile", "service", "acknowledge"),
    [
        (Profile.FOUR_ESS, "03 02 00 00 0f", "03 02 80 00 07"),
        (Profile.FIVE_ESS, "03 02 00 00 0f", "03 02 80 00 07"),
        (Profile.NATIONAL, "43 02 00 00 07", "43 02 80 00 0f"),
    ],
)
def test_service_takes_a_channel_out_and_in(profile: Profile, service: str, acknowledge: str) -> None:
    pair = SpanPair(profile)
    peer = ByHand(pair.user.bare)
    channel = "18 03 a9 83 9f"
    peer.says(f"{service} 01 01 c2 {channel}")
    assert peer.heard() == [f"{acknowledge} 01 01 c2 {channel}"]
    pair.user.run()
    assert pair.user.span.channels.state(31) is ChannelState.BLOCKED
    assert pair.user.span.channels.idle() == 30
    peer.says(f"{service} 01 01 c0 {channel}")
    pair.user.run()
    assert pair.user.span.channels.state(31) is ChannelState.IDLE


def test_service_means_nothing_to_euroisdn() -> None:
    pair = SpanPair()
    ByHand(pair.user.bare).says("03 02 00 00 0f 01 01 c2 18 03 a9 83 9f")
    pair.user.run()
    assert pair.user.span.channels.state(31) is ChannelState.IDLE


def test_configuration_knows_the_orders_that_the_span_does() -> None:
    assert set(get_args(get_type_hints(Span)["channel_order"])) == {order.value for order in Order}

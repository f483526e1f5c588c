# SPDX-License-Identifier: GPL-2.0-only
"""A caller hears us before the answer and instead of one (Q.931 §5.4.1, §5.3.4.1): what is said, and how long."""

import pytest

from appliance.line.states import Event
from appliance.signalling.pri.link import Side
from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from drivers.model import Timeslot
from tests.line.span_pair import SpanPair

pytestmark = pytest.mark.unit

NET, USER = Side.NETWORK, Side.USER
PORT = Timeslot(0, 31).port


class Caller:
    """The user's side calls the network's, on timeslot 31 of both."""

    def __init__(self) -> None:
        self.pair = SpanPair()
        assert self.pair.user.place("ours")
        self.pair.settle()
        self.span = self.pair.net.span
        self.leg = self.span.legs[self.pair.last(NET, legs.LegOffered).leg.leg]

    def command(self, event: Event) -> None:
        """A step of the network's controller."""
        self.pair.do(lambda: self.span.command(self.leg, event))

    def announce(self, cause: int) -> None:
        """Its end, with sound."""
        self.pair.do(lambda: self.span.announce(self.leg, cause))

    def open(self) -> list[bool]:
        """Whether each side's port is."""
        return [PORT in end.board.open for end in (self.pair.user, self.pair.net)]

    def released(self) -> list[tuple[int, ReleasedBy]]:
        """What each side told of the end."""
        told = self.pair.heard[USER] + self.pair.heard[NET]
        return [(event.cause, event.by) for event in told if isinstance(event, legs.LegReleased)]


@pytest.fixture
def caller() -> Caller:
    return Caller()


@pytest.mark.parametrize("inband", [True, False])
def test_q931_5_4_1_ring_back_is_ours_or_the_exchange_s(caller: Caller, inband: bool) -> None:  # noqa: FBT001
    caller.command(Event.ALERT_INBAND if inband else Event.ALERT)
    assert caller.pair.last(USER, legs.LegAlerting) == legs.LegAlerting(leg="ours", inband=inband)
    assert caller.open() == [True, True], "before the answer"


def test_q931_5_4_1_an_announcement_before_the_answer_is_no_alerting(caller: Caller) -> None:
    caller.command(Event.PROCEED_INBAND)
    assert caller.pair.last(USER, legs.LegAlerting).inband
    assert caller.leg.told.state == "proceeding"
    caller.command(Event.ALERT)
    caller.command(Event.ANSWER)
    assert caller.pair.count(USER, legs.LegAnswered) == 1
    assert caller.open() == [True, True]


def test_q931_5_3_4_1_the_sound_lasts_until_the_caller_lets_go(caller: Caller) -> None:
    caller.announce(1)
    caller.pair.pass_s(20.0)
    assert caller.open() == [True, True]
    assert caller.released() == []
    user = caller.pair.user.span
    caller.pair.do(lambda: user.release(user.legs["ours"], 16, ReleasedBy.US))
    assert caller.open() == [False, False]
    assert caller.released() == [(16, ReleasedBy.US), (1, ReleasedBy.US)]


def test_q931_9_5_the_sound_lasts_until_t306_ends_it(caller: Caller) -> None:
    caller.announce(17)
    caller.pair.pass_s(29.9)
    assert caller.open() == [True, True]
    caller.pair.pass_s(0.2)
    assert caller.open() == [False, False]
    assert caller.released() == [(17, ReleasedBy.PEER), (17, ReleasedBy.US)]
    assert caller.pair.net.idle() == caller.pair.user.idle() == 30


def test_the_controller_may_end_the_sound_before(caller: Caller) -> None:
    caller.announce(1)
    caller.pair.do(lambda: caller.span.release(caller.leg, 16, ReleasedBy.US))
    assert caller.open() == [False, False]
    assert caller.released() == [(1, ReleasedBy.PEER), (1, ReleasedBy.US)]


def test_a_talk_is_not_ended_so(caller: Caller) -> None:
    caller.command(Event.ANSWER)
    with pytest.raises(KeyError):
        caller.announce(1)
    assert caller.leg.end is None, "a refused step changes nothing"
    caller.pair.do(lambda: caller.span.release(caller.leg, 16, ReleasedBy.US))
    assert caller.released() == [(16, ReleasedBy.PEER), (16, ReleasedBy.US)]


def test_red_ends_the_sound(caller: Caller) -> None:
    caller.announce(1)
    caller.pair.lose_layer_1(2.0)
    assert caller.open() == [False, False]
    assert caller.released()[1] == (1, ReleasedBy.US)

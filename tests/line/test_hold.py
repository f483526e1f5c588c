# SPDX-License-Identifier: GPL-2.0-only
"""A leg that its peer puts aside (ETS 300 141) keeps its channel and its port, and is retrieved there."""

import pytest

from appliance.line.states import Event, State
from appliance.signalling.pri.link import Side
from appliance.wire import legs
from appliance.wire.legs import LegState, ReleasedBy
from drivers.model import Timeslot
from tests.line.span_pair import SpanPair, by_hand

pytestmark = pytest.mark.unit

CHANNEL, OTHER = "18 03 a9 83 85", "18 03 a9 83 86"
SETUP = f"05 04 03 80 90 a3 {CHANNEL} 70 06 81 39 35 35 38 38"
HOLD, RETRIEVE = "24", "31"


class Talk:
    """A leg on timeslot 5, of a caller by hand."""

    def __init__(self, side: Side) -> None:
        self.pair = SpanPair()
        self.side = side
        self.end = self.pair.net if side is Side.NETWORK else self.pair.user
        self.peer = by_hand(self.end)
        self.end.take_events()
        self.says(SETUP)
        (self.leg,) = self.end.span.legs.values()

    def answer(self) -> None:
        """Both sides talk."""
        self.end.span.command(self.leg, Event.ANSWER)
        self.peer.hear()
        self.says("0f")
        self.end.take_events()

    def says(self, octets: str) -> list[str]:
        """A message of the call, and what is answered, from the type on."""
        self.peer.says(f"08 02 00 01 {octets}")
        return [message.removeprefix("08 02 80 01 ") for message in self.peer.heard()]


@pytest.fixture(params=Side)
def talk(request: pytest.FixtureRequest) -> Talk:
    talk = Talk(request.param)
    talk.answer()
    return talk


def test_a_held_leg_stays_answered_on_its_channel_with_its_port(talk: Talk) -> None:
    name = talk.leg.told.leg
    assert talk.says(HOLD) == ["28"]
    assert talk.end.take_events() == [legs.LegHeld(leg=name)]
    assert (talk.leg.told.state, talk.leg.told.held) == (LegState.ANSWERED, True)
    assert Timeslot(0, 5).port in talk.end.board.open
    assert talk.end.idle() == 29
    assert talk.says(f"{RETRIEVE} {CHANNEL}") == [f"33 {CHANNEL}"]
    assert talk.end.take_events() == [legs.LegRetrieved(leg=name)]
    assert not talk.leg.told.held
    assert talk.leg.state is State.ANSWERED


def test_any_channel_is_the_one_it_had(talk: Talk) -> None:
    talk.says(HOLD)
    assert talk.says(RETRIEVE) == [f"33 {CHANNEL}"]


def test_another_channel_alone_is_refused_with_cause_44(talk: Talk) -> None:
    talk.says(HOLD)
    assert talk.says(f"{RETRIEVE} {OTHER}") == ["37 08 02 81 ac"]
    assert talk.leg.told.held
    assert talk.says(RETRIEVE) == [f"33 {CHANNEL}"]


def test_a_leg_that_is_not_answered_is_not_held() -> None:
    talk = Talk(Side.USER)
    assert talk.says(HOLD) == ["30 08 02 81 e5"]
    talk.answer()
    assert talk.says(HOLD) == ["28"]


def test_either_side_may_end_a_held_leg(talk: Talk) -> None:
    talk.says(HOLD)
    talk.end.take_events()
    talk.end.span.release(talk.leg, 16, ReleasedBy.US)
    talk.peer.hear()
    assert [message.split()[4] for message in talk.peer.heard()] == ["45"]
    assert talk.says("4d 08 02 80 90") == ["5a 08 02 81 90"]
    (released,) = talk.end.take_events()
    assert isinstance(released, legs.LegReleased)
    assert (released.cause, talk.end.idle()) == (16, 30)
    assert not talk.end.board.open

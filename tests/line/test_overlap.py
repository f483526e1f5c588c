# SPDX-License-Identifier: GPL-2.0-only
"""Numbers that come digit by digit (Q.931 §5.2.4), and that are sent so (§5.1.3)."""

import pytest

from appliance.signalling.pri import events as pri
from appliance.signalling.pri.link import CallGoneError, Profile, Setup, Side
from appliance.wire import legs
from appliance.wire.spans import ChannelState
from tests.line.span_pair import SpanPair

pytestmark = pytest.mark.unit

USER = Side.USER


class Dialler:
    """A bare exchange that dials into a span whose numbers have five digits."""

    def __init__(self) -> None:
        self.pair = SpanPair(dnis_digits=5)
        self.link = self.pair.net.span.link
        self.call = pri.CallNumber(0)

    def setup(self, dnis: str, channel: int = 5, *, complete: bool = False) -> None:
        """The first digits."""
        self.call = self.link.setup(Setup(channel, dnis, "1001", complete=complete))
        self.settle()

    def dial(self, digits: str) -> None:
        """More."""
        self.link.dial(self.call, digits)
        self.settle()

    def settle(self) -> None:
        """The exchange's own span is not asked: it knows nothing of this call."""
        self.pair.net.board.frames += self.link.take_frames()
        self.pair.settle()

    def offered(self) -> list[str | None]:
        """The numbers that were offered."""
        return [told.leg.dnis for told in self.pair.heard[USER] if isinstance(told, legs.LegOffered)]

    def state(self, timeslot: int) -> ChannelState:
        """As the called side sees it."""
        return self.pair.user.span.channels.state(timeslot)


@pytest.fixture
def dialler() -> Dialler:
    return Dialler()


def test_a_number_is_offered_when_it_has_all_its_digits(dialler: Dialler) -> None:
    dialler.setup("9")
    dialler.dial("558")
    assert not dialler.offered()
    assert dialler.state(5) is ChannelState.BUSY
    dialler.dial("8")
    assert dialler.offered() == ["95588"]


def test_a_whole_number_in_the_setup_is_offered_at_once(dialler: Dialler) -> None:
    dialler.setup("95588")
    assert dialler.offered() == ["95588"]


def test_sending_complete_makes_a_short_number_complete(dialler: Dialler) -> None:
    dialler.setup("110", complete=True)
    assert dialler.offered() == ["110"]


def test_t302_offers_what_was_dialled(dialler: Dialler) -> None:
    dialler.setup("11")
    dialler.dial("0")
    dialler.pair.pass_s(12.5)
    assert dialler.offered() == ["110"]


def test_t302_without_any_digit_is_cause_28(dialler: Dialler) -> None:
    dialler.setup("")
    dialler.pair.pass_s(12.5)
    assert not dialler.offered()
    assert dialler.state(5) is ChannelState.IDLE
    disconnect = [frame for side, frame in dialler.pair.wire.frames() if side is USER and frame[8:9] == b"\x45"]
    assert [frame[-1] & 0x7F for frame in disconnect] == [28]


def test_a_channel_of_a_call_being_dialled_is_not_taken_by_another(dialler: Dialler) -> None:
    dialler.setup("9", channel=31)
    assert dialler.pair.user.place("ours")
    dialler.settle()
    assert dialler.pair.last(USER, legs.LegPlaced).leg.channel == "span 1 timeslot 30"


def test_a_caller_who_gives_up_dialling_leaves_an_idle_channel(dialler: Dialler) -> None:
    dialler.setup("9")
    dialler.link.release(dialler.call, 16)
    dialler.settle()
    dialler.pair.pass_s(60.0)
    assert dialler.state(5) is ChannelState.IDLE
    assert not dialler.offered()


class Grower:
    """A leg that is placed with one digit towards a branch whose numbers have five."""

    def __init__(self) -> None:
        self.pair = SpanPair(net_digits=5)
        assert self.pair.user.place("ours", to="9", complete=False)
        self.pair.settle()

    def dial(self, digits: str, *, complete: bool = False) -> None:
        """More, and the last time all."""
        span = self.pair.user.span
        self.pair.do(lambda: span.dial(span.legs["ours"], digits, complete=complete))

    def offered(self) -> list[str | None]:
        """What has come whole."""
        return [told.leg.dnis for told in self.pair.heard[Side.NETWORK] if isinstance(told, legs.LegOffered)]


def test_q931_5_1_3_a_placed_leg_proceeds_when_its_number_is_whole() -> None:
    grower = Grower()
    grower.dial("55")
    grower.dial("8")
    assert not grower.offered()
    assert not grower.pair.count(USER, legs.LegProceeding)
    grower.dial("8")
    assert grower.offered() == ["95588"]
    assert grower.pair.count(USER, legs.LegProceeding) == 1
    with pytest.raises(CallGoneError, match="does not wait for digits"):
        grower.dial("1")


def test_q931_5_1_3_the_controller_ends_a_short_number() -> None:
    grower = Grower()
    grower.dial("1", complete=True)
    assert grower.offered() == ["91"]


def test_a_profile_without_overlap_sending_is_told_so_and_keeps_its_channels() -> None:
    pair = SpanPair(Profile.DMS100)
    with pytest.raises(ValueError, match="dms100 has no overlap sending"):
        pair.user.place("ours", to="9", complete=False)
    assert pair.user.idle() == 30

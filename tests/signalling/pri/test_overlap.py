# SPDX-License-Identifier: GPL-2.0-only
"""Overlap sending (Q.931 §5.1.3) and receiving (§5.2.4) between two links, and against messages by hand."""

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import CallGoneError, Link, Profile, Setup, Side
from tests.signalling.pri.back_to_back import BackToBack
from tests.signalling.pri.by_hand import ByHand
from tests.signalling.pri.wire import TROUBLES

pytestmark = pytest.mark.unit

NET, USER = Side.NETWORK, Side.USER
OVERLAP = [Profile.EUROISDN, Profile.EUROISDN_T1, Profile.QSIG]
INFORMATION = 0x7B
SENDING_COMPLETE = "a1"


def dialling(pri: BackToBack, dnis: str = "95") -> tuple[events.CallNumber, events.CallNumber]:
    """The network has begun to dial; its number of the call and the user's."""
    net, user = pri.ring(Setup(5, dnis, "02512345678", complete=False))
    assert not pri.last(USER, events.SetupReceived).complete
    pri.do(lambda: pri.user.setup_acknowledge(user))
    assert pri.last(NET, events.SetupAcknowledged) == events.SetupAcknowledged(net, 5)
    return net, user


def digits(pri: BackToBack, side: Side = USER) -> list[tuple[str, bool]]:
    return [(e.digits, e.complete) for e in pri.heard[side] if isinstance(e, events.DigitsReceived)]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("profile", OVERLAP)
@pytest.mark.parametrize("dialler", Side)
def test_q931_5_2_4_every_digit_once_and_in_order(profile: Profile, dialler: Side, trouble: str) -> None:
    pri = BackToBack(profile=profile, trouble=TROUBLES[trouble], seed=f"{profile}{dialler}{trouble}")
    answerer = USER if dialler is NET else NET
    ours, theirs = pri.link(dialler), pri.link(answerer)
    number = ours.setup(Setup(5, "95", complete=False))
    ours.dial(number, "5")  # before SETUP ACKNOWLEDGE: it waits
    call = pri.until(answerer, events.SetupReceived).call
    theirs.setup_acknowledge(call)
    pri.until(dialler, events.SetupAcknowledged)
    ours.dial(number, "88")
    pri.until(answerer, events.DigitsReceived, 3)
    theirs.proceeding(call)
    pri.until(dialler, events.ProceedingReceived)
    assert digits(pri, answerer) == [("5", False), ("8", False), ("8", False)]
    theirs.release(call, 17)
    ours.release(number, 17)
    pri.pass_s(60.0)
    assert pri.count(NET, events.CallCleared) == pri.count(USER, events.CallCleared) == 1


def test_q931_9_5_t302_ends_the_dialling_twelve_seconds_after_the_last_digit() -> None:
    pri = BackToBack()
    net, _ = dialling(pri)
    pri.pass_s(11.0)
    pri.do(lambda: pri.net.dial(net, "5"))
    pri.pass_s(11.9)
    assert digits(pri) == [("5", False)]
    pri.pass_s(0.2)
    assert digits(pri) == [("5", False), ("", True)]
    pri.pass_s(60.0)
    assert len(digits(pri)) == 2, "once"


def test_q931_9_5_t304_clears_a_call_that_nobody_takes_further() -> None:
    pri = BackToBack()
    net, user = dialling(pri)
    pri.do(lambda: pri.net.dial(net, "5"))
    pri.pass_s(19.9)
    assert not pri.count(USER, events.DisconnectReceived)
    pri.pass_s(0.2)
    assert pri.last(USER, events.DisconnectReceived) == events.DisconnectReceived(user, 102)
    pri.do(lambda: pri.user.release(user, 102))
    assert pri.count(NET, events.CallCleared) == pri.count(USER, events.CallCleared) == 1


def test_digits_after_the_number_is_complete_mean_nothing() -> None:
    pri = BackToBack()
    net, user = dialling(pri)
    pri.user.proceeding(user)
    pri.do(lambda: pri.net.dial(net, "5"))  # crosses CALL PROCEEDING
    assert not digits(pri)
    with pytest.raises(CallGoneError, match="does not wait for digits"):
        pri.net.dial(net, "8")


def test_q931_5_1_3_sending_complete_goes_with_the_last_digit() -> None:
    pri = BackToBack()
    net, _ = dialling(pri)
    pri.do(lambda: pri.net.dial(net, "58", whole=True))
    assert digits(pri) == [("5", False), ("8", True)]
    with pytest.raises(CallGoneError, match="does not wait for digits"):
        pri.net.dial(net, "8")


def test_q931_5_1_3_what_was_dialled_early_is_sent_when_it_is_asked_for() -> None:
    pri = BackToBack()
    net, user = pri.ring(Setup(5, "95", complete=False))
    pri.do(lambda: pri.net.dial(net, "58"))
    pri.do(lambda: pri.net.dial(net, "", whole=True))
    assert INFORMATION not in pri.messages(NET)
    pri.do(lambda: pri.user.setup_acknowledge(user))
    assert digits(pri) == [("5", False), ("8", True)]


def test_q931_5_1_3_early_digits_are_not_sent_to_a_peer_that_has_enough() -> None:
    pri = BackToBack()
    net, user = pri.ring(Setup(5, "95588", complete=False))
    pri.do(lambda: pri.net.dial(net, "1"))
    pri.do(lambda: pri.user.proceeding(user))
    assert INFORMATION not in pri.messages(NET)


def test_q931_5_1_3_the_end_of_the_number_may_come_alone() -> None:
    pri = BackToBack()
    net, _ = dialling(pri)
    pri.do(lambda: pri.net.dial(net, "", whole=True))
    assert [frame[8:].hex() for side, frame in pri.frames if side is NET and frame[8:9] == b"\x7b"] == ["7ba1"]
    assert digits(pri) == [("", True)]


@pytest.mark.parametrize("profile", sorted(set(Profile) - set(OVERLAP)))
def test_a_profile_without_overlap_sending_wants_the_whole_number(profile: Profile) -> None:
    pri = BackToBack(profile=profile)
    with pytest.raises(ValueError, match="no overlap sending"):
        pri.user.setup(Setup(5, "95", complete=False))
    assert not pri.user.take_frames()


@pytest.mark.parametrize("digits", ["", "a", "12 3", "９"])
def test_what_is_no_digit_is_refused(digits: str) -> None:
    pri = BackToBack()
    net, _ = dialling(pri)
    sent = len(pri.frames)
    with pytest.raises(ValueError, match="digits are 0 to 9") as refused:
        pri.net.dial(net, digits)
    assert "12" not in str(refused.value), "it goes into logs"
    pri.settle()
    assert len(pri.frames) == sent


@pytest.mark.parametrize("profile", Profile)
def test_sending_complete_is_said_where_the_profile_has_it(profile: Profile) -> None:
    pri = BackToBack(profile=profile)
    pri.do(lambda: pri.user.setup(Setup(5, "95588")))
    (setup,) = [frame[4:] for side, frame in pri.frames if side is USER and not frame[2] & 1]
    assert setup.hex().endswith(SENDING_COMPLETE) is (profile in OVERLAP)


class TestByHand:
    """Messages as Tables 3-13, 3-6 and 3-15 have them."""

    SETUP = "08 02 00 01 05 04 03 80 90 a3 18 03 a9 83 85 70 03 81 39 35"

    @pytest.fixture
    def peer(self) -> ByHand:
        return ByHand(Link(USER, clock=lambda: 1000.0))

    def acknowledged(self, peer: ByHand) -> events.CallNumber:
        peer.says(self.SETUP)
        (offered,) = [e for e in peer.link.take_events() if isinstance(e, events.SetupReceived)]
        assert (offered.dnis, offered.complete) == ("95", False)
        peer.link.setup_acknowledge(offered.call)
        peer.hear()
        assert peer.heard() == ["08 02 80 01 0d 18 03 a9 83 85"]
        return offered.call

    def test_several_digits_in_one_information(self, peer: ByHand) -> None:
        call = self.acknowledged(peer)
        peer.says("08 02 00 01 7b 70 04 81 35 38 38")
        assert peer.link.take_events() == [events.DigitsReceived(call, "588", complete=False)]

    def test_sending_complete_with_and_without_a_digit(self, peer: ByHand) -> None:
        call = self.acknowledged(peer)
        peer.says("08 02 00 01 7b 70 02 81 35")
        peer.says("08 02 00 01 7b a1")
        assert peer.link.take_events() == [
            events.DigitsReceived(call, "5", complete=False),
            events.DigitsReceived(call, "", complete=True),
        ]

    def test_a_setup_with_sending_complete_is_complete(self, peer: ByHand) -> None:
        peer.says(self.SETUP + " a1")
        (offered,) = [e for e in peer.link.take_events() if isinstance(e, events.SetupReceived)]
        assert offered.complete

    def test_information_for_a_call_that_is_not_there(self, peer: ByHand) -> None:
        """§5.8.3.2: RELEASE COMPLETE with cause 81, call reference not in use."""
        peer.says("08 02 00 07 7b 70 02 81 35")
        (said,) = peer.heard()
        assert said.startswith("08 02 80 07 5a 08 02")
        assert said.endswith("d1"), "cause 81"

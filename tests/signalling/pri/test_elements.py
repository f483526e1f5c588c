# SPDX-License-Identifier: GPL-2.0-only
"""Elements and messages that are not as they should be (Q.931 §5.8.5 to §5.8.7, §4.3), by hand."""

import pytest

from appliance.signalling.pri import events, guard
from appliance.signalling.pri.link import Link, Setup, Side
from appliance.wire.legs import Bearer
from tests.signalling.pri.by_hand import ByHand

pytestmark = pytest.mark.unit

BEARER, CHANNEL, CALLED = "04 03 80 90 a3", "18 03 a9 83 85", "70 06 81 39 35 35 38 38"
CALLING = "6c 06 00 83 31 30 30 31"
CALL, ANSWER = "08 02 00 01", "08 02 80 01"


class Peer:
    """The network by hand, and a user's link."""

    def __init__(self) -> None:
        self.link = Link(Side.USER, clock=lambda: 1000.0)
        self.hand = ByHand(self.link)
        self.link.take_events()

    def says(self, octets: str) -> list[str]:
        """A message, and what is answered."""
        self.hand.says(octets)
        return self.hand.heard()

    def offers(self, *elements: str) -> events.SetupReceived:
        """SETUP with these, in this order."""
        assert self.says(" ".join([CALL, "05", *elements])) == []
        (offered,) = self.link.take_events()
        assert isinstance(offered, events.SetupReceived)
        return offered

    def talk(self) -> events.CallNumber:
        """A call in state U10."""
        call = self.offers(BEARER, CHANNEL, CALLED).call
        self.link.proceeding(call)
        self.link.answer(call)
        self.hand.hear()
        self.says(f"{CALL} 0f")
        self.link.take_events()
        return call


@pytest.fixture
def peer() -> Peer:
    return Peer()


def test_5_8_5_1_elements_out_of_order_are_read(peer: Peer) -> None:
    offered = peer.offers(CALLED, CALLING, CHANNEL, BEARER)
    assert (offered.channel, offered.dnis, offered.clid, offered.bearer) == (5, "95588", "1001", Bearer.SPEECH)


def test_5_8_5_2_of_an_element_that_comes_twice_the_first_counts(peer: Peer) -> None:
    offered = peer.offers(BEARER, CHANNEL, "18 03 a9 83 86", CALLED, "70 03 81 31 30")
    assert (offered.channel, offered.dnis) == (5, "95588")


@pytest.mark.parametrize("shift", ["9e", "96"], ids=["non-locking", "locking"])
def test_4_5_2_an_element_of_another_codeset_is_not_the_same_again(peer: Peer, shift: str) -> None:
    frame = bytes.fromhex(f"02 01 00 00 {CALL} 05 {BEARER} {CHANNEL} {CALLED} {shift} 70 03 81 31 30")
    assert guard.admit(frame) == (frame, None)
    assert peer.offers(BEARER, CHANNEL, CALLED, shift, "70 03 81 31 30").dnis == "95588"


def test_5_8_6_1_a_release_without_cause_as_the_first_word_is_completed_with_cause_96(peer: Peer) -> None:
    call = peer.talk()
    (answer,) = peer.says(f"{CALL} 4d")
    assert answer.startswith(f"{ANSWER} 5a")
    assert "e0" in answer.split()
    assert [event.call for event in peer.link.take_events() if isinstance(event, events.CallCleared)] == [call]


def test_5_8_6_2_a_disconnect_with_a_damaged_cause_is_answered_with_release(peer: Peer) -> None:
    call = peer.talk()
    peer.says(f"{CALL} 45 08 01 80")
    assert any(isinstance(event, events.DisconnectReceived) for event in peer.link.take_events())
    peer.link.release(call, 16)
    peer.hand.hear()
    (answer,) = peer.hand.heard()
    assert answer.startswith(f"{ANSWER} 4d")


def test_5_8_7_2_a_damaged_number_of_the_caller_costs_nothing_else(peer: Peer) -> None:
    offered = peer.offers(BEARER, CHANNEL, "6c 02 00 03", CALLED)
    assert (offered.clid, offered.dnis) == (None, "95588")


def test_5_8_6_1_a_progress_without_its_indicator_is_answered_with_status_96(peer: Peer) -> None:
    call = peer.link.setup(Setup(5, "10086"))
    peer.hand.hear()
    (setup,) = peer.hand.heard()
    ours = f"08 02 8{setup[7:11]}"
    peer.says(f"{ours} 02 {CHANNEL}")
    (answer,) = peer.says(f"{ours} 03")
    assert answer.split()[4] == "7d"
    assert "e0" in answer.split()
    assert [type(event) for event in peer.link.take_events()] == [events.ProceedingReceived]
    peer.says(f"{ours} 07")
    assert peer.link.take_events() == [events.ConnectReceived(call, 5)], "the call goes on"


def test_5_5_2_2_a_restart_without_its_indicator_is_answered_with_status_96(peer: Peer) -> None:
    call = peer.talk()
    (answer,) = peer.says(f"08 02 00 00 46 {CHANNEL}")
    assert answer.split()[4] == "7d"
    assert "e0" in answer.split()
    assert peer.link.take_events() == []
    peer.link.release(call, 16)


def test_5_5_1_2_a_restart_acknowledge_that_nobody_awaits_means_nothing(peer: Peer) -> None:
    call = peer.talk()
    assert peer.says(f"08 02 80 00 4e {CHANNEL} 79 01 80") == []
    assert peer.link.take_events() == []
    peer.link.release(call, 16)


def test_5_9_a_notify_in_a_talk_changes_nothing(peer: Peer) -> None:
    call = peer.talk()
    assert peer.says(f"{CALL} 6e 27 01 f9") == []
    assert peer.link.take_events() == []
    peer.link.release(call, 16)


def test_4_3_a_reference_is_the_side_s_that_took_it(peer: Peer) -> None:
    """The network's call 1 and our call 1 are two: the flag tells them apart."""
    theirs = peer.talk()
    ours = peer.link.setup(Setup(6, "10086"))
    peer.hand.hear()
    (setup,) = peer.hand.heard()
    assert setup.startswith(CALL), "the same value"
    peer.says(f"{ANSWER} 02 18 03 a9 83 86")
    peer.says(f"{ANSWER} 45 08 02 80 91")
    assert peer.link.take_events() == [
        events.ProceedingReceived(ours, 6, inband=False),
        events.DisconnectReceived(ours, 17),
    ]
    peer.says(f"{CALL} 45 08 02 80 90")
    assert peer.link.take_events() == [events.DisconnectReceived(theirs, 16)]


def test_5_3_5_two_releases_that_meet_end_the_call_without_another_word(peer: Peer) -> None:
    call = peer.talk()
    peer.says(f"{CALL} 45 08 02 80 90")
    peer.link.release(call, 16)
    peer.hand.hear()
    peer.hand.heard()
    peer.link.take_events()
    assert [message.split()[4] for message in peer.says(f"{CALL} 4d 08 02 80 90")] in ([], ["5a"])
    assert [type(event) for event in peer.link.take_events()] == [events.CallCleared]


def test_5_3_2_b_a_setup_may_be_refused_with_release_complete(peer: Peer) -> None:
    call = peer.link.setup(Setup(5, "10086"))
    peer.hand.hear()
    (setup,) = peer.hand.heard()
    assert peer.says(f"08 02 8{setup[7:11]} 5a 08 02 80 91") == []
    assert peer.link.take_events() == [events.CallCleared(call, 17, by_peer=True)]

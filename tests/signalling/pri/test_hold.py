# SPDX-License-Identifier: GPL-2.0-only
"""The peer puts a call aside and takes it up again (ETS 300 141), against messages by hand, on both sides."""

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import CallGoneError, Link, Profile, Side
from appliance.signalling.pri.settings import HOLD
from tests.signalling.pri.by_hand import ByHand

pytestmark = pytest.mark.unit

CHANNEL = "18 03 a9 83 85"
SETUP = f"08 02 00 01 05 04 03 80 90 a3 {CHANNEL} 70 06 81 39 35 35 38 38"
CALL, ANSWER = "08 02 00 01", "08 02 80 01"
HOLDS, RETRIEVES = f"{CALL} 24", f"{CALL} 31"


class Talk:
    """A call of the peer's by hand, answered."""

    def __init__(self, side: Side, profile: Profile = Profile.EUROISDN) -> None:
        self.link = Link(side, profile=profile, clock=lambda: 1000.0)
        self.peer = ByHand(self.link)
        self.peer.says(SETUP)
        (offered,) = (event for event in self.link.take_events() if isinstance(event, events.SetupReceived))
        self.call = offered.call
        self.link.proceeding(self.call)
        self.peer.hear()
        self.peer.heard()

    def answer(self) -> None:
        """Both sides talk."""
        self.link.answer(self.call)
        self.peer.hear()
        self.peer.says(f"{CALL} 0f")
        self.peer.heard()
        self.link.take_events()

    def says(self, octets: str) -> list[events.Event]:
        """A message, and what is told of it."""
        self.peer.says(octets)
        return self.link.take_events()

    def heard(self) -> list[str]:
        """What the link answers."""
        self.peer.hear()
        return self.peer.heard()


@pytest.fixture(params=Side)
def talk(request: pytest.FixtureRequest) -> Talk:
    talk = Talk(request.param)
    talk.answer()
    return talk


def test_hold_and_retrieve_are_told_and_acknowledged(talk: Talk) -> None:
    assert talk.says(HOLDS) == [events.HoldReceived(talk.call)]
    assert talk.heard() == [], "not before it is granted"
    talk.link.hold(talk.call)
    assert talk.heard() == [f"{ANSWER} 28"]
    assert talk.says(f"{RETRIEVES} {CHANNEL}") == [events.RetrieveReceived(talk.call, 5, exclusive=True)]
    talk.link.retrieve(talk.call)
    assert talk.heard() == [f"{ANSWER} 33 {CHANNEL}"]
    assert talk.says(f"{CALL} 45 08 02 80 90") == [events.DisconnectReceived(talk.call, 16)]


def test_a_retrieve_without_a_channel_is_of_any(talk: Talk) -> None:
    talk.says(HOLDS)
    talk.link.hold(talk.call)
    assert talk.says(RETRIEVES) == [events.RetrieveReceived(talk.call, None, exclusive=False)]
    talk.link.retrieve(talk.call)
    assert talk.heard()[-1] == f"{ANSWER} 33 {CHANNEL}"


def test_both_can_be_refused_with_a_cause(talk: Talk) -> None:
    talk.says(HOLDS)
    talk.link.refuse_hold(talk.call, 50)
    assert talk.heard() == [f"{ANSWER} 30 08 02 81 b2"]
    talk.says(HOLDS)
    talk.link.hold(talk.call)
    talk.heard()
    talk.says(RETRIEVES)
    talk.link.refuse_retrieve(talk.call, 44)
    assert talk.heard() == [f"{ANSWER} 37 08 02 81 ac"]
    assert talk.says(RETRIEVES) == [events.RetrieveReceived(talk.call, None, exclusive=False)], "it may ask again"


@pytest.mark.parametrize("message", [HOLDS, RETRIEVES], ids=["held already", "never held"])
def test_what_cannot_be_is_refused_with_cause_101(talk: Talk, message: str) -> None:
    if message == HOLDS:
        talk.says(HOLDS)
        talk.link.hold(talk.call)
        talk.heard()
    assert talk.says(message) == []
    (refused,) = talk.heard()
    assert refused == f"{ANSWER} {'30' if message == HOLDS else '37'} 08 02 81 e5"


def test_a_held_call_is_cleared_like_any(talk: Talk) -> None:
    talk.says(HOLDS)
    talk.link.hold(talk.call)
    talk.heard()
    assert talk.says(f"{CALL} 45 08 02 80 90") == [events.DisconnectReceived(talk.call, 16)]
    talk.link.release(talk.call, 16)
    assert talk.heard() == [f"{ANSWER} 4d 08 02 81 90"]
    assert [type(event) for event in talk.says(f"{CALL} 5a")] == [events.CallCleared]
    with pytest.raises(CallGoneError):
        talk.link.hold(talk.call)


@pytest.mark.parametrize("profile", sorted(set(Profile) - HOLD))
def test_a_profile_without_hold_refuses_it_with_cause_69(profile: Profile) -> None:
    talk = Talk(Side.USER, profile)
    talk.answer()
    assert talk.says(HOLDS) == []
    assert talk.heard() == [f"{ANSWER} 30 08 02 81 c5"]
    assert talk.says(f"{CALL} 45 08 02 80 90") == [events.DisconnectReceived(talk.call, 16)], "the talk goes on"

# SPDX-License-Identifier: GPL-2.0-only
"""Transfer by the network in each profile, against a network by hand: what is asked, and that nothing is lost by it."""

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import CallGoneError, Link, Profile, Setup, Side
from tests.signalling.pri.by_hand import ByHand

pytestmark = pytest.mark.unit

BEARER = "04 03 80 90 a3"
ASKED = {
    # Octets of the operation: EctLinkIdRequest 0.4.0.369.1.4; initiateTransfer and the call reference in NI-2's arc
    Profile.EUROISDN: "06 06 04 00 82 71 01 04",
    Profile.EUROISDN_T1: "06 06 04 00 82 71 01 04",
    Profile.NATIONAL: "06 07 2a 86 48 ce 15 00 08",
    Profile.FOUR_ESS: "06 07 2a 86 48 ce 15 00 08",
    Profile.FIVE_ESS: "06 07 2a 86 48 ce 15 00 08",
    Profile.QSIG: "02 01 0c",
}


class Branch:
    """A user side with a caller who talks, and a second call of its own that is answered."""

    def __init__(self, profile: Profile) -> None:
        self.link = Link(Side.USER, profile=profile, clock=lambda: 1000.0)
        self.peer = ByHand(self.link)
        self.peer.says(f"08 02 00 01 05 {BEARER} 18 03 a9 83 85 70 06 81 39 35 35 38 38")
        (setup,) = (event for event in self.link.take_events() if isinstance(event, events.SetupReceived))
        self.caller = setup.call
        self.link.proceeding(self.caller)
        self.link.answer(self.caller)
        self.peer.hear()
        self.peer.says("08 02 00 01 0f")
        self.called = self.link.setup(Setup(6, "10086"))
        self.peer.hear()
        self.reference = self.peer.heard()[-1][6:11]
        self.answers = f"08 02 8{self.reference[1:]}"
        self.peer.says(f"{self.answers} 02 18 03 a9 83 86")
        self.connect = f"{self.answers} 07"

    def talk(self, more: str = "") -> None:
        """The second call is answered."""
        self.peer.says(f"{self.connect} {more}")
        self.peer.heard()
        self.link.take_events()

    def transfer(self) -> list[str]:
        """Ask, and what was said."""
        self.link.transfer(self.caller, self.called)
        self.peer.hear()
        return self.peer.heard()


@pytest.mark.parametrize("profile", ASKED)
def test_the_network_is_asked_and_both_calls_go_on_until_it_acts(profile: Profile) -> None:
    branch = Branch(profile)
    branch.talk()
    said = branch.transfer()
    assert all(message.split()[4] == "62" for message in said), "FACILITY"
    assert ASKED[profile] in said[0]
    assert branch.link.take_events() == []
    for message, call in (("08 02 00 01", branch.caller), (branch.answers, branch.called)):
        branch.peer.says(f"{message} 45 08 02 80 90")
        assert branch.link.take_events()[-1] == events.DisconnectReceived(call, 16)
        branch.link.release(call, 16)


def test_en_300_369_1_the_link_identity_leads_to_explicit_execution() -> None:
    """The network names the first call (42); the second call asks for the transfer to that name."""
    branch = Branch(Profile.EUROISDN)
    branch.talk()
    (request,) = branch.transfer()
    octets = request.split()
    invoke = octets[octets.index("a1") + 4]
    operation = "06 06 04 00 82 71 01 04"
    result = f"a2 10 02 01 {invoke} 30 0b {operation} 02 01 2a"
    branch.peer.says(f"08 02 00 01 62 1c 13 91 {result}")
    (execute,) = branch.peer.heard()
    assert execute.startswith(f"08 02 {branch.reference} 62"), "on the other call"
    assert "06 06 04 00 82 71 01 01" in execute, "explicitEctExecute"
    assert execute.endswith("02 01 2a")


def test_a_refused_transfer_changes_nothing() -> None:
    branch = Branch(Profile.EUROISDN)
    branch.talk()
    (request,) = branch.transfer()
    octets = request.split()
    invoke = octets[octets.index("a1") + 4]
    branch.peer.says(f"08 02 00 01 62 1c 09 91 a3 06 02 01 {invoke} 02 01 03")
    assert branch.peer.heard() == []
    assert branch.link.take_events() == []


def test_dms_100_needs_a_call_identity_first() -> None:
    """Release link trunk: the network gives it with the answer of our own call; without it there is no transfer."""
    branch = Branch(Profile.DMS100)
    branch.talk()
    with pytest.raises(CallGoneError, match="cannot be transferred"):
        branch.transfer()


def test_dms_100_with_the_identity_asks_for_the_third_party() -> None:
    branch = Branch(Profile.DMS100)
    branch.talk("1c 11 11 be a2 0d 02 01 01 30 08 02 01 01 80 03 12 34 56")
    (asked,) = branch.transfer()
    assert asked.startswith("08 02 80 01 62"), "on the caller's call"
    assert "12 34 56" in asked


def test_ni_1_has_no_transfer() -> None:
    branch = Branch(Profile.NI1)
    branch.talk()
    with pytest.raises(CallGoneError, match="cannot be transferred"):
        branch.transfer()


def test_a_call_that_is_gone_is_not_transferred() -> None:
    branch = Branch(Profile.EUROISDN)
    branch.talk()
    branch.peer.says(f"{branch.answers} 4d 08 02 80 90")
    with pytest.raises(CallGoneError, match="is cleared"):
        branch.transfer()

# SPDX-License-Identifier: GPL-2.0-only
"""The far end resets the data link, and what it had not acknowledged is lost (Q.921 §5.7.1, Q.931 §5.8.8)."""

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import Link, Setup, Side
from tests.signalling.pri.by_hand import SABME, ByHand

pytestmark = pytest.mark.unit

BEARER, CHANNEL = "04 03 80 90 a3", "18 03 a9 83 85"
ACTIVE = "14 01 0a"


class Reset:
    """A user side; the peer can forget all that it has not acknowledged."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.link = Link(Side.USER, clock=lambda: self.now)
        self.peer = ByHand(self.link)
        self.link.take_events()

    def reset(self) -> list[str]:
        """SABME in state 7; what is said after it."""
        self.peer.sent = self.peer.received = 0
        self.peer.sends(bytes([self.peer.command, 0x01, SABME]))
        return self.peer.heard()

    def pass_s(self, seconds: float) -> list[str]:
        """Time passes; what is said."""
        end = self.now + seconds
        while (due := self.link.due()) is not None and due < end:
            self.now = max(self.now, due) + 1e-6
            self.link.run()
            self.peer.hear()
        self.now = end
        return self.peer.heard()

    def cleared(self) -> list[int]:
        """Causes of the ends that were told."""
        return [event.cause for event in self.link.take_events() if isinstance(event, events.CallCleared)]


@pytest.fixture
def line() -> Reset:
    return Reset()


def test_5_8_8_c_a_setup_that_was_lost_is_not_enquired_after_but_said_again(line: Reset) -> None:
    """A STATUS of a call that the peer never heard of would be its end, with cause 101 (§5.8.3.2 f)."""
    line.link.setup(Setup(5, "10086"))
    line.peer.hear()
    (setup,) = line.peer.heard()
    assert line.reset() == []
    assert line.pass_s(3.9) == []
    assert line.pass_s(0.2) == [setup], "T303"
    line.peer.says(f"08 02 8{setup[7:11]} 02 {CHANNEL}")
    assert [type(event) for event in line.link.take_events()] == [events.ProceedingReceived]


def test_5_8_8_c_a_call_that_was_offered_goes_on(line: Reset) -> None:
    line.peer.says(f"08 02 00 01 05 {BEARER} {CHANNEL} 70 06 81 39 35 35 38 38")
    (offered,) = line.link.take_events()
    assert isinstance(offered, events.SetupReceived)
    line.link.proceeding(offered.call)
    line.peer.hear()
    line.peer.heard()
    assert line.reset() == []
    line.link.answer(offered.call)
    line.peer.hear()
    assert [message.split()[4] for message in line.peer.heard()] == ["07"]
    assert line.cleared() == []


def test_5_8_8_c_a_talk_goes_on_and_says_so(line: Reset) -> None:
    line.peer.says(f"08 02 00 01 05 {BEARER} {CHANNEL} 70 06 81 39 35 35 38 38")
    (offered,) = line.link.take_events()
    assert isinstance(offered, events.SetupReceived)
    line.link.answer(offered.call)
    line.peer.hear()
    line.peer.says("08 02 00 01 0f")
    line.peer.says("08 02 00 01 75")  # STATUS ENQUIRY, whose answer is lost
    line.peer.heard()
    (status,) = line.reset()
    assert status.endswith(ACTIVE)
    assert line.cleared() == []


def test_5_8_8_a_a_call_that_is_being_dialled_is_cleared_with_cause_41(line: Reset) -> None:
    line.peer.says(f"08 02 00 01 05 {BEARER} {CHANNEL} 70 03 81 39 35")
    (offered,) = line.link.take_events()
    assert isinstance(offered, events.SetupReceived)
    line.link.setup_acknowledge(offered.call)
    line.peer.hear()
    line.peer.heard()
    assert line.reset() == ["08 02 80 01 45 08 02 81 a9"]
    line.peer.says("08 02 00 01 4d 08 02 80 a9")
    assert line.cleared() == [41]


def test_5_8_8_a_so_is_a_number_of_ours(line: Reset) -> None:
    call = line.link.setup(Setup(5, "95", complete=False))
    line.peer.hear()
    (setup,) = line.peer.heard()
    line.peer.says(f"08 02 8{setup[7:11]} 0d {CHANNEL}")
    line.link.dial(call, "5")
    line.peer.hear()
    line.peer.heard()
    (said,) = line.reset()
    assert said == f"{setup[:11]} 45 08 02 81 a9"


def test_5_8_8_b_a_call_that_is_being_cleared_is_left_alone(line: Reset) -> None:
    line.peer.says(f"08 02 00 01 05 {BEARER} {CHANNEL} 70 06 81 39 35 35 38 38")
    (offered,) = line.link.take_events()
    assert isinstance(offered, events.SetupReceived)
    line.link.proceeding(offered.call)
    line.link.release(offered.call, 17)
    line.peer.hear()
    line.peer.heard()
    assert line.reset() == []
    assert [message.split()[4] for message in line.pass_s(30.1)] == ["4d"], "T305"

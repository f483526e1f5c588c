# SPDX-License-Identifier: GPL-2.0-only
"""How a data link comes up and goes down (Q.921 §5.5), frame by frame against a peer by hand."""

import pytest

from appliance.signalling.pri.link import Link, Side

pytestmark = pytest.mark.unit

SABME, UA, UA_UNASKED, DM, DISC = 0x7F, 0x73, 0x63, 0x1F, 0x53
SETUP = "08 02 00 01 05 04 03 80 90 a3 18 03 a9 83 85 70 06 81 39 35 35 38 38"


class End:
    """One side from its first SABME on."""

    def __init__(self, side: Side) -> None:
        self.now = 1000.0
        self.command = 0x02 if side is Side.USER else 0x00
        self.link = Link(side, clock=lambda: self.now)

    def says(self, control: int, *more: int, response: bool = False) -> list[int]:
        """The peer's frame, and the control octets of what is answered."""
        address = self.command ^ (0x02 if response else 0)
        self.link.receive(bytes([address, 0x01, control, *more]))
        return self.sent()

    def sent(self) -> list[int]:
        """Control octets since this was asked."""
        return [frame[2] for frame in self.link.take_frames()]

    def pass_s(self, seconds: float) -> list[int]:
        """Time passes; what was sent."""
        end, sent = self.now + seconds, []
        while (due := self.link.due()) is not None and due <= end:
            self.now = max(self.now, due) + 1e-6
            self.link.run()
            sent += self.sent()
        self.now = max(self.now, end)
        return sent


@pytest.fixture(params=Side)
def end(request: pytest.FixtureRequest) -> End:
    return End(request.param)


def test_5_5_1_3_sabme_is_repeated_every_t200_and_never_given_up(end: End) -> None:
    assert end.sent() == [SABME]
    sent = [len(end.pass_s(1.0)) for _ in range(60)]
    assert set(end.pass_s(10.0)) == {SABME}
    assert sum(sent) >= 40, "N200 repetitions, and then from the start"
    assert max(sent) <= 2
    assert not end.link.established


def test_5_5_1_2_a_ua_establishes_it(end: End) -> None:
    end.sent()
    end.says(UA, response=True)
    assert end.link.established


def test_5_5_1_2_a_ua_that_answers_no_poll_does_not(end: End) -> None:
    end.sent()
    end.says(UA_UNASKED, response=True)
    assert not end.link.established


def test_5_5_1_2_a_dm_refuses_and_it_is_asked_again(end: End) -> None:
    end.sent()
    end.says(DM, response=True)
    assert not end.link.established
    assert SABME in end.pass_s(5.0)
    end.says(UA, response=True)
    assert end.link.established


def test_5_5_5_1_two_sabmes_that_meet_are_both_answered(end: End) -> None:
    end.sent()
    assert end.says(SABME) == [UA]
    end.says(UA, response=True)
    assert end.link.established


def test_5_5_3_a_disc_is_acknowledged_and_it_is_established_anew(end: End) -> None:
    end.says(UA, response=True)
    end.sent()
    assert end.says(DISC)[0] == UA
    assert not end.link.established
    assert SABME in end.pass_s(5.0)


def test_5_5_5_2_a_message_before_it_stands_is_not_heard(end: End) -> None:
    end.sent()
    end.says(0x00, 0x00, *bytes.fromhex(SETUP))
    assert end.link.take_events() == []

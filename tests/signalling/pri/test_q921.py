# SPDX-License-Identifier: GPL-2.0-only
"""Q.921 clause by clause against frames made by hand: recovery without a lost message and without a lost call."""

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import Link, Setup, Side, Timers
from tests.signalling.pri.by_hand import ByHand

pytestmark = pytest.mark.unit

RR, RNR, REJ = 0x01, 0x05, 0x09
SETUP = bytes.fromhex("080200010504038090a31803a9838570068139353538 38")
SABME, DM, DM_FINAL, FRMR = 0x7F, 0x0F, 0x1F, 0x87


class DataLink:
    """A user side in state 7 and the network by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.link = Link(Side.USER, Timers(), clock=lambda: self.now)
        self.peer = ByHand(self.link)
        self.told: list[events.Event] = []
        self.since()

    def since(self) -> list[bytes]:
        """Frames that the link sent since this was asked last."""
        self.peer.hear()
        self.told += self.link.take_events()
        frames, self.peer.frames = self.peer.frames, []
        return frames

    def information(self) -> list[tuple[int, int]]:
        """N(S) and N(R) of the I frames among them."""
        return [(frame[2] >> 1, frame[3] >> 1) for frame in self.since() if not frame[2] & 1]

    def pass_s(self, seconds: float) -> list[bytes]:
        """Time passes; what was sent."""
        end, sent = self.now + seconds, []
        while (due := self.link.due()) is not None and due < end:
            self.now = max(self.now, due) + 1e-6
            self.link.run()
            sent += self.since()
        self.now = end
        return sent

    def talk(self) -> events.CallNumber:
        """A call in state U10, all acknowledged."""
        self.peer.message(SETUP)
        self.since()
        (setup,) = (event for event in self.told if isinstance(event, events.SetupReceived))
        self.link.proceeding(setup.call)
        self.link.answer(setup.call)
        self.since()
        self.peer.says("08 02 00 01 0f")
        self.since()
        return setup.call

    def lives(self, call: events.CallNumber) -> bool:
        """The call was not cleared, and can be."""
        self.since()
        if any(isinstance(event, events.CallCleared) for event in self.told):
            return False
        self.link.release(call, 16)
        return self.information() != []


@pytest.fixture
def dl() -> DataLink:
    return DataLink()


def frame(control: int, *more: int, command: bool) -> bytes:
    """A frame of the network's."""
    return bytes([0x02 if command else 0x00, 0x01, control, *more])


def test_5_8_1_a_gap_in_n_s_is_rejected_once_and_filled(dl: DataLink) -> None:
    ahead = [bytes([0x02, 0x01, n << 1, 0]) + SETUP for n in (1, 2)]
    for one in ahead:
        dl.peer.sends(one)
    rejects = [one for one in dl.since() if one[2] == REJ]
    assert [one[3] >> 1 for one in rejects] == [0], "one REJ with N(R) = 0 (§5.8.1: no second one)"
    assert not dl.told[1:], "nothing was passed up"
    dl.peer.sends(bytes([0x02, 0x01, 0, 0]) + SETUP)
    dl.since()
    assert sum(isinstance(event, events.SetupReceived) for event in dl.told) == 1


def test_5_6_4_a_reject_is_answered_from_its_n_r_on(dl: DataLink) -> None:
    for number in range(3):
        dl.link.setup(Setup(number + 1, "10086"))
    assert [n_s for n_s, _ in dl.information()] == [0, 1, 2]
    dl.peer.supervises(REJ, 1)
    assert [n_s for n_s, _ in dl.information()] == [1, 2]


def test_5_6_5_nothing_is_sent_to_a_peer_that_is_not_ready(dl: DataLink) -> None:
    dl.peer.supervises(RNR, 0)
    dl.link.setup(Setup(1, "10086"))
    assert dl.information() == []
    polls = [one for one in dl.pass_s(1.5) if one[2] == RR]
    assert polls, "it is asked whether it is ready after T200"
    assert polls[0][3] & 1
    dl.peer.supervises(RR, 0)
    dl.peer.sends(frame(RR, 0x01, command=False))
    assert [n_s for n_s, _ in dl.information()] == [0]


def test_5_9_5_no_more_than_k_frames_are_outstanding(dl: DataLink) -> None:
    for number in range(10):
        dl.link.setup(Setup(number + 1, "10086"))
    assert [n_s for n_s, _ in dl.information()] == list(range(7))
    dl.peer.supervises(RR, 2)
    assert [n_s for n_s, _ in dl.information()] == [7, 8]
    dl.peer.supervises(RR, 9)
    assert [n_s for n_s, _ in dl.information()] == [9]


def test_5_6_7_a_frame_without_an_answer_is_asked_for_and_sent_again(dl: DataLink) -> None:
    dl.link.setup(Setup(1, "10086"))
    dl.since()
    (enquiry,) = dl.pass_s(1.1)
    assert (enquiry[2], enquiry[3] & 1) == (RR, 1), "T200: RR with P = 1"
    dl.peer.sends(frame(RR, 0 << 1 | 1, command=False))  # F = 1, N(R) = 0: it was lost
    assert [n_s for n_s, _ in dl.information()] == [0]


def test_5_6_7_n200_enquiries_and_then_the_link_is_established_anew(dl: DataLink) -> None:
    call = dl.talk()
    dl.link.alerting(call)
    dl.since()
    sent = dl.pass_s(4.5)
    assert [one[2] for one in sent[:4]] == [RR, RR, RR, SABME]
    assert dl.lives(call)


def test_5_10_an_idle_link_is_asked_after_t203(dl: DataLink) -> None:
    sent = dl.pass_s(10.1)
    assert [(one[2], one[3] & 1) for one in sent] == [(RR, 1)]


@pytest.mark.parametrize("control", [RR, RNR, REJ])
def test_5_6_1_a_poll_is_answered_with_the_final_bit(dl: DataLink, control: int) -> None:
    dl.peer.supervises(control, 0, poll=True)
    (answer,) = dl.since()
    assert (answer[0], answer[2], answer[3] & 1) == (0x02, RR, 1)


def test_5_8_5_an_impossible_n_r_establishes_anew_and_drops_no_call(dl: DataLink) -> None:
    call = dl.talk()
    dl.peer.supervises(RR, 50)
    assert [one[2] for one in dl.since() if one[2] & 3 == 3] == [SABME]
    assert dl.lives(call)


def test_5_8_6_a_frmr_establishes_anew_and_drops_no_call(dl: DataLink) -> None:
    call = dl.talk()
    dl.peer.sends(frame(FRMR, 0, 0, 0, 0, 0, command=False))
    assert [one[2] for one in dl.since() if one[2] & 3 == 3] == [SABME]
    assert dl.lives(call)


def test_5_8_7_an_unsolicited_dm_establishes_anew_and_drops_no_call(dl: DataLink) -> None:
    call = dl.talk()
    dl.peer.sends(frame(DM, command=False))
    assert [one[2] for one in dl.since() if one[2] & 3 == 3] == [SABME]
    assert dl.lives(call)


def test_5_8_7_a_dm_with_f_1_is_reported_and_changes_nothing(dl: DataLink) -> None:
    call = dl.talk()
    dl.peer.sends(frame(DM_FINAL, command=False))
    assert dl.since() == []
    assert dl.lives(call)


def test_5_7_1_a_sabme_in_state_7_resets_the_numbers_and_drops_no_call(dl: DataLink) -> None:
    call = dl.talk()
    dl.peer.sends(frame(SABME, command=True))
    (ua,) = dl.since()
    assert ua[2] == 0x73
    dl.peer.sent = 0
    dl.link.release(call, 16)
    assert dl.information() == [(0, 0)]


def test_5_8_8_an_unsolicited_ua_changes_nothing(dl: DataLink) -> None:
    call = dl.talk()
    dl.peer.sends(frame(0x73, command=False))
    assert dl.since() == []
    assert dl.lives(call)


def test_5_3_a_disc_releases_the_link_and_t309_keeps_the_talk(dl: DataLink) -> None:
    call = dl.talk()
    dl.peer.sends(frame(0x53, command=True))
    frames = dl.since()
    assert frames[0][2] == 0x73, "UA"
    assert events.LinkReleased() in dl.told
    dl.pass_s(2.0)
    assert dl.link.established, "it is established again"
    assert dl.lives(call)


@pytest.mark.parametrize(
    "damaged",
    [
        b"\x02\x01\x00\x00" + bytes(261),  # §5.8.5, N201: longer than 260 octets
        b"\x42\x01\x00\x00" + SETUP,  # SAPI 16
        b"\x02\x03\x00\x00" + SETUP,  # TEI 1
        b"\xfe\xff\x03\x0f\x12\x34\x01\xff",  # TEI management is of no use here (§5.3.1)
        b"\x02\x01\x03" + SETUP,  # UI
        b"\x02\x01\x0d\x00",  # no such supervisory frame
        b"\x03\x01\x00\x00" + SETUP,  # address of one octet
        b"\x02\x01\x00",  # I frame without N(R)
    ],
)
def test_2_9_an_invalid_frame_changes_nothing(dl: DataLink, damaged: bytes) -> None:
    call = dl.talk()
    dl.peer.sends(damaged)
    assert dl.since() == []
    assert dl.link.damaged == 1
    assert dl.lives(call)


def test_5_5_a_frame_of_two_sequences_later_still_fits(dl: DataLink) -> None:
    """N(S) and N(R) go round at 128."""
    for n in range(300):
        dl.peer.says(f"08 02 {n % 100 + 1 >> 8:02x} {n % 100 + 1:02x} 75")
        ((_, n_r),) = dl.information()
        assert n_r == (n + 1) % 128
        dl.peer.supervises(RR)
    assert dl.link.damaged == 0

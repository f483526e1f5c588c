# SPDX-License-Identifier: GPL-2.0-only
"""Q.931 clause by clause against messages made by hand, octet by octet, not by libpri."""

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import Link, Setup, Side, Timers
from tests.signalling.pri.by_hand import ByHand

pytestmark = pytest.mark.unit

BEARER, CHANNEL = "04 03 80 90 a3", "18 03 a9 83 85"
SETUP = f"08 02 00 01 05 {BEARER} {CHANNEL} 70 06 81 39 35 35 38 38"
PROGRESS_8 = "1e 02 82 88"


class Interface:
    """A user side and the network by hand; `now` is the clock of both."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.link = Link(Side.USER, Timers(), clock=lambda: self.now)
        self.peer = ByHand(self.link)
        self.link.take_events()

    def says(self, octets: str) -> list[str]:
        """A message, and what is answered."""
        self.peer.says(octets)
        return self.peer.heard()

    def offered(self) -> events.CallNumber:
        """SETUP has come."""
        self.peer.says(SETUP)
        (setup,) = (event for event in self.link.take_events() if isinstance(event, events.SetupReceived))
        return setup.call

    def active(self) -> events.CallNumber:
        """Call 1 of the network's is in state U10."""
        call = self.offered()
        self.link.proceeding(call)
        self.link.answer(call)
        self.peer.hear()
        self.says("08 02 00 01 0f")
        self.link.take_events()
        return call

    def calling(self) -> events.CallNumber:
        """Our own call is in state U3; the network answers with reference 81 octets from `ours`."""
        call = self.link.setup(Setup(5, "10086"))
        self.peer.hear()
        (setup,) = self.peer.heard()
        self.ours = f"08 02 8{setup[7]} {setup[9:11]}"
        self.says(f"{self.ours} 02 {CHANNEL}")
        self.link.take_events()
        return call

    def alive(self, call: events.CallNumber) -> bool:
        """The call is still known, and no end of it was told."""
        return not any(
            isinstance(e, events.CallCleared | events.DisconnectReceived) for e in self.link.take_events()
        ) and (any(held.number == call for held in self.link._calls.on(None)))


@pytest.fixture
def line() -> Interface:
    return Interface()


@pytest.mark.parametrize("octets", ["09 02 00 01 45 08 02 80 90", "08 02 00 01", "08 05 00 01 45 08 02 80 90"])
def test_5_8_1_to_3_another_protocol_a_short_message_a_long_reference_are_ignored(line: Interface, octets: str) -> None:
    call = line.active()
    assert line.says(octets) == []
    assert line.alive(call)


@pytest.mark.parametrize(
    "message", ["01", "02", "03 1e 02 82 88", "07", "0f", "0d", "7b", "6e 27 01 80", "24", "31", "60", "64", "55"]
)
def test_5_8_3_2_a_message_of_no_call_is_answered_with_cause_81(line: Interface, message: str) -> None:
    (answer,) = line.says(f"08 02 00 07 {message}")
    assert answer[:15] == "08 02 80 07 5a "
    assert answer.endswith("d1")


def test_5_8_3_2_b_a_release_of_no_call_is_completed(line: Interface) -> None:
    (answer,) = line.says("08 02 00 07 4d 08 02 80 90")
    assert answer.startswith("08 02 80 07 5a")


def test_5_8_3_2_c_a_release_complete_of_no_call_means_nothing(line: Interface) -> None:
    assert line.says("08 02 00 07 5a 08 02 80 90") == []
    assert line.link.take_events() == []


def test_5_8_3_2_e_a_setup_of_a_call_that_is_there_means_nothing(line: Interface) -> None:
    call = line.active()
    assert line.says(SETUP) == []
    assert line.alive(call)


def test_5_8_3_2_f_a_status_of_no_call_that_is_not_null_is_cleared(line: Interface) -> None:
    (answer,) = line.says("08 02 00 07 7d 08 02 80 9e 14 01 0a")
    assert answer.startswith("08 02 80 07 5a")


@pytest.mark.parametrize("kind", ["20", "2d", "25", "60", "79", "31", "55", "7f", "00"])
def test_5_8_4_a_message_that_is_not_known_is_answered_and_the_call_goes_on(line: Interface, kind: str) -> None:
    """STATUS with cause 97; a RETRIEVE of a call that is not held is rejected with 101. 60 is SEGMENT, 25 SUSPEND."""
    call = line.active()
    (answer,) = line.says(f"08 02 00 01 {kind}")
    rejections = {"31": ("37", "e5")}
    kinds, cause = rejections.get(kind, ("7d", "e1"))
    assert answer.split()[4] == kinds
    assert cause in answer.split()
    assert line.alive(call)
    line.link.release(call, 16)
    line.peer.hear()
    assert line.peer.heard()[0].startswith("08 02 80 01 45")


@pytest.mark.parametrize("kind", ["01", "02", "0d"])
def test_5_8_4_a_message_in_the_wrong_state_is_answered_with_status(line: Interface, kind: str) -> None:
    call = line.active()
    (answer,) = line.says(f"08 02 00 01 {kind} {CHANNEL if kind == '0d' else ''}")
    assert answer.split()[4] == "7d"
    assert answer.endswith("14 01 0a"), "our state is 10"
    assert line.alive(call)


def test_5_8_6_1_a_setup_without_bearer_is_refused_with_cause_96(line: Interface) -> None:
    (answer,) = line.says(f"08 02 00 01 05 {CHANNEL} 70 06 81 39 35 35 38 38")
    assert answer.startswith("08 02 80 01 5a")
    assert "e0" in answer.split()
    assert line.link.take_events() == []


def test_5_8_6_1_a_disconnect_without_cause_is_answered_with_release_and_cause_96(line: Interface) -> None:
    call = line.active()
    line.says("08 02 00 01 45")
    line.link.release(call, 16)
    line.peer.hear()
    (answer,) = line.peer.heard()
    assert answer.startswith("08 02 80 01 4d")
    assert "e0" in answer.split()


def test_5_8_6_2_a_setup_with_a_damaged_channel_is_refused_with_cause_100(line: Interface) -> None:
    (answer,) = line.says(f"08 02 00 01 05 {BEARER} 18 01 aa 70 06 81 39 35 35 38 38")
    assert answer.startswith("08 02 80 01 5a")
    assert "e4" in answer.split()


def test_5_8_7_1_an_element_that_is_not_known_is_skipped(line: Interface) -> None:
    line.peer.says(SETUP.replace(CHANNEL, f"{CHANNEL} 3f 02 12 34"))
    (offered,) = line.link.take_events()
    assert isinstance(offered, events.SetupReceived)
    assert (offered.channel, offered.dnis) == (5, "95588")


def test_5_8_7_1_one_that_must_be_understood_refuses_the_call(line: Interface) -> None:
    """Codes 0000 xxxx; cause 96."""
    (answer,) = line.says(SETUP.replace(BEARER, f"{BEARER} 0b 01 80"))
    assert answer.startswith("08 02 80 01 5a")
    assert "e0" in answer.split()


def test_4_5_3_a_locking_shift_hides_what_follows(line: Interface) -> None:
    line.peer.says(f"{SETUP} 96 70 04 81 31 32 33")
    (offered,) = line.link.take_events()
    assert isinstance(offered, events.SetupReceived)
    assert offered.dnis == "95588"


def test_4_5_4_a_non_locking_shift_hides_one_element(line: Interface) -> None:
    line.peer.says(f"08 02 00 01 05 {BEARER} {CHANNEL} 9e 70 04 81 31 32 33 70 06 81 39 35 35 38 38")
    (offered,) = line.link.take_events()
    assert isinstance(offered, events.SetupReceived)
    assert offered.dnis == "95588"


def test_5_8_4_a_connect_acknowledge_of_a_call_that_is_cleared_stops_no_timer(line: Interface) -> None:
    """T308 runs twice, §5.3.4.3: a call that the peer has forgotten is not kept for ever."""
    call = line.active()
    line.says("08 02 00 01 45 08 02 80 90")
    line.link.release(call, 16)
    line.peer.hear()
    (release,) = line.peer.heard()
    assert release.startswith("08 02 80 01 4d")
    (status,) = line.says("08 02 00 01 0f")
    assert status.startswith("08 02 80 01 7d")
    assert status.endswith("14 01 13"), "U19"
    line.link.take_events()
    for _ in range(2):
        assert line.alive(call)
        line.now += 4.1
        line.link.run()
    (cleared,) = line.link.take_events()
    assert isinstance(cleared, events.CallCleared)
    assert cleared.call == call


def test_5_8_10_a_status_enquiry_is_answered_with_our_state(line: Interface) -> None:
    call = line.active()
    (answer,) = line.says("08 02 00 01 75")
    assert answer.split()[4] == "7d"
    assert "9e" in answer.split(), "cause 30"
    assert answer.endswith("14 01 0a")
    assert line.alive(call)


def test_5_8_11_a_status_that_reports_null_ends_the_call(line: Interface) -> None:
    call = line.active()
    line.says("08 02 00 01 7d 08 02 80 e5 14 01 00")
    assert line.link.take_events() == [events.CallCleared(call, 101, by_peer=True)]


def test_5_8_11_a_status_with_the_same_state_changes_nothing(line: Interface) -> None:
    call = line.active()
    assert line.says("08 02 00 01 7d 08 02 80 9e 14 01 0a") == []
    assert line.alive(call)


@pytest.mark.parametrize("state", ["01", "03", "04", "06", "07", "09", "19"])
def test_5_8_11_a_status_with_a_state_that_cannot_be_clears_with_cause_101(line: Interface, state: str) -> None:
    """Libpri ignores it; our own answer has had the time of T313 to arrive."""
    line.active()
    line.now += 4.1
    (answer,) = line.says(f"08 02 00 01 7d 08 02 80 9e 14 01 {state}")
    assert answer.startswith("08 02 80 01 45")
    assert "e5" in answer.split()


def test_5_8_11_a_status_that_crosses_our_connect_changes_nothing(line: Interface) -> None:
    call = line.active()
    assert line.says("08 02 00 01 7d 08 02 80 9e 14 01 07") == []
    assert line.alive(call)


def test_5_8_11_our_own_call_is_compared_from_the_peers_connect_on(line: Interface) -> None:
    call = line.calling()
    assert line.says(f"{line.ours} 7d 08 02 80 9e 14 01 03") == []
    line.says(f"{line.ours} 07")
    (answer,) = line.says(f"{line.ours} 7d 08 02 80 9e 14 01 03")
    assert "e5" in answer.split()
    assert not any(isinstance(event, events.CallCleared) for event in line.link.take_events()), call


def test_4_5_13_an_interface_that_is_named_is_named_in_the_answer(line: Interface) -> None:
    """Octet 3.1, as exchanges with several interfaces send it even where one D-channel serves one of them."""
    named = "18 04 e9 81 83 85"
    line.peer.says(SETUP.replace(CHANNEL, named))
    (setup,) = line.link.take_events()
    assert isinstance(setup, events.SetupReceived)
    assert setup.channel == 5
    line.link.proceeding(setup.call, 5)
    line.link.answer(setup.call)
    line.peer.hear()
    assert line.peer.heard() == [f"08 02 80 01 02 {named}", f"08 02 80 01 07 {named}"]


def test_5_4_1_progress_with_indicator_8_is_sound(line: Interface) -> None:
    call = line.calling()
    line.says(f"{line.ours} 03 {PROGRESS_8}")
    assert line.link.take_events() == [events.ProgressReceived(call, inband=True)]


def test_5_3_4_1_a_disconnect_with_indicator_8_before_the_answer_is_sound_until_the_release(line: Interface) -> None:
    call = line.calling()
    assert line.says(f"{line.ours} 45 08 02 82 81 {PROGRESS_8}") == [], "no RELEASE: the caller hears why"
    assert line.link.take_events() == [events.ProgressReceived(call, inband=True)]
    line.says(f"{line.ours} 4d 08 02 82 81")  # T306 has run out
    assert line.link.take_events() == [events.CallCleared(call, 1, by_peer=True)]


def test_5_3_4_1_a_caller_need_not_hear_it_to_the_end(line: Interface) -> None:
    call = line.calling()
    line.says(f"{line.ours} 45 08 02 82 81 {PROGRESS_8}")
    line.link.release(call, 16)
    line.peer.hear()
    assert line.peer.heard()[0].startswith(f"08 02 0{line.ours[7]} {line.ours[9:11]} 4d")


def test_5_3_4_1_a_talk_that_ends_so_is_told_at_once(line: Interface) -> None:
    call = line.active()
    line.says(f"08 02 00 01 45 08 02 82 90 {PROGRESS_8}")
    assert line.link.take_events() == [events.DisconnectReceived(call, 16)]
    line.link.release(call, 16)
    line.peer.hear()
    assert line.peer.heard()[0].startswith("08 02 80 01 4d")


def test_5_3_4_1_so_is_one_that_was_ours(line: Interface) -> None:
    call = line.calling()
    line.says(f"{line.ours} 07")
    line.link.take_events()
    line.says(f"{line.ours} 45 08 02 82 90 {PROGRESS_8}")
    assert line.link.take_events() == [events.DisconnectReceived(call, 16)]


def test_5_5_2_a_restart_of_a_list_of_channels_clears_them_all(line: Interface) -> None:
    call = line.active()
    answers = line.says("08 02 00 00 46 18 05 a9 83 04 05 86 79 01 80")
    told = line.link.take_events()
    assert events.CallCleared(call, 41) in told
    assert [event.channel for event in told if isinstance(event, events.RestartReceived)] == [4, 5, 6]
    assert answers == ["08 02 80 00 4e 18 05 a9 83 04 05 86 79 01 80"]


def test_5_5_2_a_restart_of_the_whole_interface(line: Interface) -> None:
    call = line.active()
    (answer,) = line.says("08 02 00 00 46 79 01 87")
    assert answer == "08 02 80 00 4e 79 01 87"
    assert line.link.take_events() == [events.CallCleared(call, 41), events.RestartReceived(None)]

# SPDX-License-Identifier: GPL-2.0-only
"""Sound of ours before the answer and instead of one: progress indicator 8 (Q.931 §4.5.23, §5.4.1, §5.3.4.1)."""

from pathlib import Path

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import CallGoneError, Profile, Setup, Side, Timers
from tests.signalling.pri import capture
from tests.signalling.pri.back_to_back import BackToBack

pytestmark = pytest.mark.unit

NET, USER = Side.NETWORK, Side.USER
PROGRESS, ALERTING, CALL_PROCEEDING, DISCONNECT, RELEASE = 0x03, 0x01, 0x02, 0x45, 0x4D
SOUND = "In-band information or an appropriate pattern is now available (0x08)"


@pytest.fixture
def pri() -> BackToBack:
    return BackToBack()


def calling(pri: BackToBack) -> tuple[events.CallNumber, events.CallNumber]:
    """The user calls: (its number of the call, the network's)."""
    call = pri.do(lambda: pri.user.setup(Setup(5, "95588")))
    return call, pri.last(NET, events.SetupReceived).call


def as_read(pri: BackToBack, path: Path, words: str) -> list[str]:
    """What tshark says of all messages, where it has these words."""
    return [label.partition(": ")[2] for label in capture.labels(capture.write(path, pri.wire.sent), words)]


@pytest.mark.parametrize("profile", Profile)
def test_q931_5_4_1_progress_says_that_there_is_sound(profile: Profile, tmp_path: Path) -> None:
    pri = BackToBack(profile=profile)
    _, theirs = calling(pri)
    pri.do(lambda: pri.net.proceeding(theirs))
    pri.do(lambda: pri.net.progress(theirs))
    assert pri.last(USER, events.ProgressReceived).inband
    assert as_read(pri, tmp_path / "d.pcap", "Progress description") == [SOUND]


def test_q931_5_2_5_1_a_first_response_comes_before_progress(pri: BackToBack) -> None:
    _, theirs = calling(pri)
    pri.do(lambda: pri.net.progress(theirs))
    assert pri.messages(NET)[-2:] == [CALL_PROCEEDING, PROGRESS]


@pytest.mark.parametrize("inband", [True, False])
def test_q931_5_4_1_alerting_says_whose_the_ring_back_is(pri: BackToBack, inband: bool) -> None:  # noqa: FBT001
    _, theirs = calling(pri)
    pri.do(lambda: pri.net.alerting(theirs, inband=inband))
    assert pri.last(USER, events.AlertingReceived).inband is inband


@pytest.mark.parametrize("profile", Profile)
def test_q931_5_3_4_1_disconnect_with_sound_and_its_cause(profile: Profile, tmp_path: Path) -> None:
    pri = BackToBack(profile=profile)
    ours, theirs = calling(pri)
    pri.do(lambda: pri.net.release(theirs, 1, inband=True))
    assert pri.messages(NET)[-2:] == [CALL_PROCEEDING, DISCONNECT]
    assert as_read(pri, tmp_path / "d.pcap", "Progress description") == [SOUND]
    assert as_read(pri, tmp_path / "d.pcap", "Cause value") == ["Unallocated (unassigned) number (1)"]
    assert pri.last(USER, events.ProgressReceived).inband
    pri.do(lambda: pri.user.release(ours, 1))
    assert pri.last(NET, events.CallCleared) == events.CallCleared(theirs, 1, by_peer=True)
    assert pri.last(USER, events.CallCleared).cause == 1


def test_q931_9_5_t306_ends_the_sound(pri: BackToBack) -> None:
    ours, theirs = calling(pri)
    pri.do(lambda: pri.net.release(theirs, 1, inband=True))
    pri.pass_s(29.9)
    assert RELEASE not in pri.messages(NET)
    pri.pass_s(0.2)
    assert pri.messages(NET)[-1] == RELEASE
    assert pri.last(USER, events.CallCleared) == events.CallCleared(ours, 1, by_peer=True)
    assert pri.count(NET, events.CallCleared) == 1


def test_q931_9_5_t306_of_one_call_is_not_t305_of_another() -> None:
    pri = BackToBack(Timers(t305_s=5.0, t306_s=20.0))
    _, theirs = calling(pri)
    pri.do(lambda: pri.net.release(theirs, 1, inband=True))
    other, _ = pri.talk(6)
    pri.cut = True
    pri.do(lambda: pri.net.release(other, 16))
    pri.pass_s(4.0)
    pri.cut = False
    pri.pass_s(2.0)
    assert pri.messages(NET).count(RELEASE) == 1, "T305 of the talk"
    pri.pass_s(20.0)
    assert pri.messages(NET).count(RELEASE) >= 2, "T306 of the other"


def test_q931_5_3_4_1_the_sound_may_be_ended_before(pri: BackToBack) -> None:
    ours, theirs = calling(pri)
    pri.do(lambda: pri.net.release(theirs, 1, inband=True))
    pri.do(lambda: pri.net.release(theirs, 16))
    assert pri.messages(NET)[-1] == RELEASE
    assert PROGRESS not in pri.messages(NET)
    assert pri.last(USER, events.CallCleared) == events.CallCleared(ours, 1, by_peer=True)
    assert pri.last(NET, events.CallCleared).call == theirs


@pytest.mark.parametrize("clearing", Side)
def test_q931_5_3_3_t305_ends_with_the_cause_of_the_disconnect(pri: BackToBack, clearing: Side, tmp_path: Path) -> None:
    ours = dict(zip((NET, USER), pri.talk(), strict=True))[clearing]
    pri.do(lambda: pri.link(clearing).release(ours, 31))  # which the other side's user never answers
    pri.pass_s(29.9)
    assert RELEASE not in pri.messages(clearing)
    pri.pass_s(0.2)
    assert pri.messages(clearing)[-1] == RELEASE
    assert set(as_read(pri, tmp_path / "d.pcap", "Cause value")) == {"Normal unspecified (31)"}
    pri.pass_s(60.0)
    assert pri.count(NET, events.CallCleared) == pri.count(USER, events.CallCleared) == 1


def test_a_user_has_no_disconnect_with_sound(pri: BackToBack) -> None:
    _, ours = pri.ring()
    with pytest.raises(CallGoneError, match="only a network"):
        pri.user.release(ours, 1, inband=True)
    pri.settle()
    assert DISCONNECT not in pri.messages(USER)

# SPDX-License-Identifier: GPL-2.0-only
"""Timers of Q.931 §9.5 against a peer that falls silent: what each is for, and what ends it."""

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import Link, Setup, Side
from tests.signalling.pri.back_to_back import BackToBack
from tests.signalling.pri.by_hand import ByHand

pytestmark = pytest.mark.unit

RR = 0x01
NET, USER = Side.NETWORK, Side.USER


@pytest.fixture
def pri() -> BackToBack:
    return BackToBack()


def calling(pri: BackToBack, side: Side) -> tuple[events.CallNumber, events.CallNumber]:
    """A side calls: (its number of the call, the other's)."""
    other = USER if side is NET else NET
    call = pri.do(lambda: pri.link(side).setup(Setup(5, "95588")))
    return call, pri.last(other, events.SetupReceived).call


def cleared_with(pri: BackToBack, called: Side, call: events.CallNumber) -> int:
    """The cause that the called side is told, which lets go then."""
    told = pri.last(called, events.DisconnectReceived)
    assert told.call == call
    pri.do(lambda: pri.link(called).release(call, told.cause))
    assert pri.count(NET, events.CallCleared) == pri.count(USER, events.CallCleared) == 1
    return told.cause


@pytest.mark.parametrize("side", Side)
def test_t310_a_call_that_proceeds_no_further(pri: BackToBack, side: Side) -> None:
    called = USER if side is NET else NET
    _, theirs = calling(pri, side)
    pri.do(lambda: pri.link(called).proceeding(theirs))
    pri.pass_s(119.9)
    assert not pri.count(called, events.DisconnectReceived)
    pri.pass_s(0.2)
    assert cleared_with(pri, called, theirs) == 102


@pytest.mark.parametrize("side", Side)
def test_t301_a_call_that_nobody_answers(pri: BackToBack, side: Side) -> None:
    called = USER if side is NET else NET
    _, theirs = calling(pri, side)
    pri.do(lambda: pri.link(called).alerting(theirs))
    pri.pass_s(179.9)
    assert not pri.count(called, events.DisconnectReceived)
    pri.pass_s(0.2)
    assert cleared_with(pri, called, theirs) == 102


def test_t310_ends_with_sound(pri: BackToBack) -> None:
    _, theirs = calling(pri, USER)
    pri.do(lambda: pri.net.progress(theirs))
    pri.pass_s(600.0)
    assert not pri.count(NET, events.DisconnectReceived)


def test_t301_and_t310_end_with_the_answer(pri: BackToBack) -> None:
    _, theirs = calling(pri, USER)
    pri.do(lambda: pri.net.alerting(theirs))
    pri.do(lambda: pri.net.answer(theirs))
    pri.pass_s(600.0)
    assert not pri.count(NET, events.DisconnectReceived)


def test_t303_is_repeated_once_and_the_call_goes_on_if_that_is_heard(pri: BackToBack) -> None:
    pri.cut = True
    pri.net.setup(Setup(5, "95588"))
    pri.pass_s(0.9)  # Q.921 has not given up; its repetition and that of Q.931 arrive
    pri.cut = False
    pri.pass_s(5.0)
    assert pri.count(USER, events.SetupReceived) == 1


def test_t308_is_repeated_once_and_then_the_channel_is_in_doubt(pri: BackToBack) -> None:
    net, user = pri.talk()
    pri.do(lambda: pri.user.release(user, 16))
    pri.net.release(net, 16)
    pri.net.take_frames()
    pri.cut = True
    pri.pass_s(3.9)
    assert not pri.count(NET, events.CallCleared)
    pri.pass_s(4.3)
    assert (pri.last(NET, events.CallCleared).call, pri.last(NET, events.CallCleared).by_peer) == (net, False)


def test_t313_a_connect_that_nobody_acknowledges_is_cleared() -> None:
    now = [1000.0]
    link = Link(USER, clock=lambda: now[0])
    peer = ByHand(link)
    peer.says("08 02 00 01 05 04 03 80 90 a3 18 03 a9 83 85 70 06 81 39 35 35 38 38")
    (offered,) = (event for event in link.take_events() if isinstance(event, events.SetupReceived))
    link.answer(offered.call)
    peer.hear()
    peer.supervises(RR)
    peer.heard()
    now[0] += 3.9
    link.run()
    peer.hear()
    assert peer.heard() == []
    now[0] += 0.2
    link.run()
    peer.hear()
    assert peer.heard() == ["08 02 80 01 45 08 02 81 e6"], "cause 102"


def test_t313_ends_with_the_acknowledgement() -> None:
    pri = BackToBack()
    pri.talk()
    pri.pass_s(60.0)
    assert not pri.count(NET, events.DisconnectReceived)

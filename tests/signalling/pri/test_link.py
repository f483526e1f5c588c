# SPDX-License-Identifier: GPL-2.0-only
"""Q.931 between two links, clause by clause, in virtual time."""

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import CallGoneError, Link, Setup, Side, Timers
from appliance.wire.legs import Bearer
from tests.signalling.pri.back_to_back import BackToBack

pytestmark = pytest.mark.unit

NET, USER = Side.NETWORK, Side.USER
DISCONNECT, RELEASE, RELEASE_COMPLETE, STATUS = 0x45, 0x4D, 0x5A, 0x7D


@pytest.fixture
def pri() -> BackToBack:
    return BackToBack()


def cleared(pri: BackToBack, side: Side) -> list[tuple[int, int, bool]]:
    return [(e.call, e.cause, e.by_peer) for e in pri.heard[side] if isinstance(e, events.CallCleared)]


def hang_up(pri: BackToBack, net: events.CallNumber, user: events.CallNumber, *, user_first: bool) -> None:
    if user_first:
        pri.do(lambda: pri.user.release(user, 16))
        pri.do(lambda: pri.net.release(net, 16))
    else:
        pri.do(lambda: pri.net.release(net, 16))
        pri.do(lambda: pri.user.release(user, 16))


def test_q931_5_2_incoming_call_with_every_message(pri: BackToBack) -> None:
    net, user = pri.ring()
    offered = pri.last(USER, events.SetupReceived)
    assert (offered.channel, offered.exclusive, offered.dnis, offered.clid) == (5, True, "95588", "02512345678")
    assert (offered.presented, offered.bearer) == (True, Bearer.SPEECH)
    pri.do(lambda: pri.user.proceeding(user))
    assert pri.last(NET, events.ProceedingReceived) == events.ProceedingReceived(net, 5, inband=False)
    pri.do(lambda: pri.user.alerting(user, inband=True))
    assert pri.last(NET, events.AlertingReceived) == events.AlertingReceived(net, 5, inband=True)
    pri.do(lambda: pri.user.answer(user))
    assert pri.last(NET, events.ConnectReceived).call == net


def test_q931_5_1_outgoing_call_of_the_user(pri: BackToBack) -> None:
    user = pri.do(lambda: pri.user.setup(Setup(31, "10086", "8001")))
    offered = pri.last(NET, events.SetupReceived)
    assert (offered.channel, offered.dnis, offered.clid) == (31, "10086", "8001")
    pri.do(lambda: pri.net.alerting(offered.call))
    pri.do(lambda: pri.net.answer(offered.call))
    assert pri.last(USER, events.AlertingReceived) == events.AlertingReceived(user, 31, inband=False)
    assert pri.last(USER, events.ConnectReceived).call == user


def test_q931_4_5_10_a_restricted_number_is_not_presented(pri: BackToBack) -> None:
    pri.ring(Setup(5, "95588", "02512345678", presented=False, verified=True))
    offered = pri.last(USER, events.SetupReceived)
    assert (offered.clid, offered.presented, offered.verified) == ("02512345678", False, True)


def test_q931_5_3_3_clearing_by_the_user(pri: BackToBack) -> None:
    net, user = pri.talk()
    pri.do(lambda: pri.user.release(user, 16))
    assert pri.last(NET, events.DisconnectReceived) == events.DisconnectReceived(net, 16)
    assert not cleared(pri, USER), "the call reference stands until the network's RELEASE"
    pri.do(lambda: pri.net.release(net, 16))
    assert cleared(pri, USER) == [(user, 16, True)]
    assert cleared(pri, NET) == [(net, 16, True)]


def test_q931_5_3_4_clearing_by_the_network(pri: BackToBack) -> None:
    net, user = pri.talk()
    pri.do(lambda: pri.net.release(net, 31))
    assert pri.last(USER, events.DisconnectReceived) == events.DisconnectReceived(user, 31)
    pri.do(lambda: pri.user.release(user, 31))
    assert [call for call, _, _ in cleared(pri, USER)] == [user]
    assert [call for call, _, _ in cleared(pri, NET)] == [net]


def test_q931_5_3_5_clear_collision(pri: BackToBack) -> None:
    net, user = pri.talk()
    pri.net.release(net, 16)
    pri.user.release(user, 16)
    pri.settle()
    assert [call for call, _, _ in cleared(pri, USER)] == [user]
    assert [call for call, _, _ in cleared(pri, NET)] == [net]


@pytest.mark.parametrize("cause", [34, 44, 82, 88])
def test_q931_5_3_2_a_setup_refused_with_release_complete(pri: BackToBack, cause: int) -> None:
    net, user = pri.ring()
    pri.do(lambda: pri.user.release(user, cause))
    assert cleared(pri, NET) == [(net, cause, True)]
    assert [call for call, _, _ in cleared(pri, USER)] == [user]
    assert pri.messages(USER) == [RELEASE_COMPLETE]


@pytest.mark.parametrize("cause", [17, 21, 41])
def test_q931_5_3_3_a_setup_refused_with_disconnect(pri: BackToBack, cause: int) -> None:
    net, user = pri.ring()
    pri.do(lambda: pri.user.release(user, cause))
    assert pri.last(NET, events.DisconnectReceived) == events.DisconnectReceived(net, cause)
    pri.do(lambda: pri.net.release(net, cause))
    assert [call for call, _, _ in cleared(pri, USER)] == [user]


def test_a_caller_that_refuses_its_own_channel_is_rid_of_the_call_at_once(pri: BackToBack) -> None:
    """As in glare (§5.7): the library sends RELEASE COMPLETE, forgets the call and tells nobody."""
    user = pri.user.setup(Setup(5, "10086"))
    pri.user.release(user, 44)
    assert pri.user.take_events() == [events.CallCleared(user, 44)]


def test_a_caller_that_gives_up_before_any_response_leaves_nothing(pri: BackToBack) -> None:
    """The library answers this DISCONNECT with RELEASE COMPLETE, tells nobody, and keeps the call for ever."""
    net, user = pri.ring()
    pri.do(lambda: pri.net.release(net, 16))
    assert cleared(pri, USER) == [(user, 16, True)]
    assert cleared(pri, NET) == [(net, 16, True)]
    with pytest.raises(CallGoneError):
        pri.user.proceeding(user)


def test_t303_no_response_to_setup_at_all(pri: BackToBack) -> None:
    pri.net.setup(Setup(5, "95588"))
    pri.settle()
    pri.pass_s(9.0)
    ((_, cause, by_peer),) = cleared(pri, NET)
    assert (cause, by_peer) == (18, False)


def test_t308_no_answer_to_release(pri: BackToBack) -> None:
    net, user = pri.talk()
    pri.do(lambda: pri.net.release(net, 16))
    pri.user.release(user, 16)
    pri.user.take_frames()  # its RELEASE is lost, and so is every repetition
    pri.cut = True
    pri.pass_s(3.0)
    pri.cut = False
    pri.pass_s(60.0)
    assert [call for call, _, _ in cleared(pri, USER)] == [user]
    assert [call for call, _, _ in cleared(pri, NET)] == [net]


def test_a_command_for_a_call_that_is_gone_is_refused(pri: BackToBack) -> None:
    net, user = pri.ring()
    pri.do(lambda: pri.user.release(user, 44))
    for command in (pri.user.answer, pri.user.alerting, pri.user.proceeding, pri.user.release):
        with pytest.raises(CallGoneError):
            command(user)
    with pytest.raises(CallGoneError):
        pri.net.release(net, 16)


@pytest.mark.parametrize("number", ["9" * 32, "95588\n", "九五五八八"])
def test_a_number_that_q931_cannot_carry_is_refused(pri: BackToBack, number: str) -> None:
    with pytest.raises(ValueError, match="at most 31"):
        pri.user.setup(Setup(5, number))
    assert not pri.user.take_frames()


class TestQ931_5_8_9DataLinkFailure:  # noqa: N801 - the clause's number
    def test_a_short_break_leaves_active_calls_alone(self, pri: BackToBack) -> None:
        net, user = pri.talk()
        pri.lose_layer_1(2.0)
        assert pri.user.established
        assert pri.net.established
        assert not cleared(pri, USER)
        assert not cleared(pri, NET)
        pri.do(lambda: pri.user.release(user, 16))
        assert pri.last(NET, events.DisconnectReceived) == events.DisconnectReceived(net, 16)

    def test_t309_clears_active_calls_on_both_sides_with_cause_27(self, pri: BackToBack) -> None:
        began = pri.now
        talks = [pri.talk(channel) for channel in (1, 2, 3)]
        pri.cut = True
        pri.pass_s(0.5)
        pri.net.deactivate()
        pri.user.deactivate()
        pri.pass_s(5.9)
        assert not cleared(pri, USER), f"T309 = 6 s from PH-DEACTIVATE, {pri.now - began:.1f} s have passed"
        pri.pass_s(0.2)
        assert cleared(pri, USER) == [(user, 27, False) for _, user in talks]
        assert cleared(pri, NET) == [(net, 27, False) for net, _ in talks]

    def test_the_link_comes_back_by_itself_and_takes_calls(self, pri: BackToBack) -> None:
        pri.talk()
        pri.lose_layer_1(10.0)
        assert pri.user.established
        assert pri.net.established
        net, _ = pri.talk()
        assert pri.last(NET, events.ConnectReceived).call == net

    def test_calls_that_are_not_active_are_cleared_at_once(self, pri: BackToBack) -> None:
        net, user = pri.ring()
        pri.do(lambda: pri.user.proceeding(user))
        pri.lose_layer_1(1.0)
        assert cleared(pri, USER) == [(user, 27, False)]
        assert cleared(pri, NET) == [(net, 27, False)]

    def test_a_call_without_a_first_response_is_told_too(self, pri: BackToBack) -> None:
        _, user = pri.ring()
        pri.lose_layer_1(1.0)
        assert [call for call, _, _ in cleared(pri, USER)] == [user]

    def test_nothing_is_sent_or_heard_while_layer_1_is_down(self, pri: BackToBack) -> None:
        pri.user.deactivate()
        pri.user.receive(bytes([0x02, 0x01, 0x7F]))  # SABME
        pri.now += 5
        pri.user.run()
        assert not pri.user.take_frames()

    def test_q921_5_6_7_gives_up_by_itself_where_no_red_is_seen(self, pri: BackToBack) -> None:
        """A dead D-channel on a good line: T203, N200 times T200, as often SABME, then T309."""
        _, user = pri.talk()
        pri.cut = True
        pri.pass_s(10 + 4 + 4 + 6 + 1)
        assert cleared(pri, USER) == [(user, 27, False)]
        assert pri.count(USER, events.LinkReleased) == 1


RESTART = bytes.fromhex("0802000046")  # protocol discriminator, global call reference, message type


class TestQ931_5_5Restart:  # noqa: N801 - the clause's number
    def test_each_channel_in_turn(self, pri: BackToBack) -> None:
        pri.do(lambda: pri.user.restart([1, 2, 31]))
        assert [e for e in pri.heard[NET] if isinstance(e, events.RestartReceived)] == [
            events.RestartReceived(1),
            events.RestartReceived(2),
            events.RestartReceived(31),
        ]
        assert pri.count(USER, events.RestartAcknowledged) == 3

    def test_it_clears_the_channels_calls_and_no_others(self, pri: BackToBack) -> None:
        net, user = pri.talk(channel=5)
        kept = pri.talk(channel=6)
        pri.do(lambda: pri.user.restart([5]))
        assert cleared(pri, NET) == [(net, 41, False)]
        assert cleared(pri, USER) == [(user, 41, False)]
        pri.do(lambda: pri.user.release(kept[1], 16))
        assert pri.last(NET, events.DisconnectReceived).call == kept[0]

    def test_t316_n316_gives_up_and_goes_on(self, pri: BackToBack) -> None:
        pri.cut = True
        pri.user.restart([1, 2])
        pri.pass_s(2 * 2 * 5.0 + 1.0)
        assert [e for e in pri.heard[USER] if isinstance(e, events.RestartFailed)] == [
            events.RestartFailed(1),
            events.RestartFailed(2),
        ]

    def test_q921_5_7_1_a_restart_that_a_sabme_discarded_is_said_again(self, pri: BackToBack) -> None:
        """Both sides establish at once; the later SABME throws away what the earlier one's side had sent."""
        pri.user.restart([3])
        lost = [frame for frame in pri.user.take_frames() if RESTART in frame]
        pri.user.receive(bytes.fromhex("02017f"))
        again = [frame for frame in pri.user.take_frames() if RESTART in frame]
        assert (len(lost), len(again)) == (1, 1)

    def test_the_links_end_fails_what_waits(self, pri: BackToBack) -> None:
        pri.cut = True
        pri.user.restart([1, 2])
        pri.user.deactivate()
        assert pri.user.take_events() == [events.RestartFailed(1), events.RestartFailed(2), events.LinkReleased()]

    def test_a_successor_clears_what_its_predecessor_left(self, pri: BackToBack) -> None:
        """The user side's process dies with calls up; a new link on the same wire, which the network hardly notices."""
        net, _ = pri.talk()
        pri.user = Link(USER, Timers(t316_s=5.0), clock=lambda: pri.now)
        pri.pass_s(2.0)
        assert not cleared(pri, NET), "SABME alone clears nothing"
        pri.do(lambda: pri.user.restart([5]))
        assert cleared(pri, NET) == [(net, 41, False)]


def test_a_thousand_calls_leave_no_call_behind(pri: BackToBack) -> None:
    for n in range(1000):
        net, user = pri.talk(channel=n % 15 + 1)
        hang_up(pri, net, user, user_first=bool(n % 2))
    assert len(cleared(pri, USER)) == len(cleared(pri, NET)) == 1000
    assert len({call for call, _, _ in cleared(pri, USER)}) == 1000

# SPDX-License-Identifier: GPL-2.0-only
"""Calls from SETUP to the free channel, each by its clause of Q.931. A flow plays on any profile, wire and side.

A flow waits for what each side hears, never for time, and says what both must hear at the end: the cause of clearing.
"""

from collections.abc import Callable
from typing import Any

from appliance.signalling.pri import events as pri
from appliance.signalling.pri.events import CallNumber
from appliance.signalling.pri.link import Setup, Side
from appliance.wire.legs import Bearer
from tests.signalling.pri.back_to_back import BackToBack

CHANNEL, DNIS, CLID = 5, "95588", "02512345678"


class Call:
    """One call between two sides: `a` calls, `b` is called."""

    def __init__(self, wire: BackToBack, caller: Side) -> None:
        self.wire = wire
        self.caller = caller
        self.called = Side.USER if caller is Side.NETWORK else Side.NETWORK
        self.a, self.b = wire.link(self.caller), wire.link(self.called)
        self.at_a = self.at_b = CallNumber(0)
        self.began = wire.now

    def place(self, **more: Any) -> pri.SetupReceived:
        """SETUP, and what is heard of it."""
        self.at_a = self.a.setup(Setup(CHANNEL, DNIS, CLID, **more))
        offered = self.wire.until(self.called, pri.SetupReceived)
        self.at_b = offered.call
        assert (offered.channel, offered.dnis, offered.clid, offered.bearer) == (CHANNEL, DNIS, CLID, Bearer.SPEECH)
        return offered

    def proceed(self) -> None:
        """CALL PROCEEDING."""
        self.b.proceeding(self.at_b)
        assert self.wire.until(self.caller, pri.ProceedingReceived).channel == CHANNEL

    def alert(self, *, inband: bool = False) -> None:
        """ALERTING."""
        self.b.alerting(self.at_b, inband=inband)
        assert self.wire.until(self.caller, pri.AlertingReceived).inband is inband

    def answer(self) -> None:
        """CONNECT."""
        self.b.answer(self.at_b)
        assert self.wire.until(self.caller, pri.ConnectReceived).call == self.at_a

    def talk(self) -> None:
        """All of these."""
        self.place()
        self.proceed()
        self.alert()
        self.answer()
        self.wire.pass_s(2.0)  # CONNECT ACKNOWLEDGE has arrived

    def a_clears(self, cause: int) -> None:
        """DISCONNECT, RELEASE, RELEASE COMPLETE from the caller."""
        self.a.release(self.at_a, cause)
        assert self.wire.until(self.called, pri.DisconnectReceived).cause == cause
        self.b.release(self.at_b, cause)

    def b_clears(self, cause: int) -> None:
        """The same from the called side."""
        self.b.release(self.at_b, cause)
        assert self.wire.until(self.caller, pri.DisconnectReceived).cause == cause
        self.a.release(self.at_a, cause)

    def ended(self, cause_a: int, cause_b: int) -> None:
        """Both references are free with these causes; 81 or 98 where a reset of the data link swallowed a word."""
        for side, cause in ((self.caller, cause_a), (self.called, cause_b)):
            cleared = self.wire.until(side, pri.CallCleared)
            swallowed = {81, 98} if self.wire.wire.resets(self.began) else set()
            assert cleared.cause in {cause, *swallowed}, f"{side}: {cleared}"


def q931_5_3_3_the_caller_clears(call: Call) -> None:
    call.talk()
    call.a_clears(16)
    call.ended(16, 16)


def q931_5_3_4_the_called_party_clears(call: Call) -> None:
    call.talk()
    call.b_clears(31)
    call.ended(31, 31)


def q931_5_3_5_both_clear_at_once(call: Call) -> None:
    call.talk()
    call.a.release(call.at_a, 16)
    call.b.release(call.at_b, 16)
    call.ended(16, 16)


def q931_5_2_5_1_the_called_user_is_busy(call: Call) -> None:
    call.place()
    call.b_clears(17)
    call.ended(17, 17)


def q931_5_2_5_1_the_called_user_rejects(call: Call) -> None:
    call.place()
    call.proceed()
    call.b_clears(21)
    call.ended(21, 21)


def q931_5_3_2_no_channel_is_a_release_complete(call: Call) -> None:
    call.place()
    call.b.release(call.at_b, 34)
    call.ended(34, 34)


def q931_5_3_2_an_unacceptable_channel_after_proceeding(call: Call) -> None:
    call.place()
    call.proceed()
    call.b_clears(44)
    call.ended(44, 44)


def q931_5_3_3_the_caller_gives_up_before_any_answer(call: Call) -> None:
    call.place()
    call.a.release(call.at_a, 16)
    call.ended(16, 16)


def q931_5_3_3_the_caller_gives_up_while_it_rings(call: Call) -> None:
    call.place()
    call.proceed()
    call.alert()
    call.a_clears(16)
    call.ended(16, 16)


def q931_5_2_5_3_nobody_answers(call: Call) -> None:
    call.place()
    call.alert()
    call.wire.pass_s(60.0)
    call.b_clears(19)
    call.ended(19, 19)


def q931_5_2_8_answer_without_a_word_before(call: Call) -> None:
    call.place()
    call.answer()
    call.wire.pass_s(2.0)
    call.a_clears(16)
    call.ended(16, 16)


def q931_5_4_1_ring_back_in_band(call: Call) -> None:
    call.place()
    call.proceed()
    call.alert(inband=True)
    call.answer()
    call.wire.pass_s(2.0)
    call.b_clears(16)
    call.ended(16, 16)


def q931_5_3_4_1_the_caller_hears_why_and_lets_go(call: Call) -> None:
    """Where the called side is the network's; a user's says PROGRESS and clears."""
    call.place()
    call.proceed()
    call.b.progress(call.at_b)
    assert call.wire.until(call.caller, pri.ProgressReceived).inband
    if call.called is Side.NETWORK:
        call.b.release(call.at_b, 1, inband=True)
        assert call.wire.until(call.caller, pri.ProgressReceived, 2).inband
        call.wire.pass_s(20.0)
        assert not call.wire.count(call.called, pri.CallCleared)
        call.a.release(call.at_a, 1)
    else:
        call.b_clears(1)
    call.ended(1, 1)


def q931_4_5_10_the_number_is_not_to_be_shown(call: Call) -> None:
    assert not call.place(presented=False).presented
    call.proceed()
    call.b_clears(21)
    call.ended(21, 21)


def q931_5_5_restart_in_the_talk(call: Call) -> None:
    call.talk()
    call.b.restart([CHANNEL])
    assert call.wire.until(call.called, pri.RestartAcknowledged).channel == CHANNEL
    call.ended(41, 41)


def q931_5_8_9_a_break_shorter_than_t309(call: Call) -> None:
    call.talk()
    call.wire.lose_layer_1(2.0)
    call.wire.pass_s(6.0)
    for side in Side:
        assert not call.wire.count(side, pri.CallCleared)
    call.a_clears(16)
    call.ended(16, 16)


FLOWS: dict[str, Callable[[Call], None]] = {
    flow.__name__: flow
    for flow in (
        q931_5_3_3_the_caller_clears,
        q931_5_3_4_the_called_party_clears,
        q931_5_3_5_both_clear_at_once,
        q931_5_2_5_1_the_called_user_is_busy,
        q931_5_2_5_1_the_called_user_rejects,
        q931_5_3_2_no_channel_is_a_release_complete,
        q931_5_3_2_an_unacceptable_channel_after_proceeding,
        q931_5_3_3_the_caller_gives_up_before_any_answer,
        q931_5_3_3_the_caller_gives_up_while_it_rings,
        q931_5_2_5_3_nobody_answers,
        q931_5_2_8_answer_without_a_word_before,
        q931_5_4_1_ring_back_in_band,
        q931_5_3_4_1_the_caller_hears_why_and_lets_go,
        q931_4_5_10_the_number_is_not_to_be_shown,
        q931_5_5_restart_in_the_talk,
        q931_5_8_9_a_break_shorter_than_t309,
    )
}

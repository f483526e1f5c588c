# SPDX-License-Identifier: GPL-2.0-only
"""Whatever is lost of a call or comes between: both ends tell its end once, come free, and the next call passes."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call, CallStateError, Wants
from appliance.signalling.r2.events import Direction
from tests.signalling.pair import SIDES
from tests.signalling.r2.back_to_back import BackToBack, Sent, every_variant

pytestmark = pytest.mark.unit

CALL = Call("623", "13")
WANTS = Wants(dnis_digits=3)
AFTER_ALL_TIMERS_S = 700.0
some_variants = pytest.mark.parametrize("variant", ["BR", "CN", "ITU", "MX"])


class Robots(BackToBack):
    """Both sides act by themselves: "b" accepts and answers, "a" hangs up half a second later."""

    def __init__(self, variant: str) -> None:
        super().__init__(variant, WANTS)
        self.react = self._react

    def attempt(self) -> None:
        """A call, and all that may come of it."""
        self.a.place(CALL)
        self.pass_s(AFTER_ALL_TIMERS_S)

    def check_free(self) -> None:
        """Each call is over, and another one passes."""
        self.heal()
        self.pass_s(5)
        assert self.idle(), f"a is {self.a.state}, b is {self.b.state}"
        begun = {"a": sum(bits == "00" for bits in self.bits("a")), "b": len(self.told("b", events.CallSeized))}
        assert {side: len(self.told(side, events.CallCleared)) for side in SIDES} == begun
        assert (self.a.due(), self.b.due()) == (None, None)
        answered = len(self.told("a", events.CallAnswered))
        self.attempt()
        assert len(self.told("a", events.CallAnswered)) == answered + 1
        assert self.told("b", events.CallOffered)[-1].dnis == CALL.dnis

    def _react(self, side: str, event: events.Event) -> None:
        channel = self.channels[side]
        match event:
            case events.CallOffered():
                self._soon(0.3, channel.accept)
                self._soon(0.6, channel.answer)
            case events.CallAnswered() if side == "a":
                self._soon(0.5, channel.release)
            case events.CallDisconnected():
                self._soon(0.0, channel.release)

    def _soon(self, seconds: float, command: Callable[[], None]) -> None:
        def act() -> None:
            with suppress(CallStateError):  # the call may have gone another way since
                command()

        self.later(seconds, act)


def a_whole_call(variant: str) -> list[Sent]:
    pair = Robots(variant)
    pair.attempt()
    return pair.sent


@every_variant
def test_any_one_signal_may_be_lost(variant: str) -> None:
    for number in range(2, len(a_whole_call(variant))):
        pair = Robots(variant)
        pair.lost = partial(is_number, pair, number)
        pair.attempt()
        pair.check_free()


def is_number(pair: Robots, number: int, sent: Sent) -> bool:
    """Whether this is the signal of that number."""
    return pair.sent.index(sent) == number


@some_variants
def test_a_strange_signal_may_come_at_any_time(variant: str) -> None:
    for at, side, _ in a_whole_call(variant)[2:]:
        for direction in Direction:
            pair = Robots(variant)
            hear = partial(pair.channels[side].hear, direction)
            pair.later(at - pair.now + 0.004, partial(hear, 1))
            pair.later(at - pair.now + 0.044, partial(hear, 0))
            pair.attempt()
            pair.check_free()


@some_variants
def test_strange_bits_may_stand_for_a_while_at_any_time(variant: str) -> None:
    for at, side, _ in a_whole_call(variant)[2:]:
        for bits in (0b0001, 0b0101, 0b1001, 0b1101):
            pair = Robots(variant)
            pair.later(at - pair.now + 0.005, partial(pair.channels[side].see_bits, bits))
            pair.later(at - pair.now + 0.055, pair.heal)
            pair.attempt()
            pair.check_free()


@some_variants
@pytest.mark.parametrize("first", ["bits", "silence"])
def test_a_caller_who_hangs_up_while_offered_is_no_fault_whichever_is_heard_first(variant: str, first: str) -> None:
    pair = BackToBack(variant, WANTS)
    pair.a.place(CALL)
    pair.until("b", events.CallOffered)
    idle = int(pair.variant.bits.clear_forward + pair.variant.bits.cd, 2)
    acts = [partial(pair.b.see_bits, idle), partial(pair.b.hear, Direction.FORWARD, 0)]
    for act in acts if first == "bits" else reversed(acts):
        act()
        pair.pass_s(0.03)
    assert pair.told("b", events.CallCleared) == [events.CallCleared(16, by_peer=True)]

# SPDX-License-Identifier: GPL-2.0-only
"""Many calls on one circuit, placed by both ends as they like: double seizing, refusals, either side clears first."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call, CallStateError, Wants
from tests.signalling.pair import SIDES
from tests.signalling.r2.back_to_back import BackToBack, every_variant

pytestmark = pytest.mark.unit

DNIS_DIGITS = 4
REFUSALS = (17, 42)
GLARE = 44


class Traffic(BackToBack):
    """Both ends place calls soon after the circuit is free, and often at once; `ends` counts causes."""

    def __init__(self, variant: str, calls: int) -> None:
        super().__init__(variant, Wants(dnis_digits=DNIS_DIGITS))
        self.ends: Counter[int] = Counter()
        self.placed = self.seized = self.answered = 0
        self._left = calls
        self._chance = random.Random(f"{variant} {calls}")  # noqa: S311 - the same traffic each time
        self._calls: dict[str, Call] = {}
        self.react = self._react
        for side in SIDES:
            self._place_soon(side)

    def run(self) -> None:
        """Until all calls are over."""
        while self._left or not self.idle() or self._calls:
            before = self.placed, self.ends.total()
            self.pass_s(30)
            assert before != (self.placed, self.ends.total()), f"{self.a.state}, {self.b.state}"

    def _place_soon(self, side: str) -> None:
        self.later(self._chance.choice((0.2, 0.21, 0.5, 0.8, 1.1)), partial(self._place, side))

    def _place(self, side: str) -> None:
        if self._left and side not in self._calls:
            call = Call(f"{self._chance.randrange(10**DNIS_DIGITS):04d}", f"{self._chance.randrange(10**5)}")
            with suppress(CallStateError):  # the far end was first
                self.channels[side].place(call)
                self._calls[side] = call
                self._left -= 1
                self.placed += 1

    def _react(self, side: str, event: events.Event) -> None:
        channel, caller = self.channels[side], self._calls.get(side)
        match event:
            case events.CallSeized():
                self.seized += 1
            case events.CallOffered(dnis=dnis, clid=clid):
                sent = self._calls["b" if side == "a" else "a"]
                assert (dnis, clid) == (sent.dnis, sent.clid)
                verdicts = (channel.answer, channel.accept, partial(channel.release, self._chance.choice(REFUSALS)))
                self._soon(self._chance.choice(verdicts))
                self._soon(channel.answer, 1.0)
            case events.CallAnswered() if caller:
                self.answered += 1
                self._soon(self.channels[self._chance.choice(SIDES)].release)
            case events.CallDisconnected():
                self._soon(channel.release)
            case events.CallCleared(cause=cause):
                self.ends[cause] += 1
                self._calls.pop(side, None)
                self._place_soon(side)

    def _soon(self, command: Callable[[], None], more_s: float = 0.0) -> None:
        over = self.ends.total()

        def act() -> None:
            with suppress(CallStateError):  # the call may have gone another way since
                if self.ends.total() == over:
                    command()

        self.later(self._chance.uniform(0.0, 0.5) + more_s, act)


def carry(variant: str, calls: int) -> None:
    pair = Traffic(variant, calls)
    pair.run()
    assert pair.placed == calls
    assert pair.ends.total() == pair.placed + pair.seized
    assert {16, GLARE} <= set(pair.ends) <= {16, GLARE, *REFUSALS}
    assert pair.placed - pair.seized == pair.ends[GLARE] > 0
    assert pair.answered == (pair.ends[16]) // 2
    assert (pair.a.due(), pair.b.due()) == (None, None)


@every_variant
def test_fifty_calls_leave_no_channel_behind(variant: str) -> None:
    carry(variant, 50)


@pytest.mark.soak
@pytest.mark.timeout(600)
@every_variant
def test_a_thousand_calls_leave_no_channel_behind(variant: str) -> None:
    carry(variant, 1000)

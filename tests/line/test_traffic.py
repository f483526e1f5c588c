# SPDX-License-Identifier: GPL-2.0-only
"""Calls both ways at once over two spans back to back in virtual time, with glare and a failing D-channel.

Afterwards nothing is left: no leg, no port, no stuck channel, and each leg was released once.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import structlog

from appliance.line.channels import Order
from appliance.line.states import Event, State
from appliance.signalling.pri.link import Profile, Side
from appliance.wire import legs
from appliance.wire.legs import Direction, LegState, ReleasedBy
from tests.line.span_pair import End, SpanPair
from tests.line.vpair_pair import VpairPair
from tests.media.virtual import virtual_engine
from tests.signalling.pri.pair import Pair
from tests.signalling.pri.wire import Trouble

CALLS_PER_S = 8.0
TALK_S = 3.0
BREAK_EVERY = 400
"""Calls between two breaks of the D-channel, shorter and longer than T309 in turn."""
CAUSES = (16, 17, 19, 21, 31, 34, 41, 44)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A line of log for each call would be most of the work."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()


class Traffic:
    """Seeded subscribers on both sides."""

    def __init__(self, pair: Pair[End], seed: int) -> None:
        self.random = Random(seed)  # noqa: S311
        self.pair = pair
        self.placed = 0
        self.living: set[tuple[Side, str]] = set()
        self.answered = 0
        self.causes: Counter[int] = Counter()

    def run(self, calls: int) -> None:
        """So many more calls are placed; those that are up at the end stay."""
        wanted = self.placed + calls
        while self.placed < wanted:
            self.pair.pass_s(self.random.expovariate(CALLS_PER_S))
            self._place()
            for end in (self.pair.net, self.pair.user):
                self._live(end)
            self._listen()
            if self.placed % BREAK_EVERY == 0:
                self._break()

    def finish(self) -> None:
        """Everybody hangs up."""
        for end in (self.pair.net, self.pair.user):
            for leg in tuple(end.span.legs.values()):
                end.span.release(leg, 16, ReleasedBy.US)
        self.pair.pass_s(200.0)
        self._listen()

    def _place(self) -> None:
        end = self.random.choice((self.pair.net, self.pair.user))
        self.placed += end.place(f"placed-{self.placed}")

    def _live(self, end: End) -> None:
        for leg in tuple(end.span.legs.values()):
            if leg.state is State.CLEARING or self.random.random() > 1 / (CALLS_PER_S * TALK_S / 3):
                continue
            steps = {LegState.OFFERED: Event.ALERT, LegState.ALERTING: Event.ANSWER}
            step = steps.get(leg.told.state) if leg.told.direction is Direction.INCOMING else None
            if step is None or self.random.random() < 0.1:
                end.span.release(leg, self.random.choice(CAUSES), ReleasedBy.US)
            else:
                end.span.command(leg, step)

    def _break(self) -> None:
        """D-channel gone, half the time for longer than T309; no call that talks ends in the shorter break."""
        self.pair.pass_s(3.0)  # no call is between CONNECT and its acknowledgement
        longer = self.random.random() < 0.5
        talking = sum(leg.state is State.ANSWERED for leg in self.pair.user.span.legs.values())
        self.pair.lose_layer_1(10.0 if longer else 3.0)
        kept = sum(leg.state is State.ANSWERED for leg in self.pair.user.span.legs.values())
        assert longer or kept == talking, f"{talking - kept} calls lost in a break shorter than T309"
        self.pair.pass_s(20.0)
        self._listen()

    def _listen(self) -> None:
        for side in Side:
            for told in self.pair.heard[side]:
                match told:
                    case legs.LegOffered(leg=leg) | legs.LegPlaced(leg=leg):
                        assert (side, leg.leg) not in self.living
                        self.living.add((side, leg.leg))
                    case legs.LegAnswered():
                        self.answered += 1
                    case legs.LegReleased(leg=leg, cause=cause):
                        self.living.remove((side, leg))  # KeyError: released twice
                        self.causes[cause] += 1
            self.pair.heard[side].clear()
        self.pair.wire.sent.clear()


def check(traffic: Traffic) -> None:
    """Nothing is left over."""
    assert not traffic.living
    for end in (traffic.pair.net, traffic.pair.user):
        assert not end.span.legs
        assert not end.board.open
        assert end.idle() == 30
        assert not end.bare._calls.on(None)
    assert traffic.answered > traffic.placed / 4, "most of them talk"
    assert traffic.causes[44], "and some meet"


def in_memory(profile: Profile) -> SpanPair:
    """Both sides take channels in the same order, so that they meet; now and then a frame is lost."""
    return SpanPair(profile, Trouble(lost=0.001), "traffic", user=Order.ASCENDING, net=Order.ASCENDING)


@pytest.mark.unit
def test_two_thousand_calls_over_an_engine_s_pair_of_spans_leave_nothing_behind() -> None:
    """The D-channel is HDLC in timeslot 16 of vpair; a break is a cable without clock, seen as RED."""
    with virtual_engine() as host:
        traffic = Traffic(VpairPair(host, Profile.EUROISDN), seed=3)
        traffic.run(2_000)
        traffic.finish()
        check(traffic)


@pytest.mark.unit
@pytest.mark.parametrize("profile", [Profile.EUROISDN, Profile.NATIONAL, Profile.QSIG])
def test_each_profile_s_calls_leave_nothing_behind(profile: Profile) -> None:
    traffic = Traffic(in_memory(profile), seed=1)
    traffic.run(700)
    traffic.finish()
    check(traffic)


@pytest.mark.unit
def test_lost_and_late_frames_end_no_call_with_cause_101() -> None:
    """A reset of the data link swallows a SETUP; T303 says it again, unless STATUS has made the peer clear the call."""
    pair = SpanPair(Profile.EUROISDN, Trouble(lost=0.01, late=0.02), "t2")
    traffic = Traffic(pair, seed=2)
    traffic.run(BREAK_EVERY - 1)
    traffic.finish()
    assert traffic.answered > 100
    assert not traffic.causes[101]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_calls_leave_nothing_behind_and_cost_no_memory() -> None:
    with virtual_engine() as host:
        traffic = Traffic(VpairPair(host, Profile.EUROISDN), seed=2)
        traffic.run(5_000)
        before = resident_kb()
        for _ in range(19):
            traffic.run(5_000)
        traffic.finish()
        check(traffic)
        assert resident_kb() - before < 4_000


def resident_kb() -> int:
    """Of this process, now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4

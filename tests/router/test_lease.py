# SPDX-License-Identifier: GPL-2.0-only
"""The lease of a branch's agents: never both, whatever becomes of messages and clocks; healed, headquarters has it."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.router.lease import (
    LENGTH_NS,
    PATIENCE_NS,
    Ask,
    Grant,
    Hands,
    Lessee,
    asked,
    begun,
    granted,
    passed,
    renewed,
)

pytestmark = [pytest.mark.unit, pytest.mark.timeout(30)]

S = 1_000_000_000
PERCENT = 10_000  # parts of a million


class Clock:
    """Steady, not quite as fast as the world's, and begun at any time."""

    def __init__(self, rate_ppm: int, began_ns: int) -> None:
        self._rate, self._began_ns = 1_000_000 + rate_ppm, began_ns

    def shows(self, world_ns: int) -> int:
        return self._began_ns + world_ns * self._rate // 1_000_000

    def reaches(self, shown_ns: int) -> float:
        """When, by the world."""
        return (shown_ns - self._began_ns) * 1_000_000 / self._rate


class Pair:
    """Headquarters, a branch, and what lies between them: messages that are on their way."""

    def __init__(self, headquarters: Clock, branch: Clock) -> None:
        self.hq, self.branch = headquarters, branch
        self.world_ns = 0
        self._nonces = itertools.count(1)
        self.lessee = Lessee()
        self.lessor = begun(1, branch.shows(0))
        self.asks: list[Ask] = []
        self.grants: list[Grant] = []

    def wait(self, ns: int) -> None:
        self.world_ns += ns
        self.lessor = passed(self.lessor, self.branch.shows(self.world_ns))

    def ask(self) -> None:
        self.lessee, question = asked(self.lessee, f"n{next(self._nonces)}", self.hq.shows(self.world_ns))
        self.asks.append(question)

    def answer(self, question: Ask) -> None:
        self.lessor, grant = renewed(self.lessor, question, self.branch.shows(self.world_ns))
        if grant is not None:
            self.grants.append(grant)

    def hear(self, grant: Grant) -> None:
        self.lessee = granted(self.lessee, grant)

    def exchange(self) -> None:
        self.ask()
        self.answer(self.asks.pop())
        while self.grants:
            self.hear(self.grants.pop(0))

    def alone(self) -> bool:
        return self.lessor.hands is Hands.BRANCH

    def held(self) -> bool:
        return self.lessee.holds(self.hq.shows(self.world_ns))

    def check(self) -> None:
        """Not now, and not later whatever else is lost: headquarters stops before the branch begins."""
        stops_ns = self.hq.reaches(self.lessee.until_ns)
        if self.alone():
            assert not self.held()
        elif stops_ns > self.world_ns:
            assert stops_ns <= self.branch.reaches(self.lessor.until_ns)


def pair() -> Pair:
    return Pair(Clock(0, 7 * S), Clock(0, 900 * S))


def fallen() -> Pair:
    """A branch that has been alone."""
    made = pair()
    made.exchange()
    made.wait(LENGTH_NS)
    assert made.alone()
    return made


def test_headquarters_has_the_lease_while_the_branch_answers() -> None:
    made = pair()
    for _ in range(20):
        made.exchange()
        assert made.held()
        made.wait(S)
    assert made.lessor.epoch == 1


def test_after_the_last_answer_headquarters_stops_and_then_the_branch_begins() -> None:
    made = pair()
    made.exchange()
    made.wait(LENGTH_NS - LENGTH_NS // 100 - 1)
    assert made.held()
    made.wait(1)
    assert not made.held()
    assert not made.alone()
    made.wait(LENGTH_NS // 100)
    assert made.alone()
    assert made.lessor.epoch == 2


def test_a_slow_answer_shortens_what_headquarters_has_and_not_what_the_branch_promised() -> None:
    made = pair()
    made.ask()
    made.wait(2 * S)
    made.answer(made.asks.pop())
    made.wait(LENGTH_NS - LENGTH_NS // 100 - 2 * S - 1)
    made.hear(made.grants.pop())
    assert made.held()
    made.wait(1)
    assert not made.held()
    assert not made.alone()
    made.wait(3 * S)
    assert made.alone()


def test_questions_come_and_answers_do_not_arrive_so_the_branch_stops_granting() -> None:
    made = pair()
    made.exchange()
    cut_ns = made.world_ns
    while not made.alone():
        made.wait(S // 2)
        made.ask()
        made.answer(made.asks.pop())
        made.grants.clear()
    assert made.world_ns - cut_ns <= PATIENCE_NS + LENGTH_NS + S
    for _ in range(40):  # and does not give it away again to who cannot hear it
        made.wait(S // 2)
        made.ask()
        made.answer(made.asks.pop())
        assert made.grants.pop().length_ns == 0
    assert made.alone()


def test_healed_headquarters_has_it_again_after_an_offer_in_a_newer_epoch() -> None:
    made = fallen()
    made.exchange()
    assert not made.held()
    made.exchange()
    assert made.held()
    assert (made.lessor.hands, made.lessor.epoch, made.lessee.epoch) == (Hands.HEADQUARTERS, 3, 3)


def test_headquarters_that_was_away_for_a_while_has_it_again_after_an_offer_in_the_same_epoch() -> None:
    made = pair()
    made.exchange()
    made.wait(PATIENCE_NS + 1)
    made.lessee = Lessee()
    made.exchange()
    made.ask()
    assert not made.lessor.heard(made.asks[0]), "an offer is no lease"
    made.answer(made.asks.pop())
    made.hear(made.grants.pop())
    assert made.held()
    assert made.lessor.epoch == 1


def test_a_grant_from_before_the_branch_was_alone_gives_nothing() -> None:
    made = pair()
    made.exchange()
    made.ask()
    made.answer(made.asks.pop())
    late = made.grants.pop()
    made.wait(LENGTH_NS)
    made.exchange()
    made.hear(late)
    assert not made.held()


def test_an_old_offer_hands_nothing_over() -> None:
    made = fallen()
    made.exchange()
    made.wait(PATIENCE_NS + 1)
    made.exchange()
    assert made.alone()


def test_a_question_that_comes_twice_is_answered_once() -> None:
    made = pair()
    made.ask()
    (question,) = made.asks
    made.answer(question)
    until_ns = made.lessor.until_ns
    made.wait(S)
    made.answer(question)
    assert made.lessor.until_ns == until_ns
    assert len(made.grants) == 1


def test_a_headquarters_that_begins_anew_knows_nothing_of_the_lease_until_it_is_answered() -> None:
    made = pair()
    made.exchange()
    made.lessee = Lessee()
    assert not made.held()
    made.exchange()
    assert made.held()


def test_a_branch_that_begins_anew_waits_for_what_its_last_life_may_have_granted() -> None:
    made = pair()
    made.exchange()
    made.wait(S)
    made.lessor = begun(2, made.branch.shows(made.world_ns))
    made.check()
    made.wait(LENGTH_NS - 1)
    assert not made.alone()
    made.wait(1)
    assert made.alone()


CLOCKS = st.builds(Clock, st.integers(-PERCENT // 2, PERCENT // 2), st.integers(0, 10**15))
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 2 * S)),
    st.tuples(st.sampled_from(("ask", "answer", "hear", "hear again", "answer again", "lose")), st.integers(0, 5)),
    st.tuples(st.sampled_from(("ask", "exchange", "cut up", "cut down", "new hq", "new branch")), st.just(0)),
)


def happen(made: Pair, what: str, which: int) -> None:
    """One thing; of messages on their way, that number."""
    asks, grants = made.asks, made.grants
    steps: dict[str, Callable[[], object]] = {
        "wait": lambda: made.wait(which),
        "ask": made.ask,
        "exchange": made.exchange,
        "answer": lambda: made.answer(asks.pop(which % len(asks))) if asks else None,
        "answer again": lambda: made.answer(asks[which % len(asks)]) if asks else None,
        "hear": lambda: made.hear(grants.pop(which % len(grants))) if grants else None,
        "hear again": lambda: made.hear(grants[which % len(grants)]) if grants else None,
        "lose": (asks or grants or [0]).pop,
        "cut up": grants.clear,
        "cut down": asks.clear,
        "new hq": lambda: setattr(made, "lessee", Lessee()),
        "new branch": lambda: setattr(made, "lessor", begun(made.lessor.epoch + 1, made.branch.shows(made.world_ns))),
    }
    steps[what]()


@settings(max_examples=400, deadline=None)
@given(CLOCKS, CLOCKS, st.lists(STEPS, max_size=60))
def test_never_both_whatever_becomes_of_messages_clocks_and_lives(
    headquarters: Clock, branch: Clock, steps: list[tuple[str, int]]
) -> None:
    made = Pair(headquarters, branch)
    for what, which in steps:
        happen(made, what, which)
        made.check()
    made.asks.clear()
    for _ in range(2):
        made.exchange()
        made.wait(S)
    made.exchange()
    assert made.held(), "an offer may be lost with the epoch that ends meanwhile"
    made.check()


def test_without_the_margin_a_fast_branch_would_begin_before_headquarters_stops() -> None:
    """What the proof above would find."""
    made = Pair(Clock(-PERCENT // 2, 0), Clock(PERCENT // 2, 0))
    made.exchange()
    made.check()
    counted_whole = made.lessee.asked[-1][1] + LENGTH_NS
    assert made.hq.reaches(counted_whole) > made.branch.reaches(made.lessor.until_ns)

# SPDX-License-Identifier: GPL-2.0-only
"""How far what callers are told of their wait is from what it was, in one load pattern.

told = measured(PATTERNS[0])
told.share()     # of those who waited until an agent was theirs: who heard what came to be
told.best        # the share that an oracle would have had (`every` so many callers it is asked)
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from appliance.router.events import CallTold
from appliance.router.rules import Rules
from appliance.router.world import View
from appliance.script.speech.forms import heard_s
from appliance.wire.calls import LegConnected
from appliance.wire.routes import RingAgent, RouteAnswer, Treat
from tests.router import oracle
from tests.router.simulation import BOX, SECOND_NS, Caller, Crowd

TALK_S = 180.0


class Pattern(msgspec.Struct, frozen=True):
    """`load`: offered, of all agents together, at a share of the run. `spread`: of talks, deviation over mean.

    `patience_s`: mean of an exponential one.
    """

    name: str
    agents: int
    load: Callable[[float], float]
    spread: float = 0.5
    patience_s: float = 0.0
    calls: int = 3000


class Row(msgspec.Struct, frozen=True):
    """One who waited until an agent was theirs: heard, was, and the best chance that anybody had, in every so many."""

    heard_s: int
    was_s: float
    ahead: int
    best: float | None = None

    @property
    def right(self) -> bool:
        """Whether it came to be as it was told."""
        return oracle.right(self.heard_s, self.was_s)


class Told(msgspec.Struct):
    """All who waited."""

    rows: list[Row]

    def share(self, ahead: int = 0) -> float:
        """Of those with so many ahead, who were told what came to be."""
        return statistics.fmean(row.right for row in self.rows if row.ahead >= ahead)

    @property
    def best(self) -> float:
        """The share that could have been."""
        return statistics.fmean(row.best for row in self.rows if row.best is not None)

    @property
    def means(self) -> tuple[float, float]:
        """Heard, half of it for less than a minute, and how long it was."""
        return statistics.fmean(row.heard_s or 30 for row in self.rows), statistics.fmean(
            row.was_s for row in self.rows
        )


class Expecting(Crowd):
    """Asks what a caller would hear as he begins to wait; the oracle too, of one in `every`."""

    def __init__(self, pattern: Pattern, seed: int = 1, known: Rules | None = None, every: int = 0) -> None:
        self._pattern, self._every = pattern, every
        self._oracle = oracle.Oracle(TALK_S, pattern.spread, pattern.patience_s)
        self._told: dict[str, tuple[int, int, int, float | None]] = {}
        self.rows: list[Row] = []
        self._came = 0
        super().__init__(seed=seed, agents=pattern.agents, arrivals_s=1.0, talk_s=TALK_S, known=known)

    def _dnis(self) -> str:
        return "1"

    def _come(self, left: int) -> None:
        self._came += 1
        load = self._pattern.load(self._came / self._pattern.calls)
        self._arrivals_s = TALK_S / (self._pattern.agents * load)
        super()._come(left)

    def _ask(self, caller: Caller, outcome: str) -> None:
        super()._ask(caller, outcome)
        if outcome == "offered" and self._pattern.patience_s and not caller.talked:
            self._later(self._random.expovariate(1 / self._pattern.patience_s), lambda: self._give_up(caller))

    def _answered(self, answer: RouteAnswer) -> None:
        name = self._requests[answer.request].name
        waits = self.state.waiting.get(name)
        if isinstance(answer.action, Treat) and name not in self._told and waits is not None:
            view = View(self.state, waits.reach, name, self._now_ns, waits.place)
            told = view("expected", waits.place.stands[0].queue)
            if told is not None:
                ahead = (view("position", "") or 1) - 1
                self._told[name] = (heard_s(Decimal(told)), self._now_ns, ahead, self._best(ahead))
        super()._answered(answer)

    def _best(self, ahead: int) -> float | None:
        if not self._every or self._came % self._every:
            return None
        began = (self._now_ns if one.talk_ns is None else one.talk_ns for one in self.state.agents.values())
        return self._oracle.share([(self._now_ns - one) / SECOND_NS for one in began], ahead)

    def _ring(self, caller: Caller, label: RingAgent) -> None:
        if caller.name in self._told:
            heard, since_ns, ahead, best = self._told.pop(caller.name)
            self.rows.append(Row(heard, (self._now_ns - since_ns) / SECOND_NS, ahead, best))
        super()._ring(caller, label)
        if caller.leg is not None:
            self._tell(CallTold(self._now_ns, BOX, LegConnected(contact=caller.name, leg=caller.leg, sample=0)))

    def _lasts(self) -> float:
        spread = self._pattern.spread
        if spread == 1.0:
            return super()._lasts()
        sigma = math.sqrt(math.log(1 + spread * spread))
        return self._random.lognormvariate(math.log(self._talk_s) - sigma * sigma / 2, sigma)


def measured(pattern: Pattern, seed: int = 1, every: int = 0) -> Told:
    """The pattern from its first call to its last."""
    crowd = Expecting(pattern, seed, every=every)
    crowd.run(pattern.calls)
    return Told(crowd.rows)


def whole_of(teams: Iterable[Told]) -> Told:
    """All of them together."""
    return Told([row for told in teams for row in told.rows])


def of_day(load: float) -> Callable[[float], float]:
    """A working day: it fills until ten, is above all agents until noon and again after lunch, and empties."""
    hours = (0.6, 0.9, 1.1, 1.1, 0.8, 0.8, 1.05, 1.05, 0.8, 0.6)
    return lambda share: load * hours[min(len(hours) - 1, int(share * len(hours)))]


PATTERNS = (
    Pattern("steady", 20, lambda _: 0.97),
    Pattern("steady, 100 agents", 100, lambda _: 1.02, calls=6000),
    Pattern("ramp", 20, lambda share: 0.6 + 0.9 * share if share < 0.6 else 0.5),
    Pattern("few agents", 3, lambda _: 0.95, calls=1500),
    Pattern("one agent", 1, lambda _: 0.9, calls=600),
    Pattern("overload, who give up", 20, lambda _: 1.4, patience_s=300.0),
    Pattern("peak, who give up", 20, lambda share: 1.6 if 0.3 < share < 0.6 else 0.7, patience_s=600.0),
    Pattern("talks of any length", 20, lambda _: 0.97, spread=1.0),
)
CALLS_OF_AN_AGENT = 120
"""In ten hours, at three minutes each and an hour's break."""
DAY = tuple(
    Pattern(f"team of {agents}", agents, of_day(0.95), spread, patience_s=900.0, calls=CALLS_OF_AN_AGENT * agents)
    for agents, spread in ((1, 0.6), (3, 0.6), (6, 0.6), (20, 0.6), (60, 0.6))
)
"""A bank's contact center of 90 agents: one for foreign customers, three for securities, and so on."""

# SPDX-License-Identifier: GPL-2.0-only
"""How far what callers are told of their wait is from what it was, in one load pattern.

told = measured(PATTERNS[0])
told.share()     # of those who waited until an agent was theirs: who were told what came to be
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import msgspec

from appliance.router.events import CallTold
from appliance.router.rules import Rules
from appliance.router.world import View
from appliance.wire.calls import LegConnected
from appliance.wire.routes import RingAgent, RouteAnswer, Treat
from tests.router.simulation import BOX, SECOND_NS, Caller, Crowd

TALK_S = 180.0
WITHIN = 0.3


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


class Told(msgspec.Struct):
    """Of each who waited: seconds told, seconds it was, how many were ahead."""

    rows: list[tuple[int, float, int]]

    def share(self, ahead: int = 0) -> float:
        """Of those with so many ahead: within 30 % of what it was; who hears "less than a minute": if it was."""
        rows = [(told, was) for told, was, before in self.rows if before >= ahead]
        right = (was < 60 * (1 + WITHIN) if told < 60 else abs(told - was) <= WITHIN * was for told, was in rows)
        return sum(right) / max(1, len(rows))

    @property
    def means(self) -> tuple[float, float]:
        """Told, and how long it was."""
        told, was, _ = zip(*self.rows, strict=True)
        return statistics.fmean(told), statistics.fmean(was)


class Expecting(Crowd):
    """Asks what a caller would be told as he begins to wait."""

    def __init__(self, pattern: Pattern, seed: int = 1, known: Rules | None = None) -> None:
        self._pattern = pattern
        self._told: dict[str, tuple[int, int, int]] = {}
        self.rows: list[tuple[int, float, int]] = []
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
                self._told[name] = (told, self._now_ns, (view("position", "") or 1) - 1)
        super()._answered(answer)

    def _ring(self, caller: Caller, label: RingAgent) -> None:
        told = self._told.pop(caller.name, None)
        if told is not None:
            self.rows.append((told[0], (self._now_ns - told[1]) / SECOND_NS, told[2]))
        super()._ring(caller, label)
        if caller.leg is not None:
            self._tell(CallTold(self._now_ns, BOX, LegConnected(contact=caller.name, leg=caller.leg, sample=0)))

    def _lasts(self) -> float:
        spread = self._pattern.spread
        if spread == 1.0:
            return super()._lasts()
        sigma = math.sqrt(math.log(1 + spread * spread))
        return self._random.lognormvariate(math.log(self._talk_s) - sigma * sigma / 2, sigma)


def measured(pattern: Pattern, seed: int = 1) -> Told:
    """The pattern from its first call to its last."""
    crowd = Expecting(pattern, seed)
    crowd.run(pattern.calls)
    return Told(crowd.rows)


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

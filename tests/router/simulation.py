# SPDX-License-Identifier: GPL-2.0-only
"""Callers, phones and branches around the real router under a virtual clock; what went wrong is counted, not raised.

crowd = Crowd(seed=1, agents=10, arrivals_s=0.9, talk_s=10.0)
crowd.run(calls=20_000)
crowd.waits_s, crowd.counts
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable

from appliance.router.apply import apply
from appliance.router.events import (
    Answer,
    Assigned,
    BranchHeard,
    BranchSilent,
    CallTold,
    Effect,
    Event,
    LifeBegan,
    RouteAsked,
    TimePassed,
)
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State, Waiting
from appliance.script.nodes import Queue, Release, Script, Text
from appliance.wire.calls import ContactEnded, LegBegan, LegEnded
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest, Treat

SECOND_NS = 1_000_000_000
BOX = "BR-0001"
RING_S = 5.0
GROUP = "card"


def rules(agents: int, wait_s: int) -> Rules:
    """Two call types, one before the other, for one skill group."""
    scripts = {
        name: Script(
            name,
            "v",
            Text(
                start="card",
                nodes={
                    "card": Queue(queues=(GROUP,), otherwise="gone", hold=("music",), wait_s=wait_s, priority=priority),
                    "gone": Release(cause=17),
                },
            ),
        )
        for name, priority in (("plain", 5), ("gold", 1))
    }
    names = tuple(f"a{number}" for number in range(agents))
    return Rules(
        call_types={dnis: CallType(name, dnis, name) for dnis, name in (("1", "plain"), ("2", "gold"))},
        queues={GROUP: skill_group(*names)},
        seats={name: Seat(name, name, BOX, name) for name in names},
        scripts=scripts,
    )


class Caller:
    """One, and how long he waits before he gives up."""

    def __init__(self, name: str, dnis: str, came_ns: int) -> None:
        self.name, self.dnis, self.came_ns = name, dnis, came_ns
        self.cursor, self.ced, self.asked = "", "", 0
        self.refused: tuple[str, ...] = ()
        self.leg: str | None = None
        self.talked = self.gone = False


class Crowd:
    """Without `faults` everybody answers, no branch and no router dies: theory's queue. `patience_s`: its mean."""

    def __init__(
        self,
        *,
        seed: int,
        agents: int,
        arrivals_s: float,
        talk_s: float,
        wait_s: int = 86_400,
        faults: bool = False,
        known: Rules | None = None,
        patience_s: float = 0.0,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.waits_s: list[float] = []
        self.left_s: list[float] = []
        """Waited by those who gave up."""
        self.stood_s = 0.0
        """The router's queue over the time, callers × seconds."""
        self.state: State = EMPTY
        self._random = random.Random(seed)  # noqa: S311 - the same crowd each time
        self._rules = known or rules(agents, wait_s)
        self._arrivals_s, self._talk_s, self._faults, self._patience_s = arrivals_s, talk_s, faults, patience_s
        self._now_ns = self._seen_ns = SECOND_NS
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = itertools.count()
        self._callers: dict[str, Caller] = {}
        self._requests: dict[str, Caller] = {}
        self._lives = 0
        self._live()
        self._tell(BranchHeard(self._now_ns, BOX))

    def run(self, calls: int) -> None:
        """So many callers come; until the last of them is gone."""
        self._later(0.0, lambda: self._come(calls))
        if self._faults:
            self._later(50.0, lambda: self._trouble(calls))
        while self._due or self.state.waiting or self.state.reservations:
            expiry = self.state.next_due_ns()
            if not self._due or (expiry is not None and expiry < self._due[0][0]):
                assert expiry is not None
                self._now_ns = max(self._now_ns, expiry)
                self._tell(TimePassed(self._now_ns))
                continue
            self._now_ns, _, happen = heapq.heappop(self._due)
            happen()
        self.counts["left over"] = len(self.state.waiting) + len(self.state.places) + len(self._callers)

    # Callers.

    def _come(self, left: int) -> None:
        caller = Caller(f"c{next(self._serial)}", self._dnis(), self._now_ns)
        self._callers[caller.name] = caller
        self.counts["offered"] += 1
        self._ask(caller, "offered")
        if self._faults and self._random.random() < 0.3:
            self._later(self._random.expovariate(1 / 30), lambda: self._give_up(caller))
        if self._patience_s and not caller.talked:
            self._later(self._random.expovariate(1 / self._patience_s), lambda: self._give_up(caller))
        if left > 1:
            self._later(self._random.expovariate(1 / self._arrivals_s), lambda: self._come(left - 1))

    def _dnis(self) -> str:
        return "2" if self._random.random() < 0.2 else "1"

    def _ask(self, caller: Caller, outcome: str) -> None:
        caller.asked += 1
        name = f"{caller.name}.{caller.asked}"
        self._requests[name] = caller
        request = RouteRequest(
            request=name,
            contact=caller.name,
            dnis=caller.dnis,
            outcome=outcome,
            ced=caller.ced,
            cursor=caller.cursor,
            refused_agents=caller.refused,
        )
        self._tell(RouteAsked(self._now_ns, BOX, request, self._now_ns))

    def _answered(self, answer: RouteAnswer) -> None:
        caller = self._requests[answer.request]
        caller.cursor = answer.cursor
        if isinstance(answer.action, RingAgent):
            self._ring(caller, answer.action)
        elif isinstance(answer.action, Treat):
            asked = caller.asked
            seconds = answer.action.verbs[0].seconds  # type: ignore[union-attr]
            self._later(float(seconds or 0), lambda: self._ask_again(caller, asked))
        else:
            self._end(caller, "refused")

    def _ask_again(self, caller: Caller, asked: int) -> None:
        if caller.asked == asked and caller.leg is None and not caller.gone:
            self._ask(caller, "played")

    def _assigned(self, answer: RouteAnswer) -> None:
        caller = self._requests[answer.request]
        lost = self._faults and self._random.random() < 0.05
        late = caller.gone or caller.leg is not None or answer.request != f"{caller.name}.{caller.asked}"
        if not lost and not late and isinstance(answer.action, RingAgent):
            self._ring(caller, answer.action)

    def _ring(self, caller: Caller, label: RingAgent) -> None:
        caller.leg = f"l{next(self._serial)}"
        began = LegBegan(
            contact=caller.name,
            leg=caller.leg,
            direction=Direction.OUTGOING,
            channel="sip",
            to=label.extension,
            agent=label.agent,
            token=label.token,
        )
        self._tell(CallTold(self._now_ns, BOX, began))
        if self._faults and self._random.random() < 0.1:
            self._later(RING_S, lambda: self._not_taken(caller, label.agent))
            return
        caller.talked = True
        self.waits_s.append((self._now_ns - caller.came_ns) / SECOND_NS)
        self._later(self._lasts(), lambda: self._end(caller, "answered"))

    def _lasts(self) -> float:
        return self._random.expovariate(1 / self._talk_s)

    def _not_taken(self, caller: Caller, agent: str) -> None:
        if not caller.gone:
            caller.refused = (*caller.refused, agent)[-2:]
            self._hang_up(caller)
            self._ask(caller, "no-answer")

    def _give_up(self, caller: Caller) -> None:
        if not caller.talked and not caller.gone:
            self.left_s.append((self._now_ns - caller.came_ns) / SECOND_NS)
            self._end(caller, "abandoned")

    def _end(self, caller: Caller, how: str) -> None:
        if not caller.gone:
            caller.gone = True
            self.counts[how] += 1
            self._hang_up(caller)
            self._callers.pop(caller.name)
            self._tell(CallTold(self._now_ns, BOX, ContactEnded(contact=caller.name, cause=16, by="caller")))

    def _hang_up(self, caller: Caller) -> None:
        if caller.leg is not None:
            leg, caller.leg = caller.leg, None
            self._tell(
                CallTold(
                    self._now_ns, BOX, LegEnded(contact=caller.name, leg=leg, cause=16, by=ReleasedBy.PEER, sample=0)
                )
            )

    # What goes wrong.

    def _trouble(self, calls: int) -> None:
        if self._random.random() < 0.5:
            self._tell(BranchSilent(self._now_ns, BOX))
        else:
            self._live()
        self._later(2.0, lambda: self._tell(BranchHeard(self._now_ns, BOX)))
        if self.counts["offered"] < calls:
            self._later(50.0, lambda: self._trouble(calls))

    def _live(self) -> None:
        self._lives += 1
        legs = tuple(
            (agent, leg, one.legs[leg]) for agent, one in sorted(self.state.agents.items()) for leg in sorted(one.legs)
        )
        self._tell(LifeBegan(self._now_ns, f"life{self._lives}", self._rules, legs))

    # The router.

    def _later(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._now_ns + round(seconds * SECOND_NS), next(self._serial), happen))

    def _tell(self, event: Event) -> None:
        self.stood_s += len(self.state.waiting) * (self._now_ns - self._seen_ns) / SECOND_NS
        self._seen_ns = self._now_ns
        self.state, effects = apply(self.state, event)
        self.counts["events"] += 1
        self._write(event, effects)
        self._judge(tuple(one.answer for one in effects if isinstance(one, Assigned)))
        for effect in effects:
            if isinstance(effect, Answer):
                self._answered(effect.answer)
            elif isinstance(effect, Assigned):
                self._assigned(effect.answer)

    def _write(self, event: Event, effects: tuple[Effect, ...]) -> None:
        """For whoever keeps a journal."""

    def _judge(self, given: tuple[RouteAnswer, ...]) -> None:
        """What must never be."""
        held = Counter(one.agent for one in self.state.reservations.values())
        self.counts["double"] += sum(count - 1 for count in held.values())
        waits = [one for one in self.state.waiting.values() if one.token is None]
        for answer in given:
            had = next((one for one in self.state.waiting.values() if one.answer.request == answer.request), None)
            if had is None:  # it has asked again in the same instant
                continue
            agent = answer.action.agent if isinstance(answer.action, RingAgent) else ""
            self.counts["inversions"] += any(_key(one) < _key(had) and agent not in one.reach.refused for one in waits)


def _key(waits: Waiting) -> tuple[int, int, int]:
    return waits.place.priority, waits.place.queued_ns, waits.place.tie

# SPDX-License-Identifier: GPL-2.0-only
"""`apply()` alone, in CPU time, under a virtual clock: agents who are busy, and callers as many as keep them so.

flow = Flow(rules, occupancy=0.9)
flow.run(2_000)
flow.took_ns["RouteAsked"], flow.life_ns
"""

import heapq
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Callable

from appliance.router.apply import apply
from appliance.router.events import (
    Answer,
    Assigned,
    BranchHeard,
    CallTold,
    Effect,
    Event,
    LifeBegan,
    RouteAsked,
    TimePassed,
)
from appliance.router.rules import Rules
from appliance.router.state import EMPTY, State
from appliance.router.states import AgentState
from appliance.wire.calls import CallEvent, ContactEnded, LegBegan, LegConnected, LegEnded
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest, Treat

SECOND_NS = 1_000_000_000
TALK_S = 180.0
RING_S = 5.0
PIECE_S = 20.0


class Caller:
    """One; `request` is the last question."""

    def __init__(self, box: str, contact: str, dnis: str) -> None:
        self.box, self.contact, self.dnis = box, contact, dnis
        self.leg = f"{contact}.agent"
        self.request = self.cursor = ""
        self.waits = False


class Flow:
    """`queued` contacts wait when it begins, then everybody is busy; nobody gives up. `told` hears of all of it."""

    def __init__(
        self,
        rules: Rules,
        occupancy: float,
        queued: int = 0,
        told: Callable[[Event, tuple[Effect, ...]], None] = lambda _event, _effects: None,
    ) -> None:
        self.state: State = EMPTY
        self.took_ns: defaultdict[str, list[int]] = defaultdict(list)
        self.ended = 0
        self._random = random.Random(1)  # noqa: S311 - the same callers each time
        self._numbers = sorted(rules.call_types)
        self._boxes = sorted({seat.box for seat in rules.seats.values()})
        self._arrival_s = (TALK_S + RING_S) / (len(rules.seats) * occupancy)
        self._now_ns = SECOND_NS
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = itertools.count(1)
        self._requests: dict[str, Caller] = {}
        self._heard = told
        self._begin(rules, round(len(rules.seats) * (1.0 if queued else occupancy)), queued)

    @property
    def occupancy(self) -> float:
        """How many of the agents are not to be had now."""
        agents = self.state.agents.values()
        return sum(agent.state is not AgentState.AVAILABLE for agent in agents) / len(agents)

    @property
    def life_ns(self) -> float:
        """What all events took, by contacts that have ended."""
        return sum(map(sum, self.took_ns.values())) / self.ended

    def run(self, decisions: int) -> None:
        """Until so many more questions were answered."""
        until = len(self.took_ns["RouteAsked"]) + decisions
        while len(self.took_ns["RouteAsked"]) < until:
            self.step()

    def step(self) -> None:
        """What happens next."""
        due_ns = self.state.next_due_ns()
        if due_ns is not None and due_ns < self._due[0][0]:
            self._now_ns = due_ns
            self._tell(TimePassed(due_ns))
            return
        self._now_ns, _, happen = heapq.heappop(self._due)
        happen()

    def _begin(self, rules: Rules, busy: int, queued: int) -> None:
        agents = self._random.sample(sorted(rules.seats), busy)
        self._tell(
            LifeBegan(
                self._now_ns, "bench", rules, tuple((agent, f"leg.{agent}", f"before.{agent}") for agent in agents)
            )
        )
        for box in self._boxes:
            self._tell(BranchHeard(self._now_ns, box))
        for agent in agents:
            before = Caller(rules.seats[agent].box, f"before.{agent}", "")
            before.leg = f"leg.{agent}"
            self._talk(before)
        if queued:
            self._fill(queued)
        while len(self.state.waiting) < queued:
            self.step()
        self._callers_come()
        self.took_ns.clear()
        self.ended = 0

    def _fill(self, queued: int) -> None:
        """Callers of one PIECE_S, evenly, and more until so many wait."""
        self._come()
        if len(self.state.waiting) < queued:
            self._later(PIECE_S / queued, lambda: self._fill(queued))

    # Callers.

    def _callers_come(self) -> None:
        self._come()
        self._later(self._random.expovariate(1 / self._arrival_s), self._callers_come)

    def _come(self) -> None:
        box = self._random.choice(self._boxes)
        self._ask(Caller(box, f"{box}.bench.{next(self._serial)}", self._random.choice(self._numbers)), "offered")

    def _ask(self, caller: Caller, outcome: str) -> None:
        caller.request = f"r{next(self._serial)}"
        self._requests[caller.request] = caller
        request = RouteRequest(
            request=caller.request,
            contact=caller.contact,
            dnis=caller.dnis,
            outcome=outcome,
            cursor=caller.cursor,
            reaches=tuple(box for box in self._boxes if box != caller.box),
        )
        self._tell(RouteAsked(self._now_ns, caller.box, request, self._now_ns))

    def _answered(self, answer: RouteAnswer) -> None:
        caller = self._requests[answer.request]
        caller.cursor, caller.waits = answer.cursor, isinstance(answer.action, Treat)
        if isinstance(answer.action, RingAgent):
            self._ring(caller, answer.action)
        else:
            self._later(PIECE_S, lambda: self._ask_again(caller, answer.request))

    def _ask_again(self, caller: Caller, request: str) -> None:
        del self._requests[request]
        if caller.waits and caller.request == request:
            self._ask(caller, "played")

    def _ring(self, caller: Caller, ring: RingAgent) -> None:
        contact, phone = caller.contact, ring.extension
        began = LegBegan(
            contact=contact,
            leg=caller.leg,
            direction=Direction.OUTGOING,
            channel=f"sip {phone}",
            to=phone,
            agent=ring.agent,
            token=ring.token,
        )
        self._told(caller, began)
        self._later(self._random.uniform(0, 2 * RING_S), lambda: self._connected(caller))

    def _connected(self, caller: Caller) -> None:
        self._told(caller, LegConnected(contact=caller.contact, leg=caller.leg, sample=0))
        self._talk(caller)

    def _talk(self, caller: Caller) -> None:
        self._later(self._random.expovariate(1 / TALK_S), lambda: self._end(caller))

    def _end(self, caller: Caller) -> None:
        self._told(caller, LegEnded(contact=caller.contact, leg=caller.leg, cause=16, by=ReleasedBy.PEER, sample=0))
        self._told(caller, ContactEnded(contact=caller.contact, cause=16, by="caller"))
        self.ended += 1

    # The router.

    def _later(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._now_ns + round(seconds * SECOND_NS), next(self._serial), happen))

    def _told(self, caller: Caller, event: CallEvent) -> None:
        self._tell(CallTold(self._now_ns, caller.box, event))

    def _tell(self, event: Event) -> None:
        began_ns = time.thread_time_ns()
        self.state, effects = apply(self.state, event)
        self.took_ns[type(event).__name__].append(time.thread_time_ns() - began_ns)
        self._heard(event, effects)
        for effect in effects:
            if isinstance(effect, Answer | Assigned):
                self._answered(effect.answer)

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
from collections.abc import Callable, Iterator

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
from appliance.router.rows import agent_row
from appliance.router.rules import VOICE, Rules
from appliance.router.state import EMPTY, State
from appliance.wire.calls import CallEvent, ContactEnded, LegBegan, LegConnected, LegEnded
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import Action, RingAgent, RouteAnswer, RouteRequest, Treat
from appliance.wire.treatments import Music
from tests.bench.router.channels import MEDIA, SHARES, SLOTS

SECOND_NS = 1_000_000_000
TALK_S = 180.0
RING_S = 5.0
PIECE_S = 20.0


class Caller:
    """One, or a contact of another channel; `request` is the last question."""

    def __init__(self, box: str, contact: str, dnis: str, kind: str = VOICE) -> None:
        self.box, self.contact, self.dnis, self.kind = box, contact, dnis, kind
        self.leg = f"{contact}.agent"
        self.request = self.cursor = ""
        self.waits = False


class Flow:
    """`queued` contacts wait when it begins, then everybody is busy; nobody gives up. `told` hears of all of it.

    `begins_ns`: the clock's time then.
    """

    def __init__(
        self,
        rules: Rules,
        occupancy: float,
        queued: int = 0,
        told: Callable[[Event, tuple[Effect, ...]], None] = lambda _event, _effects: None,
        begins_ns: int = SECOND_NS,
    ) -> None:
        self.state: State = EMPTY
        self.took_ns: defaultdict[str, list[int]] = defaultdict(list)
        self.ended = 0
        self._random = random.Random(1)  # noqa: S311 - the same callers each time
        self._numbers = {kind: sorted(_numbers(rules, kind)) for kind in SHARES if _numbers(rules, kind)}
        self._boxes = sorted({seat.box for seat in rules.seats.values()} - {MEDIA})
        self._phones = sorted(seat.agent for seat in rules.seats.values() if seat.box != MEDIA)
        self._arrival_s = (TALK_S + RING_S) / (len(self._phones) * occupancy)
        self._now_ns = begins_ns
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = itertools.count(1)
        self._requests: dict[str, Caller] = {}
        self._heard = told
        self._begin(rules, round(len(self._phones) * (1.0 if queued else occupancy)), queued)

    @property
    def occupancy(self) -> float:
        """How many of the telephones are not to be had now."""
        free = sum(agent_row(self.state, name, self.state.agents[name])[0] is not None for name in self._phones)
        return 1 - free / len(self._phones)

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
        there = list(self._at_work(rules, self._random.sample(self._phones, busy)))
        legs = tuple((agent, one.leg, one.contact) for agent, one in there)
        self._tell(LifeBegan(self._now_ns, "bench", rules, legs))
        for box in sorted({seat.box for seat in rules.seats.values()}):
            self._tell(BranchHeard(self._now_ns, box))
        for _, before in there:
            self._talk(before)
        if queued:
            self._fill(queued)
        while len(self.state.waiting) < queued:
            self.step()
        self._callers_come()
        self.took_ns.clear()
        self.ended = 0

    def _at_work(self, rules: Rules, agents: list[str]) -> Iterator[tuple[str, Caller]]:
        """Each with a call, or as many contacts of another channel as there are slots, by the channels' shares."""
        kinds = self._random.choices(list(self._numbers), [SHARES[kind] for kind in self._numbers], k=len(agents))
        for agent, kind in zip(agents, kinds, strict=True):
            for number in range(SLOTS.get(kind, 1)):
                box = rules.seats[agent].box if kind == VOICE else MEDIA
                one = Caller(box, f"before.{agent}.{number}", "", kind)
                one.leg = f"leg.{agent}.{number}"
                yield agent if kind == VOICE else f"{agent}/{kind}", one

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
        (kind,) = self._random.choices(list(self._numbers), [SHARES[kind] for kind in self._numbers])
        box = self._random.choice(self._boxes) if kind == VOICE else MEDIA
        contact = f"{box}.bench.{next(self._serial)}"
        self._ask(Caller(box, contact, self._random.choice(self._numbers[kind]), kind), "offered")

    def _ask(self, caller: Caller, outcome: str) -> None:
        caller.request = f"r{next(self._serial)}"
        self._requests[caller.request] = caller
        request = RouteRequest(
            request=caller.request,
            contact=caller.contact,
            dnis=caller.dnis,
            outcome=outcome,
            cursor=caller.cursor,
            reaches=tuple(box for box in self._boxes if box != caller.box) if caller.kind == VOICE else (),
            kind=caller.kind,
        )
        self._tell(RouteAsked(self._now_ns, caller.box, request, self._now_ns))

    def _answered(self, answer: RouteAnswer) -> None:
        caller = self._requests[answer.request]
        caller.cursor, caller.waits = answer.cursor, isinstance(answer.action, Treat)
        if isinstance(answer.action, RingAgent):
            self._ring(caller, answer.action)
        else:
            self._later(_lasts_s(answer.action), lambda: self._ask_again(caller, answer.request))

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
            kind=caller.kind,
        )
        self._told(caller, began)
        self._later(self._random.uniform(0, 2 * RING_S), lambda: self._connected(caller))

    def _connected(self, caller: Caller) -> None:
        self._told(caller, LegConnected(contact=caller.contact, leg=caller.leg, sample=0))
        self._talk(caller)

    def _talk(self, caller: Caller) -> None:
        talk_s = TALK_S * SLOTS.get(caller.kind, 1)
        self._later(self._random.expovariate(1 / talk_s), lambda: self._end(caller))

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


def _numbers(rules: Rules, kind: str) -> list[str]:
    return [one.dnis for one in rules.call_types.values() if one.channel == kind]


def _lasts_s(action: Action) -> float:
    """For how long a contact that waits is played to."""
    (music,) = action.verbs if isinstance(action, Treat) else ()
    return float(music.seconds or PIECE_S) if isinstance(music, Music) else PIECE_S

# SPDX-License-Identifier: GPL-2.0-only
"""Whatever happens to callbacks, callers, agents, branches and the router's life: what must always be so."""

from collections import Counter
from collections.abc import Callable
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.config.outbound import Policy
from appliance.router.apply import apply
from appliance.router.callbacks.states import TABLE, CallbackState
from appliance.router.events import (
    Answer,
    BranchHeard,
    BranchSilent,
    CallbackWished,
    CallTold,
    ContactOrdered,
    ContactsLost,
    Effect,
    Event,
    LifeBegan,
    RouteAsked,
    RulesChanged,
    TimePassed,
)
from appliance.router.rules import skill_group
from appliance.router.state import EMPTY, State
from appliance.wire.callbacks import AddCallback, CancelCallback, PlaceContact
from appliance.wire.calls import ContactEnded, TalkBegan
from appliance.wire.routes import Dial, RouteRequest
from tests.router import test_router_apply as tests
from tests.router.test_callbacks import CURSOR, RULES
from tests.router.test_router_apply import BOX, S
from tests.router.test_walks import free, may_have

pytestmark = pytest.mark.unit

MANY = msgspec.structs.replace(
    RULES,
    queues={"card": skill_group("1001", "1002", wrap_up_s=1)},
    outbound=Policy(numbers=("025",), branches=("BR-0002",), open=4),
)
FEWER = msgspec.structs.replace(MANY, outbound=Policy(numbers=("0250000000",), branches=("BR-0002",)))
NAMES = (
    *("wish", "ask", "gone", "add", "cancel", "rings", "answered", "talks", "hangs up", "fails", "lost", "old"),
    *("heard", "silent", "rules", "life", "time"),
)
OPS = st.tuples(
    st.sampled_from(NAMES),
    st.integers(0, 5),
    st.integers(0, 8 * S),
)
IN_LINE = {CallbackState.WAITING, CallbackState.RESERVED}


class Walk:
    """The router, and what a branch would know of the orders that it was given."""

    def __init__(self) -> None:
        self.state: State = apply(EMPTY, LifeBegan(0, "epoch", MANY))[0]
        self.orders: list[tuple[str, PlaceContact]] = []
        self.dialled: dict[str, set[str]] = {}
        self.at_ns = 0
        self.lives = 0
        self.seen: Counter[str] = Counter()

    def go(self, op: str, number: int, pause_ns: int) -> None:
        self.at_ns += pause_ns
        for event in self._events(op, number):
            before = self.state
            self.state, effects = apply(before, event)
            self._holds(before, effects)

    def _events(self, op: str, number: int) -> list[Event]:
        at, box, clid = self.at_ns, (BOX, "BR-0002")[number % 2], f"0250000000{number}"
        made: dict[str, Callable[[], list[Event]]] = {
            "wish": lambda: [tests.ask(at, f"c{number}", dnis="1", cursor="card/v1/offer/2", clid=clid)],
            "ask": lambda: [tests.ask(at, f"c{number}", dnis="1", cursor=CURSOR, clid=clid)],
            "gone": lambda: [tests.contact_ended(at, f"c{number}")],
            "add": lambda: [
                CallbackWished(at, AddCallback(number=clid, queue="card", window_s=60, pause_s=3, tries=2))
            ],
            "cancel": lambda: [
                CallbackWished(at, CancelCallback(callback=one)) for one in list(self.state.callbacks)[:1]
            ],
            "heard": lambda: [BranchHeard(at, box)],
            "silent": lambda: [BranchSilent(at, box)],
            "rules": lambda: [RulesChanged(at, (MANY, FEWER)[number % 2])],
            "life": self._born,
            "time": lambda: [TimePassed(at)],
        }
        return made[op]() if op in made else self._try(op, number)

    def _born(self) -> list[Event]:
        self.lives += 1
        legs = ((name, *one) for name, agent in self.state.agents.items() for one in agent.legs.items())
        return [LifeBegan(self.at_ns, f"life{self.lives}", MANY, tuple(legs))]

    def _try(self, op: str, number: int) -> list[Event]:
        """Of the last orders one; `old` of all."""
        if not self.orders:
            return []
        at = self.at_ns
        box, order = self.orders[number % len(self.orders) if op == "old" else -1 - number % min(2, len(self.orders))]
        leg = f"leg.{order.contact}"
        gone = tests.leg_ended(at, leg, order.contact)
        match op:
            case "rings":
                return [tests.leg_began(at, order.ring.agent, leg, order.contact, order.ring.token)]
            case "answered" | "old":
                request = RouteRequest(
                    request=f"r{at}",
                    contact=order.contact,
                    dnis=order.number,
                    outcome="agent-answered",
                    callback=order.callback,
                )
                return [RouteAsked(at, box, request, at)]
            case "talks":
                return [CallTold(at, box, TalkBegan(contact=order.contact, leg=leg, sample=0))]
            case "hangs up":
                return [gone, CallTold(at, box, ContactEnded(contact=order.contact, cause=16, by="caller"))]
            case "fails":
                cause = (17, 19, 3)[number % 3]
                return [gone, CallTold(at, box, ContactEnded(contact=order.contact, cause=cause, by="called"))]
        return [ContactsLost(at, box, (order.contact,))]

    def _holds(self, before: State, effects: tuple[Effect, ...]) -> None:
        state = self.state
        tests.check(state)
        there = set(free(state))
        for waits in state.waiting.values():
            assert not may_have(state, waits) & there, "somebody waits beside a free agent"
        for name, one in state.callbacks.items():
            assert (name in state.waiting) == (one.state in IN_LINE), one
            assert (name in state.places) == (one.state is not CallbackState.OVER), one
            if one.state in IN_LINE:
                assert (one.state is CallbackState.RESERVED) == (state.waiting[name].token is not None), one
            assert one.tries <= one.most
            was = before.callbacks.get(name)
            if was is None or was.state is not one.state:
                self.seen[one.state] += 1
                self.seen[one.outcome] += one.state is CallbackState.OVER
            if was is not None and was.state is CallbackState.OVER:
                assert one == was, "over is over"
        for name, was in before.callbacks.items():
            assert was.state is CallbackState.OVER or name in state.callbacks, "a callback is lost"
        open_ones = [one.number for one in state.callbacks.values() if one.state is not CallbackState.OVER]
        assert len(open_ones) == len(set(open_ones)), "a number is open twice"
        for effect in effects:
            if isinstance(effect, ContactOrdered):
                self.orders.append((effect.box, effect.order))
            elif isinstance(effect, Answer) and isinstance(effect.answer.action, Dial):
                self._may_dial(effect.answer.request)

    def _may_dial(self, request: str) -> None:
        dialling = [one for one in self.state.callbacks.values() if one.state is CallbackState.DIALLING]
        assert any(request == f"r{self.at_ns}" for _ in dialling)
        for one in dialling:
            self.dialled.setdefault(one.callback, set()).add(one.contact)
            assert len(self.dialled[one.callback]) <= one.most, "dialled more often than it is tried"


@settings(max_examples=300, deadline=None)
@given(st.lists(OPS, max_size=60))
def test_no_callback_is_lost_overtaken_or_dialled_twice_for_one_try(ops: list[tuple[str, int, int]]) -> None:
    walk = Walk()
    for op in ops:
        walk.go(*op)


def test_such_walks_come_to_every_state_and_every_end() -> None:
    random, seen = Random(20), Counter[str]()  # noqa: S311 - a walk
    for _ in range(60):
        walk = Walk()
        for _ in range(120):
            walk.go(random.choice(NAMES), random.randrange(6), random.randrange(2 * S))
        seen += walk.seen
    assert {*CallbackState, "reached", "busy", "no answer", "cancelled", "expired", "lost"} <= set(seen), seen


def test_every_state_is_left_by_its_end() -> None:
    assert all(
        CallbackState.OVER in cells.values() for state, cells in TABLE.items() if state is not CallbackState.OVER
    )

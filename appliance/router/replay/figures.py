# SPDX-License-Identifier: GPL-2.0-only
"""The figures of a day, counted alike from what was recorded and from what would have been.

    count = Count(state, from_ns)
    count.see(at_ns, event, effects)      # each step, in order
    count.follow(rules, agents, at_ns)    # where its rules are others from then on
    count.queues(to_ns, 20), count.call_types(20)

A contact counts in its call type and in one queue: the one whose agent was rung last, else the first that it waits in.
Its wait is from its first queue to the agent's answer, or to its end. Service level is the share answered within the
threshold of all that were answered or abandoned in a queue; abandoned is who left by themselves before an answer.
Occupancy is talk, ringing and wrap-up of the queue's agents over the time that they were there and ready.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from appliance.router import slots
from appliance.router.events import AgentMoved, Answer, Assigned, CallTold, Effect, Event, RouteAsked
from appliance.router.rules import Rules
from appliance.router.state import State
from appliance.router.states import AgentState
from appliance.wire.calls import CallEvent, ContactEnded, LegBegan, LegConnected
from appliance.wire.routes import Release, RingAgent, RouteAnswer

SECOND_NS = 1_000_000_000
OCCUPIED = (AgentState.BUSY.value, AgentState.WRAP_UP.value, AgentState.INTERRUPTED.value)
AWAY = (AgentState.LOGGED_OUT.value, AgentState.NOT_READY.value)
_NOT_THERE = (AWAY[0], 0)
BY_THEMSELVES = "caller"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Of one queue or call type. `queued` were answered or abandoned in a queue, `within` answered in time."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    queued: int = 0
    within: int = 0
    answers_ns: int = 0
    longest_ns: int = 0
    occupied_ns: int = 0
    staffed_ns: int = 0

    @property
    def service_level(self) -> float | None:
        """Percent."""
        return 100 * self.within / self.queued if self.queued else None

    @property
    def asa_s(self) -> float | None:
        """Average speed of answer."""
        return self.answers_ns / self.answered / SECOND_NS if self.answered else None

    @property
    def longest_s(self) -> float | None:
        """The longest wait, answered or not."""
        return self.longest_ns / SECOND_NS if self.offered else None

    @property
    def occupancy(self) -> float | None:
        """Percent."""
        return 100 * self.occupied_ns / self.staffed_ns if self.staffed_ns else None


class Fate(msgspec.Struct):
    """What became of a contact so far."""

    came_ns: int
    call_type: str = ""
    queue: str = ""
    queued_ns: int | None = None
    answered_ns: int | None = None
    ended_ns: int | None = None
    left: bool = False

    @property
    def abandoned(self) -> bool:
        """Before an answer, by themselves."""
        return self.left and self.answered_ns is None


class Count:
    """Follows one run of the router."""

    def __init__(self, state: State, from_ns: int) -> None:
        self.fates: dict[str, Fate] = {}
        self._known = set(state.places) | set(state.waiting)
        self._released: set[str] = set()
        self._contacts: dict[str, str] = {one.answer.request: one.contact for one in state.waiting.values()}
        self._legs: dict[str, str] = {}
        self._now = {slots.key_of(name): (agent.state.value, from_ns) for name, agent in state.agents.items()}
        self._occupied_ns: Counter[str] = Counter()
        self._staffed_ns: Counter[str] = Counter()
        self._members: dict[str, set[str]] = {}
        self._rules = state.rules

    def see(self, at_ns: int, event: Event, effects: Iterable[Effect]) -> None:
        """What came of the event."""
        if isinstance(event, CallTold):
            self._told(event.event, at_ns)
        elif isinstance(event, RouteAsked):
            self._asked(event)
        for effect in effects:  # asked by class once, the most frequent first: of these steps a day has a million
            if isinstance(effect, AgentMoved):
                self._moved(effect)
            elif isinstance(effect, (Answer, Assigned)):
                self._decided(effect.answer, at_ns)

    def follow(self, rules: Rules, agents: Iterable[str], at_ns: int) -> None:
        """By other rules, with these agents, all there are: who is not named any more is not there."""
        self._join()
        for name in self._now.keys() - {slots.key_of(name) for name in agents}:
            self._until(name, at_ns)
            del self._now[name]
        self._rules = rules

    def contact_of(self, request: str) -> str:
        """Whose question it was."""
        return self._contacts.get(request, "")

    def queues(self, to_ns: int, threshold_s: int) -> dict[str, Row]:
        """All that there were at any time of the day."""
        for name in list(self._now):
            self._until(name, to_ns)
        self._join()
        rows = _rows(((fate.queue, fate) for fate in self.fates.values() if fate.queue), threshold_s)
        return {
            queue: msgspec.structs.replace(
                rows.get(queue, Row()),
                occupied_ns=sum(self._occupied_ns[agent] for agent in sorted(members)),
                staffed_ns=sum(self._staffed_ns[agent] for agent in sorted(members)),
            )
            for queue, members in self._members.items()
        }

    def call_types(self, threshold_s: int) -> dict[str, Row]:
        """Those that somebody called."""
        return _rows(((fate.call_type, fate) for fate in self.fates.values()), threshold_s)

    def _asked(self, asked: RouteAsked) -> None:
        contact = asked.request.contact
        self._contacts[asked.request.request] = contact
        if contact in self.fates or contact in self._known:
            return
        if asked.request.cursor or asked.request.callback:  # it came before the day, or is no caller
            self._known.add(contact)
        else:
            self.fates[contact] = Fate(asked.at_ns)

    def _told(self, event: CallEvent, at_ns: int) -> None:
        if isinstance(event, LegBegan):
            self._legs[event.leg] = event.contact
        elif isinstance(event, LegConnected):
            fate = self.fates.get(self._legs.get(event.leg, ""))
            if fate is not None and fate.answered_ns is None:
                fate.answered_ns = at_ns
        elif isinstance(event, ContactEnded) and (fate := self.fates.get(event.contact)) is not None:
            fate.ended_ns = at_ns
            fate.left = event.by == BY_THEMSELVES and event.contact not in self._released

    def _decided(self, answer: RouteAnswer, at_ns: int) -> None:
        contact, action = self._contacts.get(answer.request, ""), answer.action
        fate = self.fates.get(contact)
        if fate is None:
            return
        fate.call_type = answer.call_type
        if isinstance(action, RingAgent):
            fate.queue = action.queue or fate.queue
        elif isinstance(action, Release):
            self._released.add(contact)
        elif answer.queues:
            fate.queue = answer.queues[0]
        if fate.queue and fate.queued_ns is None:
            fate.queued_ns = at_ns

    def _moved(self, moved: AgentMoved) -> None:
        self._spent(moved.agent, moved.at_ns)
        self._now[moved.agent] = (moved.state, moved.at_ns)

    def _until(self, name: str, at_ns: int) -> None:
        """Its state goes on; the time in it so far is counted."""
        self._now[name] = (self._spent(name, at_ns), max(at_ns, self._now[name][1]))

    def _spent(self, name: str, at_ns: int) -> str:
        """In which state, until now."""
        state, since_ns = self._now.get(name, _NOT_THERE)
        if state not in AWAY and at_ns > since_ns:
            self._staffed_ns[name] += at_ns - since_ns
            if state in OCCUPIED:
                self._occupied_ns[name] += at_ns - since_ns
        return state

    def _join(self) -> None:
        """Who serves a queue, at any time of the day."""
        for queue, rule in self._rules.queues.items():
            self._members.setdefault(queue, set()).update(
                slots.key_of(agent) for step in rule.steps for agent in step.agents
            )


def _rows(fates: Iterable[tuple[str, Fate]], threshold_s: int) -> dict[str, Row]:
    rows: dict[str, dict[str, int]] = {}
    for name, fate in fates:
        row = rows.setdefault(name, dict.fromkeys(Row.__struct_fields__, 0))
        for field, number in _counted(fate, threshold_s * SECOND_NS).items():
            row[field] += number
        if fate.queued_ns is not None:
            end_ns = fate.answered_ns if fate.answered_ns is not None else fate.ended_ns
            row["longest_ns"] = max(row["longest_ns"], (end_ns or fate.queued_ns) - fate.queued_ns)
    return {name: Row(**row) for name, row in sorted(rows.items())}


def _counted(fate: Fate, threshold_ns: int) -> Mapping[str, int]:
    answered = fate.answered_ns is not None
    since_ns = fate.came_ns if fate.queued_ns is None else fate.queued_ns
    waited_ns = fate.answered_ns - since_ns if fate.answered_ns is not None else 0
    return {
        "offered": 1,
        "answered": answered,
        "abandoned": fate.abandoned,
        "queued": answered or (fate.abandoned and fate.queued_ns is not None),
        "within": answered and waited_ns <= threshold_ns,
        "answers_ns": waited_ns,
    }

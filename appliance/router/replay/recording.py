# SPDX-License-Identifier: GPL-2.0-only
"""A day as the router's journal has it: what each contact was told and did in turn, and what happened beside."""

from collections.abc import Callable, Sequence

import msgspec

from appliance.router.agents import NO_ANSWER
from appliance.router.events import (
    AgentMoved,
    AgentWished,
    Answer,
    Assigned,
    CallTold,
    ContactOrdered,
    Event,
    LifeBegan,
    LookupAnswered,
    LookupAsked,
    RouteAsked,
    RulesChanged,
    TimePassed,
)
from appliance.router.journal import Journal
from appliance.router.replay.deciding import PIECE, Step, begun, decided
from appliance.router.replay.figures import Count
from appliance.router.rules import Rules
from appliance.router.state import State
from appliance.router.states import AgentState
from appliance.wire.agents import AgentWish
from appliance.wire.calls import CallEvent, ContactEnded, LegBegan, LegConnected, LegEnded
from appliance.wire.routes import Action, RouteAnswer, Treat
from appliance.wire.treatments import Music

Progress = Callable[[int, int], None]
NOT_READY = AgentState.NOT_READY.value
WORD = 2_000  # entries between two words of progress


class Told(msgspec.Struct, frozen=True):
    """A decision, as the contact's branch was told it; `queued`: it can be told of an agent from then on.

    `waits`: so it does, and hears music alone.
    """

    at_ns: int
    action: Action
    reason: str
    cursor: str
    waits: bool
    queued: bool


class Did(msgspec.Struct, frozen=True):
    """What the contact did, or its branch for it; `seq` is the journal's."""

    at_ns: int
    seq: int
    event: RouteAsked | CallTold


class Beside(msgspec.Struct, frozen=True):
    """What no caller did: a life of the router, other rules, a branch, an agent's wish, a try to call somebody back."""

    at_ns: int
    seq: int
    event: Event


class Looked(msgspec.Struct, frozen=True):
    """A lookup: what was asked, and what came back so long after; `seq` is the answer's in the journal."""

    asked: LookupAsked
    after_ns: int
    seq: int
    answer: LookupAnswered


Chain = list[Told | Did]
"""One contact's day, in order."""


class Recording(msgspec.Struct, kw_only=True):
    """From `from_ns` to before `to_ns`; `start` is the state then."""

    from_ns: int
    to_ns: int
    start: State
    count: Count
    chains: dict[str, Chain] = {}
    beside: list[Beside] = []
    owners: dict[str, str] = {}
    """Leg → contact."""
    came_back: dict[tuple[str, int], int | None] = {}
    """(agent, when they were made not-ready by a phone that rang in vain) → how long they stayed so."""
    looked: dict[str, list[Looked]] = {}
    """By contact."""
    tries: set[str] = set()
    """Contacts that called somebody back."""
    decisions: int = 0
    entries: int = 0

    def rules(self) -> list[Rules]:
        """All that it was decided by."""
        later = (one.event.rules for one in self.beside if isinstance(one.event, LifeBegan | RulesChanged))
        return [self.start.rules, *later]


def read(
    journal: Journal,
    from_ns: int,
    to_ns: int,
    progress: Progress = lambda _done, _all: None,
    piece: int = PIECE,
) -> Recording | None:
    """That time's; None where there is nothing. Raises sqlite3.Error, ValueError where it is not what was decided."""
    start = begun(journal, from_ns, to_ns)
    if start is None:
        return None
    reader, whole = _Reader(start.decoded(), from_ns, to_ns), max(1, journal.seq - start.seq)
    for seq, event, steps in decided(journal, start, to_ns, piece):
        if seq and seq % WORD == 0:
            progress(seq - start.seq, whole)
        reader.take(seq, event, steps)
    return reader.recording


class _Reader:
    def __init__(self, state: State, from_ns: int, to_ns: int) -> None:
        count, tries = Count(state, from_ns), set(state.tries)
        self.recording = Recording(from_ns=from_ns, to_ns=to_ns, start=state, count=count, tries=tries)
        self._vain: dict[str, int] = {}
        self._looking: dict[str, tuple[int, LookupAsked]] = {}

    def take(self, seq: int, event: Event, steps: Sequence[Step]) -> None:
        """The next one."""
        if isinstance(event, TimePassed):
            for step in steps:
                self._see(step, event)
        else:
            *due, own = steps
            for step in due:
                self._see(step, TimePassed(step.at_ns))
            self._note(seq, event, own)
            self._see(own, event)
        self.recording.entries += seq > 0

    def _see(self, step: Step, event: Event) -> None:
        at_ns, count = step.at_ns, self.recording.count
        count.see(at_ns, event, step.effects)
        if step.agents is not None and isinstance(event, LifeBegan | RulesChanged):
            count.follow(event.rules, step.agents, at_ns)
        for effect in step.effects:
            if isinstance(effect, AgentMoved):
                if in_vain(effect):
                    self.recording.came_back[effect.agent, effect.at_ns] = None
                    self._vain[effect.agent] = effect.at_ns
            elif isinstance(effect, (Answer, Assigned)):
                contact = count.contact_of(effect.answer.request)
                if contact not in self.recording.tries:
                    self.recording.decisions += 1
                    self._chain(contact).append(told_of(effect.answer, at_ns))
            elif isinstance(effect, ContactOrdered):
                self.recording.tries.add(effect.order.contact)
            elif isinstance(effect, LookupAsked):
                self._looking[effect.lookup] = at_ns, effect

    def _note(self, seq: int, event: Event, own: Step) -> None:
        """What the simulation will need of it."""
        if isinstance(event, (CallTold, RouteAsked)):
            contact = event.event.contact if isinstance(event, CallTold) else event.request.contact
            if contact in self.recording.tries:
                self.recording.beside.append(Beside(event.at_ns, seq, event))
            elif isinstance(event, RouteAsked) or self._moves(event.event, own):
                self._chain(contact).append(Did(event.at_ns, seq, event))
        elif isinstance(event, LookupAnswered):
            self._answered(seq, event)
        else:
            self.recording.beside.append(Beside(event.at_ns, seq, event))
            if isinstance(event, AgentWished):
                since_ns = self._vain.pop(event.asked.agent, None)
                if since_ns is not None and event.asked.to is AgentWish.READY:
                    self.recording.came_back[event.asked.agent, since_ns] = event.at_ns - since_ns

    def _answered(self, seq: int, event: LookupAnswered) -> None:
        found = self._looking.pop(event.lookup, None)
        if found is not None:
            at_ns, asked = found
            looked = self.recording.looked.setdefault(event.contact, [])
            looked.append(Looked(asked, event.at_ns - at_ns, seq, event))

    def _moves(self, event: CallEvent, own: Step) -> bool:
        """Whether the router heeds what its branch tells: of agents' legs, and the end."""
        owners = self.recording.owners
        if isinstance(event, LegBegan):
            owners[event.leg] = event.contact
            return True
        if isinstance(event, (LegConnected, LegEnded)):
            return own.known or event.leg in owners
        return isinstance(event, ContactEnded)

    def _chain(self, contact: str) -> Chain:
        return self.recording.chains.setdefault(contact, [])


def told_of(answer: RouteAnswer, at_ns: int) -> Told:
    """One decision."""
    music = isinstance(answer.action, Treat) and all(isinstance(verb, Music) for verb in answer.action.verbs)
    queued = bool(answer.queues)
    return Told(at_ns, answer.action, answer.reason, answer.cursor, queued and music, queued)


def in_vain(moved: AgentMoved) -> bool:
    """Whether the agent was made not-ready by a phone that nobody took."""
    return moved.reason == NO_ANSWER and moved.state == NOT_READY

# SPDX-License-Identifier: GPL-2.0-only
"""A recorded day around the real router, with other scripts or rules: a virtual clock and what is due by it.

Law: a contact goes on as it is recorded, step by step, as long as it is told what it was told then; a step comes as
long after the one before it as it did then. So with the same rules every event has its recorded time, and its place
among those of one instant by the journal's number. A contact that is told otherwise, or not told in time, leaves the
recording and lives on by its own patience, talk and digits (`story.py`), which are drawn where it did not show them.

Lives, branches and agents' wishes come when they came. An agent whose phone rings in vain at another moment than
recorded is ready again as long after it as agents were that day.
"""

import heapq
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from appliance.router import capacity, slots
from appliance.router.agents import NO_ANSWER
from appliance.router.apply import apply
from appliance.router.events import (
    AgentMoved,
    AgentWished,
    Answer,
    Assigned,
    BranchHeard,
    CallTold,
    ContactOrdered,
    ContactsLost,
    Effect,
    Event,
    LifeBegan,
    LookupAnswered,
    LookupAsked,
    RouteAsked,
    RulesChanged,
    TimePassed,
)
from appliance.router.replay.caller import Caller, Difference
from appliance.router.replay.figures import BY_THEMSELVES, Count
from appliance.router.replay.recording import Did, Progress, Recording, Told, in_vain, told_of
from appliance.router.replay.story import Habits, Rung, music_ns
from appliance.router.rules import VOICE, Rules
from appliance.router.states import AgentState
from appliance.script.nodes import Script
from appliance.wire.agents import AgentAsked, AgentWish
from appliance.wire.calls import CallEvent, ContactEnded, LegBegan, LegConnected, LegEnded
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import Label, Release, RingAgent, Treat

SECOND_NS = 1_000_000_000
ENDLESS_NS = 2**63 - 1
LATER = 2**62
"""Beyond every number of the journal: what was not recorded comes after what was, in one instant."""
CLEARING = 16  # Q.850: normal call clearing
US = "us"
SHOWN = 5
PIECE = 2_000

_replace = msgspec.structs.replace


class Draft(msgspec.Struct, frozen=True):
    """What is changed: other `rules` for the whole day, else those of the recording, with these scripts in them."""

    rules: Rules | None = None
    scripts: Mapping[str, Script] = {}

    def of(self, recorded: Rules) -> Rules:
        """The rules to decide by, where the recording has those."""
        rules = recorded if self.rules is None else self.rules
        used = {name: script for name, script in self.scripts.items() if name in rules.scripts}
        return _replace(rules, scripts={**rules.scripts, **used}) if used else rules


class Outcome(msgspec.Struct, frozen=True):
    """What would have been: `same` of the recorded decisions at the same instant, and the first that were not."""

    count: Count
    same: int
    otherwise: int
    """Contacts."""
    first: tuple[Difference, ...]


def simulate(recording: Recording, draft: Draft, progress: Progress = lambda _done, _all: None) -> Outcome:
    """The whole day."""
    simulation = Simulation(recording, draft)
    simulation.run(progress)
    return Outcome(simulation.count, simulation.same, simulation.otherwise, tuple(simulation.first))


class Simulation:
    """One run."""

    def __init__(self, recording: Recording, draft: Draft) -> None:
        self.same = self.otherwise = 0
        self.first: list[Difference] = []
        self._recording = recording
        self._draft = draft
        self._state = recording.start
        self._now_ns = recording.from_ns
        self._day_ahead_ns = 0
        self._serial = LATER
        self._due: list[Any] = []
        """(at, order, serial, caller, generation, what happens, with what)."""
        self._begins: list[Any] = []
        """Such rows of all that begins by itself, the last first: a day has so many that a heap of them is slow."""
        self._callers: dict[str, Caller] = {}
        self._requests: dict[str, Caller] = {}
        self._owners: dict[str, Caller] = {}
        self._parked: dict[str, list[tuple[Any, ...]]] = {}
        """Of branches that are not heard: who wants to ask, and what."""
        rules = draft.of(recording.start.rules)
        self.count = Count(_replace(recording.start, rules=rules), recording.from_ns)
        self._put_in()
        self._begins, self._due = sorted(self._due, reverse=True), []
        if rules != recording.start.rules:
            self._tell(RulesChanged(recording.from_ns, rules))

    def run(self, progress: Progress) -> None:
        """Until the end of the recorded time."""
        from_ns, end_ns, done = self._recording.from_ns, self._recording.to_ns, 0
        begins, due = self._begins, self._due
        while True:
            begun = bool(begins) and (not due or begins[-1] < due[0])
            next_ns = begins[-1][0] if begun else due[0][0] if due else end_ns
            by_itself_ns = self._state.next_due_ns()
            if by_itself_ns is not None and by_itself_ns <= next_ns and by_itself_ns < end_ns:
                self._now_ns = max(self._now_ns, by_itself_ns)
                self._tell(TimePassed(self._now_ns))
                continue
            if next_ns >= end_ns:
                return
            row = begins.pop() if begun else heapq.heappop(due)
            self._now_ns, _, _, caller, generation, happen, given = row
            if caller is None or caller.generation == generation:
                happen(*given)
            done += 1
            if done % PIECE == 0:
                progress(self._now_ns - from_ns, end_ns - from_ns)

    @cached_property
    def _habits(self) -> Habits:
        return Habits(self._recording)

    # What was recorded.

    def _put_in(self) -> None:
        """All that begins by itself."""
        recording = self._recording
        for beside in recording.beside:
            self._put(beside.at_ns, None, self._beside, beside.event, order=beside.seq)
        for contact, chain in recording.chains.items():
            caller = self._callers[contact] = Caller(contact, chain, recording.from_ns)
            if isinstance(first := caller.next, Did):
                self._put(first.at_ns, caller, self._did, caller, first, order=first.seq)
        for contact, waits in recording.start.waiting.items():
            if (waiting := self._callers.get(contact)) is not None:
                told = told_of(waits.answer, recording.from_ns)
                self._requests[waits.answer.request], waiting.told, waiting.box = waiting, told, waits.box
                if isinstance(waiting.next, Told):
                    self._go_on(waiting)

    def _beside(self, event: Event) -> None:
        match event:
            case LifeBegan():
                event = _replace(event, rules=self._draft.of(event.rules), open_legs=self._open_legs(event))
            case RulesChanged():
                event = _replace(event, rules=self._draft.of(event.rules))
            case ContactsLost():
                event = _replace(event, contacts=tuple(filter(self._lost, event.contacts)))
            case AgentWished() if slots.agent_of(event.asked.agent) not in self._state.agents:
                return
        self._tell(event)

    def _lost(self, contact: str) -> bool:
        """Whether what its branch knew nothing of then is over here too."""
        caller = self._callers.get(contact)
        return caller.in_step if caller is not None else contact in self._recording.tries

    def _open_legs(self, event: LifeBegan) -> tuple[tuple[str, str, str], ...]:
        """Of contacts in step what the record had then, of the others what they have now."""
        kept = tuple(one for one in event.open_legs if self._in_step(one[1]))
        others = sorted((leg, agent) for leg, agent in self._state.index.legs.items() if not self._in_step(leg))
        return (*kept, *((agent, leg, self._state.agents[agent].legs[leg]) for leg, agent in others))

    def _in_step(self, leg: str) -> bool:
        """Whether its contact is; one of before the day counts as such."""
        caller = self._owners.get(leg) or self._callers.get(self._recording.owners.get(leg, ""))
        return caller is None or caller.in_step

    def _did(self, caller: Caller, did: Did) -> None:
        """The contact makes its next recorded step."""
        caller.move(self._now_ns)
        generation = caller.generation
        event = caller.renamed(did.event, self._now_ns - did.at_ns)
        if isinstance(event, RouteAsked):
            self._asks(caller, event)
        else:
            caller.box = event.box
            self._calls(caller, event.event)
        if caller.generation == generation:
            self._go_on(caller)

    def _go_on(self, caller: Caller) -> None:
        """To its next recorded step; where it is to be told something, that is waited for until it should have come."""
        caller.generation += 1
        step = caller.next
        if step is None:
            if not caller.in_step:
                self._hang_up(caller)
            return
        at_ns = self._now_ns + step.at_ns - caller.recorded_ns
        if isinstance(step, Did):
            if not caller.in_step and caller.place == caller.story.hung_up:
                at_ns = max(self._now_ns, step.at_ns)  # patience is since it came
            self._put(at_ns, caller, self._did, caller, step, order=step.seq)
        elif caller.told is not None and caller.told.queued:
            self._put(at_ns, caller, self._missed, caller, self._now_ns, caller.told)

    # What was not.

    def _told(self, caller: Caller, told: Told) -> None:
        """The router's word has reached its branch."""
        if caller.follows and caller.as_recorded(told):
            recorded = caller.next
            caller.hear(told)
            caller.move(self._now_ns)
            if caller.in_step:
                self.same += 1
            else:
                self._differs(caller, recorded, told)
            self._go_on(caller)
            return
        self._differs(caller, caller.next, told)
        caller.hear(told)
        left = caller.follows
        if left:
            self._leave(caller)
        self._act(caller, told)
        if left:
            self._hang_up(caller)  # of a leg whose end was still on its way

    def _missed(self, caller: Caller, told_ns: int, told: Told) -> None:
        """In the recording it was told something by now: what it was `told` before goes on."""
        self._differs(caller, caller.next, None)
        self._leave(caller)
        lasts_ns, *how = self._takes(caller, told)
        self._put(max(self._now_ns, told_ns + lasts_ns), caller, self._ask, caller, *how)

    def _leave(self, caller: Caller) -> None:
        """From here on it lives by itself."""
        caller.follows = caller.in_step = False
        caller.generation += 1
        self._put(max(self._now_ns, self._gives_up_ns(caller)), None, self._give_up, caller)

    def _act(self, caller: Caller, told: Told) -> None:
        """Do as its branch would."""
        caller.generation += 1
        match told.action:
            case RingAgent():
                after_ns = self._habits.labelled_ns(caller.contact, caller.rung)
                self._after(after_ns, caller, self._ring, caller, told.action)
            case Release() | Label():
                self._after(self._habits.released_ns(caller.contact), caller, self._end, caller, US)
            case Treat():
                lasts_ns, *how = self._takes(caller, told)
                self._after(lasts_ns, caller, self._ask, caller, *how)

    def _takes(self, caller: Caller, told: Told) -> tuple[int, str, str]:
        """How long it would be treated, with what outcome and digits."""
        if not isinstance(told.action, Treat) or told.waits:
            return _piece_ns(told), "played", ""
        one = caller.treated(told.action) or self._habits.treated(
            caller.contact, self._call_type(caller), told.action, caller.asked
        )
        return one.lasted_ns, one.outcome, one.ced

    def _ask(self, caller: Caller, outcome: str, ced: str = "", refused: tuple[str, ...] = ()) -> None:
        """Once its branch is heard."""
        before = caller.request
        if before is None:
            return
        if caller.box not in self._state.present:
            self._parked.setdefault(caller.box, []).append((caller, outcome, ced, refused))
            return
        caller.asked += 1
        request = _replace(
            before,
            request=f"{caller.contact}~{caller.asked}",
            outcome=outcome,
            ced=ced or before.ced,
            cursor=caller.told.cursor if caller.told is not None else before.cursor,
            refused_agents=(*before.refused_agents, *refused),
        )
        self._asks(caller, RouteAsked(self._now_ns, caller.box, request, self._now_ns + self._day_ahead_ns))

    def _ring(self, caller: Caller, label: RingAgent) -> None:
        caller.rung += 1
        leg = f"{caller.contact}~l{caller.rung}"
        began = LegBegan(
            contact=caller.contact,
            leg=leg,
            direction=Direction.OUTGOING,
            channel=f"sip {label.extension}",
            to=label.extension,
            agent=label.agent,
            token=label.token,
            kind=caller.request.kind if caller.request is not None else VOICE,
        )
        self._calls(caller, began)
        rung = caller.story.rung.get(label.agent) or self._habits.rung(caller.contact, label.agent)
        rings_ns = label.ring_s * SECOND_NS
        if rung.after_ns > rings_ns:
            rung = Rung(answered=False, after_ns=rings_ns, outcome="no-answer")
        if rung.answered:
            self._after(rung.after_ns, caller, self._answers, caller, leg)
        else:
            self._after(rung.after_ns, caller, self._not_taken, caller, label.agent, rung.outcome)

    def _answers(self, caller: Caller, leg: str) -> None:
        self._calls(caller, LegConnected(contact=caller.contact, leg=leg, sample=0))
        talk_ns = caller.story.talk_ns
        if talk_ns is None:
            talk_ns = self._habits.talk_ns(caller.contact, self._call_type(caller))
        self._after(talk_ns, caller, self._end, caller, BY_THEMSELVES)

    def _not_taken(self, caller: Caller, agent: str, outcome: str) -> None:
        self._hang_up(caller)
        self._ask(caller, outcome, refused=(agent,))

    def _give_up(self, caller: Caller) -> None:
        if not caller.talks:
            self._end(caller, BY_THEMSELVES)

    def _end(self, caller: Caller, by: str) -> None:
        if not caller.gone:
            self._hang_up(caller)
            self._calls(caller, ContactEnded(contact=caller.contact, cause=CLEARING, by=by))

    def _hang_up(self, caller: Caller) -> None:
        for leg in tuple(caller.legs):
            ended = LegEnded(contact=caller.contact, leg=leg, cause=CLEARING, by=ReleasedBy.PEER, sample=0)
            self._calls(caller, ended)

    def _ready(self, agent: str) -> None:
        """Who was made not-ready by a phone that rang in vain comes back."""
        name, _, channel = agent.partition("/")
        now = capacity.channel_now(self._state, name, channel or VOICE)
        if now is not None and (now.state, now.reason) == (AgentState.NOT_READY, NO_ANSWER):
            self._tell(AgentWished(self._now_ns, AgentAsked(agent=agent, to=AgentWish.READY, by=agent)))

    # The router.

    def _asks(self, caller: Caller, asked: RouteAsked) -> None:
        caller.request, caller.box, caller.talks = asked.request, asked.box, False
        self._day_ahead_ns = asked.day_ns - asked.at_ns
        self._requests[asked.request.request] = caller
        self._tell(asked)

    def _calls(self, caller: Caller, event: CallEvent) -> None:
        if isinstance(event, LegBegan):
            caller.legs.append(event.leg)
            self._owners[event.leg] = caller
        elif isinstance(event, LegConnected):
            caller.talks = event.leg in caller.legs
        elif isinstance(event, LegEnded):
            if event.leg in caller.legs:
                caller.legs.remove(event.leg)
        elif isinstance(event, ContactEnded):
            caller.gone = True
            if not caller.follows:
                caller.generation += 1
        self._tell(CallTold(self._now_ns, caller.box, event))

    def _decided(self, event: Event) -> tuple[Effect, ...]:
        before = self._state
        self._state, effects = apply(before, event)
        self.count.see(event.at_ns, event, effects)
        if self._state.rules is not before.rules:
            self.count.follow(self._state.rules, self._state.agents, event.at_ns)
        return effects

    def _tell(self, event: Event) -> None:
        for effect in self._decided(event):
            if isinstance(effect, AgentMoved):
                if in_vain(effect) and not self._recorded(effect):
                    self._after(self._habits.ready_ns(effect.agent, effect.at_ns), None, self._ready, effect.agent)
            elif isinstance(effect, (Answer, Assigned)):
                caller = self._requests.get(effect.answer.request)
                if caller is not None and (caller.follows or not caller.gone):
                    self._told(caller, told_of(effect.answer, event.at_ns))
            elif isinstance(effect, LookupAsked):
                self._look_up(effect)
            elif isinstance(effect, ContactOrdered) and effect.order.contact not in self._recording.tries:
                self._after(0, None, self._not_reached, effect)
        if self._parked and isinstance(event, (BranchHeard, RouteAsked)):
            for parked in self._parked.pop(event.box, ()):
                self._after(0, parked[0], self._ask, *parked)

    def _not_reached(self, ordered: ContactOrdered) -> None:
        """Nobody knows what a customer who was called back at another moment would have done."""
        ended = ContactEnded(contact=ordered.order.contact, cause=CLEARING, by=US)
        self._tell(CallTold(self._now_ns, ordered.box, ended))

    def _look_up(self, asked: LookupAsked) -> None:
        """The answer that this contact's question had that day; another question has none."""
        for one in self._recording.looked.get(asked.contact, ()):
            if (one.asked.source, one.asked.parameters) == (asked.source, asked.parameters):
                answer = _replace(one.answer, lookup=asked.lookup)
                self._put(self._now_ns + one.after_ns, None, self._answer, answer, order=one.seq)
                return
        nothing = LookupAnswered(self._now_ns, asked.contact, asked.lookup, failed="it was not asked that day")
        self._after(0, None, self._answer, nothing)

    def _answer(self, answer: LookupAnswered) -> None:
        self._tell(_replace(answer, at_ns=self._now_ns))

    def _recorded(self, moved: AgentMoved) -> bool:
        """Whether it was so then: what the agent wished next comes by itself."""
        return (moved.agent, moved.at_ns) in self._recording.came_back

    # The clock.

    def _put(
        self, at_ns: int, caller: Caller | None, happen: Callable[..., None], *given: Any, order: int | None = None
    ) -> None:
        """`caller`: only if it waits for nothing else by then; `order` of one instant is the journal's number."""
        self._serial += 1
        generation = caller.generation if caller is not None else 0
        row = (at_ns, self._serial if order is None else order, self._serial, caller, generation, happen, given)
        heapq.heappush(self._due, row)

    def _after(self, after_ns: int, caller: Caller | None, happen: Callable[..., None], *given: Any) -> None:
        self._put(self._now_ns + after_ns, caller, happen, *given)

    def _call_type(self, caller: Caller) -> str:
        fate = self._recording.count.fates.get(caller.contact)
        return fate.call_type if fate is not None else ""

    def _gives_up_ns(self, caller: Caller) -> int:
        """When its patience is over: as recorded, else as it may be, given how long it has waited."""
        hung_up, fate = caller.story.hung_up, self._recording.count.fates.get(caller.contact)
        if hung_up is not None:
            return caller.chain[hung_up].at_ns
        if fate is None:
            return ENDLESS_NS
        waited_ns = (fate.answered_ns or fate.ended_ns or self._recording.to_ns) - fate.came_ns
        patience_ns = self._habits.patience_ns(caller.contact, fate.call_type, waited_ns)
        return ENDLESS_NS if patience_ns is None else fate.came_ns + patience_ns

    def _differs(self, caller: Caller, recorded: Told | Did | None, told: Told | None) -> None:
        """Its first decision that is not what it was then."""
        if caller.difference is not None:
            if told is not None and not caller.difference.draft_ns:
                caller.difference.draft_ns, caller.difference.draft = told.at_ns, told.reason
            return
        one = caller.difference = Difference(caller.contact)
        if isinstance(recorded, Told):
            one.recorded_ns, one.recorded = recorded.at_ns, recorded.reason
        if told is not None:
            one.draft_ns, one.draft = told.at_ns, told.reason
        self.otherwise += 1
        if len(self.first) < SHOWN:
            self.first.append(one)


def _piece_ns(told: Told) -> int:
    """How long it is played to while it waits."""
    return music_ns(told.action) if isinstance(told.action, Treat) else 0

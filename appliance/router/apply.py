# SPDX-License-Identifier: GPL-2.0-only
"""The router's one entry: `apply(state, event) -> (state, effects)`.

Pure and deterministic: no clock, no socket, no order of a set; the same events give the same states and effects. So a
journal of the events is all that a restart needs. What the record knows better (a call event was committed there, and
the process died before its journal had it) comes with LifeBegan.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from appliance.router import (
    agents,
    arrival,
    capacity,
    domain,
    foreign,
    reconciling,
    shown,
    slots,
    translation,
    waiting,
)
from appliance.router.callbacks import asking, life
from appliance.router.deciding import decide, looked_up
from appliance.router.events import (
    AgentAnswer,
    AgentWished,
    Answer,
    BranchHeard,
    BranchSilent,
    CallbackWished,
    CallTold,
    ContactNoted,
    ContactsLost,
    Effect,
    Event,
    ForeignAgentsTold,
    LifeBegan,
    LookupAnswered,
    PeripheralReturned,
    Reconciled,
    ReservationEnded,
    RouteAsked,
    RulesChanged,
    TimePassed,
)
from appliance.router.index import put_asking, put_context, put_place, put_present, put_resting, put_shown, put_typed
from appliance.router.indexing import indexed
from appliance.router.rows import Due
from appliance.router.rules import VOICE, Rules
from appliance.router.state import State
from appliance.wire.calls import ContactEnded, LegBegan, LegConnected, LegEnded, TalkBegan, TransferEnded
from appliance.wire.routes import Release, RouteAnswer

ENGINE = 12
"""Of the decisions: another number decides otherwise, and cannot go on with this one's journal."""

TEMPORARY_FAILURE = 41  # Q.850
NOBODY_SAYS = "nobody has said what came of it"

Step = tuple[State, tuple[Effect, ...]]


def apply(state: State, event: Event) -> Step:
    """One step. What was due until `event.at_ns` happens first; who is free then goes to who waits."""
    effects: tuple[Effect, ...] = ()
    if isinstance(event, LifeBegan) and state.present:  # nobody has been heard since the last one ended
        state = indexed(msgspec.structs.replace(state, present=frozenset()))
    while (due := state.index.due) and due[0][0] <= event.at_ns:
        state, done = _assigned(_due(state), due[0][0])
        effects += done
    state, done = _assigned(_STEPS[type(event)](state, event), event.at_ns)
    effects += done
    return state, domain.seen(state, effects) if state.rules.alone else effects


def _assigned(done: Step, at_ns: int) -> Step:
    """After every change: no agent is free while somebody waits who may have them, and what gives way has done so."""
    state, effects = done
    if effects:
        ended = [one for one in effects if isinstance(one, ReservationEnded)]
        state, gave_way = capacity.settle(waiting.settle(state, ended) if ended else state, effects, at_ns)
        if ended:
            state = translation.settle(life.settle(state, ended, at_ns), ended, at_ns)
        effects += gave_way
    state, assigned = waiting.assign(state, at_ns)
    effects += assigned
    return state, capacity.by_channel(state, effects)


def _due(state: State) -> Step:
    at_ns, what, whom = state.index.due[0]
    return _BY_ITSELF[what](state, whom, at_ns)


def _begun(state: State, life: LifeBegan) -> Step:
    """Whoever asked the last one waits no more. The record says what legs there are: what it lacks is told again."""
    state = msgspec.structs.replace(state, epoch=life.epoch, asking={}, heard={})  # indexed by the rules
    state, effects = _follow(state, life.rules, life.at_ns)
    state, moved = agents.have_legs(state, life.open_legs, life.at_ns)
    return state, (*effects, *moved)


def _follow(state: State, rules: Rules, at_ns: int) -> Step:
    state, effects = agents.follow(state, rules, at_ns)
    return life.follow(waiting.follow(state, at_ns), at_ns), effects


def _changed(state: State, event: RulesChanged) -> Step:
    return _follow(state, event.rules, event.at_ns)


def _present(state: State, event: BranchHeard) -> Step:
    told = domain.begun(state, event.box, event.at_ns) if state.rules.alone else ()
    return _heard(state, event.box, event.at_ns), told


def _silent(state: State, event: BranchSilent) -> Step:
    return life.carried(put_present(state, event.box, there=False)), ()


def _foreign(state: State, event: PeripheralReturned | ForeignAgentsTold) -> Step:
    state, effects = foreign.happened(state, event)
    return life.carried(state), effects


def _heard(state: State, box: str, at_ns: int) -> State:
    """A peripheral is there once it has told what its agents are."""
    if box in state.present or box in state.rules.peripherals:
        return state
    return life.carried(agents.heard(put_present(state, box, there=True), box, at_ns))


def _reconciled(state: State, event: Reconciled) -> Step:
    """Whoever waited here before asks again, with the place that it has now; talks go on, reservations are void."""
    box, now = event.box, event.now
    mine = {one for one in (*state.places, *state.waiting, *state.index.calls) if one.startswith(f"{box}.")}
    state, effects = _lost(state, ContactsLost(event.at_ns, box, tuple(sorted(mine - {*now.contacts}))))
    seats = state.rules.seats
    for held in sorted(state.reservations.values(), key=lambda one: one.token):
        if held.contact in mine or seats[held.agent].box == box:
            state, ended = agents.lapse(state, held, "branch-away", event.at_ns)
            effects = (*effects, *ended)
    for contact in sorted(mine & {*now.contacts}):
        state = put_place(waiting.leave(state, contact), contact, None)
    state = msgspec.structs.replace(state, history={**state.history, box: now.told})
    state, moved = reconciling.settle(state, box, now, event.at_ns)
    return state, (*effects, *moved)


def _asked(state: State, asked: RouteAsked) -> Step:
    """A contact that asks again has no use for the reservation it was given before."""
    request = asked.request
    state = waiting.brought(_heard(state, asked.box, asked.at_ns), asked)
    if request.callback and request.outcome == life.MAY_DIAL:
        return life.asked(state, asked)
    state, ended = _let_go(state, request.contact, "asked-again", asked.at_ns)
    state = waiting.leave(state, request.contact)
    state, moved = _judged(state, asked)
    state, given_up = _give_up(state, request.contact, request.request)
    met, instead = arrival.arrived(state, asked)
    state, decided = met or decide(state, capacity.refused(state, asked))
    return state, ended + moved + given_up + arrival.noted(decided, instead)


def _judged(state: State, asked: RouteAsked) -> Step:
    """What came of the agent who was given to it last; a phone that the branch rang by itself is nobody's of ours."""
    request = asked.request
    place = state.places.get(request.contact)
    if place is None or not place.rung:
        return state, ()
    state = waiting.rung(state, request.contact, "")
    if request.outcome != "no-answer" or request.refused_agents[-1:] != (slots.agent_of(place.rung),):
        return state, ()
    return agents.unanswered(state, place.rung, asked.at_ns)


def _give_up(state: State, contact: str, again: str = "") -> Step:
    """What was being looked up for an earlier question; whoever has asked it waits for an answer all the same.

    The same question once more (`again`) is answered when it is.
    """
    asking = state.asking.get(contact)
    if asking is None:
        return state, ()
    if asking.asked.request.request == again:
        return put_asking(state, contact, None), ()
    request = asking.asked.request.request
    late = RouteAnswer(
        request=request, action=Release(cause=TEMPORARY_FAILURE), reason="the contact has gone on meanwhile"
    )
    return put_asking(state, contact, None), (Answer(asking.asked.box, late),)


def _answered(state: State, event: LookupAnswered) -> Step:
    asking = state.asking.get(event.contact)
    if asking is None or asking.lookup != event.lookup:
        return state, ()
    return _looked_up(state, event.contact, event.values, event.failed, event.at_ns)


def _looked_up(state: State, contact: str, values: Mapping[str, str], failed: str, at_ns: int) -> Step:
    asking = state.asking[contact]
    return looked_up(put_asking(state, contact, None), asking, values, failed, at_ns)


def known(state: State, box: str, process: str, incarnation: str, seq: int) -> bool:
    """Whether that call event was told before in this life; a process says them in order."""
    heard = state.heard.get(f"{box} {process}", ())
    return seq <= next((last for one, last in heard if one == incarnation), 0)


def _is_history(state: State, told: CallTold) -> bool:
    return (told.incarnation, told.seq) <= state.history.get(told.box, ("", 0))


def _told(state: State, told: CallTold) -> Step:
    if told.process:
        if known(state, told.box, told.process, told.incarnation, told.seq) or _is_history(state, told):
            return state, ()
        state = _noted(state, told)
    heeded = _HEEDED.get(type(told.event))
    return heeded(state, told, told.event) if heeded is not None else (state, ())


def _connected(state: State, told: CallTold, event: LegConnected) -> Step:
    return agents.leg_connected(state, event.leg, told.at_ns), ()


def _leg_ended(state: State, told: CallTold, event: LegEnded) -> Step:
    return agents.leg_ended(state, event.leg, told.at_ns)


def _talk_began(state: State, _told: CallTold, event: TalkBegan) -> Step:
    return life.talking(state, event.contact), ()


def _transfer_ended(state: State, _told: CallTold, event: TransferEnded) -> Step:
    return shown.given_back(state, event.contact, event.by) if event.outcome == "reconnected" else state, ()


def _ended(state: State, told: CallTold, event: ContactEnded) -> Step:
    on_its_way = translation.sent_off(state, event.contact) if event.by == "us" else None
    return (on_its_way, ()) if on_its_way else _over(state, event.contact, told.at_ns, event)


def _noted(state: State, told: CallTold) -> State:
    key = f"{told.box} {told.process}"
    other = tuple(one for one in state.heard.get(key, ()) if one[0] != told.incarnation)[-1:]
    return msgspec.structs.replace(state, heard={**state.heard, key: (*other, (told.incarnation, told.seq))})


def _taker(state: State, box: str, event: LegBegan) -> str | None:
    """Whose slot the leg takes, if it is an agent's."""
    if event.kind != VOICE:
        return slots.arriving(state, event.agent, event.kind, event.contact) if event.agent else None
    return event.agent or (state.index.phones.get((box, event.to)) if event.trunk is None else None)


def _over(state: State, contact: str, at_ns: int, told: ContactEnded | None = None) -> Step:
    state, moved = agents.contact_ended(state, contact, at_ns)
    state, tried = life.over(state, contact, told, at_ns)
    state, ended = _let_go(state, contact, "contact-ended", at_ns)
    state, given_up = _give_up(waiting.end(state, contact, at_ns), contact)
    if contact in state.contexts:
        state = put_context(state, contact, None)
    if contact in state.shown:
        state = put_shown(state, contact, None)
    if contact in state.typed:
        state = put_typed(state, contact, None)
    return state, moved + tried + ended + given_up


def _lost(state: State, event: ContactsLost) -> Step:
    effects: tuple[Effect, ...] = ()
    for contact in event.contacts:
        if translation.is_sent_off(state, contact):
            continue
        state, over = _over(state, contact, event.at_ns)
        effects = (*effects, *over)
    return state, effects


def _leg_began(state: State, told: CallTold, event: LegBegan) -> Step:
    """A contact that rings waits no more, whoever has decided that it rings, and has no use for another agent.

    But for news of an agent of ours from before its last question: of that it waits.
    """
    agent, at_ns = _taker(state, told.box, event), told.at_ns
    if event.trunk is not None and translation.awaits(state, event.contact):
        return state, ()  # it is the way to them
    effects: tuple[Effect, ...] = ()
    place = state.places.get(event.contact)
    if event.token is not None and place is not None and not place.rung:
        return _rings(state, event, agent, at_ns)
    token = state.index.held.get(event.contact)
    if token is not None and state.reservations[token].agent != agent:
        state, effects = _let_go(state, event.contact, "overtaken", at_ns)
    state, began = _rings(waiting.rings(state, event.contact, at_ns), event, agent, at_ns)
    return state, effects + began


def _rings(state: State, event: LegBegan, agent: str | None, at_ns: int) -> Step:
    if agent is None:
        return state, ()
    return agents.leg_began(state, agent, event.leg, event.contact, event.token, at_ns)


def _let_go(state: State, contact: str, why: str, at_ns: int) -> Step:
    token = state.index.held.get(contact)
    return (state, ()) if token is None else agents.lapse(state, state.reservations[token], why, at_ns)


def _wished(state: State, event: AgentWished | CallbackWished | ContactNoted) -> Step:
    if isinstance(event, CallbackWished):
        return asking.commanded(state, event)
    if isinstance(event, ContactNoted):
        return shown.note(state, event.noted, event.at_ns)
    agent = event.asked.agent
    try:
        state, moved = agents.wish(state, event.asked, event.at_ns)
    except ValueError as error:
        name = state.rules.seats[slots.agent_of(agent)].name
        return state, (AgentAnswer(agent, f"{name} ({agent}) {error}"),)
    return state, (*moved, AgentAnswer(agent))


_BY_ITSELF: Mapping[str, Callable[[State, str, int], Step]] = {
    Due.LAPSE: lambda state, token, at_ns: agents.overdue(state, state.reservations[token], at_ns),
    Due.WAITS: lambda state, contact, at_ns: (waiting.go_on(state, contact, at_ns), ()),
    Due.WRAPPED: agents.wrapped_up,
    Due.UNANSWERED: lambda state, contact, at_ns: _looked_up(state, contact, {}, NOBODY_SAYS, at_ns),
    Due.SWEEP: lambda state, _, at_ns: (waiting.sweep(state, at_ns), ()),
    Due.CALLBACK: lambda state, name, at_ns: (life.go_on(state, name, at_ns), ()),
    Due.RESTED: lambda state, key, _at_ns: (put_resting(state, key, None), ()),
}
_HEEDED: Mapping[type, Callable[[State, CallTold, Any], Step]] = {
    LegBegan: _leg_began,
    LegConnected: _connected,
    LegEnded: _leg_ended,
    TalkBegan: _talk_began,
    TransferEnded: _transfer_ended,
    ContactEnded: _ended,
}
_STEPS: Mapping[type, Callable[[State, Any], Step]] = {
    LifeBegan: _begun,
    RulesChanged: _changed,
    RouteAsked: _asked,
    CallTold: _told,
    LookupAnswered: _answered,
    AgentWished: _wished,
    CallbackWished: _wished,
    ContactNoted: _wished,
    ContactsLost: _lost,
    BranchHeard: _present,
    BranchSilent: _silent,
    PeripheralReturned: _foreign,
    ForeignAgentsTold: _foreign,
    Reconciled: _reconciled,
    TimePassed: lambda state, _event: (state, ()),
}
"""To ask a message's class is several times as dear as to look it up."""

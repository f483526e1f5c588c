# SPDX-License-Identifier: GPL-2.0-only
"""The router's one entry: `apply(state, event) -> (state, effects)`.

Pure and deterministic: no clock, no socket, no order of a set; the same events give the same states and effects. So a
journal of the events is all that a restart needs. What the record knows better (a call event was committed there, and
the process died before its journal had it) comes with LifeBegan.
"""

import msgspec

from appliance.router import agents, waiting
from appliance.router.deciding import decide
from appliance.router.events import (
    Answer,
    BranchHeard,
    BranchSilent,
    CallTold,
    Effect,
    Event,
    LifeBegan,
    RouteAsked,
    TimePassed,
)
from appliance.router.state import State
from appliance.wire.calls import ContactEnded, LegBegan, LegEnded

ENGINE = 1
"""Of the decisions: another number decides otherwise, and cannot go on with this one's journal."""

Step = tuple[State, tuple[Effect, ...]]


def apply(state: State, event: Event) -> Step:
    """One step. Reservations whose time is over at `event.at_ns` lapse first; who is free then goes to who waits."""
    state, lapsed = _lapse_due(state, event.at_ns)
    state, effects = _happened(waiting.miss(state, event.at_ns), event)
    state = waiting.settle(state, (*lapsed, *effects))
    state, assigned = waiting.assign(state, event.at_ns)
    return state, (*lapsed, *effects, *assigned)


def _happened(state: State, event: Event) -> Step:
    if isinstance(event, TimePassed):
        return state, ()
    if isinstance(event, BranchHeard):
        return _heard(state, event.box), ()
    if isinstance(event, BranchSilent):
        return msgspec.structs.replace(state, present=state.present - {event.box}), ()
    if isinstance(event, LifeBegan):
        state, effects = agents.follow(state, event.rules, event.open_legs, event.at_ns)
        return msgspec.structs.replace(state, epoch=event.epoch, present=frozenset()), effects
    if isinstance(event, RouteAsked):
        return _asked(state, event)
    return _told(state, event)


def _lapse_due(state: State, at_ns: int) -> Step:
    effects: tuple[Effect, ...] = ()
    for held in tuple(state.reservations.values()):
        if held.expires_ns <= at_ns:
            state, ended = agents.lapse(state, held, "lapsed")
            effects = (*effects, *ended)
    return state, effects


def _heard(state: State, box: str) -> State:
    return msgspec.structs.replace(state, present=state.present | {box})


def _asked(state: State, asked: RouteAsked) -> Step:
    """A contact that asks again has no use for the reservation it was given before."""
    state = _heard(state, asked.box)
    state, ended = _let_go(state, asked.request.contact, "asked-again")
    state = waiting.leave(state, asked.request.contact)
    state, answer = decide(state, asked)
    return state, (*ended, Answer(asked.box, answer))


def _told(state: State, told: CallTold) -> Step:
    event = told.event
    if isinstance(event, LegBegan):
        at_phone = state.rules.agent_at(told.box, event.to) if event.trunk is None else None
        agent = event.agent or at_phone
        return agents.leg_began(state, agent, event.leg, event.token, told.at_ns) if agent else (state, ())
    if isinstance(event, LegEnded):
        return agents.leg_ended(state, event.leg, told.at_ns), ()
    if isinstance(event, ContactEnded):
        return _let_go(waiting.leave(state, event.contact, ended=True), event.contact, "contact-ended")
    return state, ()


def _let_go(state: State, contact: str, why: str) -> Step:
    effects: tuple[Effect, ...] = ()
    for held in tuple(state.reservations.values()):
        if held.contact == contact:
            state, ended = agents.lapse(state, held, why)
            effects = (*effects, *ended)
    return state, effects

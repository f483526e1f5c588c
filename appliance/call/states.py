# SPDX-License-Identifier: GPL-2.0-only
"""The life of a contact: TABLE, state → event → cell, and step, which is the only way through it.

Pure: no socket, clock or log; ids that a step may need come in as `Fresh`, the branch's own default as `Default`. A
missing cell raises NoTransitionError and changes nothing. A cell names the states it may lead to, and a step that
leads elsewhere is our own fault.
"""

from collections.abc import Callable

import msgspec

from appliance.call import calling, labels, releasing, ringing, talking, tandem, treating
from appliance.call import events as e
from appliance.call.actions import Action
from appliance.call.contact import CallState, Contact
from appliance.call.settings import Default, Fresh
from appliance.call.transferring import handing, holding, leaving

Step = tuple[Contact, tuple[Action, ...]]
Handler = Callable[[Contact, e.Event, Fresh, Default], Step]


class NoTransitionError(Exception):
    """This event has no meaning in this state."""


class Cell(msgspec.Struct, frozen=True):
    """One transition: what does it, and where it may lead."""

    do: Callable[..., Step]
    to: frozenset[CallState]


def _cell(do: Callable[..., Step], *to: CallState) -> Cell:
    return Cell(do, frozenset(to))


def _held(state: CallState) -> dict[type[e.Event], Cell]:
    """What may happen while an agent has the caller on hold, wherever the agent's own way has come to."""
    return {
        e.HeldReleased: _cell(leaving.held_left, _S.RELEASING),
        e.CompleteWanted: _cell(handing.completed, state),
        e.ReconnectWanted: _cell(holding.reconnected, state, _S.TALKING),
    }


_S = CallState
# What may follow a routing decision, whoever takes it.
_DECIDED = (_S.ANSWERING, _S.TREATING, _S.RINGING, _S.RELEASING)

TABLE: dict[CallState, dict[type[e.Event], Cell]] = {
    _S.ROUTING: {
        e.Routed: _cell(handing.routed, *_DECIDED, _S.ROUTING, _S.TALKING),
        e.RouteMissing: _cell(handing.missing, *_DECIDED, _S.TALKING),
        e.CallerAnswered: _cell(treating.note_answer, _S.ROUTING),
        e.CallerReleased: _cell(leaving.agent_left, _S.ENDED, _S.ROUTING),
        **_held(_S.ROUTING),
    },
    _S.ANSWERING: {
        e.CallerAnswered: _cell(treating.begin, _S.TREATING),
        e.CallerReleased: _cell(releasing.caller_released, _S.ENDED),
    },
    _S.TREATING: {
        e.VerbBegan: _cell(treating.verb_began, _S.TREATING),
        e.Assigned: _cell(treating.assigned, _S.RINGING, _S.ROUTING),
        e.TreatmentOver: _cell(leaving.over, _S.ROUTING, _S.RELEASING, _S.TREATING),
        e.CallerReleased: _cell(leaving.agent_left, _S.ENDED, _S.ROUTING, _S.TREATING),
        **_held(_S.TREATING),
    },
    _S.RINGING: {
        e.AgentPlaced: _cell(ringing.placed, _S.RINGING),
        e.AgentAlerting: _cell(labels.alerting, _S.RINGING),
        e.AgentAnswered: _cell(ringing.answered, _S.JOINING, _S.TALKING),
        e.AgentReleased: _cell(leaving.other_left, _S.ROUTING, _S.TALKING, _S.RINGING),
        e.RingEnded: _cell(leaving.not_answered, _S.ROUTING, _S.TALKING),
        e.CallerReleased: _cell(leaving.agent_left, _S.RELEASING, _S.ROUTING, _S.RINGING),
        **_held(_S.RINGING),
    },
    _S.CALLING: {
        e.AgentPlaced: _cell(ringing.placed, _S.CALLING),
        e.AgentAlerting: _cell(calling.agent_alerting, _S.CALLING),
        e.AgentAnswered: _cell(calling.agent_answered, _S.ASKING),
        e.AgentReleased: _cell(calling.agent_left, _S.ENDED),
        e.RingEnded: _cell(calling.timed_out, _S.RELEASING),
    },
    _S.ASKING: {
        e.Routed: _cell(calling.routed, _S.DIALLING, _S.RELEASING),
        e.RouteMissing: _cell(calling.missing, _S.RELEASING),
        e.AgentReleased: _cell(calling.agent_left, _S.ENDED),
    },
    _S.DIALLING: {
        e.CallerPlaced: _cell(calling.placed, _S.DIALLING),
        e.CallerAlerting: _cell(calling.alerting, _S.DIALLING),
        e.CallerAnswered: _cell(calling.answered, _S.TALKING),
        e.CallerReleased: _cell(calling.not_reached, _S.RELEASING),
        e.AgentReleased: _cell(calling.agent_left, _S.RELEASING),
        e.RingEnded: _cell(calling.timed_out, _S.RELEASING),
    },
    _S.JOINING: {
        e.CallerAnswered: _cell(talking.caller_answered, _S.TALKING),
        e.AgentReleased: _cell(releasing.agent_left, _S.RELEASING),
        e.CallerReleased: _cell(releasing.caller_released, _S.RELEASING),
    },
    _S.TALKING: {
        e.AgentReleased: _cell(leaving.other_left, _S.ROUTING, _S.RELEASING, _S.TALKING),
        e.CallerReleased: _cell(leaving.agent_left, _S.RELEASING, _S.ROUTING, _S.TALKING),
        e.TransferWanted: _cell(holding.wanted, _S.ROUTING, _S.TALKING),
        **_held(_S.TALKING),
    },
    _S.PASSING: {
        e.AgentPlaced: _cell(ringing.placed, _S.PASSING),
        e.AgentAlerting: _cell(tandem.alerting, _S.PASSING),
        e.AgentAnswered: _cell(tandem.answered, _S.PASSING),
        e.AgentReleased: _cell(tandem.far_released, _S.RELEASING),
        e.CallerAnswered: _cell(tandem.caller_answered, _S.THROUGH),
        e.CallerReleased: _cell(tandem.caller_released, _S.RELEASING),
    },
    _S.THROUGH: {
        e.AgentReleased: _cell(tandem.far_released, _S.RELEASING),
        e.CallerReleased: _cell(tandem.caller_released, _S.RELEASING),
    },
    _S.RELEASING: {
        e.CallerPlaced: _cell(calling.placed, _S.RELEASING),
        e.CallerAlerting: _cell(releasing.nothing, _S.RELEASING),
        e.CallerAnswered: _cell(releasing.nothing, _S.RELEASING),
        e.AgentPlaced: _cell(ringing.placed, _S.RELEASING),
        e.AgentAlerting: _cell(releasing.nothing, _S.RELEASING),
        e.AgentAnswered: _cell(releasing.nothing, _S.RELEASING),
        e.AgentReleased: _cell(releasing.agent_gone, _S.RELEASING, _S.ENDED),
        e.CallerReleased: _cell(releasing.caller_gone, _S.RELEASING, _S.ENDED),
        e.HeldReleased: _cell(releasing.held_gone, _S.RELEASING, _S.ENDED),
    },
    _S.ENDED: {},
}


def step(contact: Contact, event: e.Event, fresh: Fresh, default: Default) -> Step:
    """The contact after `event`, and what is to be done. Raises NoTransitionError where TABLE has no cell."""
    cell = TABLE[contact.state].get(type(event))
    if cell is None:
        raise NoTransitionError(f"{type(event).__name__} in state {contact.state}")
    after, actions = cell.do(contact, event, fresh, default)
    if after.state not in cell.to:
        raise AssertionError(f"{type(event).__name__} led from {contact.state} to {after.state}")
    return after, actions

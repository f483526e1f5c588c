# SPDX-License-Identifier: GPL-2.0-only
"""What an agent is shown of their contact: kept from the first time that one is to have it until it ends.

Fields of all scripts that it has passed, none that is secret; notes of agents before. Together they take no more than
a contact's context may. Every function gives a new state.
"""

import msgspec

from appliance.router.events import AgentAnswer, Effect, RouteAsked
from appliance.router.index import put_shown
from appliance.router.state import Shown, State
from appliance.script import context
from appliance.script.walk import Walk
from appliance.wire.agents import AgentNoted, ContactNow, Note

FORGOTTEN_NS = 86_400_000_000_000
HIDDEN = "*"

_replace = msgspec.structs.replace


def contact_of(state: State, agent: str) -> ContactNow | None:
    """The contact that the agent is reserved for, or that of their last leg."""
    contact = _at(state, agent)
    if contact is None:
        return None
    shown = state.shown.get(contact)
    return ContactNow(contact=contact, dnis="") if shown is None else shown.now


def keep(state: State, asked: RouteAsked, walk: Walk | None, call_type: str = "") -> State:
    """An agent may have this contact next; `walk`: what its script has come to know, if one was passed."""
    request = asked.request
    before = state.shown.get(request.contact)
    now = ContactNow(contact=request.contact, dnis=request.dnis) if before is None else before.now
    transfers, ced, fields = now.transfers, now.ced, now.fields
    if request.transfer_to and transfers[-1:] != (request.transferred_by,):
        transfers = (*transfers, request.transferred_by)
    if walk is not None:
        ced = HIDDEN * len(request.ced) if walk.ced_is_secret else request.ced
        fields = {**fields, **_open(walk)}
    now = _replace(
        now,
        clid=request.clid or "",
        call_type=call_type or now.call_type,
        transfers=transfers,
        ced=ced,
        fields=fields,
    )
    return put_shown(state, request.contact, Shown(now, asked.at_ns + FORGOTTEN_NS))


def _open(walk: Walk) -> dict[str, str]:
    declared = walk.script.text.context
    if not declared:
        return {}
    return {
        name: context.shown(value)
        for name, value in walk.fields.items()
        if name in declared and not declared[name].secret
    }


def note(state: State, noted: AgentNoted, at_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """The agent writes into the contact they have."""
    now = contact_of(state, noted.agent)
    if now is None:
        return state, (AgentAnswer(noted.agent, "has no contact to write into"),)
    now = _replace(now, notes=(*now.notes, Note(noted.agent, noted.text)))
    octets = len(msgspec.json.encode(now))
    if octets > context.LIMIT:
        why = f"cannot write so much: the contact would have {octets} octets, {context.LIMIT} at most"
        return state, (AgentAnswer(noted.agent, why),)
    return put_shown(state, now.contact, Shown(now, at_ns + FORGOTTEN_NS)), (AgentAnswer(noted.agent),)


def given_back(state: State, contact: str, by: str) -> State:
    """That agent has not handed it on after all."""
    before = state.shown.get(contact)
    if before is None or before.now.transfers[-1:] != (by,):
        return state
    now = _replace(before.now, transfers=before.now.transfers[:-1])
    return put_shown(state, contact, _replace(before, now=now))


def _at(state: State, agent: str) -> str | None:
    now = state.agents.get(agent)
    if now is None:
        return None
    if now.token is not None:
        return state.reservations[now.token].contact
    return next(reversed(tuple(now.legs.values())), None)

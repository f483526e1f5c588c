# SPDX-License-Identifier: GPL-2.0-only
"""A number that an agent dials: a call type's, with its script, or one agent's, who is rung without a script.

A contact that is handed to one agent keeps its place in its own script, and goes on there where they do not answer.
"""

from appliance.router import agents, shown, slots, waiting
from appliance.router.events import Answer, Effect, RouteAsked
from appliance.router.index import put_place
from appliance.router.rows import order_of
from appliance.router.rules import VOICE, CallType
from appliance.router.state import Place, Reach, State
from appliance.script.nodes import Agent
from appliance.wire.routes import Action, Release, RouteAnswer

UNALLOCATED, USER_BUSY = 1, 17  # Q.850
PRIORITY = 5  # of who asks for one agent by name
RING = Agent(agent="", otherwise="none")
"""As long as a script's node would let the phone ring."""

Decided = tuple[State, tuple[Effect, ...]]


def at(state: State, box: str, number: str, kind: str = VOICE) -> CallType | str | None:
    """What has that number, dialled at that branch: a call type, an agent by id or extension, or nobody."""
    exact = state.rules.call_types.get(CallType("", number, "", channel=kind).key)
    if exact is not None:
        return exact
    agent = number if number in state.rules.seats else state.index.phones.get((box, number))
    return agent or state.rules.call_type_of(number, kind)


def numbers(state: State, box: str) -> list[str]:
    """All that can be dialled at that branch, but for patterns."""
    phones = (number for at_box, number in state.index.phones if at_box == box)
    return [*(one for one in state.rules.call_types if "*" not in one), *state.rules.seats, *phones]


def by_phone(state: State, asked: RouteAsked) -> str | None:
    """Whom an agent's own phone calls, where no call type has the number."""
    request, phones = asked.request, state.index.phones
    if (asked.box, request.clid or "") not in phones:
        return None
    found = at(state, asked.box, request.dnis)
    return found if isinstance(found, str) else None


def nobody(state: State, asked: RouteAsked) -> Decided:
    """No call type and no agent has the number."""
    number = asked.request.transfer_to or asked.request.dnis
    return state, (_answer(asked, Release(cause=UNALLOCATED), f"no call type for called number {number}"),)


def ring(state: State, asked: RouteAsked, agent: str) -> Decided:
    """That agent, in a slot of the contact's channel, or why not."""
    request, seat = asked.request, state.rules.seats[agent]
    agent = slots.arriving(state, agent, request.kind, request.contact)
    reach = Reach((asked.box, *request.reaches), request.refused_agents)
    place = state.places.get(request.contact) or Place(
        PRIORITY, asked.at_ns, state.serial + 1, "", asked.at_ns, waiting.forgotten_ns(state, asked), ()
    )
    verdict = "" if agents.can_choose(state, agent, reach) else agents.verdict(state, agent, reach, asked.at_ns)
    if not verdict and waiting.ahead(state, agent, order_of(place, request.contact)):
        verdict = "awaited by others"
    if verdict:
        why = f"{seat.name} ({agent}) cannot be rung: {verdict}"
        return state, (_answer(asked, Release(cause=USER_BUSY), why),)
    state, held, moved = agents.reserve(state, agent, request.contact, "", asked.at_ns, asked.box)
    state = waiting.rung(put_place(state, request.contact, place), request.contact, agent)
    state = shown.keep(state, asked, None)
    who = request.transferred_by or request.clid
    reason = f"{who} asks for {seat.name} ({agent})"
    label = waiting.ring(state, RING, held, asked.box, record=waiting.said(asked.request.cursor))
    return state, (moved, _answer(asked, label, reason))


def _answer(asked: RouteAsked, action: Action, reason: str) -> Answer:
    request = asked.request
    told = RouteAnswer(request=request.request, action=action, reason=reason, cursor=request.cursor)
    return Answer(asked.box, told)

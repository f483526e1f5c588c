# SPDX-License-Identifier: GPL-2.0-only
"""Who lets go while the caller is held, or was."""

import msgspec

from appliance.call import labels, releasing, ringing, routing, talking, treating
from appliance.call.actions import Action, Record, ToWorker
from appliance.call.contact import CallState, Contact
from appliance.call.events import AgentReleased, CallerReleased, HeldReleased, RingEnded, TreatmentOver
from appliance.call.settings import Default, Fresh
from appliance.call.transferring.handing import complete
from appliance.call.transferring.holding import back, cleared, given_up
from appliance.call.transferring.telling import agent_name, leg_ended, let_go, stopped, transfer_over
from appliance.wire.legs import ReleasedBy, ReleaseLeg

Step = tuple[Contact, tuple[Action, ...]]
NO_ANSWER = 19  # Q.850
_replace = msgspec.structs.replace


def agent_left(contact: Contact, event: CallerReleased, fresh: Fresh, default: Default) -> Step:
    """The agent in the caller's place lets go, which completes. One whose side failed: the caller is routed again."""
    transfer, held = contact.transfer, contact.held
    if transfer is None or held is None:
        left = {CallState.TALKING: talking.caller_released, CallState.TREATING: treating.caller_released}
        return left.get(contact.state, releasing.caller_released)(contact, event, fresh, default)
    if event.by is not ReleasedBy.FAULT:
        return complete(contact, fresh, event)
    first = contact.caller
    ended, other = given_up(contact, fresh, event.sample)
    told = Record(transfer_over(contact, transfer, "abandoned", "the agent's phone was lost"))
    # A leg that a lost worker still holds must not outlive the talk.
    gone = (leg_ended(contact, first, event), let_go(first))
    after, asked = routing.ask(_replace(cleared(contact), caller=held), "agent-gone", fresh)
    return after, (*ended, told, *gone, *other, *stopped(transfer.music), *asked)


def other_left(contact: Contact, event: AgentReleased, fresh: Fresh, default: Default) -> Step:
    """Who is consulted lets go, or cannot be reached: a script may know another, else the agent has the caller back."""
    talked = contact.state is CallState.TALKING
    transfer = contact.transfer
    if transfer is None or not (talked or transfer.direct):
        rung = ringing.refused if contact.label is None else labels.refused
        return (talking.agent_released if talked else rung)(contact, event, fresh, default)
    return _without(contact, event, fresh, "has let go" if talked else f"cannot be reached (cause {event.cause})")


def not_answered(contact: Contact, event: RingEnded, fresh: Fresh, default: Default) -> Step:
    """Nobody took it."""
    if contact.transfer is None or not contact.transfer.direct or contact.agent is None:
        rung = ringing.timed_out if contact.label is None else labels.timed_out
        return rung(contact, event, fresh, default)
    other = contact.agent
    gone = AgentReleased(cause=NO_ANSWER, by=ReleasedBy.US, sample=fresh.sample)
    after, actions = _without(contact, gone, fresh, "did not answer")
    return after, (*actions, ToWorker(other.worker, ReleaseLeg(leg=other.leg, cause=NO_ANSWER)))


def _without(contact: Contact, event: AgentReleased, fresh: Fresh, why: str) -> Step:
    """The other agent's leg is over already."""
    other, name = contact.agent, agent_name(contact.ring)
    if other is None:
        raise AssertionError("nobody is consulted")
    ended = talking.end(contact, event.sample) if contact.state is CallState.TALKING else ()
    if contact.state is CallState.RINGING:
        ended = ringing.quiet(contact)
    contact = _replace(contact, state=CallState.ROUTING, agent=None)
    after, actions = back(contact, fresh, f"{name} {why}")
    return after, (*ended, leg_ended(contact, other, event), *actions)


def held_left(contact: Contact, event: HeldReleased, fresh: Fresh, default: Default) -> Step:
    """The caller lets go while he is held: so do all."""
    transfer, held, first, other = contact.transfer, contact.held, contact.caller, contact.agent
    if transfer is None or held is None:
        raise AssertionError("nobody is held")
    ended, _ = given_up(contact, fresh, event.sample)
    told = Record(transfer_over(contact, transfer, "abandoned", "the caller let go"))
    quiet = stopped(transfer.music)
    gone = CallerReleased(cause=event.cause, by=event.by, sample=event.sample)
    contact = _replace(cleared(contact), caller=held, agent=first, held=other)
    after, actions = releasing.caller_released(contact, gone, fresh, default)
    more = () if other is None else (let_go(other),)
    return after, (*ended, *quiet, told, *actions, *more)


def over(contact: Contact, event: TreatmentOver, fresh: Fresh, default: Default) -> Step:
    """The agent in the caller's place has heard it. Where their port is gone their release follows."""
    if event.reason == "closed" and contact.transfer is not None:
        return contact, ()
    return treating.over(contact, event, fresh, default)

# SPDX-License-Identifier: GPL-2.0-only
"""RELEASING: every leg is let go once, and the record is closed when the last one is free."""

import msgspec

from appliance.call.actions import Action, Record, ToWorker
from appliance.call.contact import CallState, Contact, agent_of
from appliance.call.events import AgentReleased, CallerReleased, Event, HeldReleased
from appliance.call.settings import Default, Fresh
from appliance.wire.calls import ContactEnded, LegEnded
from appliance.wire.legs import ReleasedBy, ReleaseLeg

Step = tuple[Contact, tuple[Action, ...]]
# Q.850
NORMAL_CLEARING = 16
TEMPORARY_FAILURE = 41


def nothing(contact: Contact, event: Event, fresh: Fresh, default: Default) -> Step:
    """Crossed our release on the way; the release will be answered."""
    del event, fresh, default
    return contact, ()


def caller_released(contact: Contact, event: CallerReleased, fresh: Fresh, default: Default) -> Step:
    """The caller is gone: let the agent go, if there is one."""
    after, actions = caller_gone(contact, event, fresh, default)
    agent = after.agent
    if agent is None or agent.released:
        return after, actions
    release = ToWorker(agent.worker, ReleaseLeg(leg=agent.leg, cause=NORMAL_CLEARING))
    return after, (*actions, release)


def agent_left(contact: Contact, event: AgentReleased, fresh: Fresh, default: Default) -> Step:
    """The agent is gone: let the caller go with the same cause."""
    by = "agent" if contact.label is None else "called"
    after, actions = agent_gone(
        msgspec.structs.replace(contact, state=CallState.RELEASING, cause=event.cause, released_by=by),
        event,
        fresh,
        default,
    )
    release = ToWorker(contact.caller.worker, ReleaseLeg(leg=contact.caller.leg, cause=event.cause))
    return after, (*actions, release)


def caller_gone(contact: Contact, event: CallerReleased, fresh: Fresh, default: Default) -> Step:
    """The caller's channel is free."""
    del fresh, default
    caller = msgspec.structs.replace(contact.caller, released=True)
    said = LegEnded(contact=contact.contact, leg=caller.leg, cause=event.cause, by=event.by, sample=event.sample)
    by = contact.released_by or who(event.by, "caller")
    after = msgspec.structs.replace(contact, caller=caller, cause=event.cause, released_by=by)
    return _close(after, Record(said))


def who(by: ReleasedBy, party: str) -> str:
    """Who let go, as the record has it: the party of the leg, us, or a fault."""
    return party if by is ReleasedBy.PEER else str(by)


def agent_gone(contact: Contact, event: AgentReleased, fresh: Fresh, default: Default) -> Step:
    """The agent's leg is over."""
    del fresh, default
    agent = msgspec.structs.replace(agent_of(contact), released=True)
    said = LegEnded(contact=contact.contact, leg=agent.leg, cause=event.cause, by=event.by, sample=event.sample)
    return _close(msgspec.structs.replace(contact, agent=agent), Record(said))


def held_gone(contact: Contact, event: HeldReleased, fresh: Fresh, default: Default) -> Step:
    """One leg more that was let go is over."""
    del fresh, default
    if contact.held is None:
        raise AssertionError("nobody is held")
    held = msgspec.structs.replace(contact.held, released=True)
    said = LegEnded(contact=contact.contact, leg=held.leg, cause=event.cause, by=event.by, sample=event.sample)
    return _close(msgspec.structs.replace(contact, held=held), Record(said))


def _close(contact: Contact, said: Action) -> Step:
    if not all(party.released for party in contact.parties):
        return msgspec.structs.replace(contact, state=CallState.RELEASING), (said,)
    ended = ContactEnded(contact=contact.contact, cause=contact.cause, by=contact.released_by)
    return msgspec.structs.replace(contact, state=CallState.ENDED), (said, Record(ended))

# SPDX-License-Identifier: GPL-2.0-only
"""RINGING: an agent's phone is called while the caller waits, answered or not."""

import msgspec

from appliance.call import routing, talking
from appliance.call.actions import Action, Part, Record, RingBack, Silence, ToWorker
from appliance.call.contact import CallState, Contact, agent_of
from appliance.call.events import AgentAlerting, AgentAnswered, AgentPlaced, AgentReleased, RingEnded
from appliance.call.settings import Default, Fresh
from appliance.wire.calls import LegConnected, LegEnded
from appliance.wire.legs import AlertLeg, AnswerLeg, ReleasedBy, ReleaseLeg

Step = tuple[Contact, tuple[Action, ...]]

# Q.850: how an agent's refusal is told to the router.
_OUTCOMES = {17: "busy", 18: "no-answer", 19: "no-answer", 21: "busy"}
_NO_WAY = {38, 55}
"""Of another branch's phone: that branch is silent, or does not know us."""


def placed(contact: Contact, event: AgentPlaced, fresh: Fresh, default: Default) -> Step:
    """The agent's leg has its port."""
    del fresh, default
    return msgspec.structs.replace(contact, agent=msgspec.structs.replace(agent_of(contact), port=event.port)), ()


def alerting(contact: Contact, event: AgentAlerting, fresh: Fresh, default: Default) -> Step:
    """The phone rings: an unanswered caller is told so, an answered one hears ring-back."""
    del event, fresh, default
    agent = agent_of(contact)
    if agent.alerting:
        return contact, ()
    caller = contact.caller
    actions: tuple[Action, ...] = ()
    if caller.answered_sample is None:
        if not caller.alerting:
            actions = (ToWorker(caller.worker, AlertLeg(leg=caller.leg)),)
            caller = msgspec.structs.replace(caller, alerting=True)
    elif caller.port is not None:
        actions = (RingBack(caller.port),)
    agent = msgspec.structs.replace(agent, alerting=True)
    return msgspec.structs.replace(contact, agent=agent, caller=caller), actions


def answered(contact: Contact, event: AgentAnswered, fresh: Fresh, default: Default) -> Step:
    """The agent took it: answer the caller first where that was not done."""
    del default
    agent = msgspec.structs.replace(agent_of(contact), answered_sample=event.sample)
    contact = msgspec.structs.replace(contact, agent=agent)
    said = Record(LegConnected(contact=contact.contact, leg=agent.leg, sample=event.sample))
    if contact.caller.answered_sample is None:
        answer = ToWorker(contact.caller.worker, AnswerLeg(leg=contact.caller.leg))
        return msgspec.structs.replace(contact, state=CallState.JOINING), (said, answer)
    after, actions = talking.begin(contact, fresh)
    return after, (said, *actions)


def refused(contact: Contact, event: AgentReleased, fresh: Fresh, default: Default) -> Step:
    """Busy, not registered, declined: the router hears of it and chooses again; of a branch that is away only once."""
    del default
    if contact.ring is not None and contact.ring.box and event.cause in _NO_WAY:
        contact = msgspec.structs.replace(contact, out_of_reach=(*contact.out_of_reach, contact.ring.box))
    return _again(contact, _OUTCOMES.get(event.cause, "unreachable"), (_ended(contact, event),), fresh)


def timed_out(contact: Contact, event: RingEnded, fresh: Fresh, default: Default) -> Step:
    """Nobody took it (RONA). The leg is let go; its release, when it comes, belongs to no contact any more."""
    del event, default
    agent = agent_of(contact)
    release = ToWorker(agent.worker, ReleaseLeg(leg=agent.leg, cause=19))
    gone = AgentReleased(cause=19, by=ReleasedBy.US, sample=0)
    return _again(contact, "no-answer", (_ended(contact, gone), release), fresh)


def _ended(contact: Contact, event: AgentReleased) -> Action:
    return Record(
        LegEnded(
            contact=contact.contact, leg=agent_of(contact).leg, cause=event.cause, by=event.by, sample=event.sample
        )
    )


def _again(contact: Contact, outcome: str, before: tuple[Action, ...], fresh: Fresh) -> Step:
    refused_agents = contact.refused_agents
    if contact.ring is not None and contact.ring.agent:
        refused_agents = (*refused_agents, contact.ring.agent)
    silent = quiet(contact)
    contact = msgspec.structs.replace(contact, refused_agents=refused_agents, ring=None, agent=None)
    after, asked = routing.ask(contact, outcome, fresh)
    return after, (*before, *silent, *asked)


def quiet(contact: Contact) -> tuple[Action, ...]:
    """What the caller hears of who is rung ends: our ring-back, or the far end itself."""
    port, agent = contact.caller.port, contact.agent
    if port is not None and agent is not None and agent.hears:
        return (Part(port, recording=0),)
    return (Silence(port),) if port is not None and contact.caller.answered_sample is not None else ()

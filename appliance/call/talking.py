# SPDX-License-Identifier: GPL-2.0-only
"""JOINING and TALKING: from the second answer to the first release, both stamped in engine samples."""

import msgspec

from appliance.call import releasing, routing, treating
from appliance.call.actions import Action, Join, Part, Record, ToWorker
from appliance.call.contact import CallState, Contact, agent_of, recording_name
from appliance.call.events import AgentReleased, CallerAnswered, CallerReleased
from appliance.call.settings import Default, Fresh
from appliance.wire.calls import LegEnded, TalkBegan, TalkEnded
from appliance.wire.legs import ReleasedBy, ReleaseLeg

Step = tuple[Contact, tuple[Action, ...]]


def begin(contact: Contact, fresh: Fresh, again: int = 0) -> Step:
    """Both sides are through: join them, and record if the label said so. `again`: the sample, of who talked before."""
    agent, caller = agent_of(contact), contact.caller
    if caller.port is None or agent.port is None or caller.answered_sample is None or agent.answered_sample is None:
        raise AssertionError("a talk needs two answered ports")
    recording = fresh.recording if contact.ring is not None and contact.ring.record else 0
    start = max(caller.answered_sample, agent.answered_sample, again)
    began = TalkBegan(
        contact=contact.contact,
        leg=agent.leg,
        sample=start,
        recording=recording_name(recording) if recording else None,
        consult=contact.held is not None,
    )
    after = msgspec.structs.replace(contact, state=CallState.TALKING, recording=recording, talk_from=start)
    return after, (Record(began), Join(caller.port, agent.port, recording, start))


def caller_answered(contact: Contact, event: CallerAnswered, fresh: Fresh, default: Default) -> Step:
    """The caller's answer, after the agent's: the talk begins."""
    contact, said = treating.note_answer(contact, event, fresh, default)
    after, actions = begin(contact, fresh)
    return after, (*said, *actions)


def caller_released(contact: Contact, event: CallerReleased, fresh: Fresh, default: Default) -> Step:
    """The caller hung up."""
    ended = end(contact, event.sample)
    after, actions = releasing.caller_released(contact, event, fresh, default)
    return after, (*ended, *actions)


def agent_released(contact: Contact, event: AgentReleased, fresh: Fresh, default: Default) -> Step:
    """The agent hung up: so is the caller. An agent's side that failed is routed again; the caller keeps the line."""
    ended = end(contact, event.sample)
    if event.by is ReleasedBy.FAULT:
        agent = agent_of(contact)
        gone = LegEnded(contact=contact.contact, leg=agent.leg, cause=event.cause, by=event.by, sample=event.sample)
        # A leg that a lost worker still holds must not outlive the talk.
        release = ToWorker(agent.worker, ReleaseLeg(leg=agent.leg, cause=event.cause))
        contact = msgspec.structs.replace(contact, agent=None, ring=None, label=None, recording=0, talk_from=None)
        after, asked = routing.ask(contact, "agent-gone", fresh)
        return after, (*ended, Record(gone), release, *asked)
    after, actions = releasing.agent_left(contact, event, fresh, default)
    return after, (*ended, *actions)


def end(contact: Contact, sample: int) -> tuple[Action, ...]:
    """The talk is over at that sample, and its recording."""
    if contact.talk_from is None or contact.caller.port is None:
        raise AssertionError("no talk to end")
    at = max(sample, contact.talk_from)
    consult = contact.held is not None
    said = TalkEnded(contact=contact.contact, sample=at, samples=at - contact.talk_from, consult=consult)
    return (Part(contact.caller.port, contact.recording), Record(said))

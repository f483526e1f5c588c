# SPDX-License-Identifier: GPL-2.0-only
"""RINGING, for a label: the caller in hand is taken to a number outside (outside.py). `agent` is the leg there.

What the network lets hear before the answer, its ringing tone or a sentence, the caller hears; without sound of its own
he hears our ring-back. After the second answer both talk, and either one's release is the other's. Where it does not
come to that, the script hears how (`outcome`), and why (`because`).
"""

import msgspec

from appliance.call import outside, ringing, routing
from appliance.call.actions import Action, Join, Record, StartRingTimer, ToWorker
from appliance.call.contact import Contact, agent_of
from appliance.call.events import AgentAlerting, AgentReleased, RingEnded
from appliance.call.settings import Default, Fresh
from appliance.wire.calls import LegEnded
from appliance.wire.legs import AlertLeg, ReleasedBy, ReleaseLeg
from appliance.wire.routes import Label

Step = tuple[Contact, tuple[Action, ...]]
NO_ANSWER = "no-answer"
# Q.850
NO_REPLY = 19
CHANNEL_TAKEN = 44
_NO_ROOM = (34, 38, 41, 42, CHANNEL_TAKEN, 47)
"""Of the trunk or of the network behind it: another one may do."""
_OUTCOMES = {17: "busy", 18: NO_ANSWER, NO_REPLY: NO_ANSWER, 21: "busy"} | dict.fromkeys(_NO_ROOM, "congestion")
_replace = msgspec.structs.replace


def alerting(contact: Contact, event: AgentAlerting, fresh: Fresh, default: Default) -> Step:
    """It rings there, or there is sound: the caller hears that."""
    agent, caller = agent_of(contact), contact.caller
    if contact.label is None or not event.inband or caller.port is None or agent.port is None:
        return ringing.alerting(contact, event, fresh, default)
    if agent.hears:
        return contact, ()
    joined = (Join(caller.port, agent.port, recording=0, from_sample=0),)
    said: tuple[Action, ...] = ()
    if caller.answered_sample is None and not caller.alerting:
        # A phone of ours takes no sound before the answer.
        inband = caller.worker != routing.AGENT_WORKER
        said = (ToWorker(caller.worker, AlertLeg(leg=caller.leg, inband=inband)),)
    agent, caller = _replace(agent, alerting=True, hears=True), _replace(caller, alerting=True)
    return _replace(contact, agent=agent, caller=caller), (*joined, *said)


def refused(contact: Contact, event: AgentReleased, fresh: Fresh, default: Default) -> Step:
    """Busy, unknown, no room: the next trunk may have some, else the script hears of it.

    Where both ends have taken the same channel at once (glare), the trunk has another one.
    """
    agent, label = agent_of(contact), _label_of(contact)
    gone = (_ended(contact, event), *ringing.quiet(contact))
    if event.cause == CHANNEL_TAKEN and not contact.glared:
        contact = _replace(contact, glared=True)
    else:
        contact = _replace(contact, tried=(*contact.tried, agent.trunk))
    placed, _ = outside.place(contact, label, fresh, default) if event.cause in _NO_ROOM else (None, "")
    if placed is not None:
        after, actions = placed
        return after, (*gone, *actions)
    contact = outside.in_vain(contact, label, f"cause {event.cause} by {agent.trunk}")
    after, asked = routing.ask(contact, _OUTCOMES.get(event.cause, "unreachable"), fresh)
    return after, (*gone, *asked)


def timed_out(contact: Contact, event: RingEnded, fresh: Fresh, default: Default) -> Step:
    """Nobody took it. The leg is let go; its release, when it comes, belongs to no contact any more."""
    del event, default
    agent, label = agent_of(contact), _label_of(contact)
    gone = AgentReleased(cause=NO_REPLY, by=ReleasedBy.US, sample=fresh.sample)
    release = ToWorker(agent.worker, ReleaseLeg(leg=agent.leg, cause=NO_REPLY))
    after, asked = routing.ask(outside.in_vain(contact, label, f"it rang for {label.ring_s} s"), NO_ANSWER, fresh)
    return after, (_ended(contact, gone), *ringing.quiet(contact), release, *asked)


def resume(contact: Contact) -> tuple[Action, ...]:
    """After our death, in RINGING."""
    agent, caller, timer = agent_of(contact), contact.caller, StartRingTimer(_label_of(contact).ring_s)
    if not agent.hears or caller.port is None or agent.port is None:
        return (timer,)
    return timer, Join(caller.port, agent.port, recording=0, from_sample=0)


def _label_of(contact: Contact) -> Label:
    if contact.label is None:
        raise AssertionError(f"no label in state {contact.state}")
    return contact.label


def _ended(contact: Contact, event: AgentReleased) -> Action:
    leg = agent_of(contact).leg
    return Record(LegEnded(contact=contact.contact, leg=leg, cause=event.cause, by=event.by, sample=event.sample))

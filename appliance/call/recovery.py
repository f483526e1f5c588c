# SPDX-License-Identifier: GPL-2.0-only
"""Going on after somebody died: what a snapshot says that we had not heard, and what we may have left unsaid.

`missed` turns a worker's snapshot into the events that would have come; `resume` repeats the commands of a contact that
was read back from disk. Both are pure; every command they repeat is harmless where it was carried out already.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from appliance.call import calling, labels, routing, tandem
from appliance.call.actions import Action, StartRingTimer, ToWorker
from appliance.call.contact import CallState, Contact, Party
from appliance.call.events import (
    AgentAlerting,
    AgentAnswered,
    AgentPlaced,
    AgentReleased,
    CallerAlerting,
    CallerAnswered,
    CallerPlaced,
    CallerReleased,
    Event,
    HeldReleased,
)
from appliance.call.releasing import TEMPORARY_FAILURE
from appliance.call.settings import Fresh
from appliance.wire.legs import AnswerLeg, Direction, Leg, LegState, Location, ReleasedBy, ReleaseLeg

Step = tuple[Contact, tuple[Action, ...]]


def missed(
    contact: Contact, worker: str, legs: Mapping[str, Leg], sample: int, placing: AbstractSet[str] = frozenset()
) -> list[Event]:
    """The events of this contact's legs at `worker` that its snapshot implies; `sample` stamps a leg that vanished.

    Of `placing` it says nothing: it may be older than the order.
    """

    def is_there(party: Party) -> bool:
        return party.worker == worker and not party.released and party.leg not in placing

    events: list[Event] = []
    if is_there(contact.caller):
        events += _caller(contact.caller, legs.get(contact.caller.leg), sample)
    if contact.agent is not None and is_there(contact.agent):
        events += _agent(contact.agent, legs.get(contact.agent.leg), sample)
    if contact.held is not None and is_there(contact.held):
        release = _release_of(legs.get(contact.held.leg), sample)
        events += [HeldReleased(*release)] if release is not None else []
    return events


def _release_of(leg: Leg | None, sample: int) -> tuple[int, ReleasedBy, int, Location | None] | None:
    if leg is None:
        return TEMPORARY_FAILURE, ReleasedBy.FAULT, sample, None
    if leg.state is not LegState.RELEASED:
        return None
    by = leg.by or ReleasedBy.FAULT
    released = sample if leg.released_sample is None else leg.released_sample
    return leg.cause or TEMPORARY_FAILURE, by, released, leg.location


def _caller(caller: Party, leg: Leg | None, sample: int) -> list[Event]:
    events: list[Event] = []
    if leg is not None and leg.direction is Direction.OUTGOING:
        if caller.port is None and leg.port is not None:
            events.append(CallerPlaced(port=leg.port))
        if leg.state is LegState.ALERTING and not caller.alerting:
            events.append(CallerAlerting())
    if leg is not None and leg.answered_sample is not None and caller.answered_sample is None:
        events.append(CallerAnswered(sample=leg.answered_sample))
    if (release := _release_of(leg, sample)) is not None:
        events.append(CallerReleased(*release))
    return events


def _agent(agent: Party, leg: Leg | None, sample: int) -> list[Event]:
    events: list[Event] = []
    if leg is not None:
        if agent.port is None and leg.port is not None:
            events.append(AgentPlaced(port=leg.port, channel=leg.channel))
        if leg.state is LegState.ALERTING and not agent.alerting:
            events.append(AgentAlerting())
        if leg.answered_sample is not None and agent.answered_sample is None:
            events.append(AgentAnswered(sample=leg.answered_sample))
    if (release := _release_of(leg, sample)) is not None:
        events.append(AgentReleased(*release))
    return events


def resume(contact: Contact, fresh: Fresh) -> Step:
    """The commands that our death may have swallowed. A treatment is resumed when the IVR's snapshot lacks it."""
    if contact.state is CallState.ROUTING:
        return routing.ask(contact, contact.outcome, fresh)
    if contact.state in {CallState.ANSWERING, CallState.JOINING}:
        return contact, (ToWorker(contact.caller.worker, AnswerLeg(leg=contact.caller.leg)),)
    if contact.state is CallState.RINGING and contact.label is not None:
        return contact, labels.resume(contact)
    if contact.state is CallState.RINGING and contact.ring is not None:
        return contact, (StartRingTimer(contact.ring.ring_s),)
    if contact.state in {CallState.CALLING, CallState.ASKING, CallState.DIALLING}:
        return calling.resume(contact, fresh)
    if contact.state is CallState.PASSING:
        return contact, tandem.resume(contact)
    if contact.state is CallState.RELEASING:
        parties = [party for party in contact.parties if not party.released]
        return contact, tuple(ToWorker(p.worker, ReleaseLeg(leg=p.leg, cause=contact.cause)) for p in parties)
    return contact, ()

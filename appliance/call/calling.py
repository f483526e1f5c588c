# SPDX-License-Identifier: GPL-2.0-only
"""CALLING, ASKING and DIALLING: a customer is called back. The agent's phone first, then a question, then the customer.

The router has ordered it and named the contact. `caller` is the customer's party, who has no leg (`released`) until
they are dialled; their leg has its name from the first, so a number is dialled once however often we die. Headquarters
that is silent lets nobody be dialled: the agent is let go, and the callback waits on at the router.
"""

import msgspec

from appliance.call import releasing, routing, talking
from appliance.call.actions import Action, Join, Record, RingBack, StartRingTimer, ToWorker
from appliance.call.contact import CallState, Contact, Party, agent_of
from appliance.call.events import (
    AgentAlerting,
    AgentAnswered,
    AgentReleased,
    CallerAlerting,
    CallerAnswered,
    CallerPlaced,
    CallerReleased,
    RingEnded,
    Routed,
    RouteMissing,
)
from appliance.call.settings import Default, Fresh, Trunks
from appliance.wire.callbacks import PlaceContact
from appliance.wire.calls import ContactBegan, ContactEnded, LegBegan, LegConnected, RouteDecided
from appliance.wire.legs import Direction, PlaceLeg, ReleaseLeg, sip_channel
from appliance.wire.routes import Dial, Release

Step = tuple[Contact, tuple[Action, ...]]
# Q.850
NO_ROUTE = 3
NO_CIRCUIT = 34
NORMAL_CLEARING = 16
NO_ANSWER = 19
_replace = msgspec.structs.replace


def begin(order: PlaceContact, trunks: Trunks, leg: str, fresh: Fresh) -> Step:
    """Enter CALLING: the agent's phone is rung, and shows the customer's number. Without a way out it ends at once."""
    way, choices = trunks.choices(order.number)
    trunk = next((one for one in choices if one not in fresh.full), "")
    contact = Contact(
        contact=order.contact,
        state=CallState.CALLING,
        caller=Party(leg=leg, worker=trunks.workers.get(trunk, ""), trunk=trunk, released=True),
        dnis=order.number,
        callback=order.callback,
        trunk=trunk,
        shows=way.clid if way is not None else None,
        ring=order.ring,
        outcome="callback",
    )
    began = Record(
        ContactBegan(
            contact=order.contact,
            leg=leg,
            channel=f"trunk {trunk}" if trunk else "",
            dnis=order.number,
            trunk=trunk or None,
            callback=order.callback,
            origin=order.origin,
        )
    )
    if not trunk:
        cause = NO_ROUTE if way is None else NO_CIRCUIT
        ended = ContactEnded(contact=order.contact, cause=cause, by="us")
        return _replace(contact, state=CallState.ENDED), (began, Record(ended))
    after, actions = _ring(contact, order, fresh)
    return after, (began, *actions)


def _ring(contact: Contact, order: PlaceContact, fresh: Fresh) -> Step:
    label = order.ring
    agent = Party(leg=fresh.leg, worker=routing.AGENT_WORKER, trunk=label.box)
    decided = RouteDecided(
        contact=contact.contact,
        by="headquarters",
        latency_ms=0.0,
        action=label,
        reason=order.reason,
        outcome=contact.outcome,
    )
    began = LegBegan(
        contact=contact.contact,
        leg=agent.leg,
        direction=Direction.OUTGOING,
        channel=sip_channel(label.extension, label.box),
        to=label.extension,
        agent=label.agent,
        token=label.token,
    )
    place = PlaceLeg(
        leg=agent.leg,
        to=label.extension,
        contact=contact.contact,
        clid=contact.dnis,
        trunk=label.box or None,
    )
    ring = (ToWorker(agent.worker, place), StartRingTimer(label.ring_s))
    return _replace(contact, agent=agent), (Record(decided), Record(began), *ring)


def agent_alerting(contact: Contact, event: AgentAlerting, fresh: Fresh, default: Default) -> Step:
    """The phone rings; nobody hears it yet."""
    del event, fresh, default
    return _replace(contact, agent=_replace(agent_of(contact), alerting=True)), ()


def agent_answered(contact: Contact, event: AgentAnswered, fresh: Fresh, default: Default) -> Step:
    """Enter ASKING, with the question whether the customer may be dialled."""
    del default
    agent = _replace(agent_of(contact), answered_sample=event.sample)
    said = Record(LegConnected(contact=contact.contact, leg=agent.leg, sample=event.sample))
    after, asked = ask(_replace(contact, agent=agent), fresh)
    return after, (said, *asked)


def ask(contact: Contact, fresh: Fresh) -> Step:
    """The question; asked again after our death it has the same answer."""
    after, asked = routing.ask(contact, "agent-answered", fresh)
    return _replace(after, state=CallState.ASKING), asked


def routed(contact: Contact, event: Routed, fresh: Fresh, default: Default) -> Step:
    """Headquarters has decided."""
    del default
    answer = event.answer
    decided = Record(
        RouteDecided(
            contact=contact.contact,
            by="headquarters",
            latency_ms=event.latency_ms,
            action=answer.action,
            reason=answer.reason,
            outcome=contact.outcome,
        )
    )
    if isinstance(answer.action, Dial) and contact.trunk in fresh.full:  # since the agent was rung
        after, actions = _let_go(contact, NO_CIRCUIT, "us")
    elif isinstance(answer.action, Dial):
        after, actions = _dial(contact, answer.action)
    else:
        cause = answer.action.cause if isinstance(answer.action, Release) else releasing.TEMPORARY_FAILURE
        after, actions = _let_go(contact, cause, "us")
    return after, (decided, *actions)


def missing(contact: Contact, event: RouteMissing, fresh: Fresh, default: Default) -> Step:
    """Headquarters is silent: nobody is dialled, lest somebody be dialled twice."""
    del fresh, default
    label = Release(cause=releasing.TEMPORARY_FAILURE)
    decided = RouteDecided(
        contact=contact.contact,
        by="branch",
        latency_ms=event.latency_ms,
        action=label,
        reason=f"nobody is dialled, because {event.reason}",
        outcome=contact.outcome,
    )
    after, actions = _let_go(contact, label.cause, "us")
    return after, (Record(decided), *actions)


def _dial(contact: Contact, label: Dial) -> Step:
    """Enter DIALLING: the state is on the disk before the order leaves, so it leaves once."""
    caller = _replace(contact.caller, released=False)
    began = LegBegan(
        contact=contact.contact,
        leg=caller.leg,
        direction=Direction.OUTGOING,
        channel=f"trunk {contact.trunk}",
        to=label.number,
        trunk=contact.trunk,
    )
    place = PlaceLeg(leg=caller.leg, to=label.number, contact=contact.contact, clid=contact.shows, trunk=contact.trunk)
    after = _replace(contact, state=CallState.DIALLING, caller=caller, dial_s=label.ring_s)
    return after, (Record(began), ToWorker(caller.worker, place), StartRingTimer(label.ring_s))


def placed(contact: Contact, event: CallerPlaced, fresh: Fresh, default: Default) -> Step:
    """The customer's leg has its port."""
    del fresh, default
    return _replace(contact, caller=_replace(contact.caller, port=event.port)), ()


def alerting(contact: Contact, event: CallerAlerting, fresh: Fresh, default: Default) -> Step:
    """The customer's phone rings: the agent hears what the network has to say, else our ring-back."""
    del fresh, default
    caller, agent = _replace(contact.caller, alerting=True), agent_of(contact)
    after = _replace(contact, caller=caller)
    if event.inband and caller.port is not None and agent.port is not None:
        return after, (Join(caller.port, agent.port, recording=0, from_sample=0),)
    return after, ring_back(after)


def ring_back(contact: Contact) -> tuple[Action, ...]:
    """For the agent, while the customer's phone rings."""
    agent = agent_of(contact)
    return (RingBack(agent.port),) if contact.caller.alerting and agent.port is not None else ()


def resume(contact: Contact, fresh: Fresh) -> Step:
    """After our death; whether the customer's leg was ever ordered is the line worker's to say."""
    if contact.state is CallState.ASKING:
        return ask(contact, fresh)
    if contact.state is CallState.DIALLING:
        return contact, (StartRingTimer(contact.dial_s), *ring_back(contact))
    return contact, (StartRingTimer(contact.ring.ring_s if contact.ring is not None else 0),)


def answered(contact: Contact, event: CallerAnswered, fresh: Fresh, default: Default) -> Step:
    """The customer is there: the talk begins."""
    return talking.caller_answered(contact, event, fresh, default)


def not_reached(contact: Contact, event: CallerReleased, fresh: Fresh, default: Default) -> Step:
    """Busy, unknown, declined: the agent is let go, and the cause is the contact's."""
    contact = _replace(contact, released_by=releasing.who(event.by, "called"))
    return releasing.caller_released(contact, event, fresh, default)


def agent_left(contact: Contact, event: AgentReleased, fresh: Fresh, default: Default) -> Step:
    """The agent did not take it, or has gone before the customer answered."""
    by = releasing.who(event.by, "agent")
    contact = _replace(contact, state=CallState.RELEASING, cause=event.cause, released_by=by)
    after, actions = releasing.agent_gone(contact, event, fresh, default)
    return after, (*actions, *_releases(after, NORMAL_CLEARING))


def timed_out(contact: Contact, event: RingEnded, fresh: Fresh, default: Default) -> Step:
    """The agent (RONA), or the customer, let it ring for as long as it may."""
    del event, fresh, default
    return _let_go(contact, NO_ANSWER, "us")


def _let_go(contact: Contact, cause: int, by: str) -> Step:
    after = _replace(contact, state=CallState.RELEASING, cause=cause, released_by=by)
    return after, _releases(after, cause)


def _releases(contact: Contact, cause: int) -> tuple[Action, ...]:
    parties = (party for party in (contact.caller, agent_of(contact)) if not party.released)
    return tuple(ToWorker(party.worker, ReleaseLeg(leg=party.leg, cause=cause)) for party in parties)

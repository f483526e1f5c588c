# SPDX-License-Identifier: GPL-2.0-only
"""PASSING and THROUGH: a call that goes on to another trunk, past the contact center. Headquarters is not asked.

What came with the call goes out with it. The ports are joined, clear, as soon as the far end rings or has something to
say (not before: an R2 register may be at work there), so tones and announcements are its own. The caller is answered
when the far end answers; the cause of either end is the other's, with its location. `agent` is the far leg.
"""

import msgspec

from appliance.call import releasing, treating
from appliance.call.actions import Action, Join, Record, ToWorker
from appliance.call.contact import CallState, Contact, Party, agent_of
from appliance.call.events import (
    AgentAlerting,
    AgentAnswered,
    AgentReleased,
    CallerAnswered,
    CallerReleased,
)
from appliance.call.settings import Default, Fresh
from appliance.config.tandem import Tandem as Rule
from appliance.wire.calls import LegBegan, LegConnected, RouteDecided, TalkBegan, TalkEnded
from appliance.wire.legs import AlertLeg, AnswerLeg, Direction, Leg, Location, PlaceLeg, ReleaseLeg
from appliance.wire.routes import Tandem

Step = tuple[Contact, tuple[Action, ...]]
_replace = msgspec.structs.replace


def begin(contact: Contact, leg: Leg, rule: Rule, worker: str, fresh: Fresh) -> Step:
    """Enter PASSING: a leg goes on for the one that came, at the worker of the rule's trunk."""
    reason = f"tandem: {leg.dnis or 'a call without a number'} goes from {rule.span} to {rule.to}"
    return _begin(contact, leg, Tandem(trunk=rule.to), worker, reason, fresh)


def overflow(contact: Contact, leg: Leg, number: str, why: str, fresh: Fresh, default: Default) -> Step | None:
    """Enter PASSING: a call too many goes on to another number; None where no trunk has room for it."""
    _, trunks = default.trunks.choices(number)
    trunk = next((one for one in trunks if one not in fresh.full), None)
    if trunk is None:
        return None
    reason = f"overflow: {why}; {leg.dnis or 'a call without a number'} goes on to {number} by {trunk}"
    return _begin(contact, leg, Tandem(trunk, number), default.trunks.workers[trunk], reason, fresh)


def _begin(contact: Contact, leg: Leg, to: Tandem, worker: str, reason: str, fresh: Fresh) -> Step:
    agent = Party(leg=fresh.leg, worker=worker, trunk=to.trunk)
    decided = RouteDecided(contact=contact.contact, by="branch", latency_ms=0.0, action=to, reason=reason)
    leg = _replace(leg, dnis=to.overflow, dnis_kind=None) if to.overflow else leg
    began = LegBegan(
        contact=contact.contact,
        leg=fresh.leg,
        direction=Direction.OUTGOING,
        channel=f"trunk {to.trunk}",
        to=leg.dnis or "",
        trunk=to.trunk,
    )
    place = ToWorker(agent.worker, _order(leg, fresh.leg, to.trunk, contact.contact))
    after = msgspec.structs.replace(contact, state=CallState.PASSING, agent=agent)
    return after, (Record(decided), Record(began), place)


def _order(leg: Leg, name: str, trunk: str, contact: str) -> PlaceLeg:
    return PlaceLeg(
        leg=name,
        to=leg.dnis or "",
        contact=contact,
        trunk=trunk,
        clid=leg.clid,
        to_kind=leg.dnis_kind,
        clid_kind=leg.clid_kind,
        name=leg.name,
        redirecting=leg.redirecting,
        user_to_user=leg.user_to_user,
        bearer=leg.bearer,
        withheld=leg.withheld,
        verified=leg.verified,
    )


def alerting(contact: Contact, event: AgentAlerting, fresh: Fresh, default: Default) -> Step:
    """The called party is rung, or there is sound: the caller hears it, and is told so once."""
    del fresh, default
    caller = contact.caller
    if caller.alerting:
        return contact, ()
    said = ToWorker(caller.worker, AlertLeg(leg=caller.leg, inband=event.inband))
    contact = msgspec.structs.replace(contact, caller=msgspec.structs.replace(caller, alerting=True))
    return contact, (*resume(contact), said)


def answered(contact: Contact, event: AgentAnswered, fresh: Fresh, default: Default) -> Step:
    """The far end answered: answer the caller."""
    del fresh, default
    agent = msgspec.structs.replace(agent_of(contact), answered_sample=event.sample)
    said = Record(LegConnected(contact=contact.contact, leg=agent.leg, sample=event.sample))
    contact = msgspec.structs.replace(contact, agent=agent)
    return contact, (said, *resume(contact))


def resume(contact: Contact) -> tuple[Action, ...]:
    """What the far end's word demands in PASSING; it is repeated after our death, and harmless then."""
    caller, agent = contact.caller, agent_of(contact)
    through = agent.answered_sample is not None
    joined: tuple[Action, ...] = ()
    if (caller.alerting or through) and caller.port is not None and agent.port is not None:
        joined = (Join(caller.port, agent.port, recording=0, from_sample=0, clear=True),)
    answer = ToWorker(caller.worker, AnswerLeg(leg=caller.leg))
    return (*joined, answer) if through else joined


def caller_answered(contact: Contact, event: CallerAnswered, fresh: Fresh, default: Default) -> Step:
    """Through: the talk begins with the second answer."""
    contact, said = treating.note_answer(contact, event, fresh, default)
    agent = agent_of(contact)
    start = max(event.sample, agent.answered_sample or 0)
    began = Record(TalkBegan(contact=contact.contact, leg=agent.leg, sample=start))
    return msgspec.structs.replace(contact, state=CallState.THROUGH, talk_from=start), (*said, began)


def caller_released(contact: Contact, event: CallerReleased, fresh: Fresh, default: Default) -> Step:
    """The caller's side is gone: let the other go with the same cause."""
    ended = _talk_ended(contact, event.sample)
    after, actions = releasing.caller_gone(contact, event, fresh, default)
    agent = agent_of(after)
    return after, (*ended, *actions, _release(agent.worker, agent.leg, event.cause, event.location))


def far_released(contact: Contact, event: AgentReleased, fresh: Fresh, default: Default) -> Step:
    """The other side is gone, or could not be reached: let the caller go with the same cause."""
    ended = _talk_ended(contact, event.sample)
    contact = msgspec.structs.replace(
        contact, state=CallState.RELEASING, cause=event.cause, released_by=releasing.who(event.by, "called")
    )
    after, actions = releasing.agent_gone(contact, event, fresh, default)
    caller = after.caller
    return after, (*ended, *actions, _release(caller.worker, caller.leg, event.cause, event.location))


def _release(worker: str, leg: str, cause: int, location: Location | None) -> Action:
    return ToWorker(worker, ReleaseLeg(leg=leg, cause=cause, location=location))


def _talk_ended(contact: Contact, sample: int) -> tuple[Action, ...]:
    if contact.talk_from is None:
        return ()
    end = max(sample, contact.talk_from)
    return (Record(TalkEnded(contact=contact.contact, sample=end, samples=end - contact.talk_from)),)

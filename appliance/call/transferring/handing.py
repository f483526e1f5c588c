# SPDX-License-Identifier: GPL-2.0-only
"""What headquarters says of the number, and the caller into the agent's place."""

import msgspec

from appliance.call import releasing, ringing, routing, talking, voicemail
from appliance.call.actions import Action, Record, RingBack
from appliance.call.contact import CallState, Contact, Transfer
from appliance.call.events import CallerReleased, CompleteWanted, Routed, RouteMissing
from appliance.call.settings import Default, Fresh
from appliance.call.transferring.holding import back
from appliance.call.transferring.telling import agent_name, leg_ended, let_go, phone_told, stopped
from appliance.wire.calls import TransferEnded
from appliance.wire.legs import ReleasedBy
from appliance.wire.routes import Release, Treat

Step = tuple[Contact, tuple[Action, ...]]
_replace = msgspec.structs.replace


def routed(contact: Contact, event: Routed, fresh: Fresh, default: Default) -> Step:
    """A way, for whoever asks now; none is no release, neither of an agent nor of a caller whom one has just left."""
    asked, transfer = contact.goal, contact.transfer
    if isinstance(event.answer.action, Release) and (asked or transfer is not None):
        return _no_way(contact, event, fresh)
    contact = _replace(contact, goal="")
    if not asked or transfer is None:
        return routing.routed(contact, event, fresh, default)
    contact = _replace(contact, transfer=_replace(transfer, direct=not event.answer.script))
    if not transfer.blind:
        return routing.routed(contact, event, fresh, default)
    quiet = stopped(transfer.music) if isinstance(event.answer.action, Treat) else ()
    contact, out = _out(contact, fresh)
    after, actions = routing.routed(contact, event, fresh, default)
    return after, (*quiet, *out, *actions)


def _no_way(contact: Contact, event: Routed, fresh: Fresh) -> Step:
    decided = Record(_replace(routing.decided(contact, event), call_type="", queues=()))
    if contact.transfer is not None:
        after, actions = back(contact, fresh, event.answer.reason)
    else:
        after, actions = routing.ask(_replace(contact, goal=""), "not-transferred", fresh)
    return after, (decided, *actions)


def missing(contact: Contact, event: RouteMissing, fresh: Fresh, default: Default) -> Step:
    """Nobody knows the number: the talk goes on."""
    if contact.transfer is not None:
        return back(contact, fresh, event.reason)
    return routing.missing(_replace(contact, goal=""), event, fresh, default)


def completed(contact: Contact, event: CompleteWanted, fresh: Fresh, default: Default) -> Step:
    """The caller takes the agent's place."""
    del event, default
    return complete(contact, fresh)


def complete(contact: Contact, fresh: Fresh, gone: CallerReleased | None = None) -> Step:
    """By the agent who lets go (`gone`), or who stays on for a moment."""
    transfer = contact.transfer
    if transfer is None:
        return contact, ()
    match contact.state:
        case CallState.TALKING:
            ended = talking.end(contact, fresh.sample)
            contact, out = _out(contact, fresh, gone)
            after, actions = talking.begin(contact, fresh, again=fresh.sample)
            return after, (*ended, *out, *actions, *stopped(transfer.music))
        case CallState.TREATING:
            quiet = stopped(contact.treatment, transfer.music)
            contact, left = voicemail.again(_replace(contact, treatment=fresh.treatment), fresh)
            contact, out = _out(contact, fresh, gone)
            after, actions = routing.run(contact)
            return after, (*quiet, *left, *out, *actions)
        case CallState.RINGING:
            quiet, rung = ringing.quiet(contact), contact.agent
            agent = None if rung is None else _replace(rung, hears=False)
            after, out = _out(_replace(contact, agent=agent), fresh, gone)
            return after, (*quiet, *out, *_rung_back(after, transfer))
    after, out = _out(contact, fresh, gone)
    return after, (*stopped(transfer.music), *out)


def _rung_back(contact: Contact, transfer: Transfer) -> tuple[Action, ...]:
    """Whoever has music keeps it until the phone is answered."""
    rings = contact.agent is not None and contact.agent.alerting
    return (RingBack(contact.caller.port),) if rings and not transfer.music and contact.caller.port is not None else ()


def _out(contact: Contact, fresh: Fresh, gone: CallerReleased | None = None) -> Step:
    """The agent is out of the call, the caller in their place; whoever has handed it on is not given it again."""
    transfer, held, first = contact.transfer, contact.held, contact.caller
    if transfer is None or held is None:
        raise AssertionError("nobody is held")
    refused = (
        (*contact.refused_agents, transfer.by) if transfer.ring and transfer.ring.agent else contact.refused_agents
    )
    agent = agent_name(contact.ring) if contact.state in {CallState.RINGING, CallState.TALKING} else None
    told = TransferEnded(contact=contact.contact, by=transfer.by, to=transfer.to, outcome="completed", agent=agent)
    over = gone or CallerReleased(cause=releasing.NORMAL_CLEARING, by=ReleasedBy.US, sample=fresh.sample)
    release = () if gone is not None else (let_go(first),)
    after = _replace(contact, caller=held, held=None, transfer=None, transferred_by=transfer.by, refused_agents=refused)
    return after, (Record(told), leg_ended(contact, first, over), *phone_told(transfer, first, done=True), *release)

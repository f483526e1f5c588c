# SPDX-License-Identifier: GPL-2.0-only
"""An agent hands the caller on to a number, at once (blind) or after a word with whoever is there (consultation).

Both go one way. The talk ends, the caller is held and hears music, and the agent takes the caller's place: headquarters
is asked for them, they are treated, rung for and joined by the cells of every caller. To complete is to put the caller
back into that place, wherever it has come to by then; to reconnect is to give all of it up. A blind transfer completes
itself as soon as headquarters knows a way. No way, or nobody who answers: the agent has the caller back.
"""

import msgspec

from appliance.call import releasing, ringing, routing, talking, treating
from appliance.call.actions import Action, Record, RingBack, Silence, ToIvr, ToWorker
from appliance.call.contact import CallState, Contact, Party, Transfer, agent_of
from appliance.call.events import (
    AgentReleased,
    CallerReleased,
    CompleteWanted,
    HeldReleased,
    ReconnectWanted,
    RingEnded,
    Routed,
    RouteMissing,
    TransferWanted,
    TreatmentOver,
)
from appliance.call.settings import Default, Fresh
from appliance.wire.agents import CallAsked, CallWish
from appliance.wire.calls import ContactEnded, LegBegan, LegEnded, TransferBegan, TransferEnded
from appliance.wire.legs import Direction, ReleasedBy, ReleaseLeg, TransferTold, sip_channel
from appliance.wire.routes import Release, RingAgent, Treat
from appliance.wire.treatments import Music, RunTreatment, StopTreatment

Step = tuple[Contact, tuple[Action, ...]]
Wish = TransferWanted | CompleteWanted | ReconnectWanted
NO_ANSWER = 19  # Q.850
_replace = msgspec.structs.replace


def refusal(contact: Contact, wish: Wish) -> str:
    """Why it cannot be done now, after the agent's name; empty where it can."""
    if isinstance(wish, TransferWanted):
        if contact.transfer is not None:
            return f"already has the caller on hold for {contact.transfer.to}; complete or reconnect first"
        return "" if contact.state is CallState.TALKING else "does not talk to the caller yet"
    return "" if contact.transfer is not None else "has nobody on hold"


def wish(asked: CallAsked) -> Wish:
    """What headquarters tells of an agent's."""
    match asked.to:
        case CallWish.COMPLETE:
            return CompleteWanted()
        case CallWish.RECONNECT:
            return ReconnectWanted()
    return TransferWanted(to=asked.number, blind=asked.to is CallWish.TRANSFER)


def may_hand_on(contact: Contact, leg: str, other: Contact | None) -> bool:
    """Whether the phone with that leg has a caller to hand on; to the agent of `other`, whom it talks to as well."""
    its = (
        contact.agent is not None and contact.agent.leg == leg and not refusal(contact, TransferWanted("", blind=True))
    )
    return its and (other is None or (other.state is CallState.TALKING and other.transfer is None))


def agent_name(ring: RingAgent | None) -> str:
    """Whom the label rings; a phone that the branch rang by itself is its extension."""
    return "" if ring is None else ring.agent or ring.extension


def talks(contact: Contact, agent: str) -> bool:
    """Whether this agent has the caller, or holds him; whose phone the branch rang by itself headquarters knows."""
    label = contact.transfer.ring if contact.transfer is not None else contact.ring
    return label is not None and label.agent in ("", agent)


def wanted(contact: Contact, event: TransferWanted, fresh: Fresh, default: Default) -> Step:
    """Hold the caller, and ask for the agent what is at that number."""
    if contact.transfer is not None or contact.agent is None:
        return contact, ()
    ended, agent = talking.end(contact, fresh.sample), contact.agent
    music = fresh.treatment if default.hold else ""
    transfer = Transfer(event.to, agent_name(contact.ring), event.blind, contact.ring, music=music, phone=event.phone)
    began = TransferBegan(contact=contact.contact, by=transfer.by, leg=agent.leg, to=event.to, blind=event.blind)
    contact = _replace(
        contact,
        caller=agent,
        held=contact.caller,
        agent=None,
        ring=None,
        recording=0,
        talk_from=None,
        transfer=transfer,
        goal=event.to,
    )
    after, asked = routing.ask(contact, "transferred" if event.blind else "consulting", fresh)
    return after, (*ended, Record(began), *hold(after, default), *asked)


def hold(contact: Contact, default: Default) -> tuple[Action, ...]:
    """The caller's music, from its beginning."""
    transfer, held = contact.transfer, contact.held
    if transfer is None or not transfer.music or held is None or held.port is None:
        return ()
    return (ToIvr(RunTreatment(treatment=transfer.music, port=held.port, verbs=(Music(default.hold),))),)


# What the agent's phone has prepared by itself.


def attended(contact: Contact, other: Contact, fresh: Fresh) -> tuple[Step, Step]:
    """The caller of `contact` and the agent of `other`, whom the same phone has called, are joined; both talk."""
    first, second, label = agent_of(contact), agent_of(other), other.ring
    if label is None:
        raise AssertionError("nobody was called")
    by = agent_name(contact.ring)
    over = CallerReleased(cause=releasing.NORMAL_CLEARING, by=ReleasedBy.US, sample=fresh.sample)
    ended = talking.end(contact, fresh.sample)
    began = LegBegan(
        contact=contact.contact,
        leg=second.leg,
        direction=Direction.OUTGOING,
        channel=sip_channel(label.extension, label.box),
        to=label.extension,
        agent=label.agent or None,
    )
    said = (
        TransferBegan(contact=contact.contact, by=by, leg=first.leg, to=other.dnis),
        began,
        TransferEnded(
            contact=contact.contact, by=by, to=other.dnis, outcome="completed", agent=label.agent or label.extension
        ),
    )
    after = _replace(contact, agent=second, ring=label, transferred_by=by, recording=0, talk_from=None)
    after, joined = talking.begin(after, fresh, again=fresh.sample)
    out = (_ended(contact, first, over), _release(first))
    done = (*talking.end(other, fresh.sample), *ended, *(Record(one) for one in said), *joined, *out)
    parted = Record(ContactEnded(contact=other.contact, cause=releasing.NORMAL_CLEARING, by="agent"))
    gone = _replace(other, state=CallState.ENDED, agent=None)
    return (after, done), (gone, (_ended(other, other.caller, over), _release(other.caller), parted))


# What headquarters says.


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
    quiet = _quiet(transfer.music) if isinstance(event.answer.action, Treat) else ()
    contact, out = _out(contact, fresh)
    after, actions = routing.routed(contact, event, fresh, default)
    return after, (*quiet, *out, *actions)


def _no_way(contact: Contact, event: Routed, fresh: Fresh) -> Step:
    decided = Record(_replace(routing.decided(contact, event), call_type="", queues=()))
    if contact.transfer is not None:
        after, actions = _back(contact, fresh, event.answer.reason)
    else:
        after, actions = routing.ask(_replace(contact, goal=""), "not-transferred", fresh)
    return after, (decided, *actions)


def missing(contact: Contact, event: RouteMissing, fresh: Fresh, default: Default) -> Step:
    """Nobody knows the number: the talk goes on."""
    if contact.transfer is not None:
        return _back(contact, fresh, event.reason)
    return routing.missing(_replace(contact, goal=""), event, fresh, default)


# What the agents want.


def completed(contact: Contact, event: CompleteWanted, fresh: Fresh, default: Default) -> Step:
    """The caller takes the agent's place."""
    del event, default
    return _complete(contact, fresh)


def _complete(contact: Contact, fresh: Fresh, gone: CallerReleased | None = None) -> Step:
    transfer = contact.transfer
    if transfer is None:
        return contact, ()
    match contact.state:
        case CallState.TALKING:
            ended = talking.end(contact, fresh.sample)
            contact, out = _out(contact, fresh, gone)
            after, actions = talking.begin(contact, fresh, again=fresh.sample)
            return after, (*ended, *out, *actions, *_quiet(transfer.music))
        case CallState.TREATING:
            quiet = _quiet(contact.treatment, transfer.music)
            contact, out = _out(_replace(contact, treatment=fresh.treatment), fresh, gone)
            after, actions = routing.run(contact)
            return after, (*quiet, *out, *actions)
        case CallState.RINGING:
            after, out = _out(contact, fresh, gone)
            return after, (*out, *_rung_back(after, transfer))
    after, out = _out(contact, fresh, gone)
    return after, (*_quiet(transfer.music), *out)


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
    release = () if gone is not None else (_release(first),)
    after = _replace(contact, caller=held, held=None, transfer=None, transferred_by=transfer.by, refused_agents=refused)
    return after, (Record(told), _ended(contact, first, over), *_told(transfer, first, done=True), *release)


def reconnected(contact: Contact, event: ReconnectWanted, fresh: Fresh, default: Default) -> Step:
    """The agent has the caller back."""
    del event, default
    return _back(contact, fresh, "the agent took the caller back") if contact.transfer is not None else (contact, ())


def _back(contact: Contact, fresh: Fresh, reason: str) -> Step:
    """As before the transfer; the leg of the other agent, if there is one, is let go."""
    transfer, held = contact.transfer, contact.held
    if transfer is None or held is None:
        raise AssertionError("nobody is held")
    ended, other = _given_up(contact, fresh)
    told = Record(_over(contact, transfer, "reconnected", reason))
    after = _replace(_cleared(contact), caller=held, agent=contact.caller, ring=transfer.ring)
    after, joined = talking.begin(after, fresh, again=fresh.sample)
    return after, (*ended, told, *joined, *_told(transfer, contact.caller, done=False), *_quiet(transfer.music), *other)


def _given_up(
    contact: Contact, fresh: Fresh, sample: int | None = None
) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """What the agent in the caller's place hears ends, and the other agent's leg."""
    ended: tuple[Action, ...] = ()
    if contact.state is CallState.TALKING:
        ended = talking.end(contact, fresh.sample if sample is None else sample)
    elif contact.state is CallState.TREATING:
        ended = _quiet(contact.treatment)
    elif contact.state is CallState.RINGING and contact.caller.port is not None:
        ended = (Silence(contact.caller.port),)
    other = contact.agent
    if other is None:
        return ended, ()
    over = AgentReleased(cause=releasing.NORMAL_CLEARING, by=ReleasedBy.US, sample=fresh.sample)
    return ended, (_ended(contact, other, over), _release(other))


def _cleared(contact: Contact) -> Contact:
    return _replace(
        contact,
        held=None,
        transfer=None,
        goal="",
        agent=None,
        ring=None,
        treat=None,
        treatment="",
        verb=0,
        recording=0,
        talk_from=None,
    )


# Who lets go.


def agent_left(contact: Contact, event: CallerReleased, fresh: Fresh, default: Default) -> Step:
    """The agent in the caller's place lets go, which completes. One whose side failed: the caller is routed again."""
    transfer, held = contact.transfer, contact.held
    if transfer is None or held is None:
        left = {CallState.TALKING: talking.caller_released, CallState.TREATING: treating.caller_released}
        return left.get(contact.state, releasing.caller_released)(contact, event, fresh, default)
    if event.by is not ReleasedBy.FAULT:
        return _complete(contact, fresh, event)
    first = contact.caller
    ended, other = _given_up(contact, fresh, event.sample)
    told = Record(_over(contact, transfer, "abandoned", "the agent's phone was lost"))
    # A leg that a lost worker still holds must not outlive the talk.
    gone = (_ended(contact, first, event), _release(first))
    after, asked = routing.ask(_replace(_cleared(contact), caller=held), "agent-gone", fresh)
    return after, (*ended, told, *gone, *other, *_quiet(transfer.music), *asked)


def other_left(contact: Contact, event: AgentReleased, fresh: Fresh, default: Default) -> Step:
    """Who is consulted lets go, or cannot be reached: a script may know another, else the agent has the caller back."""
    talked = contact.state is CallState.TALKING
    transfer = contact.transfer
    if transfer is None or not (talked or transfer.direct):
        return (talking.agent_released if talked else ringing.refused)(contact, event, fresh, default)
    return _without(contact, event, fresh, "has let go" if talked else f"cannot be reached (cause {event.cause})")


def not_answered(contact: Contact, event: RingEnded, fresh: Fresh, default: Default) -> Step:
    """Nobody took it."""
    if contact.transfer is None or not contact.transfer.direct or contact.agent is None:
        return ringing.timed_out(contact, event, fresh, default)
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
    if contact.state is CallState.RINGING and contact.caller.port is not None:
        ended = (Silence(contact.caller.port),)
    contact = _replace(contact, state=CallState.ROUTING, agent=None)
    after, actions = _back(contact, fresh, f"{name} {why}")
    return after, (*ended, _ended(contact, other, event), *actions)


def held_left(contact: Contact, event: HeldReleased, fresh: Fresh, default: Default) -> Step:
    """The caller lets go while he is held: so do all."""
    transfer, held, first, other = contact.transfer, contact.held, contact.caller, contact.agent
    if transfer is None or held is None:
        raise AssertionError("nobody is held")
    ended, _ = _given_up(contact, fresh, event.sample)
    told = Record(_over(contact, transfer, "abandoned", "the caller let go"))
    quiet = _quiet(transfer.music)
    gone = CallerReleased(cause=event.cause, by=event.by, sample=event.sample)
    contact = _replace(_cleared(contact), caller=held, agent=first, held=other)
    after, actions = releasing.caller_released(contact, gone, fresh, default)
    more = () if other is None else (_release(other),)
    return after, (*ended, *quiet, told, *actions, *more)


def over(contact: Contact, event: TreatmentOver, fresh: Fresh, default: Default) -> Step:
    """The agent in the caller's place has heard it. Where their port is gone their release follows."""
    if event.reason == "closed" and contact.transfer is not None:
        return contact, ()
    return treating.over(contact, event, fresh, default)


def _over(contact: Contact, transfer: Transfer, outcome: str, reason: str) -> TransferEnded:
    return TransferEnded(contact=contact.contact, by=transfer.by, to=transfer.to, outcome=outcome, reason=reason)


def _told(transfer: Transfer, first: Party, *, done: bool) -> tuple[Action, ...]:
    return (ToWorker(first.worker, TransferTold(leg=first.leg, done=done)),) if transfer.phone else ()


def _quiet(*treatments: str) -> tuple[Action, ...]:
    return tuple(ToIvr(StopTreatment(treatment=one)) for one in treatments if one)


def _ended(contact: Contact, party: Party, event: CallerReleased | AgentReleased) -> Action:
    return Record(LegEnded(contact=contact.contact, leg=party.leg, cause=event.cause, by=event.by, sample=event.sample))


def _release(party: Party) -> Action:
    return ToWorker(party.worker, ReleaseLeg(leg=party.leg, cause=releasing.NORMAL_CLEARING))

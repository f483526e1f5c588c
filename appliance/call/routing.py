# SPDX-License-Identifier: GPL-2.0-only
"""ROUTING: a question is out; an answer, or the branch's own default, becomes the next action.

A released caller ends any question; a late answer to an older request never reaches this machine (shell/answers.py).
"""

import msgspec

from appliance.call import outside
from appliance.call.actions import Action, Ask, Record, StartRingTimer, ToIvr, ToWorker
from appliance.call.contact import CallState, Contact, Party
from appliance.call.events import Routed, RouteMissing
from appliance.call.settings import Default, Fresh
from appliance.wire.calls import LegBegan, RouteDecided
from appliance.wire.legs import AnswerLeg, Direction, PlaceLeg, ProceedLeg, ReleaseLeg, sip_channel
from appliance.wire.routes import Action as Label
from appliance.wire.routes import Label as Elsewhere
from appliance.wire.routes import Release, RingAgent, RouteRequest, Treat
from appliance.wire.treatments import RunTreatment, Voicemail

Step = tuple[Contact, tuple[Action, ...]]
AGENT_WORKER = "sip"
TEMPORARY_FAILURE = 41  # Q.850; an action that only a callback has


def ask(contact: Contact, outcome: str, fresh: Fresh) -> Step:
    """Enter ROUTING with a new question; `outcome` says how the last action ended."""
    request = RouteRequest(
        request=fresh.request,
        contact=contact.contact,
        dnis=contact.dnis,
        outcome=outcome,
        clid=contact.clid,
        ani=contact.ani,
        ced=contact.ced,
        cursor=contact.cursor,
        refused_agents=contact.refused_agents,
        callback=contact.callback,
        transfer_to=contact.goal,
        transferred_by=contact.transfer.by if contact.transfer is not None else contact.transferred_by,
        place=contact.place,
        because=contact.because,
    )
    after = msgspec.structs.replace(
        contact, state=CallState.ROUTING, outcome=outcome, request=fresh.request, asked_ns=fresh.now_ns
    )
    return after, (Ask(request),)


def routed(contact: Contact, event: Routed, fresh: Fresh, default: Default) -> Step:
    """Headquarters, or the branch's own router, has decided."""
    answer = event.answer
    known = answer.known or contact.known
    after = msgspec.structs.replace(contact, cursor=answer.cursor, place=answer.place, known=known)
    return _carry_out(after, answer.action, fresh, default, decided(contact, event))


def decided(contact: Contact, event: Routed) -> RouteDecided:
    """The decision for the record."""
    answer = event.answer
    return RouteDecided(
        contact=contact.contact,
        by=answer.by,
        latency_ms=event.latency_ms,
        action=answer.action,
        reason=answer.reason,
        outcome=contact.outcome,
        call_type=answer.call_type,
        script=answer.script,
        version=answer.version,
        path=answer.path,
        values=answer.values,
        queues=answer.queues,
        callback=answer.callback,
        origin=answer.origin,
    )


def missing(contact: Contact, event: RouteMissing, fresh: Fresh, default: Default) -> Step:
    """Headquarters is silent: the branch's own default decides, extension by extension, then releases."""
    untried = [extension for extension in default.ring if extension not in contact.tried_default]
    label: Label = Release(cause=default.cause)
    if untried:
        label = RingAgent(
            agent="",
            extension=untried[0],
            queue="",
            token="",
            ring_s=default.ring_s,
        )
        contact = msgspec.structs.replace(contact, tried_default=(*contact.tried_default, untried[0]))
    decided = RouteDecided(
        contact=contact.contact,
        by="branch",
        latency_ms=event.latency_ms,
        action=label,
        reason=f"the branch's default, because {event.reason}",
        outcome=contact.outcome,
    )
    return _carry_out(contact, label, fresh, default, decided)


def refuse(contact: Contact, cause: int, reason: str) -> Step:
    """Nobody here can take such a call, whoever is asked."""
    label = Release(cause=cause)
    decided = RouteDecided(contact=contact.contact, by="branch", latency_ms=0.0, action=label, reason=reason)
    after, actions = _release(contact, cause)
    return after, (Record(decided), *actions)


def _carry_out(contact: Contact, label: Label, fresh: Fresh, default: Default, decided: RouteDecided) -> Step:
    contact = msgspec.structs.replace(contact, because="")
    if isinstance(label, Elsewhere):
        return _outside(contact, label, fresh, default, decided)
    if isinstance(label, Treat):
        after, actions = _treat(contact, label, fresh)
    elif isinstance(label, RingAgent):
        after, actions = _ring(contact, label, fresh)
    else:
        after, actions = _release(contact, label.cause if isinstance(label, Release) else TEMPORARY_FAILURE)
    return after, (Record(decided), *actions)


def _outside(contact: Contact, label: Elsewhere, fresh: Fresh, default: Default, decided: RouteDecided) -> Step:
    """A number is dialled for the caller; where no trunk takes it the router hears so and goes on."""
    placed, passed = outside.place(contact, label, fresh, default)
    if placed is None:
        contact = outside.in_vain(contact, label, passed or outside.NO_WAY)
        after, actions = ask(contact, "congestion" if passed else "unreachable", fresh)
        return after, (Record(decided), *actions)
    after, actions = placed
    if passed and after.agent is not None:
        reason = f"{decided.reason}; over {after.agent.trunk}, as {passed}"
        decided = msgspec.structs.replace(decided, reason=reason)
    return after, (Record(decided), *actions)


def _treat(contact: Contact, label: Treat, fresh: Fresh) -> Step:
    recording = fresh.recording if any(isinstance(verb, Voicemail) for verb in label.verbs) else 0
    contact = msgspec.structs.replace(
        contact, treat=label, treatment=fresh.treatment, verb=0, recording=recording, message_from=None
    )
    caller = contact.caller
    if caller.answered_sample is not None:
        return run(contact)
    if label.answer or caller.port is None or caller.worker == AGENT_WORKER:  # a phone hears nothing before
        answer = ToWorker(caller.worker, AnswerLeg(leg=caller.leg))
        return msgspec.structs.replace(contact, state=CallState.ANSWERING), (answer,)
    return _before_the_answer(contact)


def _before_the_answer(contact: Contact) -> Step:
    """Our sound is on the channel though nobody is rung: PRI PROGRESS with indicator 8."""
    caller = contact.caller
    if caller.hears or caller.alerting:
        return run(contact)
    through = ToWorker(caller.worker, ProceedLeg(leg=caller.leg, contact=contact.contact, inband=True))
    after, actions = run(msgspec.structs.replace(contact, caller=msgspec.structs.replace(caller, hears=True)))
    return after, (through, *actions)


def run(contact: Contact) -> Step:
    """Enter TREATING at the verb the contact stands at."""
    treat, port = contact.treat, contact.caller.port
    if treat is None or port is None:
        raise AssertionError("a treatment needs verbs and a port")
    command = RunTreatment(
        treatment=contact.treatment,
        port=port,
        verbs=treat.verbs,
        language=treat.language,
        first=contact.verb,
        recording=contact.recording,
        since=contact.message_from,
    )
    return msgspec.structs.replace(contact, state=CallState.TREATING), (ToIvr(command),)


def _ring(contact: Contact, label: RingAgent, fresh: Fresh) -> Step:
    if label.box in fresh.full:  # since the question was asked
        return ask(msgspec.structs.replace(contact, because=fresh.full[label.box]), "unreachable", fresh)
    agent = Party(leg=fresh.leg, worker=AGENT_WORKER, trunk=label.box)
    began = LegBegan(
        contact=contact.contact,
        leg=fresh.leg,
        direction=Direction.OUTGOING,
        channel=sip_channel(label.extension, label.box),
        to=label.extension,
        agent=label.agent or None,
        token=label.token or None,
    )
    place = PlaceLeg(
        leg=fresh.leg, to=label.extension, contact=contact.contact, clid=contact.clid, trunk=label.box or None
    )
    after = msgspec.structs.replace(contact, state=CallState.RINGING, ring=label, label=None, agent=agent)
    return after, (Record(began), ToWorker(AGENT_WORKER, place), StartRingTimer(label.ring_s))


def _release(contact: Contact, cause: int) -> Step:
    command = ToWorker(contact.caller.worker, ReleaseLeg(leg=contact.caller.leg, cause=cause))
    after = msgspec.structs.replace(contact, state=CallState.RELEASING, cause=cause)
    return after, (command,)

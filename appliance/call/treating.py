# SPDX-License-Identifier: GPL-2.0-only
"""ANSWERING and TREATING: the caller is answered and the IVR has the port."""

import msgspec

from appliance.call import releasing, routing, voicemail
from appliance.call.actions import Action, Record, ToIvr, ToWorker
from appliance.call.contact import CallState, Contact
from appliance.call.events import Assigned, CallerAnswered, CallerReleased, Routed, TreatmentOver, VerbBegan
from appliance.call.releasing import TEMPORARY_FAILURE
from appliance.call.settings import Default, Fresh
from appliance.wire.calls import DigitsEntered, LegConnected
from appliance.wire.legs import ReleaseLeg
from appliance.wire.treatments import Collect, StopTreatment

Step = tuple[Contact, tuple[Action, ...]]
_RECORDED, _SILENT = "recorded", "silent"
_NO_MESSAGE = frozenset({_SILENT, "failed"})


def note_answer(contact: Contact, event: CallerAnswered, fresh: Fresh, default: Default) -> Step:
    """The caller's leg is through; written down once."""
    del fresh, default
    if contact.caller.answered_sample is not None:
        return contact, ()
    caller = msgspec.structs.replace(contact.caller, answered_sample=event.sample)
    said = LegConnected(contact=contact.contact, leg=caller.leg, sample=event.sample)
    return msgspec.structs.replace(contact, caller=caller), (Record(said),)


def begin(contact: Contact, event: CallerAnswered, fresh: Fresh, default: Default) -> Step:
    """Answered: the verbs begin."""
    contact, said = note_answer(contact, event, fresh, default)
    after, actions = routing.run(contact)
    return after, (*said, *actions)


def verb_began(contact: Contact, event: VerbBegan, fresh: Fresh, default: Default) -> Step:
    """Remember the verb, for whoever has to go on from here. A message that is under way ends before an earlier one."""
    del default
    if contact.message_from is not None and event.verb < contact.verb:
        return contact, ()
    return voicemail.began(msgspec.structs.replace(contact, verb=event.verb), fresh)


def over(contact: Contact, event: TreatmentOver, fresh: Fresh, default: Default) -> Step:
    """Ask what is next, with the digits as CED; nothing is next where the port is gone with its leg."""
    del default
    secret = contact.treat is not None and any(isinstance(one, Collect) and one.secret for one in contact.treat.verbs)
    message = voicemail.ended(contact, fresh.sample, spoken=event.reason not in _NO_MESSAGE)
    said: tuple[Action, ...] = tuple(map(Record, message))
    contact = _untreated(contact)
    if event.reason == "closed":
        after, actions = _port_closed(contact)
        return after, (*said, *actions)
    reason = _SILENT if event.reason == _RECORDED and not any(one.kept for one in message) else event.reason
    outcome = "digits" if event.digits else {"done": "played"}.get(reason, reason)
    if event.digits:
        contact = msgspec.structs.replace(contact, ced=event.digits)
        told = "*" * len(event.digits) if secret else event.digits
        said = (*said, Record(DigitsEntered(contact=contact.contact, ced=told)))
    after, asked = routing.ask(contact, outcome, fresh)
    return after, (*said, *asked)


def assigned(contact: Contact, event: Assigned, fresh: Fresh, default: Default) -> Step:
    """The wait is over: what is played ends, an agent's phone is rung."""
    stop = ToIvr(StopTreatment(treatment=contact.treatment))
    message = voicemail.ended(contact, fresh.sample)
    contact = msgspec.structs.replace(_untreated(contact), outcome="waiting")
    after, actions = routing.routed(contact, Routed(event.answer, 0.0), fresh, default)
    return after, (stop, *map(Record, message), *actions)


def _untreated(contact: Contact) -> Contact:
    return msgspec.structs.replace(contact, treat=None, treatment="", verb=0, recording=0, message_from=None)


def _port_closed(contact: Contact) -> Step:
    """The worker closes the port before it says LegReleased; where that word is lost, our release asks for it."""
    release = ToWorker(contact.caller.worker, ReleaseLeg(leg=contact.caller.leg, cause=TEMPORARY_FAILURE))
    return msgspec.structs.replace(contact, state=CallState.RELEASING, cause=TEMPORARY_FAILURE), (release,)


def caller_released(contact: Contact, event: CallerReleased, fresh: Fresh, default: Default) -> Step:
    """Abandoned in the IVR, or a message is left."""
    message = voicemail.ended(contact, event.sample)
    after, actions = releasing.caller_released(contact, event, fresh, default)
    return after, (ToIvr(StopTreatment(treatment=contact.treatment)), *map(Record, message), *actions)

# SPDX-License-Identifier: GPL-2.0-only
"""A caller's message: when it has begun and what is told of it, however it ends. The IVR takes it, on one recording.

Its number goes with the treatment from the beginning, so a treatment that goes on after somebody's death has the same.
"""

import msgspec

from appliance.call.actions import Action, Record
from appliance.call.contact import Contact, recording_name
from appliance.call.settings import Fresh
from appliance.wire.calls import VoicemailBegan, VoicemailEnded
from appliance.wire.treatments import Voicemail

SAMPLES_S = 8000
_replace = msgspec.structs.replace


def began(contact: Contact, fresh: Fresh) -> tuple[Contact, tuple[Action, ...]]:
    """The treatment has come to a verb: where that takes a message, told once."""
    verb = _verb(contact)
    if verb is None or contact.message_from is not None:
        return contact, ()
    name = recording_name(contact.recording)
    said = VoicemailBegan(contact=contact.contact, mailbox=verb.mailbox, recording=name, sample=fresh.sample)
    return _replace(contact, message_from=fresh.sample), (Record(said),)


def ended(contact: Contact, sample: int, *, spoken: bool = True) -> tuple[VoicemailEnded, ...]:
    """What is told where a message was being taken: one that is too short, or in which nobody spoke, is not kept.

    An engine whose clock has begun anew since tells no length: then it is.
    """
    verb = _verb(contact)
    if verb is None or contact.message_from is None:
        return ()
    samples = sample - contact.message_from
    short = 0 <= samples < verb.shortest_s * SAMPLES_S
    name = recording_name(contact.recording)
    told = VoicemailEnded(contact=contact.contact, recording=name, samples=max(0, samples), kept=spoken and not short)
    return (told,)


def again(contact: Contact, fresh: Fresh) -> tuple[Contact, tuple[Action, ...]]:
    """Another party has come into the caller's place and leaves one of their own, from the beep on."""
    told = ended(contact, fresh.sample)
    if not told:
        return contact, ()
    after = _replace(contact, recording=fresh.recording, message_from=None, verb=max(0, contact.verb - 1))
    return after, tuple(map(Record, told))


def _verb(contact: Contact) -> Voicemail | None:
    """The treatment's, if it takes a message now."""
    now = contact.treat.verbs[contact.verb : contact.verb + 1] if contact.treat is not None else ()
    return next((verb for verb in now if isinstance(verb, Voicemail)), None)

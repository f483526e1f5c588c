# SPDX-License-Identifier: GPL-2.0-only
"""The caller is held while the agent takes his place; or the agent has him back."""

import msgspec

from appliance.call import releasing, ringing, routing, talking, voicemail
from appliance.call.actions import Action, Record, ToIvr
from appliance.call.contact import CallState, Contact, Transfer
from appliance.call.events import AgentReleased, ReconnectWanted, TransferWanted
from appliance.call.settings import Default, Fresh
from appliance.call.transferring.telling import agent_name, leg_ended, let_go, phone_told, stopped, transfer_over
from appliance.wire.calls import TransferBegan
from appliance.wire.legs import ReleasedBy
from appliance.wire.treatments import Music, RunTreatment

Step = tuple[Contact, tuple[Action, ...]]
_replace = msgspec.structs.replace


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


def reconnected(contact: Contact, event: ReconnectWanted, fresh: Fresh, default: Default) -> Step:
    """The agent has the caller back."""
    del event, default
    return back(contact, fresh, "the agent took the caller back") if contact.transfer is not None else (contact, ())


def back(contact: Contact, fresh: Fresh, reason: str) -> Step:
    """As before the transfer; the leg of the other agent, if there is one, is let go."""
    transfer, held = contact.transfer, contact.held
    if transfer is None or held is None:
        raise AssertionError("nobody is held")
    ended, other = given_up(contact, fresh)
    told = Record(transfer_over(contact, transfer, "reconnected", reason))
    after = _replace(cleared(contact), caller=held, agent=contact.caller, ring=transfer.ring)
    after, joined = talking.begin(after, fresh, again=fresh.sample)
    return after, (
        *ended,
        told,
        *joined,
        *phone_told(transfer, contact.caller, done=False),
        *stopped(transfer.music),
        *other,
    )


def given_up(
    contact: Contact, fresh: Fresh, sample: int | None = None
) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """What the agent in the caller's place hears ends, and the other agent's leg."""
    ended: tuple[Action, ...] = ()
    if contact.state is CallState.TALKING:
        ended = talking.end(contact, fresh.sample if sample is None else sample)
    elif contact.state is CallState.TREATING:
        message = voicemail.ended(contact, fresh.sample if sample is None else sample)
        ended = (*stopped(contact.treatment), *map(Record, message))
    elif contact.state is CallState.RINGING:
        ended = ringing.quiet(contact)
    other = contact.agent
    if other is None:
        return ended, ()
    over = AgentReleased(cause=releasing.NORMAL_CLEARING, by=ReleasedBy.US, sample=fresh.sample)
    return ended, (leg_ended(contact, other, over), let_go(other))


def cleared(contact: Contact) -> Contact:
    """Without the transfer, and whatever the agent in the caller's place was given."""
    return _replace(
        contact,
        held=None,
        transfer=None,
        goal="",
        agent=None,
        ring=None,
        label=None,
        tried=(),
        glared=False,
        treat=None,
        treatment="",
        verb=0,
        recording=0,
        message_from=None,
        talk_from=None,
    )

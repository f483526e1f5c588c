# SPDX-License-Identifier: GPL-2.0-only
"""What the record, a leg's worker, the agent's phone and the IVR are told in the course of a transfer."""

from appliance.call.actions import Action, Record, ToIvr, ToWorker
from appliance.call.contact import Contact, Party, Transfer
from appliance.call.events import AgentReleased, CallerReleased
from appliance.call.releasing import NORMAL_CLEARING
from appliance.wire.calls import LegEnded, TransferEnded
from appliance.wire.legs import ReleaseLeg, TransferTold
from appliance.wire.routes import RingAgent
from appliance.wire.treatments import StopTreatment


def agent_name(ring: RingAgent | None) -> str:
    """Whom the label rings; a phone that the branch rang by itself is its extension."""
    return "" if ring is None else ring.agent or ring.extension


def transfer_over(contact: Contact, transfer: Transfer, outcome: str, reason: str) -> TransferEnded:
    """It has come to nothing."""
    return TransferEnded(contact=contact.contact, by=transfer.by, to=transfer.to, outcome=outcome, reason=reason)


def phone_told(transfer: Transfer, first: Party, *, done: bool) -> tuple[Action, ...]:
    """Where it was the phone that asked."""
    return (ToWorker(first.worker, TransferTold(leg=first.leg, done=done)),) if transfer.phone else ()


def stopped(*treatments: str) -> tuple[Action, ...]:
    """Those of them that there are."""
    return tuple(ToIvr(StopTreatment(treatment=one)) for one in treatments if one)


def leg_ended(contact: Contact, party: Party, event: CallerReleased | AgentReleased) -> Action:
    """For the record."""
    return Record(LegEnded(contact=contact.contact, leg=party.leg, cause=event.cause, by=event.by, sample=event.sample))


def let_go(party: Party) -> Action:
    """Its part of the call is over."""
    return ToWorker(party.worker, ReleaseLeg(leg=party.leg, cause=NORMAL_CLEARING))

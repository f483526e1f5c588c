# SPDX-License-Identifier: GPL-2.0-only
"""The agent's phone has called a colleague by itself, and joins the two."""

import msgspec

from appliance.call import releasing, talking
from appliance.call.actions import Action, Record
from appliance.call.contact import CallState, Contact, agent_of
from appliance.call.events import CallerReleased
from appliance.call.settings import Fresh
from appliance.call.transferring.telling import agent_name, leg_ended, let_go
from appliance.wire.calls import ContactEnded, LegBegan, TransferBegan, TransferEnded
from appliance.wire.legs import Direction, ReleasedBy, sip_channel

Step = tuple[Contact, tuple[Action, ...]]
_replace = msgspec.structs.replace


def join(contact: Contact, other: Contact, fresh: Fresh) -> tuple[Step, Step]:
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
    out = (leg_ended(contact, first, over), let_go(first))
    done = (*talking.end(other, fresh.sample), *ended, *(Record(one) for one in said), *joined, *out)
    parted = Record(ContactEnded(contact=other.contact, cause=releasing.NORMAL_CLEARING, by="agent"))
    gone = _replace(other, state=CallState.ENDED, agent=None)
    return (after, done), (gone, (leg_ended(other, other.caller, over), let_go(other.caller), parted))

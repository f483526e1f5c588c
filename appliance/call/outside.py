# SPDX-License-Identifier: GPL-2.0-only
"""Which trunk a number outside is called by: of its way's, in order, the first that has room."""

import msgspec

from appliance.call.actions import Action, Record, StartRingTimer, ToWorker
from appliance.call.contact import CallState, Contact, Party
from appliance.call.settings import Default, Fresh
from appliance.config.outbound import EMERGENCY, Way
from appliance.wire.calls import LegBegan
from appliance.wire.legs import Direction, PlaceLeg
from appliance.wire.numbers import Redirecting, RedirectingReason
from appliance.wire.routes import Label

Step = tuple[Contact, tuple[Action, ...]]
NO_WAY = "no way of outbound leads there"
_replace = msgspec.structs.replace


def place(contact: Contact, label: Label, fresh: Fresh, default: Default) -> tuple[Step | None, str]:
    """Enter RINGING with a leg there, and why not by earlier trunks; None: no trunk is left that has room.

    An emergency call is held up by no limit.
    """
    way, trunks = default.trunks.choices(label.label)
    full = {} if label.label in EMERGENCY else fresh.full
    left = [one for one in trunks if one not in contact.tried]
    trunk = next((one for one in left if one not in full), None)
    passed = "; ".join(dict.fromkeys(full[one] for one in left[: left.index(trunk) if trunk else None]))
    if way is None or trunk is None:
        return None, passed
    agent = Party(leg=fresh.leg, worker=default.trunks.workers[trunk], trunk=trunk)
    began = LegBegan(
        contact=contact.contact,
        leg=agent.leg,
        direction=Direction.OUTGOING,
        channel=f"trunk {trunk}",
        to=label.label,
        trunk=trunk,
    )
    call = ToWorker(agent.worker, _order(contact, label, way, agent))
    after = _replace(contact, state=CallState.RINGING, ring=None, label=label, agent=agent)
    return (after, (Record(began), call, StartRingTimer(label.ring_s))), passed


def _order(contact: Contact, label: Label, way: Way, agent: Party) -> PlaceLeg:
    return PlaceLeg(
        leg=agent.leg,
        to=label.label,
        contact=contact.contact,
        trunk=agent.trunk,
        clid=contact.clid if way.caller and contact.clid else way.clid,
        withheld=contact.withheld if way.caller else None,
        redirecting=Redirecting(contact.dnis, RedirectingReason.DEFLECTION) if contact.dnis else None,
    )


def in_vain(contact: Contact, label: Label, because: str) -> Contact:
    """The label has led nowhere; an agent for whom it was is not reached by it."""
    refused = (*contact.refused_agents, label.agent) if label.agent else contact.refused_agents
    return _replace(contact, refused_agents=refused, label=None, tried=(), glared=False, agent=None, because=because)

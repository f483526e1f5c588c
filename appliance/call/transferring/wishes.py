# SPDX-License-Identifier: GPL-2.0-only
"""What agents want of their calls, and why it cannot be now."""

from appliance.call.contact import CallState, Contact
from appliance.call.events import CompleteWanted, ReconnectWanted, TransferWanted
from appliance.wire.agents import CallAsked, CallWish

Wish = TransferWanted | CompleteWanted | ReconnectWanted


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
    return (
        its
        and contact.label is None
        and (other is None or (other.state is CallState.TALKING and other.transfer is None))
    )


def talks(contact: Contact, agent: str) -> bool:
    """Whether this agent has the caller, or holds him; whose phone the branch rang by itself headquarters knows."""
    label = contact.transfer.ring if contact.transfer is not None else contact.ring
    return label is not None and label.agent in ("", agent)

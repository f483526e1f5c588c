# SPDX-License-Identifier: GPL-2.0-only
"""Bits A and B into line events: what a change means to whom.

The same bits are "seizing acknowledged", "clear-back" and "blocking": the role of the channel tells. Bits C and D are
not looked at. Spec: Q.421 table 1.
"""

import enum

from appliance.signalling.r2.incoming import INCOMING
from appliance.signalling.r2.outgoing import OUTGOING
from appliance.signalling.r2.variant import Bits
from appliance.signalling.r2.words import Event, State


class Role(enum.Enum):
    """The part a channel plays: it decides what the far end's bits are about."""

    FREE = enum.auto()
    SEIZING = enum.auto()
    CALLING = enum.auto()
    CALLED = enum.auto()
    ENDING = enum.auto()
    DEAF = enum.auto()


# Word of Bits and the event, by role.
_HEARD: dict[Role, tuple[tuple[str, Event], ...]] = {
    Role.FREE: (("seize", Event.SEIZURE), ("idle", Event.IDLE_HEARD), ("blocked", Event.BLOCKING_HEARD)),
    Role.SEIZING: (("seize_ack", Event.SEIZE_ACK), ("seize", Event.DOUBLE_SEIZURE)),
    Role.CALLING: (
        ("answer", Event.ANSWER_HEARD),
        ("idle", Event.IDLE_HEARD),
        ("clear_back", Event.CLEAR_BACK),
        ("forced_release", Event.FORCED_RELEASE),
    ),
    Role.CALLED: (("clear_forward", Event.CLEAR_FORWARD),),
    Role.ENDING: (
        ("idle", Event.IDLE_HEARD),
        ("clear_forward", Event.IDLE_HEARD),
        ("blocked", Event.BLOCKING_HEARD),
    ),
    Role.DEAF: (),
}

_ROLES = {
    **dict.fromkeys(OUTGOING, Role.CALLING),
    **dict.fromkeys(INCOMING, Role.CALLED),
    **dict.fromkeys((State.IDLE, State.BLOCKED), Role.FREE),
    **dict.fromkeys((State.SEIZING, State.UNACKNOWLEDGED, State.GLARE), Role.SEIZING),
    **dict.fromkeys((State.CLEARING, State.HELD), Role.ENDING),
    State.WITHDRAWN: Role.DEAF,
}


def role(state: State) -> Role:
    """Whose part the channel plays."""
    return _ROLES[state]


def meaning(known: Bits, played: Role, bits: str | None) -> Event | None:
    """The event that bits AB are to this role; None: nothing, or not known yet."""
    return next((event for word, event in _HEARD[played] if bits and getattr(known, word) == bits), None)

# SPDX-License-Identifier: GPL-2.0-only
"""What happens to a contact, freed of sockets: the inputs of states.step."""

import msgspec

from appliance.wire.legs import Location, ReleasedBy
from appliance.wire.routes import RouteAnswer


class Routed(msgspec.Struct, frozen=True):
    """Headquarters answered the current request, `latency_ms` after it was asked."""

    answer: RouteAnswer
    latency_ms: float


class Assigned(msgspec.Struct, frozen=True):
    """Headquarters has an agent for a caller who waits; unasked, `answer` is to the question that made him wait."""

    answer: RouteAnswer


class RouteMissing(msgspec.Struct, frozen=True):
    """Headquarters was silent or out of reach; `reason` is a sentence."""

    reason: str
    latency_ms: float


class CallerAnswered(msgspec.Struct, frozen=True):
    """The caller's leg is through."""

    sample: int


class CallerPlaced(msgspec.Struct, frozen=True):
    """The leg of a customer who is called back has its engine port."""

    port: int


class CallerAlerting(msgspec.Struct, frozen=True):
    """The customer's phone rings; `inband`: the network's tones are sound on the leg."""

    inband: bool = False


class CallerReleased(msgspec.Struct, frozen=True):
    """The caller's leg is over."""

    cause: int
    by: ReleasedBy
    sample: int
    location: Location | None = None


class VerbBegan(msgspec.Struct, frozen=True):
    """The IVR reached verb number `verb` of the treatment."""

    verb: int


class TreatmentOver(msgspec.Struct, frozen=True):
    """The IVR is done: done, no-digits, stopped or failed."""

    reason: str
    digits: str


class AgentPlaced(msgspec.Struct, frozen=True):
    """The agent's leg has its engine port."""

    port: int
    channel: str


class AgentAlerting(msgspec.Struct, frozen=True):
    """The agent's phone rings; `inband`: its ringing tone is sound on the leg."""

    inband: bool = False


class AgentAnswered(msgspec.Struct, frozen=True):
    """The agent took the call."""

    sample: int


class AgentReleased(msgspec.Struct, frozen=True):
    """The agent's leg is over."""

    cause: int
    by: ReleasedBy
    sample: int
    location: Location | None = None


class RingEnded(msgspec.Struct, frozen=True):
    """The agent's phone rang for as long as it may."""


class HeldReleased(msgspec.Struct, frozen=True):
    """The caller who is held, or the leg more that was let go, is over."""

    cause: int
    by: ReleasedBy
    sample: int
    location: Location | None = None


class TransferWanted(msgspec.Struct, frozen=True):
    """The agent who talks wants the caller elsewhere: at once, or after a word with whoever is there.

    `phone`: by their phone's own means.
    """

    to: str
    blind: bool
    phone: bool = False


class CompleteWanted(msgspec.Struct, frozen=True):
    """The agent who consults hands the caller over, however far it has come."""


class ReconnectWanted(msgspec.Struct, frozen=True):
    """The agent who consults takes the caller back."""


Event = (
    Routed
    | Assigned
    | RouteMissing
    | CallerAnswered
    | CallerPlaced
    | CallerAlerting
    | CallerReleased
    | VerbBegan
    | TreatmentOver
    | AgentPlaced
    | AgentAlerting
    | AgentAnswered
    | AgentReleased
    | RingEnded
    | HeldReleased
    | TransferWanted
    | CompleteWanted
    | ReconnectWanted
)

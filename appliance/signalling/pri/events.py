# SPDX-License-Identifier: GPL-2.0-only
"""What a PRI link tells its user, in the words of Q.931 and Q.921.

`call` is the link's number for a call, never used twice. `channel` is the timeslot. Causes are Q.850; where
one was made is a remark: events that differ in that alone are equal.
"""

from dataclasses import dataclass, field
from typing import NewType

from appliance.wire.legs import Bearer, Location
from appliance.wire.numbers import UNKNOWN_KIND, NumberKind, Redirecting

CallNumber = NewType("CallNumber", int)


@dataclass(frozen=True, slots=True)
class LinkEstablished:
    """DL-ESTABLISH: the D-channel carries messages (Q.921 state 7)."""


@dataclass(frozen=True, slots=True)
class LinkReleased:
    """DL-RELEASE: it does not. Active calls live on until T309; the others are cleared at once (Q.931 §5.8.9)."""


@dataclass(frozen=True, slots=True)
class SetupReceived:
    """SETUP: the peer offers a call. Answer with proceeding, alerting, answer or release.

    `clid` is the number as sent; show it only if `presented`. `restricted`: the caller does not want it shown.
    `verified`: the network made or checked it.
    `ani` is a second calling number where the network sends one. `channel` is None if the message names none,
    `exclusive` False if another would do. `bearer` is None where the capability is a reserved one. `complete` False:
    there may be more digits, which setup_acknowledge asks for (overlap receiving). `name` and `user_to_user` are the
    caller's, `redirecting` who sent the call on, `original` the number called first.
    """

    call: CallNumber
    channel: int | None
    exclusive: bool
    dnis: str
    clid: str | None
    presented: bool
    verified: bool
    ani: str | None
    bearer: Bearer | None
    complete: bool
    dnis_kind: NumberKind = UNKNOWN_KIND
    clid_kind: NumberKind = UNKNOWN_KIND
    name: str | None = None
    redirecting: Redirecting | None = None
    original: str | None = None
    user_to_user: str | None = None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class SetupAcknowledged:
    """SETUP ACKNOWLEDGE: the peer wants more digits (`dial`). T304 runs until it has enough."""

    call: CallNumber
    channel: int | None


@dataclass(frozen=True, slots=True)
class DigitsReceived:
    """INFORMATION: more digits of the called number. `complete`: by Sending complete, or T302 has run out."""

    call: CallNumber
    digits: str
    complete: bool


@dataclass(frozen=True, slots=True)
class ProceedingReceived:
    """CALL PROCEEDING."""

    call: CallNumber
    channel: int | None
    inband: bool


@dataclass(frozen=True, slots=True)
class ProgressReceived:
    """PROGRESS; `inband`: progress indicator 8, sound is on the channel before answer.

    So is a DISCONNECT with indicator 8 before the answer (§5.3.4.1): the network says why the call fails, and releases
    it when T306 has run out.
    """

    call: CallNumber
    inband: bool


@dataclass(frozen=True, slots=True)
class AlertingReceived:
    """ALERTING."""

    call: CallNumber
    channel: int | None
    inband: bool


@dataclass(frozen=True, slots=True)
class ConnectReceived:
    """CONNECT; the link has acknowledged it."""

    call: CallNumber
    channel: int | None


@dataclass(frozen=True, slots=True)
class DisconnectReceived:
    """DISCONNECT: the peer clears. Answer with release; CallCleared follows."""

    call: CallNumber
    cause: int
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class HoldReceived:
    """HOLD: the peer puts the call aside (ETS 300 141). Answer with hold or refuse_hold."""

    call: CallNumber


@dataclass(frozen=True, slots=True)
class RetrieveReceived:
    """RETRIEVE: it takes it up again, on any channel (None) or this one. Answer with retrieve or refuse_retrieve."""

    call: CallNumber
    channel: int | None
    exclusive: bool


@dataclass(frozen=True, slots=True)
class ChargeReceived:
    """Advice of charge (Q.956.2): so far or, `final`, in all. Units or an amount; both None: free of charge."""

    call: CallNumber
    units: int | None = None
    amount: str | None = None
    currency: str | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class CallCleared:
    """The call reference is gone on both sides and the channel free. Said once for each call, always last.

    `by_peer`: a message of the peer ended it, with its cause. Else the link: 27 T309, 102 other timers, 41 RESTART.
    """

    call: CallNumber
    cause: int
    by_peer: bool = False
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RestartReceived:
    """RESTART of a channel (None: the whole interface), acknowledged; its calls have been cleared with cause 41."""

    channel: int | None


@dataclass(frozen=True, slots=True)
class RestartAcknowledged:
    """RESTART ACKNOWLEDGE: both sides hold the channel idle."""

    channel: int


@dataclass(frozen=True, slots=True)
class RestartFailed:
    """No acknowledgement after N316 times T316, or the link went down: nobody knows the far end's state (§5.5.1)."""

    channel: int


@dataclass(frozen=True, slots=True)
class ServiceReceived:
    """SERVICE, acknowledged: the far end takes a channel out of service or into it (profiles of North America)."""

    channel: int
    in_service: bool


Event = (
    LinkEstablished
    | LinkReleased
    | SetupReceived
    | SetupAcknowledged
    | DigitsReceived
    | ProceedingReceived
    | ProgressReceived
    | AlertingReceived
    | ConnectReceived
    | DisconnectReceived
    | HoldReceived
    | RetrieveReceived
    | ChargeReceived
    | CallCleared
    | RestartReceived
    | RestartAcknowledged
    | RestartFailed
    | ServiceReceived
)

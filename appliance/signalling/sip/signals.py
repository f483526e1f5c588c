# SPDX-License-Identifier: GPL-2.0-only
"""What the SIP stack's thread and the worker's thread say to each other. `call` is the leg's id on both sides."""

import msgspec

from appliance.config import Endpoint
from appliance.media.events import Codec as Coding
from appliance.signalling.sip.crypto import Keys
from appliance.signalling.sip.sdp import Codec

# From the stack.


class Offered(msgspec.Struct, frozen=True):
    """A phone calls. `port` was taken from the pool by the stack: it stands in the answer already prepared.

    `codec` is what we took of its offer, or shall offer in the 200.
    """

    call: str
    call_id: str
    port: int
    dnis: str
    clid: str | None
    codec: Codec


class Proceeding(msgspec.Struct, frozen=True):
    """100, or 183 without sound."""

    call: str


class Alerting(msgspec.Struct, frozen=True):
    """180, or 183 with sound (`inband`)."""

    call: str
    inband: bool


class Answered(msgspec.Struct, frozen=True):
    """200 was received, or sent."""

    call: str


class Pointed(msgspec.Struct, frozen=True):
    """The negotiated description says where the peer listens; `held`: it asked for no sound from its side.

    `keys`: SRTP and nothing else.
    """

    call: str
    remote: Endpoint
    held: bool
    codec: Codec
    keys: Keys | None = None


class Dialled(msgspec.Struct, frozen=True):
    """The peer told a digit by INFO; 0 ms: it told no length."""

    call: str
    digit: str
    duration_ms: int


class Referred(msgspec.Struct, frozen=True):
    """The peer wants the other side transferred to a number, or to where its own call of this Call-ID leads."""

    call: str
    to: str
    replaces: str | None = None


class Over(msgspec.Struct, frozen=True):
    """The call is over in SIP. `fault`: not by a message of the peer (time-out, transport, our own stack)."""

    call: str
    cause: int
    status: int
    fault: bool


class Lost(msgspec.Struct, frozen=True):
    """The call cannot go on: the peer did not answer a probe inside its dialog, or our offer of SRTP with a key."""

    call: str
    cause: int


class Overloaded(msgspec.Struct, frozen=True):
    """A phone's call was refused: in none of its codecs can the engine bear a leg more."""

    call: str


Signal = Offered | Proceeding | Alerting | Answered | Pointed | Dialled | Referred | Over | Lost | Overloaded

# To the stack.


class Place(msgspec.Struct, frozen=True):
    """INVITE `to`, offering `codecs` in packets of `packet_ms`.

    `plain`: without SRTP, whatever the configuration prefers. `at`: Kamailio of the branch that has the phone, None:
    ours.
    """

    call: str
    call_id: str
    port: int
    to: str
    clid: str | None
    codecs: tuple[Coding, ...]
    packet_ms: int
    plain: bool = False
    at: Endpoint | None = None


class Ring(msgspec.Struct, frozen=True):
    """180."""

    call: str


class Answer(msgspec.Struct, frozen=True):
    """200."""

    call: str


class HangUp(msgspec.Struct, frozen=True):
    """CANCEL, BYE or a final status; what follows in SIP is the stack's own matter."""

    call: str
    cause: int


class Probe(msgspec.Struct, frozen=True):
    """Ask inside the dialog whether the peer is there."""

    call: str


class Notify(msgspec.Struct, frozen=True):
    """Tell the peer what came of its REFER."""

    call: str
    done: bool


Order = Place | Ring | Answer | HangUp | Probe | Notify

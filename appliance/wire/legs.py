# SPDX-License-Identifier: GPL-2.0-only
"""The leg protocol: how call control and any worker (PRI line, SIP) speak of one party's side of a call.

The worker owns the truth of its legs. It says Hello and a LegSnapshot to whoever attaches, then events; it takes
commands from one controller, answers each with Accepted or Refused, and never acts twice on one command id.
TABLE is the life of a leg; a step outside it is refused and changes nothing.
"""

import enum

import msgspec

from appliance.wire.message import Message
from appliance.wire.numbers import NumberKind, Redirecting, Withheld


class Direction(enum.StrEnum):
    """Which side began the leg, seen from the box."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class LegState(enum.StrEnum):
    """Where a leg stands; ISDN's words, which SIP maps onto (RFC 3398)."""

    OFFERED = "offered"
    PLACED = "placed"
    PROCEEDING = "proceeding"
    ALERTING = "alerting"
    ANSWERED = "answered"
    RELEASED = "released"


class LegStep(enum.StrEnum):
    """What moves a leg on: our command or the peer's message."""

    PROCEED = "proceed"
    ALERT = "alert"
    ANSWER = "answer"
    RELEASE = "release"


_S, _T = LegState, LegStep
TABLE: dict[LegState, dict[LegStep, LegState]] = {
    _S.OFFERED: {
        _T.PROCEED: _S.PROCEEDING,
        _T.ALERT: _S.ALERTING,
        _T.ANSWER: _S.ANSWERED,
        _T.RELEASE: _S.RELEASED,
    },
    _S.PLACED: {
        _T.PROCEED: _S.PROCEEDING,
        _T.ALERT: _S.ALERTING,
        _T.ANSWER: _S.ANSWERED,
        _T.RELEASE: _S.RELEASED,
    },
    _S.PROCEEDING: {_T.ALERT: _S.ALERTING, _T.ANSWER: _S.ANSWERED, _T.RELEASE: _S.RELEASED},
    _S.ALERTING: {_T.ANSWER: _S.ANSWERED, _T.RELEASE: _S.RELEASED},
    _S.ANSWERED: {_T.RELEASE: _S.RELEASED},
    _S.RELEASED: {},
}


def step(state: LegState, by: LegStep) -> LegState:
    """The state after `by`. Raises KeyError where TABLE has no such cell; the caller's state is untouched."""
    return TABLE[state][by]


class ReleasedBy(enum.StrEnum):
    """Who let go first."""

    PEER = "peer"
    US = "us"
    FAULT = "fault"


class Bearer(enum.StrEnum):
    """Information transfer capability (Q.931 §4.5.5): what the caller's octets are."""

    SPEECH = "speech"
    AUDIO = "3.1-khz-audio"
    UNRESTRICTED = "unrestricted"
    RESTRICTED = "restricted"
    TONES = "unrestricted-with-tones"
    VIDEO = "video"

    @property
    def is_sound(self) -> bool:
        """Something to be heard: a voice, or a modem's or a fax's tones."""
        return self in {Bearer.SPEECH, Bearer.AUDIO}


class Location(enum.StrEnum):
    """Where a cause was made (Q.850 §2.2.3)."""

    USER = "user"
    LOCAL_PRIVATE = "local-private-network"
    LOCAL_PUBLIC = "local-public-network"
    TRANSIT = "transit-network"
    REMOTE_PUBLIC = "remote-public-network"
    REMOTE_PRIVATE = "remote-private-network"
    INTERNATIONAL = "international-network"
    BEYOND = "beyond-interworking-point"


class Leg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One party's side, as its worker knows it.

    `port` is the engine's port; `channel` is for people ("span 1 timeslot 5", "sip 8001 at BR-0002"). CLID is what the
    caller presents, ANI who pays, DNIS the called number as delivered. Samples are the engine's clock, 8,000 a second.
    `name` is the caller's as the network sends it, `redirecting` who sent the call on, `original` the number called
    first, `user_to_user` a text of the caller's own system (IA5, 35 characters at most).
    `withheld` is the number of a caller who does not want it shown. `verified`: the network made or checked his number.
    `category` is what kind of subscriber calls, in the words of R2's variant. `trunk` is the span's name, or the box of
    the branch that has the phone where it is another one; `interface` what the exchange calls the span where it shares
    a D-channel (NFAS), `call_id` SIP's.
    `contact` is the controller's note, given back in every snapshot so that a restarted controller finds its calls.
    `held`: the peer has put the call aside for now; nobody hears its port.
    The last four are set on a released leg, which stands in the snapshot until a controller has heard of its release.
    """

    leg: str
    direction: Direction
    state: LegState
    channel: str
    port: int | None = None
    contact: str | None = None
    clid: str | None = None
    ani: str | None = None
    dnis: str | None = None
    to: str | None = None
    clid_kind: NumberKind | None = None
    dnis_kind: NumberKind | None = None
    name: str | None = None
    redirecting: Redirecting | None = None
    original: str | None = None
    user_to_user: str | None = None
    category: str | None = None
    trunk: str | None = None
    interface: int | None = None
    bearer: Bearer = Bearer.SPEECH
    withheld: Withheld | None = None
    verified: bool = False
    call_id: str | None = None
    began_ns: int = 0
    answered_sample: int | None = None
    held: bool = False
    cause: int | None = None
    by: ReleasedBy | None = None
    released_sample: int | None = None
    location: Location | None = None


def sip_channel(extension: str, box: str | None) -> str:
    """The `channel` of a phone, which `box` has where it is another branch's."""
    return f"sip {extension} at {box}" if box else f"sip {extension}"


# What the worker says.


class Hello(Message, frozen=True):
    """First line of a worker: which process this is; the envelope's incarnation tells a restart."""

    process: str
    kind: str


class LegSnapshot(Message, frozen=True):
    """All legs the worker holds now; sent after Hello to everyone who attaches, and on TakeSnapshot."""

    legs: tuple[Leg, ...] = ()


class LegOffered(Message, frozen=True):
    """A peer calls us. The worker has told the peer nothing yet but what its protocol demands at once."""

    leg: Leg


class LegPlaced(Message, frozen=True):
    """A PlaceLeg is under way: the leg with its channel and its engine port. Said before any other event of it."""

    leg: Leg


class LegProceeding(Message, frozen=True):
    """The peer has the number it needs (Q.931 CALL PROCEEDING, SIP 100/183 without media)."""

    leg: str


class LegAlerting(Message, frozen=True):
    """The called party is being rung; `inband`: the peer sends its own ring-back as sound."""

    leg: str
    inband: bool = False


class LegAnswered(Message, frozen=True):
    """The called party answered; `sample` is the engine's clock at that moment."""

    leg: str
    sample: int


class LegHeld(Message, frozen=True):
    """The peer has put an answered call aside: nobody hears this leg, which stays answered."""

    leg: str


class LegRetrieved(Message, frozen=True):
    """It has taken it up again, on the same port."""

    leg: str


class TransferAsked(Message, frozen=True):
    """The party of an answered leg wants the other side handed on `to` a number, or to its other call there.

    `replaces`: the leg of that other call at this worker. TransferTold says what came of it.
    """

    leg: str
    to: str
    replaces: str | None = None


class LegCharged(Message, frozen=True):
    """Advice of charge: what the call costs so far, or in all (`final`): units, or an amount of a currency.

    Both None: free of charge. It may come more than once, before LegReleased.
    """

    leg: str
    units: int | None = None
    amount: str | None = None
    currency: str | None = None
    final: bool = False


class LegReleased(Message, frozen=True):
    """The leg is over, its channel free. `cause` is Q.850; `location` where ISDN tells it, `sip_status` SIP."""

    leg: str
    cause: int
    by: ReleasedBy
    sample: int
    sip_status: int | None = None
    location: Location | None = None


# What the controller says.


class PlaceLeg(Message, frozen=True):
    """Call `to` (an extension, or a number on `trunk`). `leg` is the controller's choice of id.

    SIP's trunks are the branch's peers, by their box: `to` is an extension there.

    What a protocol or a profile cannot carry of the texts, kinds and marks is left out; a bearer that it cannot is
    refused with cause 65. `withheld` takes the place of `clid` and its kind. `complete` False: more of the number
    follows (DialLeg), as far as it is known `to` may be empty.
    """

    leg: str
    to: str
    contact: str
    clid: str | None = None
    trunk: str | None = None
    to_kind: NumberKind | None = None
    clid_kind: NumberKind | None = None
    name: str | None = None
    redirecting: Redirecting | None = None
    user_to_user: str | None = None
    bearer: Bearer = Bearer.SPEECH
    withheld: Withheld | None = None
    verified: bool = False
    complete: bool = True


class DialLeg(Message, frozen=True):
    """More digits of a placed leg's number, until it proceeds. `complete`: these are the last, nobody need wait."""

    leg: str
    digits: str
    complete: bool = False


class ProceedLeg(Message, frozen=True):
    """Tell an offering peer that its call is under way, and note the contact it belongs to.

    `inband`: and that sound of ours is on the channel, though nobody is rung.
    """

    leg: str
    contact: str
    inband: bool = False


class AlertLeg(Message, frozen=True):
    """Tell an offering peer that somebody is being rung; `inband`: the ringing tone is sound on the leg."""

    leg: str
    inband: bool = False


class AnswerLeg(Message, frozen=True):
    """Answer an offered leg; LegAnswered follows when the peer was told."""

    leg: str


class ReleaseLeg(Message, frozen=True):
    """Let go, with a Q.850 cause; LegReleased follows when the channel is free. Harmless on a leg already gone.

    `location` None: the cause is the box's own. `inband`: an unanswered caller is told so, and hears our sound until he
    lets go or the protocol's patience ends.
    """

    leg: str
    cause: int = 16
    location: Location | None = None
    inband: bool = False


class TransferLeg(Message, frozen=True):
    """Ask the network to connect two answered legs of one span to each other, and to free both channels.

    Accepted: it was asked. Where it does so, LegReleased by the peer follows for both; else both stay as they are.
    """

    leg: str
    to: str


class TransferTold(Message, frozen=True):
    """Tell the party what came of its TransferAsked: it is done, or it is not."""

    leg: str
    done: bool


class TakeSnapshot(Message, frozen=True):
    """Ask for the snapshot again."""

# SPDX-License-Identifier: GPL-2.0-only
"""What the router is told and what it wants done. `at_ns` is stamped once, by whoever hands the event in.

It never goes back; the time of day, which may, comes with whoever asks for it.
"""

from collections.abc import Mapping

import msgspec

from appliance.router.branch_now import BranchNow
from appliance.router.rules import Rules
from appliance.wire.agents import AgentAsked, AgentNoted
from appliance.wire.callbacks import AddCallback, CancelCallback, PlaceContact
from appliance.wire.calls import CallEvent
from appliance.wire.peripherals import AgentIs, AgentLeg
from appliance.wire.routes import LegInterrupted, RouteAnswer, RouteRequest


class LifeBegan(msgspec.Struct, frozen=True, tag=True):
    """The router's process begins: what the administrator has decided now, and what the record knows.

    `epoch` names this life in its tokens; `open_legs` are (agent, leg, contact), all there are.
    """

    at_ns: int
    epoch: str
    rules: Rules
    open_legs: tuple[tuple[str, str, str], ...] = ()


class RulesChanged(msgspec.Struct, frozen=True, tag=True):
    """The administrator has decided otherwise; what is under way goes on."""

    at_ns: int
    rules: Rules


class RouteAsked(msgspec.Struct, frozen=True, tag=True):
    """A branch asks what to do with a contact. `day_ns`: UTC by the clock on the wall, for scripts."""

    at_ns: int
    box: str
    request: RouteRequest
    day_ns: int


class CallTold(msgspec.Struct, frozen=True, tag=True):
    """A call event. Where `process` is told, the branch says it again until the record has it; once counts."""

    at_ns: int
    box: str
    event: CallEvent
    process: str = ""
    incarnation: str = ""
    seq: int = 0


class LookupAnswered(msgspec.Struct, frozen=True, tag=True):
    """What a source has answered, or the sentence why there is no answer."""

    at_ns: int
    contact: str
    lookup: str
    values: Mapping[str, str] = {}
    failed: str = ""


class AgentWished(msgspec.Struct, frozen=True, tag=True):
    """An agent, or somebody for them, wants another state."""

    at_ns: int
    asked: AgentAsked


class ContactNoted(msgspec.Struct, frozen=True, tag=True):
    """An agent writes a note into the contact they talk to."""

    at_ns: int
    noted: AgentNoted


class BranchHeard(msgspec.Struct, frozen=True, tag=True):
    """A branch that was silent is there."""

    at_ns: int
    box: str


class BranchSilent(msgspec.Struct, frozen=True, tag=True):
    """Nothing was heard of it for too long."""

    at_ns: int
    box: str


class Reconciled(msgspec.Struct, frozen=True, tag=True):
    """A branch comes into these hands: what is so there now, whatever was thought before."""

    at_ns: int
    box: str
    now: BranchNow


class ContactsLost(msgspec.Struct, frozen=True, tag=True):
    """The branch knows nothing of these: they are over, though nobody has said so."""

    at_ns: int
    box: str
    contacts: tuple[str, ...]


class CallbackWished(msgspec.Struct, frozen=True, tag=True):
    """Headquarters' box wants a callback, or does not want one any more."""

    at_ns: int
    asked: AddCallback | CancelCallback


class PeripheralReturned(msgspec.Struct, frozen=True, tag=True):
    """It is there, with these agents and their legs."""

    at_ns: int
    box: str
    agents: tuple[AgentIs, ...]
    legs: tuple[AgentLeg, ...]


class ForeignAgentsTold(msgspec.Struct, frozen=True, tag=True):
    """What some agents of a peripheral are."""

    at_ns: int
    box: str
    agents: tuple[AgentIs, ...]


class TimePassed(msgspec.Struct, frozen=True, tag=True):
    """It is now `at_ns`."""

    at_ns: int


Event = (
    LifeBegan
    | RulesChanged
    | RouteAsked
    | CallTold
    | LookupAnswered
    | AgentWished
    | ContactNoted
    | BranchHeard
    | BranchSilent
    | Reconciled
    | ContactsLost
    | CallbackWished
    | PeripheralReturned
    | ForeignAgentsTold
    | TimePassed
)
_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def decoded(event: bytes) -> Event:
    """As the journal has it. With the type told each time it would take eight times as long."""
    return _DECODER.decode(event)


class Answer(msgspec.Struct, frozen=True, tag=True):
    """Tell the branch."""

    box: str
    answer: RouteAnswer


class Assigned(msgspec.Struct, frozen=True, tag=True):
    """Tell the branch of a contact that waits there: an agent is reserved. `answer` is to its last question."""

    box: str
    answer: RouteAnswer


class ReservationEnded(msgspec.Struct, frozen=True, tag=True):
    """`why`: arrived, lapsed, overtaken (another leg began), asked-again, contact-ended.

    Or agent-gone (not named now), branch-away (its agents are not ours to assign now).
    """

    token: str
    agent: str
    contact: str
    why: str


class LookupAsked(msgspec.Struct, frozen=True, tag=True):
    """Ask that source."""

    contact: str
    lookup: str
    source: str
    parameters: Mapping[str, str]


class AgentAnswer(msgspec.Struct, frozen=True, tag=True):
    """Tell whoever asked for an agent's state, or noted; `refused` is a sentence, empty where it was done."""

    agent: str
    refused: str = ""


class ContactOrdered(msgspec.Struct, frozen=True, tag=True):
    """Tell the branch: an agent is reserved for a callback. It is told once; unheard, the reservation lapses."""

    box: str
    order: PlaceContact


class CallbackAnswer(msgspec.Struct, frozen=True, tag=True):
    """Tell whoever commanded a callback; `refused` is a sentence, empty where it was done."""

    callback: str
    refused: str = ""


class AgentMoved(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """An agent is in this state from now on, for the statistics; `1001/chat`: in that channel, all its slots as one.

    `contact`: whose wrap-up it is.
    """

    agent: str
    state: str
    reason: str
    at_ns: int
    contact: str = ""


class Interrupted(msgspec.Struct, frozen=True, tag=True):
    """Tell the peripheral."""

    box: str
    told: LegInterrupted


Effect = (
    Answer
    | Assigned
    | ReservationEnded
    | LookupAsked
    | AgentAnswer
    | ContactOrdered
    | CallbackAnswer
    | AgentMoved
    | Interrupted
)

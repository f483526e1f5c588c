# SPDX-License-Identifier: GPL-2.0-only
"""Agents and queues: what an agent's state shall be, and what is so now, for pages, the CLI and statistics.

Times are UTC nanoseconds by the router's clock, which is set at its start and steady from then on.
"""

import enum

import msgspec

from appliance.wire.message import Message


class AgentWish(enum.StrEnum):
    """What an agent, or somebody for them, can ask for; during a call it is kept until the call is over."""

    LOG_IN = "log-in"
    LOG_OUT = "log-out"
    READY = "ready"
    NOT_READY = "not-ready"


class AgentAsked(Message, frozen=True):
    """Somebody (`by`) wants an agent's state changed, `1001/chat` in one channel; `reason` goes with not-ready."""

    agent: str
    to: AgentWish
    reason: str = ""
    by: str = ""


class CallWish(enum.StrEnum):
    """What an agent who talks can ask for their call."""

    TRANSFER = "transfer"
    CONSULT = "consult"
    COMPLETE = "complete"
    RECONNECT = "reconnect"


class CallAsked(Message, frozen=True):
    """An agent, or somebody (`by`) for them, wants their caller handed on to `number`; complete and reconnect lack it.

    Headquarters adds `contact` and the name of the `order` before it tells the branch.
    """

    agent: str
    to: CallWish
    number: str = ""
    by: str = ""
    contact: str = ""
    order: str = ""


class OrderDone(Message, frozen=True):
    """Call control's word on the order of a CallAsked; `refused` is a sentence, empty where it is under way."""

    order: str
    refused: str = ""


class AgentNoted(Message, frozen=True):
    """An agent writes `text` into the contact they talk to, for whoever has it next."""

    agent: str
    text: str
    by: str = ""


class ContactAsked(Message, frozen=True):
    """What an agent has before them is to be told."""

    agent: str


class Note(msgspec.Struct, frozen=True):
    """What an agent wrote."""

    agent: str
    text: str


class ContactNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an agent is shown of the contact: what is known of the caller, and what those before have left.

    `ced` has stars where the digits are secret; `fields` are those of its scripts that are not. `transfers`: agents
    who have handed it on, the first first.
    """

    contact: str
    dnis: str
    clid: str = ""
    call_type: str = ""
    ced: str = ""
    fields: dict[str, str] = {}
    notes: tuple[Note, ...] = ()
    transfers: tuple[str, ...] = ()


class ContactTold(Message, frozen=True):
    """The answer to ContactAsked and AgentNoted: None while the agent has no contact."""

    agent: str
    now: ContactNow | None = None


class ChannelNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of an agent's channels, all its slots as one: busy while any is. `at_work` of its `slots` have a contact."""

    channel: str
    state: str
    since_ns: int
    slots: int
    at_work: int = 0
    reason: str = ""
    then: str = ""


class AgentNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent. `state`: logged-out, not-ready, available, reserved, busy or wrap-up, with its `reason`, since when.

    `then`: what they will be after the call, where that was asked for; `queues`: whose contacts they may be given now.
    `channels`: those beside voice, where a state may be interrupted as well.
    """

    agent: str
    name: str
    box: str
    extension: str
    state: str
    since_ns: int
    reason: str = ""
    then: str = ""
    queues: tuple[str, ...] = ()
    channels: tuple[ChannelNow, ...] = ()


class AgentRest(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent between two routers: what they are, or will be once the work that is told beside it is over.

    `state`: logged-out, not-ready, available (since `free_ns`) or wrap-up (until `until_ns`, of `queue`, talking since
    `talk_ns`; then `then`). `asked_ns`: when somebody last said what they are to be. Times are the routers'.
    """

    state: str
    since_ns: int = 0
    free_ns: int = 0
    reason: str = ""
    then: str = ""
    then_reason: str = ""
    queue: str = ""
    talk_ns: int | None = None
    until_ns: int | None = None
    asked_ns: int = 0


class AgentTold(Message, frozen=True):
    """The answer to AgentAsked: what the agent is now.

    `unheard`: the agent's branch decides by itself now, and hears of it when it is back.
    """

    now: AgentNow
    unheard: str = ""


class WhoDecides(Message, frozen=True):
    """At a branch, before each answer: whose router its agents are commanded by; `since_ns` where it is its own.

    headquarters, branch, or nobody.
    """

    by: str
    since_ns: int = 0


class QueueNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A queue. `oldest_ns`: the first wait of whoever is next; `expected_s`: how long a new caller would wait.

    `callbacks` of those that wait have no line. Of its agents `staffed` are logged in, `free` could be rung, `busy` are
    reserved, talk or wrap up; of another `channel` than voice their slots are counted, and one that cannot be given
    beside other work is busy.
    """

    name: str
    waiting: int = 0
    oldest_ns: int | None = None
    staffed: int = 0
    free: int = 0
    busy: int = 0
    expected_s: int | None = None
    callbacks: int = 0
    channel: str = "voice"


class FloorAsked(Message, frozen=True):
    """What a branch's agents, and the queues that they are in, are now."""


class FloorTold(Message, frozen=True):
    """The answer to FloorAsked."""

    agents: tuple[AgentNow, ...]
    queues: tuple[QueueNow, ...] = ()

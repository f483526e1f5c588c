# SPDX-License-Identifier: GPL-2.0-only
"""Route requests and answers between a branch and the router, and what a routing label can be.

A request tells all that is known of the contact and where its script stands (`cursor`, opaque to the branch);
the answer is one action. The branch carries it out and asks again with its outcome, until an action ends the contact.
"""

import msgspec

from appliance.wire.message import Message
from appliance.wire.treatments import Verb


class Treat(msgspec.Struct, frozen=True, tag="treat", tag_field="do"):
    """Answer the caller if that was not done, run these verbs, then ask again (with the digits as CED).

    `answer` no: whoever is not answered stays so, and hears them before the answer, where his line can.
    """

    verbs: tuple[Verb, ...]
    language: str = "en"
    answer: bool = True


class RingAgent(msgspec.Struct, frozen=True, tag="ring-agent", tag_field="do"):
    """Ring this agent's phone for `ring_s` seconds; `queue` found them. `token` is the reservation, which lapses.

    `box`: the branch at which the phone is, empty where it is the one that asks.
    """

    agent: str
    extension: str
    queue: str
    token: str
    ring_s: int = 20
    record: bool = True
    box: str = ""


class Label(msgspec.Struct, frozen=True, tag="label", tag_field="do"):
    """Take the contact to this number or name, which whoever asks understands, and ask again where that fails.

    On a translation route `token` has reserved `agent`, whom `queue` found, until the call arrives, for `within_s`.
    `ring_s`: how long a branch lets it ring.
    """

    label: str
    agent: str = ""
    queue: str = ""
    token: str = ""
    within_s: int = 0
    ring_s: int = 40


class Release(msgspec.Struct, frozen=True, tag="release", tag_field="do"):
    """Release the caller with a Q.850 cause; before answer that is a controlled busy (cause 17)."""

    cause: int = 16


class Dial(msgspec.Struct, frozen=True, tag="dial", tag_field="do"):
    """Call the customer of a callback, whose agent is on the line, and let it ring for `ring_s` seconds."""

    number: str
    ring_s: int = 40


Action = Treat | RingAgent | Label | Release | Dial


class Tandem(msgspec.Struct, frozen=True, tag="tandem", tag_field="do"):
    """Carry the call on to another trunk as it came. A branch decides so by its own rules; the router never does.

    `overflow`: its trunk group has a call too many, which goes on to this number.
    """

    trunk: str
    overflow: str = ""


class ContactPlace(msgspec.Struct, frozen=True, omit_defaults=True):
    """A contact's place among those who wait, as one router gives it to another: it is kept and brought, never read.

    The most urgent (1) is first, then who waits since the earliest `queued_ns`, then the lower `tie`. `node` of its
    script since `here_ns`; `stands`: in each of its queues the step, and until when. Times are the routers'.
    """

    priority: int
    queued_ns: int
    tie: int = 0
    node: str = ""
    here_ns: int = 0
    stands: tuple[tuple[str, int, int | None], ...] = ()


class RouteRequest(Message, frozen=True):
    """`outcome` says how the last action ended.

    offered, digits, no-digits, played, recorded or silent (of a voicemail), failed, no-answer, busy, congestion (of a
    label: no trunk has room, or the network none), unreachable, agent-gone (lost during the talk),
    transferred, consulting (the agent asks, the caller is held), not-transferred (to `transfer_to` there is no way), or
    agent-answered: of a contact that tries the `callback` of that name, may its customer be dialled? `reaches`: other
    branches whose phones it can ring. `transfer_to`: the number that an agent has just asked for; Release means that it
    is not done. `transferred_by`: who has handed the contact on last, or wants to. `place`: as it was told last.
    `lease`: the epoch in which the branch has left its agents to headquarters; 0 where it does not speak of leases.
    `kind`: voice, or the name of another channel. `because`: what there is to say of the outcome, a sentence without
    numbers that callers have keyed. `full`: branches that it would reach, had their trunk group room, with a sentence.
    `within_ms`: so long after the envelope's `mono_ns` nobody waits for the answer any more, and none is made; 0: that
    is not told.
    """

    request: str
    contact: str
    dnis: str
    outcome: str = "offered"
    clid: str | None = None
    ani: str | None = None
    ced: str = ""
    cursor: str = ""
    refused_agents: tuple[str, ...] = ()
    reaches: tuple[str, ...] = ()
    callback: str = ""
    transfer_to: str = ""
    transferred_by: str = ""
    kind: str = "voice"
    place: ContactPlace | None = None
    lease: int = 0
    because: str = ""
    full: dict[str, str] = msgspec.field(default_factory=dict)
    within_ms: int = 0


class RouteAnswer(Message, frozen=True):
    """The router's word and why: `reason` a sentence, `path` the script's nodes passed, `values` what they compared.

    `origin`: the contact whose second call this is, by a translation route, with what is not secret of its `context`.
    `queues`: those that the contact waits in from now on; with a `callback`, in which that stands instead of the
    caller. `epoch`: the life of the router that says it, where there are several headquarters; what is said in an older
    one than was heard of counts no more. `lease`: the epoch of the branch's lease in which it is said, which counts in
    no other. `by`: headquarters, or the branch's own router. `place`: the contact's, where it has one. `anew`: to ask
    before this is over is the same question once more. `known`: what else the router knows of the contact, with
    its secrets, for another router; the branch keeps it and never reads it.
    """

    request: str
    action: Action
    reason: str
    call_type: str = ""
    script: str = ""
    version: str = ""
    path: tuple[str, ...] = ()
    values: dict[str, str] = msgspec.field(default_factory=dict)
    cursor: str = ""
    queues: tuple[str, ...] = ()
    epoch: int = 0
    callback: str = ""
    origin: str = ""
    context: dict[str, str] = msgspec.field(default_factory=dict)
    lease: int = 0
    by: str = "headquarters"
    anew: bool = False
    place: ContactPlace | None = None
    known: str = ""


class RouteHeld(Message, frozen=True):
    """The uplink's word to call control: the answer may take so long, since nobody may give out agents until then."""

    request: str
    seconds: float


class LegInterrupted(Message, frozen=True):
    """To the peripheral that has this leg: its agent does other work first, or (`over`) goes on with it."""

    contact: str
    leg: str
    agent: str
    over: bool = False


class RouteSilent(Message, frozen=True):
    """The uplink's word to call control: headquarters cannot be asked or did not answer in time."""

    request: str
    reason: str

# SPDX-License-Identifier: GPL-2.0-only
"""All that the router remembers. Frozen; mappings are replaced, never changed.

A reservation is a token on one agent for one contact. An agent has a token exactly while RESERVED and legs exactly
while BUSY or INTERRUPTED, and each token stands in `reservations` once. `index` follows from the rest (`index.py`
keeps it).
"""

from collections.abc import Mapping

import msgspec

from appliance.router.callbacks.states import CallbackState
from appliance.router.events import RouteAsked
from appliance.router.rules import Rules
from appliance.router.states import AgentState
from appliance.script.nodes import Queue
from appliance.wire.agents import ContactNow
from appliance.wire.routes import RingAgent, RouteAnswer

Pool = tuple[str, int]
"""The agents of one step of a queue."""


class Pending(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an agent will be when this work is over."""

    state: AgentState
    reason: str = ""


class Agent(msgspec.Struct, frozen=True, omit_defaults=True):
    """`since_ns`: in this state; `free_ns`: available since, which a reservation that lapses leaves as it was.

    Times are the writer's, 0 from the first. Of the work there is: the `queue` that found the agent, `talk_ns` when
    they first talked; `until_ns`: the end of wrap-up. `legs`: each with its contact. `here_ns`: logged in since, and
    `worked_ns` of that at work that is over.
    """

    state: AgentState = AgentState.AVAILABLE
    since_ns: int = 0
    free_ns: int = 0
    reason: str = ""
    then: Pending | None = None
    token: str | None = None
    legs: Mapping[str, str] = {}
    queue: str = ""
    talk_ns: int | None = None
    until_ns: int | None = None
    here_ns: int = 0
    worked_ns: int = 0
    asked_ns: int = 0
    """When somebody last said what they are to be, here or where it was said before."""


class Reservation(msgspec.Struct, frozen=True):
    """It lapses by itself at `expires_ns`, as long as `box`, which was told of it, is heard."""

    token: str
    agent: str
    contact: str
    queue: str
    expires_ns: int
    box: str


class Stand(msgspec.Struct, frozen=True):
    """Where a contact stands in one of its queues: at that step, until then; None is the last step."""

    queue: str
    step: int
    until_ns: int | None


class Place(msgspec.Struct, frozen=True):
    """A contact's, from its first agent or wait to its end. `here_ns`: since when it is at this `node` of its script.

    `stands`: in all queues of the node; `rung`: the agent who was given to it last, until it is known what came of it;
    `forget_ns`: by then it is over, though nobody has said so. `standing`: that node, where it goes through others
    while it stands in the queues.
    """

    priority: int
    queued_ns: int
    tie: int
    node: str
    here_ns: int
    forget_ns: int
    stands: tuple[Stand, ...]
    rung: str = ""
    standing: Queue | None = None


class Reach(msgspec.Struct, frozen=True):
    """Whom a contact could be given: agents of these branches, its own first, but for those who have refused it.

    To those of `routed` a translation route leads. `full`: branches to which no other way has room, with a sentence.
    """

    boxes: tuple[str, ...]
    refused: tuple[str, ...] = ()
    routed: tuple[str, ...] = ()
    full: Mapping[str, str] = {}


class Waiting(msgspec.Struct, frozen=True):
    """A contact that waits for an agent; its branch asks again before `until_ns`, or it is lost.

    `answer` was given to it last; with `token` an agent is reserved, and the branch told so.
    """

    contact: str
    box: str
    place: Place
    node: Queue
    reach: Reach
    answer: RouteAnswer
    until_ns: int
    token: str | None = None
    clid: str = ""


class Asking(msgspec.Struct, frozen=True):
    """A contact whose script looks something up: the question, and how far it has come. `lookup` names it once."""

    lookup: str
    asked: RouteAsked
    script: str
    cursor: str
    path: tuple[str, ...]
    values: Mapping[str, str]
    reason: str
    until_ns: int
    callback: str = ""


class Callback(msgspec.Struct, frozen=True, omit_defaults=True):
    """A customer who waits without a line; the place is kept under the name `callback`.

    `box` has the lines, `reaches` are branches whose phones it can ring; `node` is what it waits at. `dial_s`: how long
    the customer's phone rings; `most` tries, `pause_ns` between two, none begins after `until_ns`. `due_ns`: when
    something happens by itself. `contact`: the try under way, `origin`: who asked. `outcome`: of the last try, or all.
    """

    callback: str
    number: str
    box: str
    reaches: tuple[str, ...]
    node: Queue
    dial_s: int
    most: int
    pause_ns: int
    until_ns: int
    state: CallbackState
    due_ns: int
    origin: str = ""
    contact: str = ""
    tries: int = 0
    outcome: str = ""


class Context(msgspec.Struct, frozen=True):
    """A contact's fields, as the script's `context.encoded` has them; `forget_ns` as of a place."""

    fields: str
    forget_ns: int


class Shown(msgspec.Struct, frozen=True):
    """What an agent is shown of a contact; `forget_ns` as of a place."""

    now: ContactNow
    forget_ns: int


class Typed(msgspec.Struct, frozen=True):
    """A contact in progress, and what the router has made of it; `forget_ns` as of a place."""

    call_type: str
    forget_ns: int


class Translation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A contact that is to arrive at another site by that number, and what the site is answered then.

    `sent_off`: its first site knows it no more.
    """

    route: str
    number: str
    contact: str
    clid: str
    answer: RouteAnswer
    sent_off: bool = False

    @property
    def token(self) -> str:
        """Of the agent who is reserved."""
        action = self.answer.action
        return action.token if isinstance(action, RingAgent) else ""


class Resting(msgspec.Struct, frozen=True):
    """A number that was given to this contact in vain, and is given to nobody until then; `agent` was at its end."""

    number: str
    contact: str
    agent: str
    until_ns: int


class Handled(msgspec.Struct, frozen=True):
    """Talk and wrap-up of a queue's contacts: how many there were, how long lately, and how far from that."""

    contacts: int
    mean_ns: int
    spread_ns: int = 0


class Left(msgspec.Struct, frozen=True):
    """Contacts that a queue had lately: how many gave up, and how long all of them waited."""

    contacts: int = 0
    gave_up: int = 0
    waited_ns: int = 0


class Index(msgspec.Struct, frozen=True):
    """Where to look, so that nobody searches. `free` and `queued` have only what can be chosen now, best first."""

    pools: Mapping[str, tuple[Pool, ...]] = {}
    """Of an agent."""
    phones: Mapping[tuple[str, str], str] = {}
    """(box, extension) → agent."""
    legs: Mapping[str, str] = {}
    """Leg → agent."""
    calls: Mapping[str, tuple[str, ...]] = {}
    """Contact → legs of agents."""
    seats: Mapping[str, tuple[str, ...]] = {}
    """Box → agents."""
    hands: Mapping[str, tuple[str, ...]] = {}
    """Slot → all slots of its person, who has several."""
    held: Mapping[str, str] = {}
    """Contact → token."""
    tally: Mapping[str, Mapping[AgentState, int]] = {}
    """Queue → how many of its agents, of branches that are heard, are in each state."""
    free: Mapping[Pool, Mapping[str, tuple[tuple[int, str], ...]]] = {}
    """By the agents' box: (available since, agent)."""
    queued: Mapping[Pool, Mapping[frozenset[str], tuple[tuple[int, int, int, str], ...]]] = {}
    """By the boxes that they all reach: (priority, waits since, tie, contact)."""
    lines: Mapping[str, tuple[tuple[int, int, int, str], ...]] = {}
    """Queue → all that wait in it, as in `queued`."""
    progress: Mapping[str, int] = {}
    """Call type → its contacts in progress."""
    due: tuple[tuple[int, str, str], ...] = ()
    """(at, what, of whom)."""
    numbers: Mapping[str, str] = {}
    """Number → callback, of those that are not over."""


NO_INDEX = Index()


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """`epoch` names one life of the router, in the tokens it gives; `present`: branches that are heard."""

    rules: Rules
    epoch: str
    agents: Mapping[str, Agent]
    reservations: Mapping[str, Reservation]
    present: frozenset[str]
    serial: int = 0
    sweep_ns: int = 0
    """When places and contexts that are over are looked for next; 0: there are none."""
    shared: Mapping[str, Mapping[str, int]] = {}
    """Of this hundred, by script and node: how many contacts each target has had."""
    places: Mapping[str, Place] = {}
    waiting: Mapping[str, Waiting] = {}
    asking: Mapping[str, Asking] = {}
    contexts: Mapping[str, Context] = {}
    typed: Mapping[str, Typed] = {}
    history: Mapping[str, tuple[str, int]] = {}
    """By branch: call events up to this (incarnation, seq) were over when it was reconciled."""
    handled: Mapping[str, Handled] = {}
    left: Mapping[str, Left] = {}
    callbacks: Mapping[str, Callback] = {}
    tries: Mapping[str, str] = {}
    """Contact that a branch was told to begin → callback."""
    shown: Mapping[str, Shown] = {}
    heard: Mapping[str, tuple[tuple[str, int], ...]] = {}
    """By box and process: the two incarnations whose call events came last in this life, and how far each was told."""
    turns: Mapping[str, str] = {}
    """By queue: the agent whose turn it was last."""
    translations: Mapping[str, Translation] = {}
    """By box and number, as are `resting` and `lent`."""
    resting: Mapping[str, Resting] = {}
    lent: Mapping[str, int] = {}
    """Which number was given out when, by serial."""
    index: Index = NO_INDEX

    def next_due_ns(self) -> int | None:
        """When something happens by itself."""
        return self.index.due[0][0] if self.index.due else None


EMPTY = State(Rules({}, {}, {}, {}), "", {}, {}, frozenset())
"""Before the first life."""

# SPDX-License-Identifier: GPL-2.0-only
"""A contact in progress: all that call control knows of it, kept on disk with its events.

Frozen; a transition makes a new one. Nothing here is a socket, a clock or a task, so a restarted call control reads it
back and goes on.
"""

import enum

import msgspec

from appliance.wire.numbers import Withheld
from appliance.wire.routes import ContactPlace, Label, RingAgent, Treat


class CallState(enum.StrEnum):
    """Where a contact stands; TABLE in states.py says what moves it."""

    ROUTING = "routing"
    ANSWERING = "answering"
    TREATING = "treating"
    RINGING = "ringing"
    CALLING = "calling"
    ASKING = "asking"
    DIALLING = "dialling"
    JOINING = "joining"
    TALKING = "talking"
    PASSING = "passing"
    THROUGH = "through"
    RELEASING = "releasing"
    ENDED = "ended"


class Party(msgspec.Struct, frozen=True, omit_defaults=True):
    """One leg as call control needs it. `worker` is the socket's name; samples are the engine's clock.

    `trunk`: the span, or the branch as our peer, by which it goes; `inward`: it has come in by it.
    """

    leg: str
    worker: str
    port: int | None = None
    alerting: bool = False
    hears: bool = False
    """Our sound, or as the far end of a label is heard, before the answer."""
    trunk: str = ""
    inward: bool = False
    answered_sample: int | None = None
    released: bool = False


class Transfer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the agent `by` wants: the caller handed on `to` a number, at once (`blind`) or after a word with who has it.

    `ring`: the label of the talk that was interrupted; `direct`: no script answers, one phone or nobody does. `music`:
    the treatment of the caller who is held. `phone`: the agent's phone has asked, and is told what comes of it.
    """

    to: str
    by: str
    blind: bool
    ring: RingAgent | None
    direct: bool = False
    music: str = ""
    phone: bool = False


class Contact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One caller's way through the box. `cursor` is the router's bookmark, `outcome` how its last action ended.

    `agent` is the other leg: an agent's, or in PASSING and THROUGH the far trunk's. With a `callback` the box calls:
    `caller` is the customer, whose leg begins in DIALLING on `trunk` and `shows` a number of ours for `dial_s`.

    With a `label` that far end is a number outside: `agent` is the leg there, and `tried` are trunks that had no room;
    `glared`: one has been called twice. `because`: a sentence on `outcome`.

    While an agent wants the caller elsewhere (`transfer`), `caller` is that agent, for whom all goes on as for a
    caller, and `held` is the caller; while legs are let go, `held` is one leg more. `goal`: the number that
    headquarters has not answered to.
    """

    contact: str
    state: CallState
    caller: Party
    dnis: str
    clid: str | None = None
    ani: str | None = None
    withheld: Withheld | None = None
    ced: str = ""
    cursor: str = ""
    place: ContactPlace | None = None
    """Among those who wait, as the router told it last."""
    known: str = ""
    """And what else it knows of the contact."""
    outcome: str = "offered"
    because: str = ""
    request: str = ""
    asked_ns: int = 0
    refused_agents: tuple[str, ...] = ()
    out_of_reach: tuple[str, ...] = ()
    """Branches that were silent, or did not know us, when a phone of theirs was to ring."""
    tried_default: tuple[str, ...] = ()
    treat: Treat | None = None
    treatment: str = ""
    verb: int = 0
    ring: RingAgent | None = None
    label: Label | None = None
    tried: tuple[str, ...] = ()
    glared: bool = False
    agent: Party | None = None
    recording: int = 0
    """Of the talk, or of the message that the treatment takes."""
    message_from: int | None = None
    talk_from: int | None = None
    cause: int = 16
    released_by: str = ""
    callback: str = ""
    trunk: str = ""
    shows: str | None = None
    dial_s: int = 0
    held: Party | None = None
    transfer: Transfer | None = None
    transferred_by: str = ""
    goal: str = ""

    @property
    def parties(self) -> tuple[Party, ...]:
        """All legs that are there."""
        return tuple(party for party in (self.caller, self.agent, self.held) if party is not None)

    def asked_for_ms(self, now_ns: int) -> float:
        """How long its question has been out."""
        return (now_ns - self.asked_ns) / 1e6


def recording_name(number: int) -> str:
    """The recording's text id: 16 hexadecimal digits, also its file's stem."""
    return f"{number:016x}"


def agent_of(contact: Contact) -> Party:
    """The agent's party; a state that has one without it is our own fault."""
    if contact.agent is None:
        raise AssertionError(f"no agent in state {contact.state}")
    return contact.agent

# SPDX-License-Identifier: GPL-2.0-only
"""A treatment's life: TABLE, phase → event → cell, and step. Pure; the shell (treatments.py) drives the engine.

Verbs run in order. A digit that ends a prompt stays in the port's type-ahead for the next Collect. A treatment ends
with the digits of its last Collect; one whose Collect got none after its last try ends as no-digits.
"""

import enum
from collections.abc import Callable

import msgspec

from appliance.wire.treatments import Collect, Music, Play, Ringing, Verb, Voicemail


class Phase(enum.StrEnum):
    """What the treatment waits for."""

    PLAYING = "playing"
    COLLECTING = "collecting"
    MUSIC = "music"
    RECORDING = "recording"
    ENDED = "ended"


class Flow(msgspec.Struct, frozen=True):
    """Where a treatment stands."""

    verbs: tuple[Verb, ...]
    at: int
    phase: Phase = Phase.PLAYING
    tries_left: int = 0
    digits: str = ""


# What happens.


class PlayOver(msgspec.Struct, frozen=True):
    """The prompts ended."""


class DigitsIn(msgspec.Struct, frozen=True):
    """The collect ended with these digits."""

    digits: str


class TimeUp(msgspec.Struct, frozen=True):
    """The music has played long enough."""


class MessageOver(msgspec.Struct, frozen=True):
    """The message is: recorded, silent or failed."""

    reason: str


class Stopped(msgspec.Struct, frozen=True):
    """Call control wants no more of it."""


class PortClosed(msgspec.Struct, frozen=True):
    """The port is gone with its leg."""


Event = PlayOver | DigitsIn | TimeUp | MessageOver | Stopped | PortClosed


# What is to be done.


class SayStep(msgspec.Struct, frozen=True):
    """Tell call control the verb's number."""

    verb: int


class PlayPrompts(msgspec.Struct, frozen=True):
    """Play them; PlayOver follows, at once where there is nothing to play."""

    prompts: tuple[str, ...]
    barge: bool
    for_ever: bool = False


class CollectDigits(msgspec.Struct, frozen=True):
    """Collect while the verb's prompts play; DigitsIn follows."""

    verb: Collect


class TakeMessage(msgspec.Struct, frozen=True):
    """Record what is said; MessageOver follows."""

    verb: Voicemail


class StartTimer(msgspec.Struct, frozen=True):
    """TimeUp after this many seconds."""

    seconds: int


class Quiet(msgspec.Struct, frozen=True):
    """Stop whatever the port plays, collects or records."""


class End(msgspec.Struct, frozen=True):
    """The treatment is over: done, no-digits, stopped, closed, or what became of its message."""

    reason: str
    digits: str = ""


class GiveRingingTone(msgspec.Struct, frozen=True):
    """The tone, until it is quiet."""


Action = SayStep | PlayPrompts | GiveRingingTone | CollectDigits | TakeMessage | StartTimer | Quiet | End
Step = tuple[Flow, tuple[Action, ...]]


class NoTransitionError(Exception):
    """This event has no meaning in this phase."""


def begin(verbs: tuple[Verb, ...], first: int) -> Step:
    """Start at verb number `first`."""
    return _enter(Flow(verbs=verbs, at=first))


def _enter(flow: Flow) -> Step:
    """The verb that `flow` stands at begins, or the treatment is done."""
    if flow.at >= len(flow.verbs):
        return _end(flow, "done")
    verb = flow.verbs[flow.at]
    say = SayStep(flow.at)
    if isinstance(verb, Play):
        play = PlayPrompts(verb.prompts, barge=verb.barge)
        return msgspec.structs.replace(flow, phase=Phase.PLAYING), (say, play)
    if isinstance(verb, Music):
        timer = () if verb.seconds is None else (StartTimer(verb.seconds),)
        play = PlayPrompts(verb.prompts, barge=False, for_ever=True)
        return msgspec.structs.replace(flow, phase=Phase.MUSIC), (say, play, *timer)
    if isinstance(verb, Ringing):
        return msgspec.structs.replace(flow, phase=Phase.MUSIC), (say, GiveRingingTone(), StartTimer(verb.seconds))
    if isinstance(verb, Voicemail):
        return msgspec.structs.replace(flow, phase=Phase.RECORDING), (say, TakeMessage(verb))
    after = msgspec.structs.replace(flow, phase=Phase.COLLECTING, tries_left=verb.tries)
    return after, (say, CollectDigits(verb))


def _next(flow: Flow) -> Step:
    return _enter(msgspec.structs.replace(flow, at=flow.at + 1))


def _end(flow: Flow, reason: str) -> Step:
    return msgspec.structs.replace(flow, phase=Phase.ENDED), (End(reason, flow.digits),)


def _played(flow: Flow, event: PlayOver) -> Step:
    del event
    return _next(flow)


def _prompted(flow: Flow, event: PlayOver) -> Step:
    del event  # the prompts of a Collect are over; its digits decide
    return flow, ()


def _collected(flow: Flow, event: DigitsIn) -> Step:
    if event.digits:
        return _next(msgspec.structs.replace(flow, digits=event.digits))
    if flow.tries_left <= 1:
        return _end(flow, "no-digits")
    verb = flow.verbs[flow.at]
    again = (CollectDigits(verb),) if isinstance(verb, Collect) else ()
    return msgspec.structs.replace(flow, tries_left=flow.tries_left - 1), again


def _time_up(flow: Flow, event: TimeUp) -> Step:
    del event
    after, actions = _next(flow)
    return after, (Quiet(), *actions)


def _message_over(flow: Flow, event: MessageOver) -> Step:
    after, actions = _end(flow, event.reason)
    return after, (Quiet(), *actions)


def _stopped(flow: Flow, event: Stopped) -> Step:
    del event
    after, actions = _end(flow, "stopped")
    return after, (Quiet(), *actions)


def _closed(flow: Flow, event: PortClosed) -> Step:
    del event
    return _end(flow, "closed")


TABLE: dict[Phase, dict[type[Event], Callable[..., Step]]] = {
    Phase.PLAYING: {PlayOver: _played, Stopped: _stopped, PortClosed: _closed},
    Phase.COLLECTING: {PlayOver: _prompted, DigitsIn: _collected, Stopped: _stopped, PortClosed: _closed},
    Phase.MUSIC: {PlayOver: _played, TimeUp: _time_up, Stopped: _stopped, PortClosed: _closed},
    Phase.RECORDING: {MessageOver: _message_over, Stopped: _stopped, PortClosed: _closed},
    Phase.ENDED: {},
}


def step(flow: Flow, event: Event) -> Step:
    """The treatment after `event`. Raises NoTransitionError where TABLE has no cell."""
    cell = TABLE[flow.phase].get(type(event))
    if cell is None:
        raise NoTransitionError(f"{type(event).__name__} in phase {flow.phase}")
    return cell(flow, event)

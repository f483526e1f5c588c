# SPDX-License-Identifier: GPL-2.0-only
"""A robot on the telephone, sans I/O: where it stands in its script, and what each event makes it do.

TABLE is the whole of it: state → event → move. A missing cell raises KeyError and changes nothing. The state is that of
the present step; the answer to `advance` is the step to begin now, if there is a new one.
"""

import enum

import msgspec

from appliance.simulator.caller import (
    AwaitAnswer,
    AwaitCue,
    AwaitQuiet,
    AwaitRelease,
    AwaitSound,
    HangUp,
    Key,
    Rest,
    Script,
    Step,
    Talk,
)


class State(enum.StrEnum):
    """What the robot is doing."""

    CALLING = "calling"
    LISTENING = "listening"
    WAITING = "waiting for its cue"
    KEYING = "keying"
    TALKING = "talking"
    RESTING = "resting"
    STAYING = "staying"
    CLEARING = "clearing"
    CLEARED = "cleared"


class Event(enum.StrEnum):
    """What happens to it."""

    ANSWERED = "answered"
    HEARD = "heard"
    CUED = "cued"
    KEYED = "keyed"
    SAID = "said"
    TIMED_OUT = "timed out"
    TOLD_TO_CLEAR = "told to clear"
    RELEASED = "released"


class Move(enum.Enum):
    """What follows."""

    STAY = enum.auto()
    ON = enum.auto()
    GIVE_UP = enum.auto()
    CLEAR = enum.auto()
    END = enum.auto()


_ANY = {Event.ANSWERED: Move.STAY, Event.TOLD_TO_CLEAR: Move.CLEAR, Event.RELEASED: Move.END}

TABLE: dict[State, dict[Event, Move]] = {
    State.CALLING: {**_ANY, Event.ANSWERED: Move.ON, Event.TIMED_OUT: Move.GIVE_UP},
    State.LISTENING: {**_ANY, Event.HEARD: Move.ON, Event.TIMED_OUT: Move.GIVE_UP},
    State.WAITING: {**_ANY, Event.CUED: Move.ON, Event.TIMED_OUT: Move.GIVE_UP},
    State.KEYING: {**_ANY, Event.KEYED: Move.ON, Event.TIMED_OUT: Move.GIVE_UP},
    State.TALKING: {**_ANY, Event.SAID: Move.ON, Event.TIMED_OUT: Move.GIVE_UP},
    State.RESTING: {**_ANY, Event.TIMED_OUT: Move.ON},
    State.STAYING: {**_ANY, Event.TIMED_OUT: Move.GIVE_UP},
    State.CLEARING: {Event.ANSWERED: Move.STAY, Event.TOLD_TO_CLEAR: Move.STAY, Event.RELEASED: Move.END},
    State.CLEARED: {},
}

STATE_OF: dict[type[Step], State] = {
    AwaitAnswer: State.CALLING,
    AwaitSound: State.LISTENING,
    AwaitQuiet: State.LISTENING,
    AwaitCue: State.WAITING,
    Key: State.KEYING,
    Talk: State.TALKING,
    Rest: State.RESTING,
    HangUp: State.CLEARING,
    AwaitRelease: State.STAYING,
}


class Position(msgspec.Struct, frozen=True):
    """Where a robot stands. `unmet` says which step of the script was not fulfilled, and why."""

    at: int
    state: State
    unmet: str | None = None


def begin(script: Script) -> tuple[Position, Step]:
    """The first step."""
    return _enter(script, 0)


def advance(script: Script, position: Position, event: Event) -> tuple[Position, Step | None]:
    """Where the robot stands after `event`, and the step to begin now, or None. Raises KeyError: not in TABLE."""
    match TABLE[position.state][event]:
        case Move.STAY:
            return position, None
        case Move.ON:
            return _enter(script, position.at + 1)
        case Move.GIVE_UP:
            return Position(position.at, State.CLEARING, _unmet(script, position, event)), HangUp()
        case Move.CLEAR:
            return Position(position.at, State.CLEARING, position.unmet), HangUp()
        case Move.END:
            fulfilled = position.state in {State.STAYING, State.CLEARING}
            unmet = position.unmet if fulfilled else _unmet(script, position, event)
            return Position(position.at, State.CLEARED, unmet), None


def _enter(script: Script, at: int) -> tuple[Position, Step]:
    step = script.steps[at] if at < len(script.steps) else HangUp()
    return Position(at, STATE_OF[type(step)]), step


def _unmet(script: Script, position: Position, event: Event) -> str:
    step = type(script.steps[position.at]).__name__ if position.at < len(script.steps) else HangUp.__name__
    return f"step {position.at + 1} {step}: {event} while {position.state}"

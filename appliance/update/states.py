# SPDX-License-Identifier: GPL-2.0-only
"""The life of an update, without a disk, a clock or a boot loader in it.

TABLE: state → event → (next state, what is done). The state is on the disk before anything is done about it, so a
start of the box is an event like any other: what runs then, and whether the boot loader has spent the new slot's try,
tell how far things had come. What a person asks for where TABLE has no cell is refused by REFUSALS.
"""

import enum


class State(enum.StrEnum):
    """How far an update has come."""

    IDLE = "idle"
    CHECKING = "checking"
    INSTALLING = "installing"
    INSTALLED = "installed"
    DRAINING = "draining"
    SWITCHING = "switching"
    TRIAL = "trial"
    CONFIRMED = "confirmed"
    FALLEN_BACK = "fallen-back"


class Event(enum.StrEnum):
    """The first three are a person's, those that begin with BOOTED a start of the box (or of the updater alone)."""

    INSTALL = "install"
    CONFIRM = "confirm"
    FALL_BACK = "fall-back"
    CHECKED = "checked"
    WRITTEN = "written"
    NOTED = "noted"
    DRAINED = "drained"
    FAILED = "failed"
    HEALTHY = "healthy"
    LATE = "late"
    BOOTED_OLD = "booted-old"
    """The slot from which the update began runs, the new one's try is not spent."""
    BOOTED_SPENT = "booted-spent"
    """It runs again: the new one's try is spent."""
    BOOTED_UNMOVED = "booted-unmoved"
    """It was started once more with the new one's try on the disk: the boot loader does not take it."""
    BOOTED_NEW = "booted-new"
    """The new slot runs, and is not what the boot loader keeps to."""
    BOOTED_CONFIRMED = "booted-confirmed"
    """The new slot runs, and is."""
    BOOTED_OTHER = "booted-other"
    """Nothing that the record knows."""


class Action(enum.StrEnum):
    """What the updater does about it."""

    NONE = "none"
    VERIFY = "verify"
    WRITE = "write"
    NOTE = "note"
    """What of the service is good now."""
    DRAIN = "drain"
    RESUME = "resume"
    SWITCH = "switch"
    """Give the new slot its one try, and start the box again."""
    WATCH = "watch"
    CONFIRM = "confirm"
    """The boot loader keeps to the new slot from now on."""
    RETURN = "return"
    """Start the box again: the boot loader goes back by itself."""
    CLEAR = "clear"
    """A try that nobody waits for."""


_S, _E, _A = State, Event, Action
_BEGINS_ANEW = {_E.BOOTED_OTHER: (_S.IDLE, _A.CLEAR)}
_GIVEN_UP = {_E.FAILED: (_S.IDLE, _A.NONE), _E.BOOTED_OLD: (_S.IDLE, _A.CLEAR)}
TABLE: dict[State, dict[Event, tuple[State, Action]]] = {
    _S.IDLE: {
        _E.INSTALL: (_S.CHECKING, _A.VERIFY),
        _E.FALL_BACK: (_S.INSTALLED, _A.NOTE),
        _E.BOOTED_OLD: (_S.IDLE, _A.NONE),
        **_BEGINS_ANEW,
    },
    _S.CHECKING: {_E.CHECKED: (_S.INSTALLING, _A.WRITE), **_GIVEN_UP, **_BEGINS_ANEW},
    _S.INSTALLING: {_E.WRITTEN: (_S.INSTALLED, _A.NOTE), **_GIVEN_UP, **_BEGINS_ANEW},
    _S.INSTALLED: {
        _E.NOTED: (_S.DRAINING, _A.DRAIN),
        _E.FALL_BACK: (_S.IDLE, _A.NONE),
        _E.FAILED: (_S.IDLE, _A.NONE),
        _E.BOOTED_OLD: (_S.INSTALLED, _A.NOTE),
        **_BEGINS_ANEW,
    },
    _S.DRAINING: {
        _E.DRAINED: (_S.SWITCHING, _A.SWITCH),
        _E.FALL_BACK: (_S.IDLE, _A.RESUME),
        _E.FAILED: (_S.IDLE, _A.RESUME),
        _E.BOOTED_OLD: (_S.DRAINING, _A.DRAIN),
        **_BEGINS_ANEW,
    },
    _S.SWITCHING: {
        _E.FAILED: (_S.IDLE, _A.RESUME),
        _E.BOOTED_OLD: (_S.DRAINING, _A.DRAIN),  # the power went before the boot loader knew
        _E.BOOTED_SPENT: (_S.FALLEN_BACK, _A.CLEAR),
        _E.BOOTED_UNMOVED: (_S.FALLEN_BACK, _A.CLEAR),
        _E.BOOTED_NEW: (_S.TRIAL, _A.WATCH),
        **_BEGINS_ANEW,
    },
    _S.TRIAL: {
        _E.HEALTHY: (_S.CONFIRMED, _A.CONFIRM),
        _E.CONFIRM: (_S.CONFIRMED, _A.CONFIRM),
        _E.LATE: (_S.FALLEN_BACK, _A.RETURN),
        _E.FALL_BACK: (_S.FALLEN_BACK, _A.RETURN),
        _E.BOOTED_NEW: (_S.TRIAL, _A.WATCH),
        _E.BOOTED_SPENT: (_S.FALLEN_BACK, _A.CLEAR),
        _E.BOOTED_CONFIRMED: (_S.CONFIRMED, _A.CONFIRM),
        **_BEGINS_ANEW,
    },
    _S.CONFIRMED: {
        _E.INSTALL: (_S.CHECKING, _A.VERIFY),
        _E.FALL_BACK: (_S.INSTALLED, _A.NOTE),
        _E.BOOTED_NEW: (_S.CONFIRMED, _A.CONFIRM),
        _E.BOOTED_CONFIRMED: (_S.CONFIRMED, _A.NONE),
        _E.BOOTED_SPENT: (_S.FALLEN_BACK, _A.CLEAR),  # the power went before the boot loader knew
        **_BEGINS_ANEW,
    },
    _S.FALLEN_BACK: {
        _E.INSTALL: (_S.CHECKING, _A.VERIFY),
        _E.BOOTED_OLD: (_S.FALLEN_BACK, _A.NONE),
        _E.BOOTED_SPENT: (_S.FALLEN_BACK, _A.CLEAR),
        _E.BOOTED_UNMOVED: (_S.FALLEN_BACK, _A.CLEAR),
        _E.BOOTED_NEW: (_S.FALLEN_BACK, _A.RETURN),
        **_BEGINS_ANEW,
    },
}

TIMERS: dict[State, tuple[Event, float]] = {_S.DRAINING: (_E.DRAINED, 300.0), _S.TRIAL: (_E.LATE, 600.0)}
"""Event and seconds: calls may go on for five minutes; phones and D-channels have ten to come back."""

BY_PERSON = (_E.INSTALL, _E.CONFIRM, _E.FALL_BACK)
_BUSY = "an update is running already ({state}): wait for its end, see show update"
_UNCONFIRMED = "version {version} is not confirmed yet: wait, or say update confirm or update fall-back"
REFUSALS: dict[Event, dict[State, str]] = {
    _E.INSTALL: dict.fromkeys(TABLE, _BUSY) | {_S.TRIAL: _UNCONFIRMED},
    _E.CONFIRM: dict.fromkeys(TABLE, "nothing waits to be confirmed ({state})"),
    _E.FALL_BACK: dict.fromkeys(TABLE, _BUSY)
    | {_S.FALLEN_BACK: "there is nothing to fall back to: the other slot has version {version}, which failed"},
}


class RefusedError(Exception):
    """Nothing was changed; its text is a sentence."""


def step(state: State, event: Event, version: str = "") -> tuple[State, Action]:
    """The next state and what is to be done.

    Raises: RefusedError for what a person may not ask now, KeyError for what cannot happen; nothing has changed then.
    """
    found = TABLE[state].get(event)
    if found is None and event in REFUSALS:
        raise RefusedError(REFUSALS[event][state].format(state=state, version=version or "?"))
    return TABLE[state][event] if found is None else found

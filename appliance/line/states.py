# SPDX-License-Identifier: GPL-2.0-only
"""The life of a leg on an ISDN channel, above libpri: state, event → next state, actions. Sans I/O.

States are the leg protocol's (docs/wire.md), but for three. HELD: answered, and put aside by the peer. CLEARING: one
side has let go, but call reference and channel are not free yet. ANNOUNCING: so have we, and the caller hears why. What
Q.931 itself demands of messages and their order is libpri's. A missing cell raises and changes nothing.
"""

import enum
from typing import NamedTuple

from appliance.wire.legs import Direction, LegState


class State(enum.StrEnum):
    """In Q.931 §2.1.1: U9, U7, U8 and U10 for incoming legs, U1, U3, U4, U10 for outgoing; N12; U11, U12, U19; U0."""

    OFFERED = "offered"
    PLACED = "placed"
    PROCEEDING = "proceeding"
    ALERTING = "alerting"
    ANSWERED = "answered"
    HELD = "held"
    ANNOUNCING = "announcing"
    CLEARING = "clearing"
    GONE = "gone"


class Event(enum.StrEnum):
    """Commands of the controller, messages of the peer, and the end of the call reference."""

    PROCEED = "ProceedLeg"
    PROCEED_INBAND = "ProceedLeg, in band"
    ALERT = "AlertLeg"
    ALERT_INBAND = "AlertLeg, in band"
    ANSWER = "AnswerLeg"
    RELEASE = "ReleaseLeg"
    RELEASE_INBAND = "ReleaseLeg, in band"
    FAIL = "fault"
    PROCEEDING = "CALL PROCEEDING"
    PROGRESS = "PROGRESS with indicator 8"
    ALERTING = "ALERTING"
    CONNECT = "CONNECT"
    HOLD = "HOLD"
    RETRIEVE = "RETRIEVE"
    DISCONNECT = "DISCONNECT"
    CLEARED = "call reference released"


class Action(enum.StrEnum):
    """What the span does on the way into the next state, in this order."""

    SAY_PROGRESS = "send PROGRESS with indicator 8"
    SAY_ALERTING = "send ALERTING"
    SAY_ALERTING_INBAND = "send ALERTING with indicator 8"
    SAY_CONNECT = "send CONNECT"
    SAY_HELD = "send HOLD ACKNOWLEDGE"
    SAY_RETRIEVED = "send RETRIEVE ACKNOWLEDGE"
    SAY_WHY = "send DISCONNECT with indicator 8"
    SAY_RELEASE = "send DISCONNECT, RELEASE or RELEASE COMPLETE"
    CLOSE_PORT = "close the engine's port"
    TELL_PROCEEDING = "LegProceeding"
    TELL_ALERTING = "LegAlerting"
    TELL_INBAND = "LegAlerting, in band"
    TELL_ANSWERED = "LegAnswered"
    TELL_HELD = "LegHeld"
    TELL_RETRIEVED = "LegRetrieved"
    TELL_RELEASED = "LegReleased"


class Move(NamedTuple):
    """One cell."""

    to: State
    actions: tuple[Action, ...] = ()


_S, _E, _A = State, Event, Action
_LET_GO = Move(_S.CLEARING, (_A.CLOSE_PORT, _A.SAY_RELEASE))
_LOST = Move(_S.GONE, (_A.CLOSE_PORT, _A.TELL_RELEASED))
_ENDING = {_E.RELEASE: _LET_GO, _E.FAIL: _LET_GO, _E.DISCONNECT: _LET_GO, _E.CLEARED: _LOST}
_CLEARING = {
    _E.RELEASE: Move(_S.CLEARING),
    _E.FAIL: Move(_S.CLEARING),
    _E.PROCEEDING: Move(_S.CLEARING),
    _E.PROGRESS: Move(_S.CLEARING),
    _E.ALERTING: Move(_S.CLEARING),
    _E.CONNECT: Move(_S.CLEARING),
    _E.DISCONNECT: Move(_S.CLEARING, (_A.SAY_RELEASE,)),
    _E.CLEARED: Move(_S.GONE, (_A.TELL_RELEASED,)),
}
_PROCEED_INBAND = Move(_S.PROCEEDING, (_A.SAY_PROGRESS,))
_ALERT_INBAND = Move(_S.ALERTING, (_A.SAY_ALERTING_INBAND,))
_RELEASE_INBAND = Move(_S.ANNOUNCING, (_A.SAY_WHY,))
_ALERT = Move(_S.ALERTING, (_A.SAY_ALERTING,))
_ANSWER = Move(_S.ANSWERED, (_A.SAY_CONNECT, _A.TELL_ANSWERED))
_ALERTED = Move(_S.ALERTING, (_A.TELL_ALERTING,))
_INBAND = Move(_S.ALERTING, (_A.TELL_INBAND,))
_ANSWERED = Move(_S.ANSWERED, (_A.TELL_ANSWERED,))

_TALKING: dict[State, dict[Event, Move]] = {
    _S.ANSWERED: {_E.HOLD: Move(_S.HELD, (_A.SAY_HELD, _A.TELL_HELD)), **_ENDING},
    _S.HELD: {_E.RETRIEVE: Move(_S.ANSWERED, (_A.SAY_RETRIEVED, _A.TELL_RETRIEVED)), **_ENDING},
}
_UNANSWERED = {
    _E.PROCEED: Move(_S.PROCEEDING),
    _E.PROCEED_INBAND: _PROCEED_INBAND,
    _E.ALERT: _ALERT,
    _E.ALERT_INBAND: _ALERT_INBAND,
    _E.ANSWER: _ANSWER,
    _E.RELEASE_INBAND: _RELEASE_INBAND,
    **_ENDING,
}

INCOMING: dict[State, dict[Event, Move]] = {
    _S.OFFERED: _UNANSWERED,
    _S.PROCEEDING: _UNANSWERED,
    _S.ALERTING: {_E.ANSWER: _ANSWER, _E.RELEASE_INBAND: _RELEASE_INBAND, **_ENDING},
    _S.ANNOUNCING: {_E.RELEASE_INBAND: Move(_S.ANNOUNCING), **_ENDING},
    **_TALKING,
    _S.CLEARING: _CLEARING,
    _S.GONE: {},
}

OUTGOING: dict[State, dict[Event, Move]] = {
    _S.PLACED: {
        _E.PROCEEDING: Move(_S.PROCEEDING, (_A.TELL_PROCEEDING,)),
        _E.PROGRESS: _INBAND,
        _E.ALERTING: _ALERTED,
        _E.CONNECT: _ANSWERED,
        **_ENDING,
    },
    _S.PROCEEDING: {
        _E.PROCEEDING: Move(_S.PROCEEDING),
        _E.PROGRESS: _INBAND,
        _E.ALERTING: _ALERTED,
        _E.CONNECT: _ANSWERED,
        **_ENDING,
    },
    _S.ALERTING: {
        _E.PROCEEDING: Move(_S.ALERTING),
        _E.PROGRESS: Move(_S.ALERTING),
        _E.ALERTING: Move(_S.ALERTING),
        _E.CONNECT: _ANSWERED,
        **_ENDING,
    },
    **_TALKING,
    _S.CLEARING: _CLEARING,
    _S.GONE: {},
}

TABLE: dict[Direction, dict[State, dict[Event, Move]]] = {
    Direction.INCOMING: INCOMING,
    Direction.OUTGOING: OUTGOING,
}

BEGIN = {Direction.INCOMING: State.OFFERED, Direction.OUTGOING: State.PLACED}
TOLD: dict[State, LegState] = {State(state.value): state for state in LegState if state is not LegState.RELEASED}
TOLD[State.HELD] = LegState.ANSWERED


def step(direction: Direction, state: State, event: Event) -> Move:
    """The cell. Raises KeyError where TABLE has none."""
    return TABLE[direction][state][event]

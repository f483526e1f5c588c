# SPDX-License-Identifier: GPL-2.0-only
"""Cells of a call that we place: seizing, the outgoing register, the far end's answer and its end.

The far end says by its signal what it wants; ours stops, and when theirs has ended the wanted one is sent. An answer is
believed wherever it comes: some exchanges skip group B.
"""

from appliance.signalling.machine import Move
from appliance.signalling.q850 import (
    NO_CHANNEL,
    NORMAL_CLEARING,
    OUT_OF_ORDER,
    PROTOCOL_ERROR,
    RECOVERY_ON_TIMER,
    TEMPORARY_FAILURE,
)
from appliance.signalling.r2.words import Action, Cells, Event, State

_S, _E, _A = State, Event, Action

_HANG_UP = (_A.STOP, _A.LISTEN_NOT, _A.SET_CLEAR_FORWARD)
_FREE = (_A.STOP, _A.LISTEN_NOT, _A.SET_IDLE, _A.TELL_CLEARED)
_LOSE: Cells = {_E.LOSE: Move(_S.BLOCKED, (*_FREE, _A.TELL_BLOCKED), OUT_OF_ORDER)}
_SEIZED: Cells = {
    **_LOSE,
    _E.RELEASE: Move(_S.CLEARING, _HANG_UP),
    _E.FORCED_RELEASE: Move(_S.CLEARING, _HANG_UP, NORMAL_CLEARING, by_peer=True),
    _E.IDLE_HEARD: Move(_S.IDLE, _FREE, TEMPORARY_FAILURE, by_peer=True),
}
_TOO_LONG = Move(_S.CLEARING, _HANG_UP, RECOVERY_ON_TIMER)
_REGISTER: Cells = {
    **_SEIZED,
    _E.ANSWER_HEARD: Move(_S.CONNECTED, (_A.STOP, _A.LISTEN_NOT, _A.TELL_ANSWERED)),
    _E.TIMEOUT: _TOO_LONG,
}
_VERDICTS: Cells = {
    _E.ACCEPTED: Move(_S.DUE_ACCEPTANCE, (_A.STOP,)),
    _E.REFUSED: Move(_S.DUE_REFUSAL, (_A.STOP,)),
    _E.UNKNOWN: Move(_S.CLEARING, _HANG_UP, PROTOCOL_ERROR),
}
_ASKED: Cells = {
    **_REGISTER,
    **_VERDICTS,
    _E.DIGIT_ASKED: Move(_S.DUE_DIGIT, (_A.STOP,)),
    _E.CATEGORY_ASKED: Move(_S.DUE_CATEGORY, (_A.STOP,)),
    _E.CALLER_ASKED: Move(_S.DUE_CALLER, (_A.STOP,)),
    _E.SERVICE_ASKED: Move(_S.DUE_SERVICE, (_A.STOP,)),
}


def _due(to: State, send: Action) -> Cells:
    return {**_REGISTER, _E.QUIET: Move(to, (send,))}


OUTGOING: dict[State, Cells] = {
    _S.SEIZING: {
        **_LOSE,
        _E.SEIZE_ACK: Move(_S.SENDING_DIGIT, (_A.LISTEN_BACKWARD, _A.SEND_DIGIT)),
        _E.DOUBLE_SEIZURE: Move(_S.GLARE, cause=NO_CHANNEL),
        _E.RELEASE: Move(_S.UNACKNOWLEDGED),
        _E.TIMEOUT: Move(_S.UNACKNOWLEDGED, (_A.TELL_DISCONNECTED,), TEMPORARY_FAILURE),
    },
    _S.UNACKNOWLEDGED: {
        **_LOSE,
        _E.SEIZE_ACK: Move(_S.CLEARING, (_A.SET_CLEAR_FORWARD,)),
        _E.DOUBLE_SEIZURE: Move(_S.GLARE),
        _E.RELEASE: Move(_S.UNACKNOWLEDGED),
        _E.TIMEOUT: Move(_S.IDLE, (_A.SET_IDLE, _A.TELL_CLEARED)),
    },
    _S.GLARE: {
        **_LOSE,
        _E.RELEASE: Move(_S.GLARE),
        _E.TIMEOUT: Move(_S.CLEARING, (_A.SET_CLEAR_FORWARD,)),
    },
    _S.SENDING_DIGIT: _ASKED,
    _S.SENDING_CALLER: _ASKED,
    _S.OUT_OF_DIGITS: _ASKED,
    _S.SENDING_SERVICE: {**_REGISTER, **_VERDICTS},
    _S.DUE_DIGIT: {**_due(_S.SENDING_DIGIT, _A.SEND_DIGIT), _E.QUIET_SPENT: Move(_S.OUT_OF_DIGITS)},
    _S.DUE_CATEGORY: _due(_S.SENDING_CALLER, _A.SEND_CATEGORY),
    _S.DUE_CALLER: _due(_S.SENDING_CALLER, _A.SEND_CALLER),
    _S.DUE_SERVICE: _due(_S.SENDING_SERVICE, _A.SEND_SERVICE),
    _S.DUE_ACCEPTANCE: {
        **_REGISTER,
        _E.QUIET: Move(_S.RINGING, (_A.LISTEN_NOT, _A.TELL_ACCEPTED)),
        _E.ANSWER_HEARD: Move(_S.CONNECTED, (_A.LISTEN_NOT, _A.TELL_ACCEPTED, _A.TELL_ANSWERED)),
    },
    _S.DUE_REFUSAL: {**_REGISTER, _E.QUIET: Move(_S.CLEARING, _HANG_UP)},
    _S.RINGING: {**_SEIZED, _E.ANSWER_HEARD: Move(_S.CONNECTED, (_A.TELL_ANSWERED,)), _E.TIMEOUT: _TOO_LONG},
    _S.CONNECTED: {**_SEIZED, _E.CLEAR_BACK: Move(_S.CLEARED_SHORTLY)},
    _S.CLEARED_SHORTLY: {
        **_SEIZED,
        _E.ANSWER_HEARD: Move(_S.CONNECTED, (_A.TELL_METERED,)),
        _E.TIMEOUT: Move(_S.CLEARED_BACK, (_A.TELL_DISCONNECTED,), NORMAL_CLEARING, by_peer=True),
    },
    _S.CLEARED_BACK: {**_SEIZED, _E.TIMEOUT: Move(_S.CLEARING, _HANG_UP)},
    _S.CLEARING: {
        **_LOSE,
        _E.RELEASE: Move(_S.CLEARING),
        _E.IDLE_HEARD: Move(_S.IDLE, (_A.SET_IDLE, _A.TELL_CLEARED)),
        _E.TIMEOUT: Move(_S.HELD, (_A.TELL_CLEARED, _A.TELL_BLOCKED)),
    },
}

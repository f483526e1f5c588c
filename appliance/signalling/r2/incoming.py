# SPDX-License-Identifier: GPL-2.0-only
"""Cells of a call that comes: the incoming register, our verdict, answer and clearing.

Each forward signal is answered by what is wanted next; what that is, the register says (register.py), and the event
carries it. Where nothing comes and something is wanted, it is said as a pulse (Q.442). The call is offered while the
service signal stands, so that group B can tell the caller's exchange why it fails.
"""

from appliance.signalling.machine import Move
from appliance.signalling.q850 import (
    CONGESTION,
    NORMAL_CLEARING,
    OUT_OF_ORDER,
    RECOVERY_ON_TIMER,
)
from appliance.signalling.r2.words import Action, Cells, Event, State

_S, _E, _A = State, Event, Action

_FREE = (_A.STOP, _A.LISTEN_NOT, _A.SET_IDLE, _A.TELL_CLEARED)
_SEIZED: Cells = {
    _E.CLEAR_FORWARD: Move(_S.IDLE, _FREE, NORMAL_CLEARING, by_peer=True),
    _E.LOSE: Move(_S.BLOCKED, (*_FREE, _A.TELL_BLOCKED), OUT_OF_ORDER),
}
_REFUSED = Move(_S.LET_GO, (_A.STOP, _A.LISTEN_NOT))
_LET_GO = Move(_S.LET_GO, (_A.STOP, _A.LISTEN_NOT, _A.SET_UNANSWERED))
_TOO_LONG = _LET_GO._replace(cause=RECOVERY_ON_TIMER)
_SILENT: Cells = {
    **_SEIZED,
    _E.RELEASE: Move(_S.DECLINING),
    _E.PULSE_CONGESTION: Move(_S.PULSING_CONGESTION, (_A.SAY_CONGESTION,), RECOVERY_ON_TIMER),
}
_CONGESTED: Cells = {_E.WANT_CONGESTION: Move(_S.REFUSING, (_A.SAY_CONGESTION,), CONGESTION)}
_HEARING: Cells = {
    **_SILENT,
    _E.WANT_DIGIT: Move(_S.ASKING_DIGIT, (_A.ASK_DIGIT,)),
    _E.WANT_SERVICE: Move(_S.ASKING_SERVICE, (_A.ASK_SERVICE,)),
    _E.WANT_COMPLETE: Move(_S.COMPLETING, (_A.SAY_COMPLETE,)),
}
_HEARING_NUMBER: Cells = {**_HEARING, **_CONGESTED, _E.WANT_CATEGORY: Move(_S.ASKING_CATEGORY, (_A.ASK_CATEGORY,))}
_HEARING_CALLER: Cells = {**_HEARING, _E.WANT_CALLER: Move(_S.ASKING_CALLER, (_A.ASK_CALLER,))}
_ASKING: Cells = {**_SEIZED, _E.RELEASE: Move(_S.LEAVING), _E.TIMEOUT: _TOO_LONG}
_ACCEPTING: Cells = {**_SEIZED, _E.RELEASE: Move(_S.TAKING_BACK), _E.TIMEOUT: _TOO_LONG}
_ANSWERED: Cells = {
    **_SEIZED,
    _E.RELEASE: Move(_S.LET_GO, (_A.SET_CLEAR_BACK,)),
    _E.METER: Move(_S.METERING, (_A.SET_CLEAR_BACK,)),
}


def _asking(then: State) -> Cells:
    return {**_ASKING, _E.QUIET: Move(then, (_A.STOP,))}


def _pulsing(then: State) -> Cells:
    return {**_SEIZED, _E.RELEASE: Move(_S.DECLINING, (_A.STOP,)), _E.TIMEOUT: Move(then, (_A.STOP,))}


INCOMING: dict[State, Cells] = {
    _S.SEIZED: _HEARING_NUMBER,
    _S.EXPECTING_DIGIT: {
        **_HEARING_NUMBER,
        _E.PULSE_CATEGORY: Move(_S.PULSING_CATEGORY, (_A.ASK_CATEGORY,)),
        _E.PULSE_SERVICE: Move(_S.PULSING_SERVICE, (_A.ASK_SERVICE,)),
        _E.PULSE_COMPLETE: Move(_S.PULSING_COMPLETE, (_A.SAY_COMPLETE,)),
    },
    _S.EXPECTING_CATEGORY: _HEARING_CALLER,
    _S.EXPECTING_CALLER: {**_HEARING_CALLER, **_CONGESTED},
    _S.EXPECTING_SERVICE: {**_SILENT, _E.SERVICE_HEARD: Move(_S.OFFERED, (_A.TELL_OFFERED,))},
    _S.ASKING_DIGIT: _asking(_S.EXPECTING_DIGIT),
    _S.ASKING_CATEGORY: _asking(_S.EXPECTING_CATEGORY),
    _S.ASKING_CALLER: _asking(_S.EXPECTING_CALLER),
    _S.ASKING_SERVICE: _asking(_S.EXPECTING_SERVICE),
    _S.PULSING_CATEGORY: _pulsing(_S.EXPECTING_CATEGORY),
    _S.PULSING_SERVICE: _pulsing(_S.EXPECTING_SERVICE),
    _S.PULSING_COMPLETE: {
        **_SEIZED,
        _E.RELEASE: _LET_GO,
        _E.TIMEOUT: Move(_S.SETTLING, (_A.STOP, _A.LISTEN_NOT, _A.TELL_OFFERED)),
    },
    _S.PULSING_CONGESTION: {**_SEIZED, _E.RELEASE: Move(_S.PULSING_CONGESTION), _E.TIMEOUT: _REFUSED},
    _S.COMPLETING: {**_ACCEPTING, _E.QUIET: Move(_S.SETTLING, (_A.STOP, _A.LISTEN_NOT, _A.TELL_OFFERED))},
    _S.OFFERED: {
        **_SEIZED,
        _E.ACCEPT: Move(_S.ACCEPTING, (_A.SAY_FREE,)),
        _E.ANSWER: Move(_S.ANSWERING, (_A.SAY_FREE,)),
        _E.RELEASE: Move(_S.REFUSING, (_A.SAY_REFUSAL,)),
        _E.QUIET: _LET_GO,  # the caller has hung up: his bits count a little later, and say why
        _E.TIMEOUT: Move(_S.ACCEPTING, (_A.SAY_FREE,)),
    },
    _S.ACCEPTING: {
        **_ACCEPTING,
        _E.ACCEPT: Move(_S.ACCEPTING),
        _E.ANSWER: Move(_S.ANSWERING),
        _E.QUIET: Move(_S.SETTLING, (_A.STOP, _A.LISTEN_NOT)),
    },
    _S.ANSWERING: {**_ACCEPTING, _E.QUIET: Move(_S.SETTLING_ANSWER, (_A.STOP, _A.LISTEN_NOT))},
    _S.REFUSING: {**_ASKING, _E.RELEASE: Move(_S.REFUSING), _E.QUIET: _REFUSED},
    _S.LEAVING: {**_ASKING, _E.QUIET: Move(_S.DECLINING, (_A.STOP,))},
    _S.DECLINING: {**_SILENT, **_CONGESTED},
    _S.TAKING_BACK: {**_ACCEPTING, _E.QUIET: _LET_GO},
    _S.SETTLING: {
        **_SEIZED,
        _E.ACCEPT: Move(_S.SETTLING),
        _E.ANSWER: Move(_S.SETTLING_ANSWER),
        _E.RELEASE: _LET_GO,
        _E.TIMEOUT: Move(_S.ALERTING),
    },
    _S.SETTLING_ANSWER: {
        **_SEIZED,
        _E.RELEASE: _LET_GO,
        _E.TIMEOUT: Move(_S.ANSWERED, (_A.SET_ANSWER, _A.TELL_ANSWERED)),
    },
    _S.ALERTING: {
        **_SEIZED,
        _E.ACCEPT: Move(_S.ALERTING),
        _E.ANSWER: Move(_S.ANSWERED, (_A.SET_ANSWER, _A.TELL_ANSWERED)),
        _E.RELEASE: _LET_GO,
    },
    _S.ANSWERED: {**_ANSWERED, _E.TIMEOUT: Move(_S.ANSWERED_ONCE, (_A.SET_CLEAR_BACK,))},
    _S.ANSWERED_ONCE: {
        **_SEIZED,
        _E.RELEASE: Move(_S.LET_GO),
        _E.TIMEOUT: Move(_S.ANSWERED_TWICE, (_A.SET_ANSWER,)),
    },
    _S.ANSWERED_TWICE: _ANSWERED,
    _S.METERING: {
        **_SEIZED,
        _E.RELEASE: Move(_S.LET_GO),
        _E.TIMEOUT: Move(_S.ANSWERED_TWICE, (_A.SET_ANSWER,)),
    },
    _S.LET_GO: {
        **_SEIZED,
        _E.RELEASE: Move(_S.LET_GO),
        _E.TIMEOUT: Move(_S.HELD, (_A.TELL_CLEARED, _A.TELL_BLOCKED)),
    },
}

# SPDX-License-Identifier: GPL-2.0-only
"""Cells of a call that we place: dial tone, dialling, what the exchange says by tones, the answer."""

from appliance.signalling.fxo.words import Action, Cells, Event, State
from appliance.signalling.machine import Move
from appliance.signalling.q850 import (
    BUSY,
    CONGESTION,
    NO_ANSWER,
    OUT_OF_ORDER,
    RECOVERY_ON_TIMER,
    SPECIAL_TONE,
    UNALLOCATED,
)

_S, _E, _A = State, Event, Action


def _refused(cause: int) -> Move[State, Action]:
    return Move(_S.GUARD, (_A.TELL_DISCONNECTED,), cause, by_peer=True)


_CALL: Cells = {_E.RELEASE: Move(_S.GUARD)}
_REFUSALS: Cells = {
    _E.BUSY: _refused(BUSY),
    _E.CONGESTION: _refused(CONGESTION),
    _E.UNOBTAINABLE: _refused(UNALLOCATED),
    _E.INFORMATION: _refused(SPECIAL_TONE),
}
_NO_LINE: Cells = {
    **_CALL,
    _E.BUSY: _refused(CONGESTION),  # no dial tone but busy: the exchange has no register
    _E.CONGESTION: _refused(CONGESTION),
    _E.UNOBTAINABLE: _refused(OUT_OF_ORDER),
    _E.INFORMATION: _refused(OUT_OF_ORDER),
    _E.TIMEOUT: Move(_S.GUARD, (_A.TELL_DISCONNECTED,), OUT_OF_ORDER),
}
_ANSWERED = Move(_S.CONNECTED, (_A.TELL_ANSWERED,))
_SENT: Cells = {**_CALL, **_REFUSALS}
_TOO_LONG = Move(_S.GUARD, (_A.TELL_DISCONNECTED,), NO_ANSWER)
_RUNG = Move(_S.RINGING, (_A.TELL_ACCEPTED,))

OUTGOING: dict[State, Cells] = {
    _S.GROUNDING: {
        **_CALL,
        _E.BATTERY: Move(_S.AWAITING_DIAL_TONE),
        _E.TIMEOUT: Move(_S.GUARD, (_A.TELL_DISCONNECTED,), RECOVERY_ON_TIMER),
    },
    _S.AWAITING_DIAL_TONE: {**_NO_LINE, _E.DIAL_TONE: Move(_S.DIALLING, (_A.DIAL,))},
    _S.SEIZED_BLIND: {**_CALL, _E.TIMEOUT: Move(_S.DIALLING, (_A.DIAL,))},
    _S.DIALLING: {
        **_CALL,
        **_REFUSALS,
        _E.DIALLED: Move(_S.AWAITING_ANSWER),
        _E.DIALLED_UNSUPERVISED: Move(_S.PRESUMING),
        _E.DIALLED_ANSWERED: _ANSWERED,
        _E.ANSWER_SEEN: _ANSWERED,  # who answers at once does so in the pause after the last digit
    },
    _S.AWAITING_ANSWER: {**_SENT, _E.RINGBACK: _RUNG, _E.ANSWER_SEEN: _ANSWERED, _E.TIMEOUT: _TOO_LONG},
    _S.PRESUMING: {**_SENT, _E.RINGBACK: _RUNG, _E.TIMEOUT: _ANSWERED},
    _S.RINGING: {**_SENT, _E.ANSWER_SEEN: _ANSWERED, _E.RINGBACK_END: _ANSWERED, _E.TIMEOUT: _TOO_LONG},
}

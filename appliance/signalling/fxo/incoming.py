# SPDX-License-Identifier: GPL-2.0-only
"""Cells of the free line and of a call that comes: ring, caller ID before, between and by taking the line, answer.

An offered call cannot be refused: released before the answer it is over when it rings no more.
"""

from appliance.signalling.fxo.words import Action, Cells, Event, State
from appliance.signalling.machine import Move
from appliance.signalling.q850 import ANSWERED_ELSEWHERE, NORMAL_CLEARING

_S, _E, _A = State, Event, Action

_OFFER = (_A.TELL_OFFERED,)
_GAVE_UP = Move(_S.IDLE, (_A.TELL_CLEARED,), NORMAL_CLEARING, by_peer=True)
_ANSWER = Move(_S.SETTLING, (_A.TELL_ANSWERED,))
_ELSEWHERE = Move(_S.IN_USE, (_A.TELL_CLEARED, _A.TELL_BLOCKED), ANSWERED_ELSEWHERE, by_peer=True)

RINGS: Cells = {
    _E.RING: Move(_S.RUNG, (_A.TELL_SEIZED,)),
    _E.RING_LAST: Move(_S.OFFERED_RINGING, (_A.TELL_SEIZED, *_OFFER)),
}
_BLOCK: Cells = {
    _E.OPEN: Move(_S.BLOCKED, (_A.TELL_BLOCKED,)),
    _E.SHARED: Move(_S.IN_USE, (_A.TELL_BLOCKED,)),
}
_UNBLOCK: Cells = {
    **{event: move._replace(actions=(_A.TELL_UNBLOCKED, *move.actions)) for event, move in RINGS.items()},
    _E.BATTERY: Move(_S.IDLE, (_A.TELL_UNBLOCKED,)),
}

FREE: dict[State, Cells] = {
    _S.IDLE: {
        **RINGS,
        **_BLOCK,
        _E.PLACE: Move(_S.AWAITING_DIAL_TONE),
        _E.PLACE_BLIND: Move(_S.SEIZED_BLIND),
        _E.PLACE_GROUND: Move(_S.GROUNDING),
        _E.ANNOUNCEMENT: Move(_S.ANNOUNCED),
        _E.CALLER: Move(_S.ANNOUNCED),
    },
    _S.BLOCKED: {**_UNBLOCK, _E.SHARED: Move(_S.IN_USE)},
    _S.IN_USE: {**_UNBLOCK, _E.OPEN: Move(_S.BLOCKED)},
}

INCOMING: dict[State, Cells] = {
    _S.ANNOUNCED: {
        **RINGS,
        **{event: move._replace(actions=(_A.FORGET, *move.actions)) for event, move in _BLOCK.items()},
        _E.RING_DATA: Move(_S.DATA_RING, (_A.TELL_SEIZED,)),
        _E.TIMEOUT: Move(_S.IDLE, (_A.FORGET,)),
    },
    _S.RUNG: {
        _E.RING_END: Move(_S.AWAITING_CALLER),
        _E.ANSWER: _ANSWER,
        _E.RELEASE: Move(_S.IGNORED_RINGING),
        _E.TIMEOUT: Move(_S.OFFERED_RINGING, _OFFER),
    },
    _S.AWAITING_CALLER: {
        _E.CALLER: Move(_S.OFFERED, _OFFER),
        _E.NO_CALLER: Move(_S.OFFERED, _OFFER),
        _E.RING_LAST: Move(_S.OFFERED_RINGING, _OFFER),
        _E.SHARED: _ELSEWHERE,
        _E.ANSWER: _ANSWER,
        _E.RELEASE: Move(_S.IGNORED),
        _E.TIMEOUT: Move(_S.OFFERED, _OFFER),
    },
    _S.DATA_RING: {
        _E.RING_END: Move(_S.TAKEN),
        _E.RELEASE: Move(_S.IGNORED_RINGING),
        _E.TIMEOUT: Move(_S.OFFERED_RINGING, _OFFER),
    },
    _S.TAKEN: {
        _E.CALLER: Move(_S.RETURNED),
        _E.NO_CALLER: Move(_S.RETURNED),
        _E.RELEASE: Move(_S.IGNORED),
        _E.TIMEOUT: Move(_S.RETURNED),
    },
    _S.RETURNED: {
        _E.RING_LAST: Move(_S.OFFERED_RINGING, _OFFER),
        _E.SHARED: _ELSEWHERE,
        _E.RELEASE: Move(_S.IGNORED),
        _E.TIMEOUT: _GAVE_UP,
    },
    _S.OFFERED: {
        _E.RING_LAST: Move(_S.OFFERED_RINGING),
        _E.SHARED: _ELSEWHERE,
        _E.ANSWER: _ANSWER,
        _E.RELEASE: Move(_S.IGNORED),
        _E.TIMEOUT: _GAVE_UP,
    },
    _S.OFFERED_RINGING: {
        _E.RING_END: Move(_S.OFFERED),
        _E.ANSWER: _ANSWER,
        _E.RELEASE: Move(_S.IGNORED_RINGING),
        _E.TIMEOUT: Move(_S.OFFERED),
    },
    _S.IGNORED: {
        _E.RING_LAST: Move(_S.IGNORED_RINGING),
        _E.SHARED: _ELSEWHERE,
        _E.RELEASE: Move(_S.IGNORED),
        _E.TIMEOUT: _GAVE_UP,
    },
    _S.IGNORED_RINGING: {
        _E.RING_END: Move(_S.IGNORED),
        _E.RELEASE: Move(_S.IGNORED_RINGING),
        _E.TIMEOUT: Move(_S.IGNORED),
    },
}

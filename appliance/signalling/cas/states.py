# SPDX-License-Identifier: GPL-2.0-only
"""The life of a CAS channel that has no registers: TABLE, state → event → move, and its timers. Sans I/O.

Our end is that of an E&M trunk, both ways alike, or of an exchange towards a station (FXS); what a station does is
appliance/signalling/fxo's, station.py lends it bits. A timer gives TIMEOUT; a variant may set its seconds.
"""

from appliance.signalling.cas.words import Action, Cells, Event, State
from appliance.signalling.machine import Move, Timer
from appliance.signalling.q850 import (
    NO_ANSWER,
    NO_CHANNEL,
    NORMAL_CLEARING,
    OUT_OF_ORDER,
    RECOVERY_ON_TIMER,
    TEMPORARY_FAILURE,
)

_S, _E, _A = State, Event, Action

_QUIET = (_A.LISTEN_NOT, _A.DIAL_TONE_NOT)
_LOSE: Cells = {_E.LOSE: Move(_S.BLOCKED, (*_QUIET, _A.SET_IDLE, _A.TELL_CLEARED, _A.TELL_BLOCKED), OUT_OF_ORDER)}
_HANG_UP = Move(_S.OPENING, (*_QUIET, _A.SET_CLEAR))
_CALL: Cells = {**_LOSE, _E.RELEASE: _HANG_UP}
_GONE: Cells = {_E.ON_HOOK: Move(_S.GUARD, (*_QUIET, _A.SET_IDLE), NORMAL_CLEARING, by_peer=True)}
_TAKEN: Cells = {**_CALL, **_GONE}
_TOO_LONG = _HANG_UP._replace(cause=RECOVERY_ON_TIMER)

_COLLECT = (_A.SET_PROCEED, _A.LISTEN, _A.DIAL_TONE)
_SEIZURES: Cells = {
    _E.SEIZURE_WINK: Move(_S.BEFORE_WINK, (_A.TELL_SEIZED,)),
    _E.SEIZURE_IMMEDIATE: Move(_S.COLLECTING_FIRST, (_A.TELL_SEIZED, *_COLLECT)),
    _E.SEIZURE_NUMBERLESS: Move(_S.OFFERED, (_A.TELL_SEIZED, _A.SET_PROCEED, _A.TELL_OFFERED)),
}
_GIVE_WAY = Move(_S.BEFORE_WINK, (_A.SET_IDLE, _A.TELL_CLEARED, _A.TELL_SEIZED), NO_CHANNEL, by_peer=True)
_ANSWERED = Move(_S.CONNECTED, (_A.SET_ANSWER, _A.TELL_ANSWERED))


def _after(first: Action, seizures: Cells) -> Cells:
    """The same, with something done before."""
    return {event: move._replace(actions=(first, *move.actions)) for event, move in seizures.items()}


TABLE: dict[State, Cells] = {
    _S.IDLE: {
        **_SEIZURES,
        _E.PLACE_WINK: Move(_S.SEIZING, (_A.SET_SEIZE,)),
        _E.PLACE_IMMEDIATE: Move(_S.DELAYING, (_A.SET_SEIZE,)),
        _E.PLACE_RING: Move(_S.RINGING, (_A.SET_RING, _A.TELL_ACCEPTED)),
        _E.LOSE: Move(_S.BLOCKED, (_A.TELL_BLOCKED,)),
    },
    _S.BLOCKED: {
        _E.ON_HOOK: Move(_S.IDLE, (_A.SET_IDLE, _A.TELL_UNBLOCKED)),
        _E.LOSE: Move(_S.BLOCKED),
    },
    _S.SEIZING: {
        **_CALL,
        _E.OFF_HOOK: Move(_S.WINK_BEGUN),
        _E.TIMEOUT: _HANG_UP._replace(cause=TEMPORARY_FAILURE),
    },
    _S.WINK_BEGUN: {**_CALL, _E.ON_HOOK: Move(_S.SEIZING), _E.TIMEOUT: Move(_S.WINK_SEEN)},
    _S.WINK_SEEN: {
        **_CALL,
        _E.ON_HOOK: Move(_S.DELAYING),
        _E.GIVE_WAY: _GIVE_WAY,
        _E.STAY: Move(_S.GLARE),
    },
    _S.GLARE: {**_CALL, _E.ON_HOOK: Move(_S.SEIZING), _E.TIMEOUT: _HANG_UP._replace(cause=NO_CHANNEL)},
    _S.DELAYING: {
        **_CALL,
        _E.GIVE_WAY_IMMEDIATE: _GIVE_WAY._replace(to=_S.COLLECTING_FIRST, actions=(*_GIVE_WAY.actions, *_COLLECT)),
        _E.TIMEOUT: Move(_S.DIALLING, (_A.DIAL,)),
    },
    _S.DIALLING: {**_CALL, _E.DIALLED: Move(_S.AWAITING, (_A.TELL_ACCEPTED,))},
    _S.AWAITING: {
        **_CALL,
        _E.OFF_HOOK: Move(_S.ANSWER_BEGUN),
        _E.TIMEOUT: _HANG_UP._replace(cause=NO_ANSWER),
    },
    _S.ANSWER_BEGUN: {
        **_CALL,
        _E.ON_HOOK: Move(_S.AWAITING),
        _E.TIMEOUT: Move(_S.CONNECTED, (_A.TELL_ANSWERED,)),
    },
    _S.RINGING: {**_CALL, _E.OFF_HOOK: _ANSWERED, _E.TIMEOUT: Move(_S.PAUSING, (_A.SET_PAUSE,))},
    _S.PAUSING: {**_CALL, _E.OFF_HOOK: _ANSWERED, _E.TIMEOUT: Move(_S.RINGING, (_A.SET_RING,))},
    _S.BEFORE_WINK: {**_TAKEN, _E.TIMEOUT: Move(_S.WINKING, (_A.LISTEN, _A.SET_WINK))},
    _S.WINKING: {**_TAKEN, _E.TIMEOUT: Move(_S.COLLECTING_FIRST, (_A.SET_PROCEED,))},
    _S.COLLECTING_FIRST: {
        **_TAKEN,
        _E.DIGIT: Move(_S.COLLECTING, (_A.DIAL_TONE_NOT,)),
        _E.COMPLETE: Move(_S.OFFERED, (*_QUIET, _A.TELL_OFFERED)),
        _E.TIMEOUT: _TOO_LONG,
    },
    _S.COLLECTING: {
        **_TAKEN,
        _E.COMPLETE: Move(_S.OFFERED, (*_QUIET, _A.TELL_OFFERED)),
        _E.TIMEOUT: Move(_S.OFFERED, (*_QUIET, _A.TELL_OFFERED)),
    },
    _S.OFFERED: {**_TAKEN, _E.ANSWER: _ANSWERED},
    _S.CONNECTED: {**_CALL, _E.ON_HOOK: Move(_S.CLEARED_SHORTLY)},
    _S.CLEARED_SHORTLY: {
        **_CALL,
        _E.OFF_HOOK: Move(_S.CONNECTED, (_A.TELL_FLASHED,)),
        _E.TIMEOUT: _GONE[_E.ON_HOOK],
    },
    _S.OPENING: {**_LOSE, _E.RELEASE: Move(_S.OPENING), _E.TIMEOUT: Move(_S.LET_GO, (_A.SET_IDLE,))},
    _S.LET_GO: {
        **_LOSE,
        _E.RELEASE: Move(_S.LET_GO),
        _E.ON_HOOK: Move(_S.GUARD),
        _E.TIMEOUT: Move(_S.BLOCKED, (_A.TELL_CLEARED, _A.TELL_BLOCKED)),
    },
    _S.GUARD: {
        **_LOSE,
        **_after(_A.TELL_CLEARED, _SEIZURES),
        _E.RELEASE: Move(_S.GUARD),
        _E.TIMEOUT: Move(_S.IDLE, (_A.TELL_CLEARED,)),
    },
}

TIMERS: dict[State, Timer] = {
    _S.SEIZING: Timer("wink_wait", 5.0, "TIA-464 wink start: within 4 to 5 s"),
    _S.WINK_BEGUN: Timer("wink_least", 0.08, "TIA-464: a wink has 140 to 290 ms when sent; 100 ms are accepted"),
    _S.WINK_SEEN: Timer("wink_most", 0.3, "TIA-464: as above, 350 ms are accepted; longer is a seizure of theirs"),
    _S.GLARE: Timer("glare", 5.0, "none: until the far end gives way"),
    _S.DELAYING: Timer("before_digits", 0.1, "TIA-464: 70 ms after a wink at least; immediate start: the variant's"),
    _S.AWAITING: Timer("answer", 180.0, "Q.118: 2 to 4 min"),
    _S.ANSWER_BEGUN: Timer("answer_least", 0.0, "the variant's: longer than an acknowledging wink, where one comes"),
    _S.RINGING: Timer("ring_on", 2.0, "GR-506: 2 s on, 4 s off; elsewhere the variant's"),
    _S.PAUSING: Timer("ring_off", 4.0, "GR-506: as above"),
    _S.BEFORE_WINK: Timer("before_wink", 0.15, "TIA-464: 100 ms after the seizure at least"),
    _S.WINKING: Timer("wink", 0.2, "TIA-464: 140 to 290 ms"),
    _S.COLLECTING_FIRST: Timer("first_digit", 15.0, "GR-506: permanent signal after 10 to 20 s"),
    _S.COLLECTING: Timer("next_digit", 5.0, "GR-506: 3 to 5 s where the number may have ended"),
    _S.CLEARED_SHORTLY: Timer("disconnect", 0.4, "TIA-464: trunks 0.14 to 0.5 s, of stations a flash has up to 1.1 s"),
    _S.OPENING: Timer("open", 0.0, "the variant's: kewl start opens the loop for 0.5 to 0.8 s"),
    _S.LET_GO: Timer("let_go", 60.0, "none: then the far end counts as permanently off-hook"),
    _S.GUARD: Timer("guard", 0.75, "TIA-464: 0.75 to 1 s after both are on-hook"),
}

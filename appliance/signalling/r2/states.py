# SPDX-License-Identifier: GPL-2.0-only
"""The life of an R2 channel: TABLE, state → event → move. Sans I/O.

A circuit works both ways, so there is one table: here the free channel, in outgoing.py and incoming.py a call of each
direction. A timer gives TIMEOUT; a variant may set its seconds.
"""

from appliance.signalling.machine import Move, Timer
from appliance.signalling.r2.incoming import INCOMING
from appliance.signalling.r2.outgoing import OUTGOING
from appliance.signalling.r2.words import Action, Cells, Event, State

_S, _E, _A = State, Event, Action
_SEIZE = (_A.SET_SEIZE_ACK, _A.LISTEN_FORWARD, _A.TELL_SEIZED)

FREE: dict[State, Cells] = {
    _S.IDLE: {
        _E.PLACE: Move(_S.SEIZING, (_A.SET_SEIZE,)),
        _E.SEIZURE: Move(_S.SEIZED, _SEIZE),
        _E.BLOCKING_HEARD: Move(_S.BLOCKED, (_A.TELL_BLOCKED,)),
        _E.WITHDRAW: Move(_S.WITHDRAWN, (_A.SET_BLOCKED,)),
        _E.LOSE: Move(_S.BLOCKED, (_A.TELL_BLOCKED,)),
    },
    _S.BLOCKED: {
        _E.IDLE_HEARD: Move(_S.IDLE, (_A.SET_IDLE, _A.TELL_UNBLOCKED)),
        _E.SEIZURE: Move(_S.SEIZED, (_A.TELL_UNBLOCKED, *_SEIZE)),
        _E.WITHDRAW: Move(_S.WITHDRAWN, (_A.SET_BLOCKED,)),
        _E.LOSE: Move(_S.BLOCKED),
    },
    _S.WITHDRAWN: {
        _E.WITHDRAW: Move(_S.WITHDRAWN),
        _E.RESTORE: Move(_S.BLOCKED, (_A.SET_IDLE,)),
        _E.LOSE: Move(_S.WITHDRAWN),
    },
    _S.HELD: {
        _E.IDLE_HEARD: Move(_S.IDLE, (_A.SET_IDLE, _A.TELL_UNBLOCKED)),
        # No caller says so: where the far end waits for us likewise, both would wait for ever.
        _E.BLOCKING_HEARD: Move(_S.BLOCKED, (_A.SET_IDLE,)),
        _E.LOSE: Move(_S.BLOCKED, (_A.SET_IDLE,)),
    },
}

TABLE: dict[State, Cells] = {**FREE, **OUTGOING, **INCOMING}

_T1 = Timer("forward_signal", 15.0, "Q.476: 15 ± 3 s, a forward signal without answer")
_T1_OFF = Timer("backward_signal", 15.0, "Q.476: as T1, a backward signal that does not end")
_T2 = Timer("out_of_digits", 24.0, "Q.476: not less than 24 s without a forward signal")
_T3 = Timer("next_signal", 15.0, "Q.476: 8 to 24 s between forward signals")
_T3_ON = Timer("forward_end", 15.0, "Q.476: as T3, a forward signal that does not end")
_PULSE = Timer("pulse", 0.15, "Q.442: 150 ± 50 ms")

TIMERS: dict[State, Timer] = {
    _S.SEIZING: Timer("seize_ack", 2.0, "Q.422: 100 to 200 ms, over satellites 1 to 2 s"),
    _S.UNACKNOWLEDGED: Timer("late_seize_ack", 10.0, "Q.422: seized until the acknowledgement; we end it some time"),
    _S.GLARE: Timer("glare", 0.1, "Q.422: seizing stands for 100 ms at least"),
    _S.SENDING_DIGIT: _T1,
    _S.SENDING_CALLER: _T1,
    _S.SENDING_SERVICE: _T1,
    _S.OUT_OF_DIGITS: _T2,
    _S.DUE_DIGIT: _T1_OFF,
    _S.DUE_CATEGORY: _T1_OFF,
    _S.DUE_CALLER: _T1_OFF,
    _S.DUE_SERVICE: _T1_OFF,
    _S.DUE_ACCEPTANCE: _T1_OFF,
    _S.DUE_REFUSAL: _T1_OFF,
    _S.RINGING: Timer("answer", 180.0, "Q.118: 2 to 4 min"),
    _S.CLEARED_SHORTLY: Timer("clear_back", 0.0, "the variant's: how long a metering pulse may be"),
    _S.CLEARED_BACK: Timer("cleared_back", 90.0, "Q.118: 1 to 2 min"),
    _S.CLEARING: Timer("release_guard", 30.0, "Q.422: until idle is heard; then the circuit is blocked"),
    _S.SEIZED: _T3,
    _S.EXPECTING_DIGIT: Timer("next_digit", 15.0, "Q.476: as T3; the end of a number that has no signal for it"),
    _S.EXPECTING_CATEGORY: _T3,
    _S.EXPECTING_CALLER: _T3,
    _S.EXPECTING_SERVICE: _T3,
    _S.ASKING_DIGIT: _T3_ON,
    _S.ASKING_CATEGORY: _T3_ON,
    _S.ASKING_CALLER: _T3_ON,
    _S.ASKING_SERVICE: _T3_ON,
    _S.COMPLETING: _T3_ON,
    _S.ACCEPTING: _T3_ON,
    _S.ANSWERING: _T3_ON,
    _S.REFUSING: _T3_ON,
    _S.LEAVING: _T3_ON,
    _S.TAKING_BACK: _T3_ON,
    _S.DECLINING: Timer("decline", 0.5, "Q.442: a pulse follows a signal after 100 ms at least"),
    _S.PULSING_CATEGORY: _PULSE,
    _S.PULSING_SERVICE: _PULSE,
    _S.PULSING_COMPLETE: _PULSE,
    _S.PULSING_CONGESTION: _PULSE,
    _S.OFFERED: Timer("decision", 9.0, "Q.476: before the caller's T1 of at least 12 s; then the line counts as free"),
    _S.SETTLING: Timer(
        "settling", 0.15, "none: until the caller's receiver is off, so that it does not miss an answer"
    ),
    _S.SETTLING_ANSWER: Timer("settling", 0.15, "none: as above"),
    _S.ANSWERED: Timer("double_answer", None, "the variant's: answered so long before the gap of a double answer"),
    _S.ANSWERED_ONCE: Timer("double_answer_gap", 0.4, "the variant's"),
    _S.METERING: Timer("metering_pulse", 0.15, "the variant's"),
    _S.LET_GO: Timer("clear_forward", 300.0, "Q.118: the caller's exchange clears within 4 min; then blocked"),
}

# Where the register answers for a timer: what it wants now is the event (register.py).
EXPECTING = frozenset(
    {
        _S.SEIZED,
        _S.EXPECTING_DIGIT,
        _S.EXPECTING_CATEGORY,
        _S.EXPECTING_CALLER,
        _S.EXPECTING_SERVICE,
        _S.DECLINING,
    },
)
# Where a backward signal may come.
READING = frozenset({_S.SENDING_DIGIT, _S.SENDING_CALLER, _S.SENDING_SERVICE, _S.OUT_OF_DIGITS})

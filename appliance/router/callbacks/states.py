# SPDX-License-Identifier: GPL-2.0-only
"""A callback's state at the router: TABLE says what can happen in each, and a missing cell changes nothing.

It waits in its queues; an agent is reserved and a branch told to ring them; who has answered lets the customer be
dialled. Whom the agent does not take waits on, with their age; who cannot be reached is tried again after a pause.
"""

import enum


class CallbackState(enum.StrEnum):
    """Where a callback stands."""

    WAITING = "waiting"
    RESERVED = "reserved"
    RINGING = "ringing"
    DIALLING = "dialling"
    TALKING = "talking"
    PAUSED = "paused"
    OVER = "over"


class CallbackStep(enum.StrEnum):
    """What moves it on. `miss`: the agent did not take it; `fail`: the customer was not reached, and is tried again."""

    ORDER = "order"
    LAPSE = "lapse"
    RING = "ring"
    MISS = "miss"
    DIAL = "dial"
    TALK = "talk"
    FAIL = "fail"
    RESUME = "resume"
    END = "end"
    CANCEL = "cancel"


_S, _T = CallbackState, CallbackStep
TABLE: dict[CallbackState, dict[CallbackStep, CallbackState]] = {
    _S.WAITING: {_T.ORDER: _S.RESERVED, _T.END: _S.OVER, _T.CANCEL: _S.OVER},
    _S.RESERVED: {
        _T.LAPSE: _S.WAITING,
        _T.RING: _S.RINGING,
        _T.DIAL: _S.DIALLING,  # the branch's question has overtaken its news of the agent's leg
        _T.FAIL: _S.PAUSED,
        _T.END: _S.OVER,
        _T.CANCEL: _S.OVER,
    },
    _S.RINGING: {_T.MISS: _S.WAITING, _T.DIAL: _S.DIALLING, _T.END: _S.OVER, _T.CANCEL: _S.OVER},
    _S.DIALLING: {_T.DIAL: _S.DIALLING, _T.TALK: _S.TALKING, _T.FAIL: _S.PAUSED, _T.END: _S.OVER},
    _S.TALKING: {_T.END: _S.OVER},
    _S.PAUSED: {_T.RESUME: _S.WAITING, _T.END: _S.OVER, _T.CANCEL: _S.OVER},
    _S.OVER: {},
}


def step(state: CallbackState, by: CallbackStep) -> CallbackState | None:
    """The state after `by`; None where TABLE has no such cell."""
    return TABLE[state].get(by)

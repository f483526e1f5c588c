# SPDX-License-Identifier: GPL-2.0-only
"""An agent's state at the router: TABLE says what can happen in each, and a missing cell raises and changes nothing.

Available agents are reserved by a token; a leg that begins makes them busy, whoever began it and whatever they were.
After their last leg comes wrap-up, where the queue has it and they have talked, then what they have asked for
meanwhile, else what they were before. A reservation ends by its leg, by lapsing, or by a leg that nobody reserved.
What gives way to other work of the same person is interrupted until that is over (`slots.py`).
Without work a peripheral's agent is what it tells.
"""

import enum


class AgentState(enum.StrEnum):
    """Whether the router may choose this agent."""

    LOGGED_OUT = "logged-out"
    NOT_READY = "not-ready"
    AVAILABLE = "available"
    RESERVED = "reserved"
    BUSY = "busy"
    WRAP_UP = "wrap-up"
    INTERRUPTED = "interrupted"


class AgentStep(enum.StrEnum):
    """What moves an agent on."""

    LOG_IN = "log-in"
    LOG_OUT = "log-out"
    READY = "ready"
    NOT_READY = "not-ready"
    RESERVE = "reserve"
    LAPSE = "lapse"
    BEGIN = "begin"
    WRAP = "wrap"
    FINISH = "finish"
    TELL = "tell"
    INTERRUPT = "interrupt"
    RESUME = "resume"


_S, _T = AgentState, AgentStep
_REST = None  # what the agent has asked for meanwhile, else what they were before
TABLE: dict[AgentState, dict[AgentStep, AgentState | None]] = {
    _S.LOGGED_OUT: {_T.LOG_IN: _S.NOT_READY, _T.LOG_OUT: _S.LOGGED_OUT, _T.BEGIN: _S.BUSY, _T.TELL: _REST},
    _S.NOT_READY: {
        _T.LOG_OUT: _S.LOGGED_OUT,
        _T.READY: _S.AVAILABLE,
        _T.NOT_READY: _S.NOT_READY,
        _T.BEGIN: _S.BUSY,
        _T.TELL: _REST,
    },
    _S.AVAILABLE: {
        _T.LOG_OUT: _S.LOGGED_OUT,
        _T.READY: _S.AVAILABLE,
        _T.NOT_READY: _S.NOT_READY,
        _T.RESERVE: _S.RESERVED,
        _T.BEGIN: _S.BUSY,
        _T.TELL: _REST,
    },
    _S.RESERVED: {_T.LAPSE: _REST, _T.BEGIN: _S.BUSY},
    _S.BUSY: {_T.BEGIN: _S.BUSY, _T.WRAP: _S.WRAP_UP, _T.FINISH: _REST, _T.INTERRUPT: _S.INTERRUPTED},
    _S.INTERRUPTED: {
        _T.BEGIN: _S.INTERRUPTED,
        _T.WRAP: _S.WRAP_UP,
        _T.FINISH: _REST,
        _T.RESUME: _S.BUSY,
    },
    _S.WRAP_UP: {
        _T.LOG_OUT: _S.LOGGED_OUT,
        _T.READY: _S.AVAILABLE,
        _T.NOT_READY: _S.NOT_READY,
        _T.BEGIN: _S.BUSY,
        _T.FINISH: _REST,
        _T.TELL: _REST,
    },
}

AVAILABLE, BUSY, LOGGED_OUT = _S.AVAILABLE, _S.BUSY, _S.LOGGED_OUT
RESERVE, BEGIN, WRAP, FINISH = _T.RESERVE, _T.BEGIN, _T.WRAP, _T.FINISH
"""By a name of their own: to look up an enum's member takes twenty times as long, and all decisions do."""


def step(state: AgentState, by: AgentStep, rest: AgentState = AgentState.AVAILABLE) -> AgentState:
    """The state after `by`. Raises KeyError where TABLE has no such cell."""
    return TABLE[state][by] or rest

# SPDX-License-Identifier: GPL-2.0-only
"""An agent's state at the router: TABLE says what can happen in each, and a missing cell raises and changes nothing.

Available agents are reserved by a token; a leg that begins makes them busy, whoever began it; the end of their last leg
makes them available. A reservation ends by its leg, by lapsing, or by a leg that nobody reserved.
"""

import enum


class AgentState(enum.StrEnum):
    """Whether the router may choose this agent."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    BUSY = "busy"


class AgentStep(enum.StrEnum):
    """What moves an agent on."""

    RESERVE = "reserve"
    LAPSE = "lapse"
    BEGIN = "begin"
    END_LAST = "end-last"


_S, _T = AgentState, AgentStep
TABLE: dict[AgentState, dict[AgentStep, AgentState]] = {
    _S.AVAILABLE: {_T.RESERVE: _S.RESERVED, _T.BEGIN: _S.BUSY},
    _S.RESERVED: {_T.LAPSE: _S.AVAILABLE, _T.BEGIN: _S.BUSY},
    _S.BUSY: {_T.BEGIN: _S.BUSY, _T.END_LAST: _S.AVAILABLE},
}


def step(state: AgentState, by: AgentStep) -> AgentState:
    """The state after `by`. Raises KeyError where TABLE has no such cell."""
    return TABLE[state][by]

# SPDX-License-Identifier: GPL-2.0-only
"""The life of a child, without a process or a clock in it.

TABLE: state → event → (next state, what is done). A timer belongs to a state and gives the event that TIMERS names.
A child that ends with status 2 cannot use its configuration: it stays FAILED until it is stopped.
"""

import enum


class State(enum.StrEnum):
    """Where a child stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    BACKING_OFF = "backing-off"
    STOPPING = "stopping"
    FAILED = "failed"


class Event(enum.StrEnum):
    """What happens to a child."""

    START = "start"
    READY = "ready"
    LATE = "late"
    HUNG = "hung"
    EXITED = "exited"
    REFUSED = "refused"
    DUE = "due"
    STOP = "stop"
    OVERDUE = "overdue"


class Action(enum.StrEnum):
    """What the supervisor does about it."""

    NONE = "none"
    SPAWN = "spawn"
    TERMINATE = "terminate"
    KILL = "kill"


_S, _E, _A = State, Event, Action
TABLE: dict[State, dict[Event, tuple[State, Action]]] = {
    _S.STOPPED: {_E.START: (_S.STARTING, _A.SPAWN), _E.STOP: (_S.STOPPED, _A.NONE)},
    _S.STARTING: {
        _E.READY: (_S.RUNNING, _A.NONE),
        _E.LATE: (_S.STARTING, _A.KILL),
        _E.EXITED: (_S.BACKING_OFF, _A.NONE),
        _E.REFUSED: (_S.FAILED, _A.NONE),
        _E.STOP: (_S.STOPPING, _A.TERMINATE),
    },
    _S.RUNNING: {
        _E.READY: (_S.RUNNING, _A.NONE),
        _E.HUNG: (_S.RUNNING, _A.KILL),
        _E.EXITED: (_S.BACKING_OFF, _A.NONE),
        _E.REFUSED: (_S.FAILED, _A.NONE),
        _E.STOP: (_S.STOPPING, _A.TERMINATE),
    },
    _S.BACKING_OFF: {_E.DUE: (_S.STARTING, _A.SPAWN), _E.STOP: (_S.STOPPED, _A.NONE)},
    _S.STOPPING: {
        _E.READY: (_S.STOPPING, _A.NONE),
        _E.EXITED: (_S.STOPPED, _A.NONE),
        _E.REFUSED: (_S.STOPPED, _A.NONE),
        _E.STOP: (_S.STOPPING, _A.NONE),
        _E.OVERDUE: (_S.STOPPING, _A.KILL),
    },
    _S.FAILED: {_E.STOP: (_S.STOPPED, _A.NONE)},
}

TIMERS: dict[State, Event] = {
    _S.STARTING: _E.LATE,
    _S.RUNNING: _E.HUNG,
    _S.BACKING_OFF: _E.DUE,
    _S.STOPPING: _E.OVERDUE,
}


def step(state: State, event: Event) -> tuple[State, Action]:
    """The next state and what is to be done. Raises KeyError where TABLE has no such cell; nothing has changed then."""
    return TABLE[state][event]


class Backoff:
    """Seconds to wait before the next start: `first_s`, then 0.1 doubling to 5; anew after a good life."""

    STEP_S = 0.1
    MOST_S = 5.0
    GOOD_LIFE_S = 30.0

    def __init__(self, first_s: float = STEP_S, good_life_s: float = GOOD_LIFE_S) -> None:
        self._first_s = first_s
        self._good_life_s = good_life_s
        self._last_s: float | None = None

    def next_s(self, life_s: float) -> float:
        """The wait after a life of `life_s` seconds."""
        if self._last_s is None or life_s >= self._good_life_s:
            self._last_s = self._first_s
        else:
            self._last_s = min(max(self._last_s * 2, self.STEP_S), self.MOST_S)
        return self._last_s

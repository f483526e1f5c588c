# SPDX-License-Identifier: GPL-2.0-only
"""The life of a push, and of a box in it: state, event → next state. Sans I/O; a missing cell changes nothing.

A push goes wave by wave. A box whose turn has come is ordered; one that is away is ordered when it is back, as long as
the push has not been ended and no newer one is for it.
"""

import enum

from appliance.wire.fleet import PushWish, Step


class Stage(enum.StrEnum):
    """Of a box."""

    WAITING = "waiting"
    ORDERED = "ordered"
    KEPT = "kept"
    TRIAL = "trial"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    DRIFTED = "drifted"
    RETURNED = "returned"
    LEFT = "left"
    """It has not had it, and will not: the push has ended, or a newer one is for it."""


class Move(enum.StrEnum):
    """What headquarters does with a box; what the box says is a Step."""

    ORDER = "order"
    LEAVE = "leave"
    CANNOT = "cannot"
    """Headquarters cannot give it: what it needs of secrets cannot be sent to it."""
    GONE = "gone"
    """It runs something else, without a word of the push: its disk was replaced, say."""


OPEN = frozenset({Stage.WAITING, Stage.ORDERED, Stage.KEPT, Stage.TRIAL})
UNDER_WAY = frozenset({Stage.KEPT, Stage.TRIAL})
FAILED = frozenset({Stage.REFUSED, Stage.DRIFTED, Stage.RETURNED})

_TOLD: dict[Move | Step, Stage] = {step: Stage(step.value) for step in Step}
_LATER: dict[Move | Step, Stage] = {step: stage for step, stage in _TOLD.items() if step is not Step.KEPT}
BOX: dict[Stage, dict[Move | Step, Stage]] = {
    Stage.WAITING: {Move.ORDER: Stage.ORDERED, Move.LEAVE: Stage.LEFT},
    Stage.ORDERED: {
        Move.ORDER: Stage.ORDERED,
        Move.LEAVE: Stage.LEFT,
        Move.CANNOT: Stage.REFUSED,
        **_TOLD,
    },
    Stage.KEPT: {Move.GONE: Stage.RETURNED, **_LATER},
    Stage.TRIAL: {Move.GONE: Stage.RETURNED, **_LATER},
    Stage.CONFIRMED: {Step.RETURNED: Stage.RETURNED},
    Stage.REFUSED: {},
    Stage.DRIFTED: {},
    Stage.RETURNED: {},
    Stage.LEFT: dict(_TOLD),
}
"""What a box says counts even where it was left: an order may have been on its way."""


class Course(enum.StrEnum):
    """Of a push."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    """Every wave is passed; boxes that are away still catch up."""
    ABORTED = "aborted"
    TAKEN_BACK = "taken-back"


class Turn(enum.StrEnum):
    """What becomes of it by itself; an administrator's is a PushWish."""

    FAILED = "failed"
    PASSED = "passed"
    SUPERSEDED = "superseded"


PUSH: dict[Course, dict[PushWish | Turn, Course]] = {
    Course.RUNNING: {
        Turn.FAILED: Course.STOPPED,
        Turn.PASSED: Course.DONE,
        PushWish.STOP: Course.STOPPED,
        PushWish.BACK: Course.TAKEN_BACK,
        PushWish.ABORT: Course.ABORTED,
    },
    Course.STOPPED: {
        PushWish.GO_ON: Course.RUNNING,
        PushWish.ABORT: Course.ABORTED,
        PushWish.BACK: Course.TAKEN_BACK,
        Turn.SUPERSEDED: Course.ABORTED,
    },
    Course.DONE: {PushWish.BACK: Course.TAKEN_BACK, PushWish.ABORT: Course.ABORTED},
    Course.ABORTED: {PushWish.BACK: Course.TAKEN_BACK},
    Course.TAKEN_BACK: {},
}
GIVES = frozenset({Course.RUNNING, Course.DONE})
"""Orders go out, to boxes that come back too."""
ENDED = frozenset({Course.DONE, Course.ABORTED, Course.TAKEN_BACK})

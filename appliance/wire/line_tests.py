# SPDX-License-Identifier: GPL-2.0-only
"""The line test: what a technician asks of a line worker, and what he is told step by step. Spans count from 1."""

import enum
from typing import Annotated, Literal

import msgspec

from appliance.wire.message import Message

SECONDS_LEAST, SECONDS_MOST = 2, 240

Seconds = Annotated[int, msgspec.Meta(ge=SECONDS_LEAST, le=SECONDS_MOST)]
Timeslots = tuple[Annotated[int, msgspec.Meta(ge=1, le=31)], ...]


class Result(enum.StrEnum):
    """How a step ended."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    OPEN = "open"
    """It could not be judged; the sentence says what that takes."""


class CheckLine(Message, frozen=True):
    """Test a span for so long. `timeslots` that calls do not hold carry the pattern; none named: all such.

    `card`: the card itself, by a loop in its framer; the line is cut meanwhile, so no call may be up.
    """

    span: int
    seconds: Seconds = 60
    timeslots: Timeslots = ()
    card: bool = False


class LoopLine(Message, frozen=True):
    """Send back what comes in the timeslots that calls do not hold, for the far end's test.

    `at`: or all that comes, in the card's framer, where no call may be up.
    """

    span: int
    seconds: Seconds = 60
    timeslots: Timeslots = ()
    at: Literal["timeslots", "line", "payload"] = "timeslots"


class LineStep(Message, frozen=True):
    """A step is done."""

    step: str
    result: Result
    sentence: str
    chinese: str


class LineChecked(Message, frozen=True):
    """The test or the loop is over: failed if a step has, passed if one has been judged and none has failed."""

    span: int
    result: Result

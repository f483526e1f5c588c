# SPDX-License-Identifier: GPL-2.0-only
"""What call control tells a technician of its calls, and what he may ask of it: one cleared, one made to see.

`run/call.sock` serves the calls, `run/test.call.sock` the test call, whose steps are LineStep, its end CallTested;
`run/health.call.sock` has those that the box makes by itself (TestCallsNow) and makes them when asked (MakeTestCalls).
"""

from typing import Annotated

import msgspec

from appliance.wire.line_tests import Result
from appliance.wire.message import Message

RING_LEAST_S, RING_MOST_S = 5, 120


class CallNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A contact in progress. `state` is call control's word, `agent` who is rung or talks, `talk_s` since when.

    `legs`: of each party its id, by which trunk (none: a phone), and whether it has answered.
    """

    contact: str
    state: str
    clid: str = ""
    dnis: str = ""
    agent: str = ""
    talk_s: int | None = None
    legs: tuple[tuple[str, str, bool], ...] = ()


class CallsNow(Message, frozen=True):
    """All of them, in the snapshot."""

    calls: tuple[CallNow, ...] = ()


class ClearCall(Message, frozen=True):
    """Let go of all legs of a contact, by whose name or a leg's; Refused (`call.unknown`) where there is none.

    `by` is who asks, for the log.
    """

    call: str
    by: str


class TestCall(Message, frozen=True):
    """Call `to`, an extension of the branch (`phone`) or a number outside, on `trunk` where one is named.

    Who answers is played a tone and listened to; then the call is let go. Unanswered it rings for `ring_s`.
    """

    __test__ = False  # no test of pytest's

    to: str
    by: str
    trunk: str = ""
    phone: bool = False
    ring_s: Annotated[int, msgspec.Meta(ge=RING_LEAST_S, le=RING_MOST_S)] = 30


class CallTested(Message, frozen=True):
    """The test call is over. `cause` is its Q.850 cause; `answered_s` None: nobody has answered.

    `heard_dbm0`: the loudest second of the far end, -100 for digital silence.
    """

    result: Result
    cause: int
    answered_s: float | None = None
    heard_dbm0: float | None = None


class TestCallNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A test call that the box makes by itself, as its last one went.

    `result` None: none was made in this life of call control. `began_ns` is of the box's monotonic clock, `ended_ns`
    UTC; `sentence` and `chinese` say how it went, `due`: one is under way or asked for.
    """

    __test__ = False  # no test of pytest's

    name: str
    number: str
    trunk: str = ""
    result: Result | None = None
    began_ns: int = 0
    ended_ns: int = 0
    sentence: str = ""
    chinese: str = ""
    due: bool = False


class TestCallsNow(Message, frozen=True):
    """All of them, in the snapshot and as they change."""

    __test__ = False

    calls: tuple[TestCallNow, ...] = ()


class MakeTestCalls(Message, frozen=True):
    """Those that are `named`, now, one after the other; out of their hours they are open at once."""

    named: tuple[str, ...]

# SPDX-License-Identifier: GPL-2.0-only
"""What is so now: branches by their heartbeats, spans as they were last told, alarms that stand.

Fed with the messages of `heartbeat.*`, `line.*.status`, `line.*.performance` and `alarm.*`. An alarm that its branch,
itself well, has not said again for 30 s is forgotten (branches say theirs every 10 s). Times are UTC nanoseconds of
headquarters.
"""

from collections.abc import Iterator

import msgspec

from appliance.router.domain import Lease
from appliance.wire.agents import AgentNow, QueueNow
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.callbacks import CallbackNow
from appliance.wire.envelope import Body, UnknownMessageError, check_version, decode
from appliance.wire.performance import SpanPerformance, Verdict
from appliance.wire.spans import Span, SpanChanged

GONE_NS = 5_000_000_000
FORGOTTEN_NS = 30_000_000_000


class Beat(msgspec.Struct, frozen=True):
    """A heartbeat; `contacts` in progress at the branch, None from one that does not tell them, `lease` likewise."""

    box: str
    incarnation: str
    at_ns: int
    name: str = ""
    contacts: frozenset[str] | None = None
    lease: Lease | None = None


class Branch(msgspec.Struct, frozen=True):
    """`heard_ns` 0: never heard."""

    box: str
    name: str = ""
    heard_ns: int = 0


class SpanNow(msgspec.Struct, frozen=True):
    """A span of a branch."""

    box: str
    span: Span
    heard_ns: int


class VerdictNow(msgspec.Struct, frozen=True):
    """What ails a span of a branch by its last minutes, in English and Chinese. `window_s` 0: it is not known yet."""

    box: str
    span: int
    verdict: Verdict
    sentence: str
    chinese: str
    window_s: int


class Alarm(msgspec.Struct, frozen=True):
    """A standing alarm of a box."""

    box: str
    code: str
    address: str
    sentence: str
    raised_ns: int
    heard_ns: int


class State(msgspec.Struct, frozen=True):
    """All of it, as the page asks for it."""

    branches: tuple[Branch, ...]
    spans: tuple[SpanNow, ...]
    alarms: tuple[Alarm, ...]
    verdicts: tuple[VerdictNow, ...] = ()
    queues: tuple[QueueNow, ...] = ()
    agents: tuple[AgentNow, ...] = ()
    callbacks: tuple[CallbackNow, ...] = ()
    commit_s: float = 0.0
    """What the disk took for the last decisions."""


class Live:
    """`boxes`: branches that are expected, so that a silent one is seen to be missing."""

    def __init__(self, boxes: frozenset[str] = frozenset()) -> None:
        self._branches = {box: Branch(box) for box in sorted(boxes)}
        self._spans: dict[tuple[str, int, str], SpanNow] = {}
        self._alarms: dict[tuple[str, str, str], Alarm] = {}
        self._performances: dict[tuple[str, int], SpanPerformance] = {}

    def beat(self, box: str, payload: bytes, now_ns: int) -> Beat:
        """A heartbeat. Raises UnknownMessageError."""
        try:
            beat = msgspec.json.decode(payload, type=Beat)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnknownMessageError(f"not a heartbeat: {error}") from error
        if beat.box != box:
            raise UnknownMessageError(f"box {box} cannot beat for box {beat.box}")
        self._branches[box] = Branch(box, beat.name, now_ns)
        return beat

    def status(self, box: str, payload: bytes, now_ns: int) -> None:
        """A span's state. Raises UnknownMessageError."""
        body = _said(box, payload)
        if not isinstance(body, SpanChanged):
            raise UnknownMessageError(f"{type(body).__name__} is no span's state")
        self._spans[box, body.span.span, body.span.name] = SpanNow(box, body.span, now_ns)

    def performance(self, box: str, payload: bytes) -> None:
        """A span's performance. Raises UnknownMessageError."""
        body = _said(box, payload)
        if not isinstance(body, SpanPerformance):
            raise UnknownMessageError(f"{type(body).__name__} is no span's performance")
        self._performances[box, body.span] = body

    def performance_of(self, box: str, payload: bytes) -> SpanPerformance | None:
        """As it was last told of the span of that number. Raises UnknownMessageError."""
        try:
            return self._performances.get((box, msgspec.json.decode(payload, type=int)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnknownMessageError(f"not a span's number: {error}") from error

    def alarm(self, box: str, payload: bytes, now_ns: int) -> None:
        """An alarm raised, said again, or cleared. Raises UnknownMessageError."""
        body = _said(box, payload)
        if isinstance(body, AlarmRaised):
            before = self._alarms.get((box, body.code, body.address))
            raised = before.raised_ns if before else now_ns
            now = Alarm(box, body.code, body.address, body.sentence, raised, now_ns)
            self._alarms[box, body.code, body.address] = now
        elif isinstance(body, AlarmCleared):
            self._alarms.pop((box, body.code, body.address), None)
        else:
            raise UnknownMessageError(f"{type(body).__name__} is no alarm")

    def trouble(self, box: str, code: str, sentence: str | None, now_ns: int) -> None:
        """An alarm of headquarters' own; None: it is over."""
        if sentence is None:
            self._alarms.pop((box, code, ""), None)
        else:
            self._alarms[box, code, ""] = Alarm(box, code, "", sentence, now_ns, now_ns)

    def state(
        self,
        now_ns: int,
        queues: tuple[QueueNow, ...],
        agents: tuple[AgentNow, ...],
        callbacks: tuple[CallbackNow, ...] = (),
    ) -> State:
        """As it is now, with what the router knows."""
        self._forget(now_ns)
        alarms = sorted(self._alarms.values(), key=lambda one: (-one.raised_ns, one.code, one.address))
        spans = (self._spans[key] for key in sorted(self._spans))
        branches, verdicts = tuple(self._branches.values()), tuple(self._verdicts())
        return State(branches, tuple(spans), tuple(alarms), verdicts, queues, agents, callbacks)

    def _verdicts(self) -> Iterator[VerdictNow]:
        for (box, span), told in sorted(self._performances.items()):
            yield VerdictNow(box, span, told.verdict, told.sentence, told.chinese, told.window_s)

    def _forget(self, now_ns: int) -> None:
        for box, one in self._branches.items():
            if one.heard_ns > now_ns:  # before the clock was set back
                self._branches[box] = msgspec.structs.replace(one, heard_ns=now_ns)
        for key, alarm in tuple(self._alarms.items()):
            branch = self._branches.get(alarm.box)
            well = branch is not None and now_ns - branch.heard_ns < GONE_NS
            if well and now_ns - alarm.heard_ns > FORGOTTEN_NS:
                del self._alarms[key]


def _said(box: str, payload: bytes) -> Body:
    """By that box itself. Raises UnknownMessageError."""
    said = decode(payload)
    check_version(said)
    if said.box != box:
        raise UnknownMessageError(f"box {box} cannot speak for {said.box}")
    return said.body

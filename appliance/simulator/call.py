# SPDX-License-Identifier: GPL-2.0-only
"""One call at the exchange: Q.931 on one side, a robot's script on the other.

`states.TABLE` decides what the robot does; this carries it out and feeds back what happens. A call ends once: when its
reference is cleared on the D-channel and the last octet it heard is in.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from appliance.signalling.pri.events import CallNumber
from appliance.signalling.pri.link import CallGoneError
from appliance.simulator.caller import (
    Answerer,
    AwaitAnswer,
    AwaitCue,
    AwaitQuiet,
    AwaitRelease,
    AwaitSound,
    HangUp,
    Key,
    Rest,
    Script,
    Step,
    Talk,
)
from appliance.simulator.circuit import Circuit
from appliance.simulator.dchannel import DChannel
from appliance.simulator.media import Media
from appliance.simulator.result import CallResult, Moment
from appliance.simulator.states import Event, Position, State, advance, begin
from appliance.wire.legs import Direction, ReleasedBy

SPARE_S = 3.0
"""What a robot allows its engine over the length of what it keys or says."""

log = structlog.get_logger()


class Party(msgspec.Struct, frozen=True):
    """Who calls whom, on which timeslot and port. Directions are the branch's."""

    direction: Direction
    dialled: str
    clid: str | None
    timeslot: int
    port: int


class Call:
    """A call from its SETUP on. A test may `cue`, `hang_up`, and await `result`."""

    def __init__(self, number: CallNumber, party: Party, script: Script, media: Media, d_channel: DChannel) -> None:
        self.number = number
        self.party = party
        self.proceeding: Moment | None = None
        self.sounding: Moment | None = None
        self.alerting: Moment | None = None
        self.answered: Moment | None = None
        self.circuit = Circuit(media, party.port, script, self._circuit_closed)
        self._script = script
        self._media = media
        self._d_channel = d_channel
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[CallResult] = self._loop.create_future()
        self._position: Position | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._cues = 0
        self._began = media.now()
        self._released: tuple[Moment, int, ReleasedBy] | None = None
        self._cleared: Moment | None = None
        self._closing = self._closed = False

    # For a test.

    @property
    def state(self) -> State | None:
        """What the robot is doing; None before it is on the line."""
        return self._position.state if self._position is not None else None

    @property
    def at(self) -> int:
        """Place of the present step in the script, from 0."""
        return self._position.at if self._position is not None else 0

    def cue(self) -> None:
        """Let the script go on from its AwaitCue, the present one or the next."""
        self._cues += 1
        if self.state is State.WAITING:
            self._use_cue()

    def hang_up(self, cause: int = 16) -> None:
        """Clear now, whatever the script says."""
        if self._position is not None and self._position.state is not State.CLEARED:
            self._position, _ = advance(self._script, self._position, Event.TOLD_TO_CLEAR)
        self._stop_waiting()
        self.release(cause)

    async def result(self) -> CallResult:
        """Wait for the end."""
        return await asyncio.shield(self._over)

    # The robot.

    def begin(self) -> None:
        """Begin the script."""
        self._position, step = begin(self._script)
        self._enter(step)

    def follow(self, plan: Answerer) -> None:
        """Be called: refuse, or ring and answer. CALL PROCEEDING goes out at once (Q.931 §5.2.5.1)."""
        if plan.refuse is not None:
            self.release(plan.refuse)
            return
        self.proceeding = self._media.now()
        self._d_channel.link.proceeding(self.number)
        self._d_channel.settle()
        self._wait(plan.alert_s, partial(self._alert, plan.answer_s))

    def _alert(self, answer_s: float | None) -> None:
        self.alerting = self._media.now()
        self.circuit.ring_back()
        self._d_channel.link.alerting(self.number, inband=True)
        self._d_channel.settle()
        if answer_s is not None:
            self._wait(answer_s, self._answer)

    def _answer(self) -> None:
        self.circuit.stop_sound()
        self._d_channel.link.answer(self.number)
        self.answered = self._media.now()
        self._d_channel.settle()
        self.begin()

    def _feed(self, event: Event) -> None:
        if self._position is None or self._position.state is State.CLEARED:
            return
        was = self._position
        self._position, step = advance(self._script, was, event)
        if self._position != was:
            self._stop_waiting()
        if step is not None:
            self._enter(step)

    def _done(self, at: int, event: Event) -> None:
        """A step has its end; one that came too late for its step means nothing any more."""
        if self._position is not None and self._position.at == at and self._position.state is not State.CLEARING:
            self._feed(event)

    def _enter(self, step: Step) -> None:
        match step:
            case AwaitAnswer() if self.answered is not None:
                self._feed(Event.ANSWERED)
            case AwaitCue() if self._cues:
                self._use_cue()
            case AwaitSound() | AwaitQuiet():
                self.circuit.listen(step, partial(self._done, self.at, Event.HEARD))
                self._time_out_after(step.within_s)
            case AwaitAnswer() | AwaitCue() | AwaitRelease():
                self._time_out_after(step.within_s)
            case Rest(seconds=seconds):
                self._time_out_after(seconds)
            case Key():
                takes_s = self.circuit.key(step, partial(self._done, self.at, Event.KEYED))
                self._time_out_after(takes_s + SPARE_S)
            case Talk():
                takes_s = self.circuit.say(step, partial(self._done, self.at, Event.SAID))
                self._time_out_after(takes_s + SPARE_S)
            case HangUp(cause=cause):
                self.release(cause)

    def _use_cue(self) -> None:
        self._cues -= 1
        self._feed(Event.CUED)

    def _time_out_after(self, seconds: float) -> None:
        self._wait(seconds, partial(self._feed, Event.TIMED_OUT))

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._timer = self._loop.call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.circuit.stop_listening()

    # The D-channel.

    def is_proceeding(self, *, inband: bool) -> None:
        """CALL PROCEEDING came."""
        self.proceeding = self._media.now()
        if inband:
            self.is_sounding()

    def is_sounding(self) -> None:
        """It was said that there is sound before the answer: progress indicator 8."""
        self.sounding = self.sounding or self._media.now()

    def is_alerting(self) -> None:
        """ALERTING came."""
        self.alerting = self._media.now()

    def is_connected(self) -> None:
        """CONNECT came."""
        self.answered = self._media.now()
        self._feed(Event.ANSWERED)

    def is_disconnected(self, cause: int) -> None:
        """DISCONNECT came: the peer let go, or both did at once (Q.931 §5.3.5); RELEASE is the answer to either."""
        self._note_release(cause, ReleasedBy.PEER)
        self._let_go(cause)
        self._feed(Event.RELEASED)

    def release(self, cause: int) -> None:
        """Clear from this side."""
        if self._released is None:
            self._note_release(cause, ReleasedBy.US)
            self._let_go(cause)

    def is_cleared(self, cause: int, *, by_peer: bool) -> None:
        """The call reference is gone: the last word, or the only one if the peer refused or the link gave up."""
        self._note_release(cause, ReleasedBy.PEER if by_peer else ReleasedBy.FAULT)
        self._stop_waiting()
        self._feed(Event.RELEASED)
        self._close_circuit()
        self._cleared = self._media.now()
        self._end()

    def _note_release(self, cause: int, by: ReleasedBy) -> None:
        if self._released is None:
            self._released = (self._media.now(), cause, by)

    def _let_go(self, cause: int) -> None:
        self._stop_waiting()
        self._close_circuit()
        try:
            self._d_channel.link.release(self.number, cause)
        except CallGoneError:
            log.debug("exchange.release.late", call=self.number)  # its CallCleared stands in the queue
        self._d_channel.settle()

    def _close_circuit(self) -> None:
        if not self._closing:
            self._closing = True
            self.circuit.close()

    def _circuit_closed(self) -> None:
        self._closed = True
        self._end()

    def _end(self) -> None:
        if self._cleared is None or self._released is None or not self._closed or self._over.done():
            return
        released, cause, by = self._released
        self._over.set_result(
            CallResult(
                direction=self.party.direction,
                dialled=self.party.dialled,
                clid=self.party.clid,
                timeslot=self.party.timeslot,
                began=self._began,
                proceeding=self.proceeding,
                sounding=self.sounding,
                alerting=self.alerting,
                answered=self.answered,
                released=released,
                cleared=self._cleared,
                cause=cause,
                by=by,
                unmet=self._position.unmet if self._position is not None else None,
                heard=self.circuit.heard(),
                said=tuple(self.circuit.said),
                digits=self.circuit.digits,
            )
        )

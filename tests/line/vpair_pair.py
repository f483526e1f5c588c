# SPDX-License-Identifier: GPL-2.0-only
"""Two spans of line workers on one engine whose spans 0 and 1 (a second pair: 2 and 3) are joined by vpair.

Time is virtual. Frames are HDLC in timeslot 16, of a T1 in 24; layer 1 fails as it does on a cable.
"""

from collections.abc import Callable, Sequence

from appliance.line.channels import Order
from appliance.media.engine import Engine
from appliance.media.events import Client, EngineEvent, FrameReceived, SpanAlarmChanged
from appliance.media.events import Profile as Sound
from appliance.signalling.pri.link import Link, Profile, Side
from drivers.model import D_CHANNELS, TIMESLOTS, DigitalLine
from drivers.vpair import VpairDriver, VpairSettings
from tests.line.span_pair import TIMERS, Board, End
from tests.media.virtual import VirtualEngine
from tests.signalling.pri.pair import Pair

TICK_S = 0.005


class EngineBoard(Board):
    """A board that has an engine below it."""

    def __init__(self, now: Callable[[], float], span: int, engine: Engine) -> None:
        super().__init__(now, span)
        self._engine = engine

    def open_timeslot(self, port: int) -> None:
        self._engine.open_timeslot(port)
        super().open_timeslot(port)

    def set_profile(self, port: int, profile: Sound, echo_tail_ms: int = 0) -> None:
        self._engine.set_profile(port, profile, echo_tail_ms)
        super().set_profile(port, profile, echo_tail_ms)

    def close_port(self, port: int) -> None:
        self._engine.close_port(port)
        super().close_port(port)

    def send_frame(self, span: int, frame: bytes) -> None:
        self._engine.send_frame(span, frame)


class VpairPair(Pair[End]):
    """`net` on span 0, `user` on span 1; in service. Time passes for a pair and the one `beside` it, by either."""

    def __init__(
        self, host: VirtualEngine, profile: Profile, kind: DigitalLine = "e1", beside: "VpairPair | None" = None
    ) -> None:
        super().__init__()
        self._first = 2 if beside else 0
        self._pairs = [self, beside] if beside else [self]
        self._kind: DigitalLine = kind
        self._host = host
        self._engine = host.engine(Client.LINE1)
        self._driver = VpairDriver(self._engine)
        self._later: list[Callable[[], None]] = []
        self._cable("none")
        self.net, self.user = (
            self._end(side, n, profile) for n, side in enumerate((Side.NETWORK, Side.USER), self._first)
        )
        self.start()
        self.pass_s(10.0)
        assert self.net.idle() == self.user.idle() == len(TIMESLOTS[kind]) - 1

    def pass_s(self, seconds: float) -> None:
        """Tick by tick."""
        for _ in range(max(1, round(seconds / TICK_S))):
            self._host.tick()
            events = self._engine.take_events()
            for pair in self._pairs:
                pair.live(events)

    def live(self, events: Sequence[EngineEvent]) -> None:
        """A tick has passed, with these events."""
        self.now += TICK_S
        self._take(events)
        for side in Side:
            end = self.link(side)
            due = end.due()
            if due is not None and due <= self.now:
                end.run()
            self.heard[side] += end.take_events()
        later, self._later = self._later, []
        for flush in later:
            flush()

    def lose_layer_1(self, seconds: float) -> None:
        """The cable's clock stands still for so long."""
        self._cable("clock_stopped")
        self.pass_s(seconds)
        self._cable("none")
        self.pass_s(3.0)

    def _end(self, side: Side, span: int, profile: Profile) -> End:
        board = EngineBoard(lambda: self.now, span, self._engine)
        link = Link(side, TIMERS, profile, clock=lambda: self.now)
        return End(
            link,
            board,
            Order.ASCENDING,
            later=lambda _seconds, flush: self._later.append(flush),
            kind=self._kind,
        )

    def _cable(self, fault: str) -> None:
        for span in (self._first, self._first + 1):
            settings = VpairSettings(partner=span ^ 1, fault=fault, line=self._kind)  # type: ignore[arg-type]
            self._driver.configure(span, settings, D_CHANNELS[self._kind])

    def _take(self, events: Sequence[EngineEvent]) -> None:
        ends = {self._first: self.net, self._first + 1: self.user}
        for event in events:
            match event:
                case FrameReceived(span=span, frame=frame) if span in ends:
                    ends[span].receive(frame)
                case SpanAlarmChanged(span=span, alarms=alarms) if span in ends:
                    ends[span].span.alarm(alarms)

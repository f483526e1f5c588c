# SPDX-License-Identifier: GPL-2.0-only
"""Two spans of line workers back to back in virtual time, each with a board instead of an engine.

What they tell is in `heard`, as with two bare links (tests/signalling/pri/pair.py).
"""

import itertools
from collections.abc import Callable, Collection
from typing import cast

from appliance.line.channels import Order
from appliance.line.span import PriLine, PriSpan
from appliance.line.switch import Switch, TrunkPlan
from appliance.media.events import CallerStandard, SignalKind
from appliance.media.events import Profile as Sound
from appliance.signalling.pri.interface import Interface
from appliance.signalling.pri.link import Link, Profile, Side, Timers
from appliance.wire.envelope import Body
from appliance.wire.legs import PlaceLeg
from appliance.wire.spans import ChannelState
from drivers.model import D_CHANNELS, TIMESLOTS, Alarm, DigitalLine
from tests.line.fake_engine import Mute
from tests.signalling.pri.by_hand import ByHand
from tests.signalling.pri.pair import Pair
from tests.signalling.pri.wire import TROUBLES, Trouble

TIMERS = Timers(t309_s=6.0, t316_s=5.0)


class Board(Mute):
    """The part of an engine that a line needs: each port is opened once, and closed."""

    def __init__(self, now: Callable[[], float], span: int = 0) -> None:
        self.span = span
        self.open: set[int] = set()
        self.frames: list[bytes] = []
        self._now = now

    @property
    def samples(self) -> int:
        return round(self._now() * 8000)

    def open_timeslot(self, port: int) -> None:
        assert port not in self.open, f"port {port} is open"
        self.open.add(port)

    def set_profile(self, port: int, profile: Sound, echo_tail_ms: int = 0) -> None:
        assert port in self.open, (profile, echo_tail_ms)

    def set_gain(self, port: int, rx_db: float, tx_db: float) -> None:
        raise AssertionError((port, rx_db, tx_db))

    def set_dtmf(self, port: int, administration: str, non_operate_dbm0: float | None = None) -> None:
        raise AssertionError((port, administration, non_operate_dbm0))

    def close_port(self, port: int) -> None:
        self.open.discard(port)

    def send_frame(self, span: int, frame: bytes) -> None:
        assert span == self.span
        self.frames.append(frame)

    def set_bits(self, port: int, abcd: int) -> None:
        raise AssertionError((port, abcd))

    def hear_signals(
        self,
        port: int,
        kinds: Collection[SignalKind],
        zone: str = "cn",
        caller: CallerStandard | None = None,
        *,
        sound: bool = False,
        echo: bool = False,
        gated: bool = False,
    ) -> None:
        raise AssertionError((port, kinds, zone, caller, sound, echo, gated))

    def send_signal(self, port: int, kind: SignalKind, signal: int) -> None:
        raise AssertionError((port, kind, signal))


class End:
    """A span with its board, in the shape of a link."""

    def __init__(
        self,
        link: Link | Interface,
        board: Board,
        order: Order,
        dnis_digits: int = 0,
        d_channel: int | None = None,
        later: Callable[[float, Callable[[], None]], object] = lambda _seconds, _flush: None,
        kind: DigitalLine = "e1",
    ) -> None:
        self.board = board
        self._told: list[Body] = []
        legs = itertools.count(1)
        name = link.side.name.lower()
        line = PriLine(
            board.span,
            name,
            D_CHANNELS[kind] if d_channel is None else d_channel,
            link,
            TrunkPlan(),
            order,
            dnis_digits=dnis_digits,
            timeslots=TIMESLOTS[kind],
        )
        switch = Switch(board, later)
        self.span = PriSpan(line, switch, lambda: f"{name}-{next(legs)}", self._told.append, lambda _: None)
        self.span.begin()

    @property
    def established(self) -> bool:
        return self.span.link.established

    @property
    def bare(self) -> Link:
        """Its link, of no group."""
        assert isinstance(self.span.link, Link)
        return self.span.link

    def place(self, leg: str, to: str = "10086", clid: str | None = "8001", *, complete: bool = True) -> bool:
        """A call out."""
        return self.span.place(PlaceLeg(leg=leg, to=to, contact=f"contact-{leg}", clid=clid, complete=complete))

    def idle(self) -> int:
        """How many channels are idle."""
        return sum(state is ChannelState.IDLE for state in self.span.channels.states().values())

    def receive(self, frame: bytes) -> None:
        self.span.frame(frame)

    def run(self) -> None:
        self.span.run()

    def due(self) -> float | None:
        return self.span.link.due()

    def take_frames(self) -> list[bytes]:
        self.span.catch_up()
        frames, self.board.frames = self.board.frames, []
        return frames

    def take_events(self) -> list[Body]:
        told = self._told.copy()
        self._told.clear()
        return told

    def deactivate(self) -> None:
        """RED."""
        self.span.alarm(Alarm.LOS | Alarm.RED)

    def activate(self) -> None:
        """Its end."""
        self.span.alarm(Alarm.NONE)


class Wire:
    """A span as a peer by hand meets it."""

    def __init__(self, end: End) -> None:
        self.side = end.bare.side
        self.receive = end.receive
        self.take_frames = end.take_frames


def by_hand(end: End) -> ByHand:
    """A peer for a span, instead of its own."""
    return ByHand(cast("Link", Wire(end)))


class SpanPair(Pair[End]):
    """`net` and `user` are Ends; in service, every channel restarted by both sides."""

    def __init__(
        self,
        profile: Profile = Profile.EUROISDN,
        trouble: Trouble = TROUBLES["clean"],
        seed: str = "",
        *,
        user: Order = Order.DESCENDING,
        net: Order = Order.ASCENDING,
        dnis_digits: int = 0,
        net_digits: int = 0,
    ) -> None:
        super().__init__(trouble, seed)
        ends = {side: Link(side, TIMERS, profile, clock=lambda: self.now) for side in Side}
        self.net = End(ends[Side.NETWORK], Board(lambda: self.now), net, net_digits)
        self.user = End(ends[Side.USER], Board(lambda: self.now), user, dnis_digits)
        self.start()
        self.pass_s(10.0)
        assert self.net.idle() == self.user.idle() == 30

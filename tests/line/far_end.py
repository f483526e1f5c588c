# SPDX-License-Identifier: GPL-2.0-only
"""The far end of one PRI for the line worker's tests: a bare exchange, or a PBX, that answers by hand.

`Carrier` is what lies between: FakeEngine's own wire, or a real engine with CESoPSN. The exchange keeps every call it
ever had; `holds` says how many are not cleared.
"""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol, TypeVar

from appliance.signalling.pri import events as pri
from appliance.signalling.pri.link import Link, Profile, Setup, Side, Timers
from appliance.wire.legs import Location
from drivers.model import D_CHANNELS, TIMESLOTS, DigitalLine

PATIENCE_S = 10.0
BEARERS = set(TIMESLOTS["e1"]) - {D_CHANNELS["e1"]}
NOTES: dict[type[pri.Event], str] = {
    pri.ProceedingReceived: "proceeding",
    pri.ProgressReceived: "progress",
    pri.AlertingReceived: "alerting",
    pri.ConnectReceived: "answered",
}
T = TypeVar("T")


class Carrier(Protocol):
    """Carries the exchange's frames to the worker."""

    def send(self, frame: bytes) -> None:
        """One frame to the worker's side."""


class NetworkCall:
    """One call at the exchange; conformance.FarCall."""

    def __init__(self, exchange: "Network", number: pri.CallNumber, channel: int | None) -> None:
        self.channel = channel
        self.dnis = ""
        self.setup: pri.SetupReceived | None = None
        self.cause: int | None = None
        self.number = number
        self.location: Location | None = None
        self._exchange = exchange
        self._heard: set[str] = set()
        self._news = asyncio.Event()

    async def proceed(self) -> None:
        """CALL PROCEEDING."""
        self._exchange.do(lambda link: link.proceeding(self.number))

    async def alert(self, *, inband: bool = False) -> None:
        """ALERTING."""
        self._exchange.do(lambda link: link.alerting(self.number, inband=inband))

    async def answer(self) -> None:
        """CONNECT."""
        self._exchange.do(lambda link: link.answer(self.number))

    async def release(self, cause: int = 16, made_at: Location | None = None) -> None:
        """Clear."""
        if "released" not in self._heard:
            self._exchange.do(lambda link: link.release(self.number, cause, made_at))

    async def hears(self, what: str) -> int | None:
        """Wait for it."""
        async with asyncio.timeout(PATIENCE_S):
            while what not in self._heard:
                self._news.clear()
                await self._news.wait()
        return self.cause

    def let_go(self, cause: int, location: Location | None) -> None:
        """The first cause counts."""
        if self.cause is None:
            self.cause, self.location = cause, location

    def note(self, what: str) -> None:
        """It was heard."""
        self._heard.add(what)
        self._news.set()

    def heard(self, what: str) -> bool:
        """Whether it was."""
        return what in self._heard


class Network:
    """The exchange; conformance.FarEnd once it knows the worker's socket."""

    number = "10086"
    rings_in_band = False

    def __init__(
        self,
        timers: Timers,
        carrier: Callable[["Network"], Carrier],
        kind: DigitalLine = "e1",
        profile: Profile = Profile.EUROISDN,
        side: Side = Side.NETWORK,
        link: Link | None = None,
    ) -> None:
        self.bearers = set(TIMESLOTS[kind]) - {D_CHANNELS[kind]}
        self.socket = Path()
        self.orphans_s = 0.0
        self.up = asyncio.Event()
        self.restarted: list[int | None] = []
        self._restart_heard = asyncio.Event()
        self.calls: dict[pri.CallNumber, NetworkCall] = {}
        self.link = link or Link(side, timers, profile)
        self._offered: asyncio.Queue[NetworkCall] = asyncio.Queue()
        self._carrier = carrier(self)
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0
        self.do(lambda _: None)

    @property
    def holds(self) -> int:
        """Calls that are not cleared."""
        return sum(not call.heard("released") for call in self.calls.values())

    async def call(self, dnis: str, clid: str | None, channel: int | None = None, **more: Any) -> NetworkCall:
        """SETUP on the next channel from the bottom, round and round, or on `channel`."""
        busy = {call.channel for call in self.calls.values() if not call.heard("released")}
        while channel is None:
            self._next = self._next % 31 + 1
            channel = self._next if self._next in self.bearers - busy else None
        setup = Setup(channel, dnis, clid, **more)
        number = self.do(lambda link: link.setup(setup))
        return self.calls.setdefault(number, NetworkCall(self, number, channel))

    async def every_channel_restarted(self, channels: Collection[int] = ()) -> None:
        """Wait until the box has restarted all of them, or these."""
        wanted = set(channels) or self.bearers
        async with asyncio.timeout(2 * PATIENCE_S):
            while not wanted.issubset(self.restarted):
                self._restart_heard.clear()
                await self._restart_heard.wait()

    async def called(self) -> NetworkCall:
        """The box calls."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._offered.get()

    def receive(self, frame: bytes) -> None:
        """A frame from the worker."""
        self.do(lambda link: link.receive(frame))

    def do(self, what: Callable[[Link], T]) -> T:
        """Anything with the link, then what follows from it."""
        done = what(self.link)
        self._settle()
        return done

    def close(self) -> None:
        """Stop the clock."""
        if self._timer is not None:
            self._timer.cancel()

    def _settle(self) -> None:
        while happened := self.link.take_events():
            for event in happened:
                self._happened(event)
        for frame in self.link.take_frames():
            self._carrier.send(frame)
        if self._timer is not None:
            self._timer.cancel()
        due = self.link.due()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self.do, Link.run)

    def _happened(self, event: pri.Event) -> None:
        match event:
            case pri.LinkEstablished():
                self.up.set()
            case pri.LinkReleased():
                self.up.clear()
            case pri.RestartReceived(channel=channel):
                self.restarted.append(channel)
                self._restart_heard.set()
            case pri.SetupReceived() | pri.DigitsReceived():
                self._dialled(event)
            case pri.ProceedingReceived() | pri.ProgressReceived() | pri.AlertingReceived() | pri.ConnectReceived():
                self._noted(event)
            case pri.DisconnectReceived(call=number, cause=cause, location=location):
                self.calls[number].let_go(cause, location)
                self.link.release(number, cause)
            case pri.CallCleared(call=number, cause=cause, location=location):
                self.calls[number].let_go(cause, location)
                self.calls[number].note("released")

    def _noted(
        self, event: pri.ProceedingReceived | pri.ProgressReceived | pri.AlertingReceived | pri.ConnectReceived
    ) -> None:
        call = self.calls[event.call]
        call.note(NOTES[type(event)])
        if isinstance(event, pri.AlertingReceived) and event.inband:
            call.note("alerting in band")

    def _dialled(self, event: pri.SetupReceived | pri.DigitsReceived) -> None:
        if isinstance(event, pri.SetupReceived):
            call = self.calls[event.call] = NetworkCall(self, event.call, event.channel)
            call.setup = event
            self._offered.put_nowait(call)
        self.calls[event.call].dnis += event.dnis if isinstance(event, pri.SetupReceived) else event.digits

# SPDX-License-Identifier: GPL-2.0-only
"""The exchange at the far end of the branch's E1 or T1: network side, master clock, B-channels, robots on its lines.

    exchange = Exchange(ExchangeSettings(local=("127.0.0.1", 9001), remote=("127.0.0.1", 9101)))
    await exchange.start(); await exchange.in_service()
    result = await exchange.call("95588", "02512345678", script)   # or place(), to cue and hang up in between
    exchange.answer("10086", Answerer(...))                        # who answers what the branch dials
    await exchange.close()

It has a media engine of its own, in a thread; all else runs in the caller's event loop.
"""

import asyncio
import math
import socket
import time
from collections.abc import Iterable

import msgspec
import structlog

from appliance.media.events import Client, EngineStatus
from appliance.media.host import start_thread
from appliance.signalling.pri import events
from appliance.signalling.pri.link import Link, Profile, Setup, Side, Timers
from appliance.simulator.call import Call, Party
from appliance.simulator.caller import Answerer, Script, Talk
from appliance.simulator.channels import Channels, bearers
from appliance.simulator.dchannel import DChannel
from appliance.simulator.media import Media
from appliance.simulator.result import CallResult
from appliance.wire.legs import Direction
from drivers.cesopsn.driver import CesopsnDriver, CesopsnSettings
from drivers.model import D_CHANNELS, DigitalLine, SpanStatus, Timeslot

SPAN = 0
UNALLOCATED, CHANNEL_UNAVAILABLE = 1, 44  # Q.850
_RTP_BASE = 65_024 - 2 * 256  # the exchange has no RTP port open; the segment wants to know all the same
_RECENT = 1000
Address = tuple[str, int]

log = structlog.get_logger()


class NotInServiceError(Exception):
    """The D-channel carries no messages."""


class ExchangeSettings(msgspec.Struct, frozen=True):
    """The E1 or T1. `remote` is the branch's end, or a relay's door."""

    local: Address
    remote: Address
    frames_per_packet: int = 8
    rtp_header: bool = False
    jitter_ms: int = 10
    trim_ppm: float = 0.0
    """The exchange's clock runs off by so much."""
    line: DigitalLine = "e1"
    profile: Profile = Profile.EUROISDN
    t309_s: float = 6.0
    settling_s: float = 1.1
    """Time after the link's establishment before the first SETUP. The far end may have asked for the link at the same
    moment and repeat that after T200 (1 s); what it gets before is lost with the first link (Q.921 §5.8.2)."""

    def span(self, remote: Address) -> CesopsnSettings:
        """The driver's settings, towards `remote`."""
        return CesopsnSettings(
            self.local,
            remote,
            self.frames_per_packet,
            self.rtp_header,
            "local",
            self.trim_ppm,
            self.jitter_ms,
            line=self.line,
        )


class Exchange:
    """One line's far end. Everything is called from one event loop."""

    def __init__(self, settings: ExchangeSettings) -> None:
        self.answered: asyncio.Queue[CallResult] = asyncio.Queue(_RECENT)
        """Results of calls that the branch placed; the oldest is dropped if nobody takes them."""
        self._settings = settings
        self._answerers: dict[str, Answerer] = {}
        self._host = start_thread(_RTP_BASE)
        self._line = self._host.engine(Client.LINE1)
        self._driver = CesopsnDriver(self._line)
        self._media = Media(self._host)
        link = Link(Side.NETWORK, Timers(t309_s=settings.t309_s), settings.profile)
        self._d_channel = DChannel(self._line, SPAN, link, self._take)
        self._bearers = bearers(settings.line)
        self._channels = Channels(self._bearers)
        self._calls: dict[events.CallNumber, Call] = {}
        self._restarting: set[int] = set()
        self._changed = asyncio.Event()
        self._ready_at = math.inf
        self._nowhere: socket.socket | None = None
        self._results: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the span and start sending."""
        self._driver.configure(SPAN, self._settings.span(self._settings.remote), D_CHANNELS[self._settings.line])
        self._media.start()
        self._d_channel.start()

    async def close(self) -> None:
        """Stop sending, as a power cut would; calls get no result."""
        for task in tuple(self._results):
            task.cancel()
        self._d_channel.stop()
        self._media.stop()
        self._close_nowhere()
        self._host.close()

    async def in_service(self, within_s: float | None = 5.0) -> None:
        """Wait until calls can be placed; None: as long as it takes. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not self.ready:
                if self.established:
                    await asyncio.sleep(self._ready_at - time.monotonic())
                else:
                    await self._change()

    async def restart(self, within_s: float | None = 30.0) -> None:
        """Make all B-channels idle on both sides (Q.931 §5.5): after an exchange's own restart. Raises TimeoutError."""
        self._restarting = set(self._bearers)
        self._d_channel.link.restart(self._bearers)
        self._d_channel.settle()
        async with asyncio.timeout(within_s):
            while self._restarting:
                await self._change()

    # Calls.

    async def call(self, dialled: str, clid: str | None, script: Script) -> CallResult:
        """Call the branch and wait for the end. Raises as `place` does."""
        return await self.place(dialled, clid, script).result()

    def place(self, dialled: str, clid: str | None, script: Script) -> Call:
        """Call the branch.

        Raises:
            NotInServiceError: the D-channel is down.
            NoChannelError: all are taken.
            ValueError: a number that Q.931 cannot carry.
            OSError, SoundFormatError, ArenaFullError: a sound of the script cannot be loaded.
        """
        if not self.ready:
            raise NotInServiceError("the D-channel is down, or has only just come up")
        self._load(script)
        timeslot = self._channels.seize()
        try:
            mu_law = self._settings.line == "t1"
            number = self._d_channel.link.setup(Setup(timeslot, dialled, clid, verified=True, mu_law=mu_law))
        except ValueError:
            self._channels.free(timeslot)
            raise
        call = self._add(number, Party(Direction.INCOMING, dialled, clid, timeslot, _port(timeslot)), script)
        self._d_channel.settle()
        call.begin()
        return call

    def answer(self, number: str, answerer: Answerer) -> None:
        """Let a robot answer a number that the branch dials; others are refused with cause 1. Raises as above."""
        self._load(answerer.script)
        self._answerers[number] = answerer

    def busy_channels(self) -> tuple[int, ...]:
        """Timeslots with a call."""
        return self._channels.busy()

    def calls(self) -> tuple[Call, ...]:
        """Calls that are not cleared."""
        return tuple(self._calls.values())

    async def all_cleared(self, within_s: float = 5.0) -> None:
        """Wait until no channel is busy. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while self.busy_channels():
                await self._change()

    def clear_all(self, cause: int = 16) -> None:
        """Clear every call."""
        for call in self.calls():
            call.hang_up(cause)

    # The line.

    @property
    def established(self) -> bool:
        """Whether the D-channel is up."""
        return self._d_channel.link.established

    @property
    def ready(self) -> bool:
        """Whether the D-channel is up and has settled."""
        return self.established and time.monotonic() >= self._ready_at

    def span_status(self) -> SpanStatus:
        """Alarms, counters, buffer and clock of this end; counters begin anew with `cut` and `restore`."""
        return self._driver.status(SPAN)

    def engine_status(self) -> EngineStatus:
        """Clock, late ticks and processor time of this end's engine."""
        return self._line.status()

    def loop(self, timeslots: Iterable[int]) -> None:
        """Send back what comes in timeslots without a call, for the branch's line test; a call takes its own."""
        for port in map(_port, timeslots):
            self._line.open_timeslot(port)
            self._line.listen(port, port)

    def cut(self) -> None:
        """Cut the line both ways: our packets go to a port where nobody reads, the branch's come from a stranger."""
        if self._nowhere is None:
            self._nowhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._nowhere.bind((self._settings.local[0], 0))
            host, port = self._nowhere.getsockname()
            self._driver.configure(SPAN, self._settings.span((host, port)), D_CHANNELS[self._settings.line])

    def restore(self) -> None:
        """Mend it."""
        if self._close_nowhere():
            self._driver.configure(SPAN, self._settings.span(self._settings.remote), D_CHANNELS[self._settings.line])
            self._d_channel.activate()  # the span begins without RED; if nothing comes, RED is back in 500 ms

    # Within.

    def _close_nowhere(self) -> bool:
        if self._nowhere is None:
            return False
        self._nowhere.close()
        self._nowhere = None
        return True

    def _load(self, script: Script) -> None:
        for step in script.steps:
            for path in step.sounds if isinstance(step, Talk) else ():
                self._media.load(path)

    def _add(self, number: events.CallNumber, party: Party, script: Script) -> Call:
        call = Call(number, party, script, self._media, self._d_channel)
        self._calls[number] = call
        return call

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _take(self, event: events.Event) -> None:
        match event:
            case events.SetupReceived():
                self._be_called(event)
            case events.CallCleared():
                self._cleared(event)
            case events.RestartAcknowledged(channel=channel) | events.RestartFailed(channel=channel):
                self._restarting.discard(channel)
            case events.LinkEstablished() | events.LinkReleased():
                self._ready_at = time.monotonic() + self._settings.settling_s
                log.info("exchange.link.changed", established=self.established)
            case events.RestartReceived(channel=channel):
                log.info("exchange.restart.received", timeslot=channel)
            case _:
                self._take_of_call(event)
        self._changed.set()

    def _take_of_call(self, event: events.Event) -> None:
        number = getattr(event, "call", None)
        call = self._calls.get(number) if number is not None else None
        if call is None:
            return
        match event:
            case events.ProgressReceived(inband=True):
                call.is_sounding()
            case events.ProceedingReceived(inband=inband):
                call.is_proceeding(inband=inband)
            case events.AlertingReceived():
                call.is_alerting()
            case events.ConnectReceived():
                call.is_connected()
            case events.DisconnectReceived(cause=cause):
                call.is_disconnected(cause)

    def _cleared(self, cleared: events.CallCleared) -> None:
        call = self._calls.pop(cleared.call, None)
        if call is not None:
            call.is_cleared(cleared.cause, by_peer=cleared.by_peer)
            self._channels.free(call.party.timeslot)

    def _be_called(self, setup: events.SetupReceived) -> None:
        plan = self._answerers.get(setup.dnis, Answerer(refuse=UNALLOCATED))
        if setup.channel not in self._bearers or setup.channel in self.busy_channels():
            log.warning("exchange.setup.refused", timeslot=setup.channel, cause=CHANNEL_UNAVAILABLE)
            self._d_channel.link.release(setup.call, CHANNEL_UNAVAILABLE)
            return
        self._channels.take(setup.channel)
        party = Party(Direction.OUTGOING, setup.dnis, setup.clid, setup.channel, _port(setup.channel))
        call = self._add(setup.call, party, plan.script)
        call.follow(plan)
        task = asyncio.get_running_loop().create_task(self._keep_result(call))
        self._results.add(task)
        task.add_done_callback(self._results.discard)

    async def _keep_result(self, call: Call) -> None:
        result = await call.result()
        if self.answered.full():
            self.answered.get_nowait()
        self.answered.put_nowait(result)


def _port(timeslot: int) -> int:
    return Timeslot(SPAN, timeslot).port

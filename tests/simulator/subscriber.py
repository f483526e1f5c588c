# SPDX-License-Identifier: GPL-2.0-only
"""A bare subscriber on the user side of an E1: libpri and a media engine, none of the exchange's own code above them.

By the called number: it answers and echoes what it is told to say, or refuses with the cause that the number ends in.
"""

import asyncio
import time
from collections.abc import Callable

from appliance.media.arena import SoundArena
from appliance.media.engine import Engine
from appliance.media.events import (
    Client,
    DigitDetected,
    EngineEvent,
    EngineStatus,
    FrameReceived,
    RecordingEnded,
    SpanAlarmChanged,
    TapSound,
)
from appliance.media.host import start_thread
from appliance.signalling.pri import events
from appliance.signalling.pri.link import Link, Setup, Side, Timers
from drivers.cesopsn.driver import CesopsnSettings
from drivers.model import Alarm

ANSWERED, RINGING, SILENT = "95588", "95599", "95500"
REFUSED = "404"
"""Prefix of numbers that end in the cause of refusal: 40417, 40401."""

Address = tuple[str, int]


class Subscriber:
    """The other end of the exchange's line."""

    def __init__(self, local: Address, remote: Address, t309_s: float = 6.0) -> None:
        self.log: list[events.Event] = []
        self.digits: dict[int, str] = {}
        self.heard: dict[int, bytearray] = {}
        self.says: bytes | None = None
        self.clears_after_s: float | None = None
        self.alarms: list[Alarm] = []
        self._host = start_thread(60_000)
        self._engines = {client: self._host.engine(client) for client in (Client.LINE1, Client.CALL)}
        self._taps = self._host.engine(Client.RECORDER)
        self._arena = SoundArena(self._host.segment_fd)
        self._link = Link(Side.USER, Timers(t309_s=t309_s))
        self._ports: dict[int, int] = {}
        self._line.open_span(0, CesopsnSettings(local, remote, clock="recovered"), 16)
        self._loop = asyncio.get_running_loop()
        self._tasks = [self._loop.create_task(work()) for work in (self._lines, self._calls, self._timers)]

    @property
    def _line(self) -> Engine:
        return self._engines[Client.LINE1]

    @property
    def _call(self) -> Engine:
        return self._engines[Client.CALL]

    @property
    def established(self) -> bool:
        return self._link.established

    def engine_status(self) -> EngineStatus:
        """The engine's own health."""
        return self._line.status()

    def active(self) -> int:
        """Timeslots in use."""
        return len(self._ports)

    def dial(self, timeslot: int, dnis: str, clid: str) -> events.CallNumber:
        call = self._link.setup(Setup(timeslot, dnis, clid))
        self._open(call, timeslot)
        self._pump()
        return call

    def release(self, call: events.CallNumber, cause: int) -> None:
        self._close(call)
        self._link.release(call, cause)
        self._pump()

    def release_all(self, cause: int) -> None:
        for call in tuple(self._ports):
            self.release(events.CallNumber(call), cause)

    def key(self, timeslot: int, digits: str) -> None:
        self._call.send_digits(timeslot, 999, digits)

    def causes(self, kind: type[events.DisconnectReceived] | type[events.CallCleared]) -> list[int]:
        return [event.cause for event in self.log if isinstance(event, kind)]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._host.close()

    async def _lines(self) -> None:
        while True:
            for event in await self._line.events():
                if isinstance(event, FrameReceived):
                    self._link.receive(event.frame)
                elif isinstance(event, SpanAlarmChanged):
                    self.alarms.append(event.alarms)
                    change: Callable[[], None] = (
                        self._link.deactivate if Alarm.RED in event.alarms else self._link.activate
                    )
                    change()
                self._pump()

    async def _calls(self) -> None:
        while True:
            for event in await self._call.events():
                self._take_sound(event)

    async def _timers(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            due = self._link.due()
            if due is not None and due <= time.monotonic():
                self._link.run()
            self._pump()
            self._take_taps()

    def _take_sound(self, event: EngineEvent) -> None:
        if isinstance(event, DigitDetected):
            self.digits[event.port] = self.digits.get(event.port, "") + event.digit
        elif isinstance(event, RecordingEnded):
            self._take_taps()

    def _take_taps(self) -> None:
        for tap in self._taps.take_taps():
            if isinstance(tap, TapSound):
                self.heard.setdefault(tap.recording_id, bytearray()).extend(tap.left)

    def _pump(self) -> None:
        while True:
            frames, happened = self._link.take_frames(), self._link.take_events()
            if not frames and not happened:
                return
            for frame in frames:
                self._line.send_frame(0, frame)
            for event in happened:
                self.log.append(event)
                self._take(event)

    def _take(self, event: events.Event) -> None:
        match event:
            case events.SetupReceived():
                self._be_called(event)
            case events.DisconnectReceived(call=call, cause=cause):
                self._close(call)
                self._link.release(call, cause)
            case events.CallCleared(call=call):
                self._close(call)

    def _be_called(self, setup: events.SetupReceived) -> None:
        assert setup.channel is not None
        if setup.dnis.startswith(REFUSED):
            self._link.release(setup.call, int(setup.dnis[-2:]))
            return
        self._open(setup.call, setup.channel)
        self._link.proceeding(setup.call)
        if setup.dnis == SILENT:
            return
        self._link.alerting(setup.call)
        if setup.dnis == RINGING:
            return
        self._link.answer(setup.call)
        self._speak(setup.channel)
        if self.clears_after_s is not None:
            self._loop.call_later(self.clears_after_s, self.release, setup.call, 31)

    def _speak(self, port: int) -> None:
        if self.says is not None:
            self._call.play(port, 1, [self._arena.add_alaw(self.says)])

    def _open(self, call: events.CallNumber, port: int) -> None:
        self._ports[call] = port
        self._call.open_timeslot(port)
        self._call.record(call, port, port, 0)

    def _close(self, call: events.CallNumber) -> None:
        port = self._ports.pop(call, None)
        if port is not None:
            self._call.close_port(port)

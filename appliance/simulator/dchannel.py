# SPDX-License-Identifier: GPL-2.0-only
"""The D-channel at work: frames between the engine and a PRI link, its timers, its events in order.

Layer 1 follows the span's RED alarm: RED deactivates the link (T309 begins, Q.931 §5.8.9), its end activates it.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from appliance.media.engine import Engine, EngineBusyError
from appliance.media.events import CommandRefused, FrameReceived, SpanAlarmChanged
from appliance.signalling.pri.events import Event
from appliance.signalling.pri.link import Link
from drivers.model import Alarm

log = structlog.get_logger()


class DChannel:
    """One link on one span. After any command to `link` call `settle`."""

    def __init__(self, engine: Engine, span: int, link: Link, take: Callable[[Event], None]) -> None:
        self.link = link
        self._engine = engine
        self._span = span
        self._take = take
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._settling = False

    def start(self) -> None:
        """Work in the running loop from now on."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._engine.event_fd, self._take_engine_events)
        self.settle()

    def stop(self) -> None:
        """Neither send nor hear any more."""
        if self._loop is not None:
            self._loop.remove_reader(self._engine.event_fd)
        if self._timer is not None:
            self._timer.cancel()
        self._loop = self._timer = None

    def activate(self) -> None:
        """Layer 1 is there."""
        self.link.activate()
        self.settle()

    def settle(self) -> None:
        """Send what the link wants sent, tell what it tells, set its next timer. May be called from within an event."""
        if self._settling or self._loop is None:
            return
        self._settling = True
        try:
            self._settle_all()
        finally:
            self._settling = False
        self._set_timer(self._loop)

    def _settle_all(self) -> None:
        while True:
            frames, events = self.link.take_frames(), self.link.take_events()
            if not frames and not events:
                return
            for frame in frames:
                self._send(frame)
            for event in events:
                self._take(event)

    def _send(self, frame: bytes) -> None:
        try:
            self._engine.send_frame(self._span, frame)
        except EngineBusyError:
            log.warning("exchange.frame.dropped", span=self._span + 1)  # LAPD sends it again after T200

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self.link.due()
        self._timer = None if due is None else loop.call_later(max(0.0, due - time.monotonic()), self._run_timers)

    def _run_timers(self) -> None:
        self.link.run()
        self.settle()

    def _take_engine_events(self) -> None:
        for event in self._engine.take_events():
            match event:
                case FrameReceived(span=self._span, frame=frame):
                    self.link.receive(frame)
                case SpanAlarmChanged(span=self._span, alarms=alarms):
                    self._follow(alarms)
                case CommandRefused(kind=kind, error=error):
                    log.warning("exchange.command.refused", kind=kind.name, span=self._span + 1, error=error)
            self.settle()

    def _follow(self, alarms: Alarm) -> None:
        log.info("exchange.alarm.changed", span=self._span + 1, alarms=[alarm.name for alarm in alarms])
        if Alarm.RED in alarms:
            self.link.deactivate()
        else:
            self.link.activate()

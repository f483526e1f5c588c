# SPDX-License-Identifier: GPL-2.0-only
"""A media engine without sound: what the line worker sees of one, with a wire that carries frames and can be cut.

It keeps the engine's rules that a worker can break: a port is opened once and closed once, frames have at most 300
octets, a span has an alarm RED after `RED_S` without signal.
"""

import asyncio
import os
from collections.abc import Callable, Collection

from appliance.media.engine import EngineBusyError
from appliance.media.events import (
    BitsChanged,
    BitsStatus,
    CallerStandard,
    CommandKind,
    CommandRefused,
    EngineEvent,
    EngineStatus,
    FrameReceived,
    PatternStatus,
    Profile,
    SignalHeard,
    SignalKind,
    SpanAlarmChanged,
    ToneKind,
)
from drivers.model import Alarm, SpanCounters, SpanStatus
from dsp.prbs import Pattern, PatternCounters

RED_S = 0.1
SPAN = 0


class Mute:
    """An engine where nobody dials or plays tones: PRI does not."""

    def send_digits(self, port: int, send_id: int, digits: str) -> None:
        """No."""
        raise AssertionError((port, send_id, digits))

    def send_mf(self, port: int, send_id: int, signals: str) -> None:
        """No."""
        raise AssertionError((port, send_id, signals))

    def tone(self, port: int, kind: ToneKind, zone: str = "cn") -> None:
        """No."""
        raise AssertionError((port, kind, zone))

    def stop(self, port: int) -> None:
        """No."""
        raise AssertionError(port)


class FakeEngine(Mute):
    """Engine of the worker and wire to the far end in one."""

    def __init__(self) -> None:
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.open: list[int] = []
        self.plans: dict[int, tuple[int, float, float]] = {}
        """Echo tail, gain received, gain transmitted, by port."""
        self.limits: dict[int, tuple[str, float | None]] = {}
        """Of DTMF, by port: administration, non-operate level."""
        self.tones: dict[int, tuple[ToneKind, str]] = {}
        self.sounding: set[int] = set()
        """Ports whose sound is wanted."""
        self.log: list[tuple[str, int]] = []
        self.busy = False
        self.refuse_open = False
        self.alarms = Alarm.NONE
        self.far: Callable[[bytes], None] = lambda _: None
        self.far_bits: Callable[[int, int], None] = lambda _port, _abcd: None
        self.far_signal: Callable[[int, SignalKind, int], None] = lambda _port, _kind, _signal: None
        self._bits_sent: dict[int, int] = {}
        self._bits: dict[int, int] = {}
        self._hears: dict[int, set[SignalKind]] = {}
        self._sends: dict[int, SignalKind] = {}
        self._standing: dict[int, tuple[SignalKind, int]] = {}
        self.far_red: Callable[[bool], None] = lambda _: None
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._events: list[EngineEvent] = []
        self._cut = False
        self._red: asyncio.TimerHandle | None = None

    @property
    def samples(self) -> int:
        """8 kHz from the beginning."""
        return round((self._loop.time() - self._began) * 8000)

    def take_events(self) -> list[EngineEvent]:
        """Drain."""
        os.eventfd_read(self.event_fd)
        events, self._events = self._events, []
        return events

    def span_status(self, span: int) -> SpanStatus:
        """Alarms, no counters."""
        return SpanStatus(
            span=span,
            open=True,
            alarms=self.alarms,
            counters=SpanCounters(),
            buffer_ms=10.0,
            clock_ppm=0.0,
            clock_locked=True,
        )

    def status(self) -> EngineStatus:
        """One that keeps time."""
        nothing = dict.fromkeys(EngineStatus.__struct_fields__, 0)
        return EngineStatus(**{**nothing, "samples": self.samples, "policy": "other"})  # type: ignore[arg-type]

    def open_timeslot(self, port: int) -> None:
        """Open a port that is closed."""
        self._command()
        if self.refuse_open:
            self._tell(CommandRefused(CommandKind.OPEN_TIMESLOT, port, 0, "EIO"))
            return
        assert port not in self.open, f"port {port} is open"
        self.open.append(port)
        self.log.append(("open", port))

    def set_profile(self, port: int, profile: Profile, echo_tail_ms: int = 0) -> None:
        """Take a voice, and no other, on a port that is open."""
        self._command()
        assert profile is Profile.VOICE
        if port in self.open:
            self.plans[port] = (echo_tail_ms, 0.0, 0.0)
        else:
            self._tell(CommandRefused(CommandKind.SET_PROFILE, port, 0, "ENOTCONN"))

    def set_gain(self, port: int, rx_db: float, tx_db: float) -> None:
        """After the profile."""
        self._command()
        if port in self.open:
            self.plans[port] = (self.plans[port][0], rx_db, tx_db)
        else:
            self._tell(CommandRefused(CommandKind.SET_GAIN, port, 0, "ENOTCONN"))

    def set_dtmf(self, port: int, administration: str, non_operate_dbm0: float | None = None) -> None:
        """After the profile."""
        self._command()
        if port in self.open:
            self.limits[port] = administration, non_operate_dbm0
        else:
            self._tell(CommandRefused(CommandKind.SET_DTMF, port, 0, "ENOTCONN"))

    def close_port(self, port: int) -> None:
        """Close it; refused, as the engine does, where it is closed."""
        self._command()
        if port in self.open:
            self._hears.pop(port, None)
            if port in self._sends:
                self.send_signal(port, self._sends[port], 0)
            self.open.remove(port)
            self.tones.pop(port, None)
            self.sounding.discard(port)
            self.log.append(("close", port))
        else:
            self._tell(CommandRefused(CommandKind.CLOSE_PORT, port, 0, "ENOTCONN"))

    def tone(self, port: int, kind: ToneKind, zone: str = "cn") -> None:
        """On a port that is open."""
        self._command()
        assert port in self.open, f"port {port} is closed"
        self.tones[port] = kind, zone

    def stop(self, port: int) -> None:
        """The tone is over."""
        self._command()
        del self.tones[port]

    def send_frame(self, span: int, frame: bytes) -> None:
        """To the far end, in the loop's next turn."""
        self._command()
        assert span == SPAN
        assert len(frame) <= 300
        if not self._cut:
            self._loop.call_soon(self.far, frame)

    def send(self, frame: bytes) -> None:
        """From the far end."""
        if not self._cut:
            self._tell(FrameReceived(SPAN, frame))

    def listen(self, port: int, to: int) -> None:
        """A loop has no sound here."""
        self._command()
        assert port == to
        assert port in self.open, f"port {port} is closed"

    def test(self, port: int, pattern: Pattern) -> None:
        """A pattern that nobody sends back."""
        self._command()
        assert pattern in Pattern
        assert port in self.open, f"port {port} is closed"

    def insert_errors(self, port: int, errors: int) -> None:
        """Into nothing."""
        raise AssertionError(f"port {port}: {errors} errors into a pattern that never came back")

    def test_status(self, port: int) -> PatternStatus | None:
        """It has not come back."""
        return PatternStatus(synced=False, counters=PatternCounters()) if port in self.open else None

    def set_bits(self, port: int, abcd: int) -> None:
        """To the far end, whether the port is open or not."""
        self._command()
        self._bits_sent[port] = abcd
        self._loop.call_soon(self.far_bits, port, abcd)

    def bits_status(self, port: int) -> BitsStatus | None:
        """Both ways."""
        return BitsStatus(self._bits_sent.get(port, 0b1101), self._bits.get(port))

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
        """On a port that is open; what stands is told."""
        self._command()
        assert port in self.open, f"port {port} is closed"
        assert (caller, echo) == (None, False), (zone, gated)
        (self.sounding.add if sound else self.sounding.discard)(port)
        self._hears[port] = set(kinds)
        kind, signal = self._standing.get(port, (SignalKind.MF, 0))
        if signal:
            self.sound(port, kind, signal)

    def send_signal(self, port: int, kind: SignalKind, signal: int) -> None:
        """To the far end, on a port that is open."""
        self._command()
        assert port in self.open, f"port {port} is closed"
        if signal:
            self._sends[port] = kind
        else:
            self._sends.pop(port, None)
        self._loop.call_soon(self.far_signal, port, kind, signal)

    def show_bits(self, port: int, abcd: int) -> None:
        """From the far end."""
        if self._bits.get(port) != abcd:
            self._bits[port] = abcd
            self._tell(BitsChanged(port, abcd, self.samples))

    def tell_bits_again(self, port: int) -> None:
        """As the engine does after RED."""
        self._tell(BitsChanged(port, self._bits[port], self.samples))

    def sound(self, port: int, kind: SignalKind, signal: int) -> None:
        """A register signal from the far end; 0: it has ended."""
        before = self._standing.get(port, (kind, 0))[1]
        self._standing[port] = (kind, signal)
        if kind in self._hears.get(port, ()):
            self._tell(SignalHeard(port, kind, signal or before, bool(signal), self.samples))

    def cut(self) -> None:
        """Take the cable out; RED on both sides after RED_S."""
        self._cut = True
        self._red = self._loop.call_later(RED_S, self._alarm, Alarm.LOS | Alarm.RED)

    def mend(self) -> None:
        """Put it back."""
        self._cut = False
        if self._red is not None:
            self._red.cancel()
        self._alarm(Alarm.NONE)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.event_fd)

    def _alarm(self, alarms: Alarm) -> None:
        self.alarms = alarms
        self._tell(SpanAlarmChanged(SPAN, alarms, self.samples))
        self.far_red(Alarm.RED in alarms)

    def _command(self) -> None:
        if self.busy:
            raise EngineBusyError("full")

    def _tell(self, event: EngineEvent) -> None:
        self._events.append(event)
        os.eventfd_write(self.event_fd, 1)

# SPDX-License-Identifier: GPL-2.0-only
"""The exchange's sound: hands the engine's answers to the calls that asked, and its taps to their ears.

One event loop, one thread. Every play, digit string and recording has its own id; the answer to an id goes to whoever
gave it. Taps are read every 20 ms while somebody listens: the ring holds 10 s of 30 calls.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence

import structlog

from appliance.media.arena import SoundArena
from appliance.media.events import (
    Client,
    CommandRefused,
    DigitDetected,
    DigitsSent,
    EngineEvent,
    PlayEnded,
    RecordingEnded,
    Sound,
    TapSound,
    ToneKind,
)
from appliance.media.host import EngineThread
from appliance.simulator.caller import Key
from appliance.simulator.ear import Ear
from appliance.simulator.result import Moment

SAMPLE_NS = 125_000
_TAPS_EVERY_S = 0.02

log = structlog.get_logger()


class Media:
    """Ports, plays, digits and recordings of one engine."""

    def __init__(self, host: EngineThread) -> None:
        self._ports = host.engine(Client.CALL)
        self._recorder = host.engine(Client.RECORDER)
        self._arena = SoundArena(host.segment_fd)
        self._ids = itertools.count(1)
        self._played: dict[int, Callable[[PlayEnded], None]] = {}
        self._keyed: dict[int, Callable[[], None]] = {}
        self._recorded: dict[int, Callable[[], None]] = {}
        self._ears: dict[int, Ear] = {}
        self._digits: dict[int, Callable[[str], None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reading_taps = False

    def start(self) -> None:
        """Take events in the running loop from now on."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._ports.event_fd, self._take_events)

    def stop(self) -> None:
        """Take no more."""
        if self._loop is not None:
            self._loop.remove_reader(self._ports.event_fd)
            self._loop = None

    def now(self) -> Moment:
        """Both clocks."""
        return Moment(time.monotonic_ns(), self._ports.samples)

    def load(self, path: str) -> Sound:
        """The sound of a WAV file. Raises OSError, SoundFormatError, ArenaFullError."""
        return self._arena.load(path)

    def open(self, port: int, digit_heard: Callable[[str], None]) -> None:
        """Open a timeslot; DTMF on it goes to `digit_heard`."""
        self._ports.open_timeslot(port)
        self._digits[port] = digit_heard

    def close(self, port: int) -> None:
        """Close a timeslot; what runs on it ends."""
        self._digits.pop(port, None)
        self._ports.close_port(port)

    def play(self, port: int, sounds: Sequence[Sound], repeat: int, ended: Callable[[PlayEnded], None]) -> None:
        """Play; `ended` comes once."""
        play_id = next(self._ids)
        self._played[play_id] = ended
        self._ports.play(port, play_id, sounds, repeat)

    def key(self, port: int, key: Key, done: Callable[[], None]) -> None:
        """Send digits as sound; `done` comes once, also if something took their place."""
        send_id = next(self._ids)
        self._keyed[send_id] = done
        self._ports.send_digits(port, send_id, key.digits, key.on_ms, key.off_ms, key.level_dbm0)

    def ring_back(self, port: int) -> None:
        """Give ring-back tone until `stop_sound`."""
        self._ports.tone(port, ToneKind.RINGBACK)

    def stop_sound(self, port: int) -> None:
        """Stop tone, play and digits."""
        self._ports.stop(port)

    def record(self, port: int, ear: Ear, ended: Callable[[], None]) -> None:
        """Let `ear` hear what comes in on the port until that closes; then `ended`, once.

        The command goes the same way as the port's opening, so that it cannot overtake it.
        """
        recording_id = next(self._ids)
        self._ears[recording_id] = ear
        self._recorded[recording_id] = ended
        self._ports.record(recording_id, port, port, 0)
        if not self._reading_taps:
            self._read_taps_later()

    def _take_events(self) -> None:
        for event in self._ports.take_events():
            self._take(event)

    def _take(self, event: EngineEvent) -> None:
        match event:
            case PlayEnded(play_id=play_id):
                self._played.pop(play_id)(event)
            case DigitsSent(send_id=send_id):
                self._keyed.pop(send_id)()
            case DigitDetected(port=port, digit=digit) if port in self._digits:
                self._digits[port](digit)
            case RecordingEnded(recording_id=recording_id):
                self._take_taps()  # the last blocks went before this event
                self._ears.pop(recording_id, None)
                self._recorded.pop(recording_id)()
            case CommandRefused():
                self._refused(event)
            case _:
                log.debug("exchange.event.ignored", kind=type(event).__name__)

    def _refused(self, event: CommandRefused) -> None:
        """A port closed before the command came, or a fault: nothing will follow, so whoever waits is told now."""
        log.warning("exchange.command.refused", kind=event.kind.name, port=event.port, error=event.error)
        self._played.pop(event.id, None)
        self._keyed.pop(event.id, None)
        self._ears.pop(event.id, None)
        ended = self._recorded.pop(event.id, None)
        if ended is not None:
            ended()

    def _read_taps_later(self) -> None:
        self._reading_taps = bool(self._ears) and self._loop is not None
        if self._reading_taps and self._loop is not None:
            self._loop.call_later(_TAPS_EVERY_S, self._read_taps)

    def _read_taps(self) -> None:
        self._take_taps()
        self._read_taps_later()

    def _take_taps(self) -> None:
        now = self.now()
        for tap in self._recorder.take_taps():
            if isinstance(tap, TapSound) and tap.recording_id in self._ears:
                self._ears[tap.recording_id].take(tap.sample, tap.left, now.ns - (now.sample - tap.sample) * SAMPLE_NS)

# SPDX-License-Identifier: GPL-2.0-only
"""A channel bank's line on the line worker's span, through the media engine in virtual time; calls are simulated."""

from __future__ import annotations

from pathlib import Path

from appliance.line.alarms import AlarmBoard
from appliance.line.cas import CasLine, CasSpan
from appliance.line.channels import Order
from appliance.line.learning import Lessons
from appliance.line.states import Event
from appliance.line.switch import Switch, TrunkPlan
from appliance.media.events import BitsChanged, CallerHeard, SignalHeard, SoundHeard
from appliance.signalling.cas.station_circuit import stations
from appliance.signalling.cas.variant import load
from appliance.signalling.fxo.events import Feed
from appliance.signalling.fxo.settings import Settings
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.envelope import Body
from appliance.wire.learning import LineLearned
from appliance.wire.legs import LegOffered, LegReleased, ReleasedBy
from drivers.model import Cas, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from dsp.g711 import alaw_encode
from tests.media.rig import Side
from tests.media.virtual import TICKS_A_SECOND, VirtualEngine
from tests.signalling.fxo.simulated_line import SimulatedLine

SLOT = 3
OURS, THEIRS = Timeslot(0, SLOT).port, Timeslot(1, SLOT).port
BITS = {Feed.NORMAL: 0b0101, Feed.REVERSED: 0b0100, Feed.OPEN: 0b1101}
RINGS = 0b0001


class Bank:
    """`told` is what the span says of its legs."""

    def __init__(self, host: VirtualEngine, folder: Path, settings: Settings) -> None:
        self.side = Side(host)
        self.told: list[Body] = []
        self._host = host
        self._folder = folder
        driver = VpairDriver(self.side.engine)
        for span in (0, 1):
            driver.configure(span, VpairSettings(partner=1 - span), None, Cas(0b0101))
        self.live(settings)

    def live(self, settings: Settings) -> None:
        """The worker begins, or does again after it was killed."""
        engine = self.side.engine
        switch = Switch(engine, lambda _seconds, _function: None, {})
        made = stations(load("fxo_loop_e1"), settings, lambda: engine.samples / 8000)
        line = CasLine(0, "bank", made, TrunkPlan(), Order.ASCENDING, "5551234", range(SLOT, SLOT + 1))
        ids = iter(range(1000))
        self.span = CasSpan(line, self._bits, switch, lambda: f"leg-{next(ids)}", self.told.append, lambda _leg: None)
        self.lessons = Lessons(self._folder / "learned", [self.span])
        self._board = AlarmBoard()
        self.alarms: list[AlarmRaised | AlarmCleared] = []
        self.span.begin()
        self.seconds(0.5)

    def call(self, simulated: SimulatedLine) -> float:
        """A call of it, answered, greeted, and let go long after the caller has. When the leg was told to be over."""
        moments = [simulated.block(number, 0) for number in range(simulated.blocks)]
        changes = [change for moment in moments for change in (*moment.feeds, *moment.rings)]
        changes.sort(key=lambda change: change[0])
        self.side.engine.open_timeslot(THEIRS)
        self._play(THEIRS, b"".join(moment.heard for moment in moments))
        begun, told, now, feed = self.side.engine.samples / 8000, len(self.told), 0.0, Feed.NORMAL
        while not any(isinstance(body, LegReleased) for body in self.told[told:]):
            self.seconds(0.005)
            now = self.side.engine.samples / 8000 - begun
            while changes and changes[0][0] <= now:
                _, change = changes.pop(0)
                feed = change if isinstance(change, Feed) else feed
                self.side.engine.set_bits(THEIRS, RINGS if change is True else BITS[feed])
            for leg in tuple(self.span.legs.values()):
                if leg.state == "offered" and now >= simulated.answer_s:
                    self.span.command(leg, Event.ANSWER)
                    self._play(OURS, b"".join(moment.sent for moment in moments[round(now * 50) :]))
                elif leg.state == "answered" and now > simulated.release_s + 7:
                    self.span.release(leg, 16, ReleasedBy.US)
            assert now < 70, self.told
        self.side.engine.set_bits(THEIRS, BITS[Feed.NORMAL])
        self.seconds(3)
        self.side.engine.close_port(THEIRS)
        return now

    def _play(self, port: int, linear: bytes) -> None:
        self.side.ivr.engine.play(port, 1, [self.side.arena.add_alaw(alaw_encode(linear))])

    def line(self) -> LineLearned:
        """What people are told of it."""
        (line,) = self.span.lessons().lines
        return line

    def offered(self) -> list[LegOffered]:
        """Calls so far."""
        return [body for body in self.told if isinstance(body, LegOffered)]

    def seconds(self, seconds: float) -> None:
        """Let them pass."""
        for _ in range(round(seconds * TICKS_A_SECOND)):
            self._host.tick()
            for event in self.side.engine.take_events():
                match event:
                    case SoundHeard(port=port) if port == OURS:
                        self.span.hear(event)
                    case BitsChanged(port=port) | SignalHeard(port=port) | CallerHeard(port=port) if port == OURS:
                        self.span.take(event)
            self.span.run()
            self.lessons.grown(self.span)
            self.alarms += self._board.update([self.span], self.side.engine.samples / 8000)

    def _bits(self, port: int) -> int | None:
        status = self.side.engine.bits_status(port)
        return status.received if status else None

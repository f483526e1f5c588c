# SPDX-License-Identifier: GPL-2.0-only
"""A card of two analogue lines in virtual time: the span as a line worker has it, chips of registers, and an exchange.

The lines' sound is the engine's: span 0 is the card's highway, span 1 the exchange's end of the pairs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TypeVar

from appliance.line.alarms import AlarmBoard
from appliance.line.card import CardLine, CardSpan
from appliance.line.channels import Order
from appliance.line.leg import LineLeg
from appliance.line.states import Event
from appliance.line.switch import Switch, TrunkPlan
from appliance.media.events import (
    CallerHeard,
    CommandRefused,
    DigitDetected,
    DigitsSent,
    EngineEvent,
    SignalHeard,
    SignalKind,
    SoundHeard,
)
from appliance.signalling.fxo.card_circuit import CardCircuit, lines
from appliance.signalling.fxo.settings import Settings
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.envelope import Body
from appliance.wire.legs import Leg, LegOffered, PlaceLeg
from drivers.model import Timeslot
from drivers.spi.lines import SpiLineDriver, SpiLineSettings
from drivers.vpair import VpairDriver, VpairSettings
from dsp.caller_id import CallerIdSender, Message, Standard
from dsp.g711 import alaw_encode
from tests.drivers.spi.board import Clock
from tests.drivers.spi.fake_si3050 import FakeSi3050
from tests.media.rig import Side
from tests.media.virtual import VirtualEngine

CARD, EXCHANGE = 0, 1
LINES = (1, 2)
NUMBERS = {1: "5551231", 2: "5551232"}
TICK_S = 0.005

B = TypeVar("B", bound=Body)


def highway(side: Side) -> None:
    """The spans of the card and of the exchange."""
    driver = VpairDriver(side.engine)
    for span in (CARD, EXCHANGE):
        driver.configure(span, VpairSettings(partner=1 - span), None)


def card(chips: dict[int, FakeSi3050], settings: Settings, clock: Callable[[], float]) -> CardLine:
    """The card, its chips in service."""
    driver = SpiLineDriver()
    for line, chip in chips.items():
        pins = {"reset": chip.reset, "interrupt": chip.interrupt}
        driver.configure(line, SpiLineSettings(chip, settings.mode, line - 1, **pins))  # type: ignore[arg-type]
    made = lines(driver, dict.fromkeys(chips, settings), clock)
    around = TrunkPlan(), Order.ASCENDING
    return CardLine(CARD, "lines", made, *around, timeslots=driver.lines, driver=driver, numbers=NUMBERS)


class Office:
    """`told` is what controllers hear; `digits` what the exchange hears of each line."""

    def __init__(self, host: VirtualEngine, settings: Settings) -> None:
        self.side = Side(host)
        self.told: list[Body] = []
        self.ended: list[Leg] = []
        self.alarms: list[AlarmRaised | AlarmCleared] = []
        self.refused: list[CommandRefused] = []
        self.digits = dict.fromkeys(LINES, "")
        self._host = host
        self._settings = settings
        self._board = AlarmBoard()
        self._clock = Clock()
        self.chips = {line: FakeSi3050(self._clock) for line in LINES}
        highway(self.side)
        host.tick(1)
        for line in LINES:
            port = Timeslot(EXCHANGE, line).port
            self.side.engine.open_timeslot(port)
            self.side.engine.hear_signals(port, [SignalKind.DTMF])
        self.span = self.live()
        self.seconds(1)
        self.refused.clear()  # ports that no former worker has left open

    def live(self) -> CardSpan:
        """A worker's life begins, after the last one's death."""
        legs = itertools.count(len(self.told))
        later = Switch(self.side.engine, lambda _seconds, _flush: None)
        around = later, lambda: f"leg-{next(legs)}", self.told.append, self.ended.append
        self.span = CardSpan(card(self.chips, self._settings, self.now), self.now, *around)
        self.span.begin()
        return self.span

    def now(self) -> float:
        """The chips' clock is the engine's."""
        return self._clock.now_s

    def seconds(self, seconds: float) -> None:
        """Let them pass."""
        for _ in range(round(seconds / TICK_S)):
            self.tick()

    def tick(self) -> None:
        """5 ms, and what came of them."""
        self._host.tick(1)
        self._clock.now_s += TICK_S
        for event in self.side.engine.take_events():
            self._take(event)
        if self.span.due() <= self.now():
            self.span.run()
        self.alarms += self._board.update([self.span], self.now())

    def _take(self, event: EngineEvent) -> None:
        match event:
            case SignalHeard(port=port, code=code, on=True) if port > Timeslot(EXCHANGE, 0).port:
                self.digits[port - Timeslot(EXCHANGE, 0).port] += chr(code)
            case SignalHeard() | CallerHeard() | DigitsSent():
                self.span.take(event)
            case SoundHeard():
                self.span.hear(event)
            case CommandRefused():
                self.refused.append(event)

    def until(self, happened: Callable[[], object], within_s: float = 15) -> None:
        """Let time pass until it has."""
        end = self.now() + within_s
        while not happened():
            assert self.now() < end, (self.told[-5:], self.digits, self.alarms)
            self.tick()

    def expect(self, kind: type[B], within_s: float = 15) -> B:
        """The next event of this kind; it and those before are passed over."""
        self.until(lambda: any(isinstance(body, kind) for body in self.told), within_s)
        while not isinstance(body := self.told.pop(0), kind):
            pass
        return body

    # The exchange.

    def rings(self, line: int, caller: Message | None = None) -> None:
        """A burst of 2 s, and its caller after it."""
        self.chips[line].ring()
        self.seconds(2)
        self.chips[line].stop_ringing()
        if caller:
            self.seconds(0.5)
            sender = CallerIdSender(Standard.BELL202)
            sender.send(caller)
            sound, busy = sender.process(2 * 8000)
            self.says(line, alaw_encode(sound[:busy]))

    def says(self, line: int, sound: bytes) -> None:
        """A-law to our side."""
        port = Timeslot(EXCHANGE, line).port
        self.side.ivr.engine.play(port, port, [self.side.arena.add_alaw(sound)])

    def opens(self, line: int, seconds: float) -> None:
        """Calling party control."""
        self.chips[line].battery_v = 0
        self.seconds(seconds)
        self.chips[line].battery_v = -48

    # A controller.

    def step(self, leg: str, event: Event) -> None:
        """A command."""
        self.span.command(self.leg(leg), event)

    def leg(self, leg: str) -> LineLeg:
        """As the worker has it."""
        return self.span.legs[leg]

    def called(self, line: int, caller: Message | None = None) -> Leg:
        """A call in, answered."""
        self.rings(line, caller)
        leg = self.expect(LegOffered).leg
        self.step(leg.leg, Event.ANSWER)
        self.until(lambda: self.chips[line].off_hook)
        self.seconds(1)
        return leg

    def places(self, number: str) -> bool:
        """A call out."""
        return self.span.place(PlaceLeg(leg="leg-out", to=number, contact="contact-1", clid=None, trunk="lines"))

    def heard(self, line: int) -> str:
        """Digits that call control has heard of our side's port."""
        port = Timeslot(CARD, line).port
        return "".join(event.digit for event in self.side.call.all(DigitDetected) if event.port == port)

    def circuit(self, line: int) -> CardCircuit:
        """Of a line."""
        circuit = self.span._circuits._circuits[line]
        assert isinstance(circuit, CardCircuit)
        return circuit

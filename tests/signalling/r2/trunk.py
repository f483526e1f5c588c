# SPDX-License-Identifier: GPL-2.0-only
"""R2 circuits of a whole span through the media engine, in virtual time: spans 0 and 1 are the two ends of a cable."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from appliance.media.events import BitsChanged, CommandRefused, EngineEvent, SignalHeard
from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call, CallStateError, Channel, Wants
from appliance.signalling.r2.circuit import Circuit, tone_zone
from appliance.signalling.r2.variant import load
from appliance.signalling.r2.words import State
from drivers.model import Cas, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Side
from tests.media.virtual import TICKS_A_SECOND, VirtualEngine

RATE = 8000
BEARERS = [timeslot for timeslot in range(1, 32) if timeslot != 16]
DNIS_DIGITS = 8


class Trunk:
    """All circuits by port. `told` keeps the events of each, `react` is called with each as it is told."""

    def __init__(self, host: VirtualEngine, variant: str) -> None:
        self.host = host
        self.side = Side(host)
        self.variant = load(variant)
        self.refused: list[CommandRefused] = []
        self.told: dict[int, list[events.Event]] = {}
        self.signals: list[SignalHeard] = []
        self.react: Callable[[int, events.Event], None] = lambda _port, _event: None
        self._later: list[tuple[int, Callable[[], None]]] = []
        driver = VpairDriver(self.side.engine)
        driver.configure(0, VpairSettings(partner=1), None, Cas())
        driver.configure(1, VpairSettings(partner=0), None, Cas())
        ports = [Timeslot(span, timeslot).port for span in (0, 1) for timeslot in BEARERS]
        self.circuits = {
            port: Circuit(self._channel(), self.side.engine, port, tone_zone(self.variant)) for port in ports
        }
        self.host.tick(1)  # the spans are open
        self.settle()
        self.seconds(0.2)

    def seconds(self, seconds: float) -> None:
        """Let them pass."""
        for _ in range(round(seconds * TICKS_A_SECOND)):
            self.tick()

    def until(self, happened: Callable[[], bool], within_s: float = 60) -> None:
        """Let time pass until something is so."""
        end = self.side.engine.samples + within_s * RATE
        while not happened():
            assert self.side.engine.samples < end, Counter(circuit.channel.state for circuit in self.circuits.values())
            self.tick()

    def tick(self) -> None:
        """5 ms, and what came of them."""
        self.host.tick(1)
        for event in self.side.engine.take_events():
            self._take(event)
        now = self.side.engine.samples
        due = [act for at, act in self._later if at <= now]
        self._later = [(at, act) for at, act in self._later if at > now]
        for act in due:
            act()
        for circuit in self.circuits.values():
            circuit.channel.run()
        self.settle()

    def settle(self) -> None:
        """Carry out all orders, tell all events, until there are none."""
        busy = True
        while busy:
            busy = False
            for port, circuit in self.circuits.items():
                for event in circuit.settle():
                    busy = True
                    self.told.setdefault(port, []).append(event)
                    self.react(port, event)

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something then."""
        self._later.append((self.side.engine.samples + round(seconds * RATE), act))

    def idle(self) -> bool:
        """Every channel is free, at both ends."""
        return all(circuit.channel.state is State.IDLE for circuit in self.circuits.values())

    def all(self, port: int, kind: type[events.Event]) -> list[events.Event]:
        """Events of a kind that a circuit has told."""
        return [event for event in self.told.get(port, ()) if isinstance(event, kind)]

    def _channel(self) -> Channel:
        wants = Wants(dnis_digits=DNIS_DIGITS)
        return Channel(self.variant, wants, clock=lambda: self.side.engine.samples / RATE)

    def _take(self, event: EngineEvent) -> None:
        if isinstance(event, SignalHeard):
            self.signals.append(event)
        match event:
            case BitsChanged(port=port) | SignalHeard(port=port):
                self.circuits[port].take(event)
            case CommandRefused():
                self.refused.append(event)


class Traffic:
    """Calls one after the other on every timeslot, from both ends; `ends` counts their causes at the caller's."""

    REFUSALS = (17, 42)

    def __init__(self, trunk: Trunk, calls: int) -> None:
        self.trunk = trunk
        self.ends: Counter[int] = Counter()
        self.answered = 0
        self._left = calls
        self._chance = random.Random(f"{trunk.variant.name} {calls}")  # noqa: S311 - the same traffic each time
        self._calls: dict[int, Call] = {}
        trunk.react = self._react
        for timeslot in BEARERS:
            self._place_soon(timeslot)

    def run(self) -> None:
        """Until all are over; 30 timeslots carry five calls a second and more."""
        self.trunk.until(lambda: not self._left and not self._calls, 30 + self._left / 2)
        self.trunk.until(self.trunk.idle)

    def _place_soon(self, timeslot: int) -> None:
        if self._left:
            self._left -= 1
            port = Timeslot(self._chance.randrange(2), timeslot).port
            self.trunk.after(self._chance.uniform(0.1, 0.4), partial(self._place, port))

    def _place(self, port: int) -> None:
        category = self._chance.choice(list(self.trunk.variant.category))
        dnis = f"{self._chance.randrange(10**DNIS_DIGITS):0{DNIS_DIGITS}d}"
        call = Call(dnis, f"{self._chance.randrange(10**6, 10**11)}", category)
        self.trunk.circuits[port].channel.place(call)
        self._calls[port] = call

    def _react(self, port: int, event: events.Event) -> None:
        channel = self.trunk.circuits[port].channel
        match event:
            case events.CallOffered():
                self._offered(port, event)
            case events.CallAnswered() if port in self._calls:
                self.answered += 1
                far = self.trunk.circuits[_far(port)].channel
                self._soon(self._chance.choice((channel, far)).release)
            case events.CallDisconnected():
                self._soon(channel.release)
            case events.CallCleared(cause=cause) if port in self._calls:
                self.ends[cause] += 1
                del self._calls[port]
                self._place_soon(port % 32)

    def _offered(self, port: int, offered: events.CallOffered) -> None:
        channel, sent = self.trunk.circuits[port].channel, self._calls[_far(port)]
        assert (offered.dnis, offered.clid) == (sent.dnis, sent.clid)
        assert self.trunk.variant.category[offered.category or ""] == self.trunk.variant.category[sent.category or ""]
        if self._chance.random() < 0.2:
            self._soon(partial(channel.release, self._chance.choice(self.REFUSALS)))
        else:
            self._soon(channel.accept)
            self._soon(channel.answer, 1.0)

    def _soon(self, command: Callable[[], None], more_s: float = 0.0) -> None:
        def act() -> None:
            with suppress(CallStateError):  # the far end was first
                command()

        self.trunk.after(self._chance.uniform(0.0, 0.5) + more_s, act)


def _far(port: int) -> int:
    return port ^ 32
